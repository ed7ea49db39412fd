"""Prove that an archive holds an export, and record what a person says to be theirs in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from gptexit.archive.archive import Archive
from gptexit.archive.checked import PART, note_check
from gptexit.archive.lock import owning
from gptexit.archive.manifest import ACCEPTED
from gptexit.errors import OtherArchive
from gptexit.parallel.pool import need_jobs
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.verification.archive_files import find_archives, read_archive
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.result import Result
from gptexit.verification.run import Progress
from gptexit.verification.run import verify as run


def verify(
    root: Path,
    export: ExportSet | None = None,
    progress: Progress | None = None,
    *,
    parts: Collection[str] | None = None,
    jobs: int | None = 1,
) -> Result:
    """Verify as `verification.run` does, and record in the archives that they were verified.

    `parts`: the folders of an exit that is not finished, and has no record yet. Raises what it
    raises, and BadOption for `jobs` that are no number of processes.
    """
    need_jobs(jobs)
    result = run(root, export, progress, parts=parts, jobs=jobs)
    if parts is None and root.is_dir():
        places = [archive.path for archive in result.archives]
        note([root] if "." in places else [root / place for place in places], result)
    return result


def note(roots: Iterable[Path], result: Result) -> None:
    """Record in the archives at `roots` that they were verified."""
    partly = result.of_part and not result.problems
    note_check(roots, PART if partly else result.verdict, result.source)


def accept(root: Path) -> list[str]:
    """Record that a person's changes to the notes and pages of the archives in `root` are theirs.

    Only Markdown files are recorded, and none that a fault of the disk seems to have changed. The
    manifest is written anew, whole or not at all. Return the paths, as seen from `root`. Raises
    OtherArchive if the manifest of an archive is damaged, since it would be trusted ever after;
    InUse, Unusable, and OSError.
    """
    folders = find_archives(root)
    accepted: list[str] = []
    with owning(*folders):
        archives = list(map(read_archive, folders))
        for checked in archives:
            if checked.damage:
                file, fault = checked.damage[0]
                raise OtherArchive(
                    f"{checked.root / file} {fault}. Nothing was recorded: run gptexit convert on "
                    "the export again, or copy the file back from your second copy."
                )
        for checked in archives:
            paths = [path for path in checked.asked if _may_be_accepted(checked, path)]
            if paths:
                _record(checked, paths)
            accepted += [(checked.root / path).relative_to(root).as_posix() for path in paths]
    return accepted


def _may_be_accepted(checked: CheckedArchive, path: str) -> bool:
    return checked.is_persons(path) and not checked.is_accepted(path)


def _record(checked: CheckedArchive, paths: list[str]) -> None:
    archive = Archive(checked.root)
    by_path = {path: key for key, path in checked.keys.items()}
    for path in paths:
        entry = archive.catalog.get(by_path[path])
        if entry is not None:
            about = {**entry.about, ACCEPTED: checked.found[path]}
            archive.catalog.put(replace(entry, about=about))
    archive.save()
    archive.describe(archive.recorded())
