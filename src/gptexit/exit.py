"""Do the whole exit in one go: archive, account files, report, verification and a first page.

The words of START-HERE.md are in templates/exit; its facts are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from pathvalidate import sanitize_filename

from gptexit import __version__
from gptexit.archive.checked import note_check
from gptexit.archive.description import need_same_account, part_of, record, unread
from gptexit.archive.files import Copy, File
from gptexit.archive.folder import Archive, ArchiveFolder
from gptexit.archive.lock import owning
from gptexit.archive.manifest import entries
from gptexit.conversion import choices, convert_export, spec_of
from gptexit.files.disk import full_disk_named, leads_out
from gptexit.inspection.run import as_markdown, form
from gptexit.pipeline import Progress
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.source import open_chatgpt
from gptexit.selection import Selection
from gptexit.templates import render
from gptexit.text.markdown import line
from gptexit.verification.result import Result
from gptexit.writers.base import NOTHING


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that a person may move to, and the format that it takes."""

    format: str
    place: str
    """The file to open first, below the folder of that format."""
    options: Mapping[str, Any] = field(default_factory=dict)


DESTINATIONS = {
    "claude": Destination("claude", "START-HERE.md"),
    "gemini": Destination("gemini", "START-HERE.md"),
    "librechat": Destination("chatgpt", "chatgpt-export.zip", {"fit": "librechat"}),
    "mcp": Destination("sqlite", "chatgpt.sqlite"),
    "open-webui": Destination("open-webui", "HOW-TO-IMPORT.md"),
}
"""By the name that `--for` takes. templates/exit/places.md.j2 and next.md.j2 explain each."""

FORMATS = ("markdown", "jsonl")
"""Formats that every exit has."""
ACCOUNT = "account"
"""The folder of the account's own files in an exit, and the name of its format."""
PAGE = "START-HERE.md"
REPORT = "report.json"
LISTED = 20
"""Missing files and unreadable parts that the page lists; the report has them all."""
_VIEWER = "chat.html"
"""A side file that is left out: it repeats every conversation, and is read as such."""
_MANIFEST = ".gptexit/manifest.jsonl"

Watch = Callable[[ExportSet | None, str], AbstractContextManager[Progress | None]]
"""Makes a progress bar for a pass over the export, with a word such as `Reading` before it; None:
for work whose length is not known."""


def leave(
    sources: Sequence[str | Path],
    out: Path,
    options: Mapping[str, Any],
    watch: Watch,
    going_to: Sequence[str] = (),
    taken_along: Selection | None = None,
    *,
    allow_large: bool = False,
    jobs: int | None = 1,
    dry: bool = False,
) -> tuple[dict[str, Any], Result | None]:
    """Write everything to `out`. Return the report of the conversion and the verification.

    `going_to`: keys of DESTINATIONS, whose formats are written too, with the conversations that
    `taken_along` selects; the archive itself always holds them all, as they are. `jobs`: how many
    processes read and render; None for one for each core, if the export is large enough. `dry`:
    write nothing; `planned` in the report says what would be written, and nothing is verified.

    Read the source once to write and once more, by other code, to verify. Raise NotAnExport,
    CannotRedact, Unusable, and OSError if the disk refuses.
    """
    places = {name: DESTINATIONS[name] for name in going_to}
    whole = {**options, "redact": NOTHING}
    specs = [spec_of(name, whole, of_exit=True) for name in FORMATS]
    for place in places.values():
        given = {**options, **place.options}
        specs.append(spec_of(place.format, given, taken_along, of_exit=True))
    owned = nullcontext() if dry else owning(out)
    with full_disk_named(out, lambda: 0), owned:
        with watch(None, "Opening"):
            opened = open_chatgpt(sources, allow_large=allow_large)
        with opened as export:
            need_same_account(export, [out], out)
            with watch(export, "Reading") as progress:
                report = convert_export(
                    export, out, specs, Selection(), progress=progress, jobs=jobs, dry=dry
                )
            kept, account = _keep_account_files(export, out / ACCOUNT, dry=dry)
            if dry:
                return {**report, "account": account}, None
            lost = [loss.as_json() for loss in export.losses]
            lost += report["read"]["unreadable"] + report["assets"]["not_copied"]
        with watch(None, "Opening"):
            opened = open_chatgpt(sources, careful=True, allow_large=allow_large)
        with opened as export, watch(export, "Verifying") as progress:
            checked = verify(out, export, progress, finished=False)
            nodes = report["read"]["nodes"]
            absent = as_markdown(form(export, nodes["full"], nodes["slim"]).generation)
            page = start_here(report, checked, kept, absent, list(places))
            folder = ArchiveFolder(out)
            folder.put(File(PAGE, page.encode(), PAGE))
            folder.put(File(REPORT, orjson.dumps(report, option=orjson.OPT_INDENT_2), REPORT))
            folder.finish()
            # The options as they were given, those of the notes among them.
            about = {**choices(spec_of(FORMATS[0], options), Selection()), "format": "exit"}
            earlier = folder.archive.recorded()
            about["parts"] = _parts(out, [spec.format.name for spec in specs], earlier)
            folder.archive.describe(record(about, export, {}, unread(lost)))
        note_check([out], checked.verdict, checked.source)
    return report, checked


def _keep_account_files(
    export: ExportSet, root: Path, *, dry: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """Copy settings, ratings, links and name tables as they are.

    Return their paths in `root`, and what a dry run would write.
    """
    digests: dict[str, str] = {}
    kept = []
    unchanged = 0
    with nullcontext() if dry else owning(root):
        folder = ArchiveFolder(Archive(root, dry=dry))
        for name in export.files.side_files():
            stream = None if name.startswith(_VIEWER) else export.files.side_file(name)
            if stream is None:
                continue

            def opened(stream: BinaryIO = stream) -> BinaryIO:
                return stream

            copy = Copy(_portable(name), f"account/{name}", name)
            # No file has a size of -1, so each is compared by its bytes: unlike an asset, a side
            # file changes under its name.
            outcome = folder.copy(copy, -1, opened)
            entry = folder.catalog.get(copy.key)
            if entry and outcome != "edited":
                digests[name] = entry.sha256
            unchanged += outcome != "written"
            kept.append(copy.path)
        folder.finish()
        asked: dict[str, Any] = {"format": ACCOUNT, "options": {}, "selection": {}}
        asked["part_of"] = part_of(ACCOUNT)
        lost = unread(loss.as_json() for loss in export.losses)
        folder.archive.describe(record(asked, export, digests, lost))
    return kept, {**folder.archive.planned(), "unchanged": unchanged, "exact": True}


def _portable(name: str) -> str:
    """Make a path of the export one that every system takes and that stays in its folder."""
    parts = [str(sanitize_filename(part, platform="universal")) for part in name.split("/")]
    path = "/".join(part or "_" for part in parts if part not in (".", ".."))
    return f"_{path}" if leads_out(path) else path


def _parts(root: Path, formats: Iterable[str], earlier: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a part for each folder of an exit: its path, its format, how many files it lists.

    `formats`: what this run wrote, each in a folder of its name, beside the account files.
    `earlier`: the record of an earlier run. A folder that it lists stays a part as long as nobody
    removes it.
    """
    written = {ACCOUNT: ACCOUNT, **{name: name for name in formats}}
    listed = earlier.get("parts")
    for part in listed if isinstance(listed, list) else ():
        known = part if isinstance(part, dict) else {}
        path, name = known.get("path"), known.get("format")
        if isinstance(path, str) and isinstance(name, str) and _is_archive(root, path):
            written.setdefault(path, name)
    return [
        {"path": path, "format": name, "files": sum(1 for _ in entries(root / path / _MANIFEST))}
        for path, name in sorted(written.items())
    ]


def _is_archive(root: Path, path: str) -> bool:
    """Tell whether `path` is the folder of a whole archive, directly below `root`."""
    plain = path not in ("", ".", "..") and not any(sign in path for sign in "/\\:\0")
    return plain and (root / path / _MANIFEST).is_file()


def start_here(
    report: dict[str, Any],
    checked: Result,
    kept: list[str],
    absent: str,
    going_to: Sequence[str] = (),
) -> str:
    """Return START-HERE.md: what was read, what is lost, what to do next.

    `kept`: names of the account files. `absent`: what no export holds, as Markdown.
    """
    source, read, assets = report["source"], report["read"], report["assets"]
    found = assets["found"]
    not_copied = {file["where"]: file["reason"] for file in assets["not_copied"]}
    lost = len(not_copied) if found else 0
    whole = report["complete"] or checked.problems
    return render(
        "exit/START-HERE.md.j2",
        version=__version__,
        source=line(source["label"]),
        answer=checked.verdict if whole else "incomplete",
        conversations=read["conversations"],
        messages=read["messages"],
        files={
            "mentioned": assets["mentioned"],
            "found": found,
            "lost": lost,
            "copied": bool(found) and not lost and not checked.problems,
        },
        exports=[line(export["label"]) for export in source["exports"]],
        gone=read["gone"],
        listed=LISTED,
        problems=_reasons(
            (problem.file or problem.title or problem.conversation or "", problem.what)
            for problem in checked.problems
        ),
        # Each unknown form once for each title.
        unknown=_reasons(
            dict.fromkeys((form.title or form.conversation, form.what) for form in checked.unknown)
        ),
        unknown_messages=checked.unknown_messages,
        not_given=[line(name) for name in source["missing_files"]],
        unreadable=_reasons((part["where"], part["reason"]) for part in read["unreadable"]),
        not_copied=_reasons(not_copied.items()),
        missing=[
            {
                "name": line(asset["name"] or asset["id"]),
                "title": line(asset["title"]) if asset["title"] else None,
            }
            for asset in assets["missing"]
        ],
        account=kept,
        absent=absent,
        going_to=[
            {"name": name, "here": f"{DESTINATIONS[name].format}/{DESTINATIONS[name].place}"}
            for name in going_to
        ],
    )


def _reasons(lost: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{line(where)}: {line(reason)}" for where, reason in lost]
