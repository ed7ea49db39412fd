"""Put an archive into a bag (BagIt, RFC 8493), with a description that is an RO-Crate.

    bagit.txt, bag-info.txt
    manifest-sha256.txt, manifest-sha512.txt, tagmanifest-….txt
    data/                       the archive, file by file
    data/ro-crate-metadata.json what it is

A library, or anybody with `sha256sum -c manifest-sha256.txt`, can check it without gptexit. The
archive itself is only read. A bag is built beside its final place and renamed when it is whole, so
that a run that was killed leaves nothing that looks like a bag.
"""

from __future__ import annotations

import logging
import os
import posixpath
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gptexit import __version__
from gptexit.archive.lock import owning
from gptexit.archive_status import EXIT, SEVERAL, Status, status_of
from gptexit.errors import Unusable
from gptexit.extras import need
from gptexit.files.disk import CHUNK, HOUSE, full_disk_named, open_new, open_plain
from gptexit.text.terminal import count, printable

CHECKSUMS = ("sha256", "sha512")
CRATE = "ro-crate-metadata.json"
_UNFINISHED = ".unfinished"
_LOCK = f"{HOUSE}/lock"
_UNREADABLE = re.compile(r"[\r\n]|%(?=0[AaDd]|25)|\s+$")
"""Parts of a path that programs for bags, and `sha256sum -c`, read in different ways: RFC 8493 has
CR, LF and `%` encoded, bagit.py decodes only `%0D` and `%0A` and strips spaces at the end, and
`sha256sum` decodes nothing."""
_PARTS = {
    "account": "The account's own files, as they were in the export",
    "html": "The conversations as pages for a browser",
    "jsonl": "The conversations as JSON, one a line, with everything that the export has of them",
    "markdown": "The conversations as Markdown notes, with their files",
    "sqlite": "The conversations as an SQLite database with full-text search",
}
"""By format: what a part of an archive is."""


@dataclass(slots=True)
class Bagged:
    """Describe a bag that was made."""

    path: Path
    files: int = 0
    size: int = 0
    """Bytes of the files."""
    conversations: int | None = None
    """None if the archive does not tell."""
    left_out: list[str] = field(default_factory=list)
    """Links and devices, which no bag can hold."""
    renamed: list[tuple[str, str]] = field(default_factory=list)
    """Paths that not every program would read in the same way, and those that they got."""

    def as_json(self) -> dict[str, Any]:
        """Return it as `gptexit bag --json` prints it."""
        return {
            "path": str(self.path),
            "files": self.files,
            "bytes": self.size,
            "conversations": self.conversations,
            "left_out": self.left_out,
            "renamed": [{"from": before, "to": after} for before, after in self.renamed],
        }


def free_place(archive: Path) -> Path:
    """Return a path beside an archive that nothing has: `archive-bag`, `archive-bag-2`, …"""
    whole = Path(os.path.abspath(archive))  # noqa: PTH100 - a link keeps its own name
    place, number = whole.with_name(f"{whole.name}-bag"), 1
    while os.path.lexists(place):
        number += 1
        place = whole.with_name(f"{whole.name}-bag-{number}")
    return place if archive.is_absolute() else Path(os.path.relpath(place))


def make_bag(archive: Path, out: Path, *, dry: bool = False) -> Bagged:
    """Copy an archive into a new bag in `out`, a folder that does not exist or is empty.

    `dry`: write nothing, and only count. Raises MissingPackages, NoArchive if `archive` is none of
    gptexit's, Unusable if something is in `out`, InUse, and OSError.
    """
    need("bag")
    status = status_of(archive)
    root = Path(status.path)
    _need_place(root, out)
    done = Bagged(out, conversations=status.conversations)
    files = _files_of(root, done)
    done.files, done.size = len(files), sum(size for _, _, size in files)
    if dry:
        return done
    staging = out.with_name(f".{out.name}{_UNFINISHED}")
    with full_disk_named(out.parent, lambda: done.size), _owned(root), owning(staging):
        building = staging / "bag"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        for source, place, _ in files:
            _copy(root / source, building / place)
        _describe(building, status)
        _close(building, _info(status))
        with suppress(FileNotFoundError):
            out.rmdir()
        building.rename(out)
    shutil.rmtree(staging, ignore_errors=True)
    return done


def _need_place(root: Path, out: Path) -> None:
    """Raise Unusable if `out` is not free, or in the archive."""
    name = printable(str(out))
    if os.path.lexists(out) and not (out.is_dir() and not out.is_symlink() and _is_empty(out)):
        raise Unusable(
            f"{name} is there already, and a bag is never changed.",
            "Name a folder that does not exist with -o.",
        )
    if root.resolve() in (out.resolve(), *out.resolve().parents):
        raise Unusable(f"{name} is in the archive itself.", "Name a folder elsewhere with -o.")
    if os.path.lexists(root / CRATE):
        raise Unusable(
            f"{printable(str(root))} has a file {CRATE} already, as the inside of a bag has.",
            "Give the archive itself, or move that file elsewhere.",
        )


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _owned(root: Path) -> Any:
    """Keep other runs from writing to an archive; one that nobody may write to needs no lock."""
    return owning(*([root] if os.access(root, os.W_OK) else []))


def _files_of(root: Path, done: Bagged) -> list[tuple[str, str, int]]:
    """List the files of an archive: its path, the path that it gets in the bag, its bytes.

    Links are not followed. `done` takes what is left out and what is renamed.
    """
    found = sorted(_walk(root, "", done))
    taken = {path for path, _ in found if _readable(path) == path}
    files: list[tuple[str, str, int]] = []
    for path, size in found:
        place = _readable(path)
        if place != path:
            stem, ending = posixpath.splitext(place)
            number = 1
            while place in taken:
                number += 1
                place = f"{stem}-{number}{ending}"
            taken.add(place)
            done.renamed.append((path, place))
        files.append((path, place, size))
    return files


def _walk(root: Path, folder: str, done: Bagged) -> Iterator[tuple[str, int]]:
    """List plain files below a folder by their paths; note the others."""
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif not entry.is_file(follow_symlinks=False):
                    done.left_out.append(path)
                elif path != _LOCK and not path.endswith(f"/{_LOCK}"):
                    yield path, entry.stat(follow_symlinks=False).st_size


def _readable(path: str) -> str:
    """Return a path that every program reads in the same way."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "/".join(_UNREADABLE.sub("_", name) for name in text.split("/"))


def _copy(source: Path, target: Path) -> None:
    """Copy the bytes and the time of a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_plain(source) as stream, open_new(target) as copy:
        shutil.copyfileobj(stream, copy, CHUNK)
        times = os.fstat(stream.fileno())
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def _title(status: Status) -> str:
    of = {EXIT: "Archive of ChatGPT conversations", SEVERAL: "Archives of ChatGPT conversations"}
    return of.get(status.kind, f"Archive of ChatGPT conversations, format {status.kind}")


def _told(status: Status) -> str:
    """Say in a sentence what the archive holds."""
    held = f"{count(status.conversations, 'conversation')}, " if status.conversations else ""
    days = sorted({export.made[:10] for export in status.exports if export.made})
    made = f" of a ChatGPT data export of {', '.join(days)}" if days else " of a ChatGPT export"
    return f"{held}files{made}, written by gptexit {status.version or 'of an unknown version'}."


def _info(status: Status) -> dict[str, Any]:
    """Return the fields of bag-info.txt. Nothing in them names a person."""
    days = sorted({export.made[:10] for export in status.exports if export.made})
    known = {
        "Source-Organization": None,
        "External-Description": _told(status),
        "Internal-Sender-Description": _title(status),
        "Bag-Software-Agent": f"gptexit {__version__} with bagit.py",
        "Archive-Software-Agent": f"gptexit {status.version}" if status.version else None,
        "Conversations": str(status.conversations) if status.conversations is not None else None,
        "Export-Date": days or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _describe(building: Path, status: Status) -> None:
    """Write the RO-Crate: the archive, its parts, and the program that wrote them."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.model.data_entity import DataEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(gen_preview=False)
    crate.name, crate.description = _title(status), _told(status)
    crate.datePublished = datetime.now(UTC).replace(microsecond=0)
    software = ContextEntity(
        crate,
        "#gptexit",
        {
            "@type": "SoftwareApplication",
            "name": "gptexit",
            "softwareVersion": status.version or __version__,
        },
    )
    crate.add(software)
    parts = [
        DataEntity(
            crate,
            f"{part.path}/",
            {
                "@type": "Dataset",
                "name": part.path,
                "description": _PARTS.get(part.format, f"The conversations, format {part.format}"),
            },
        )
        for part in status.parts
        if part.path != "."
    ]
    for part in parts:
        crate.add(part)
    action = ContextEntity(crate, "#conversion", {"@type": "CreateAction", "name": "Conversion"})
    crate.add(action)
    action["instrument"] = software
    action["result"] = crate.root_dataset
    crate.root_dataset["mentions"] = action
    crate.metadata.write(building)


def _close(building: Path, info: dict[str, Any]) -> None:
    """Make a bag of a folder, and see whether every file is found by its name. Raises Unusable."""
    import bagit

    logging.getLogger("bagit").addHandler(logging.NullHandler())
    logging.getLogger("bagit").propagate = False
    bag = bagit.make_bag(str(building), info, checksums=list(CHECKSUMS))
    try:
        bag.validate(completeness_only=True)
    except bagit.BagError as error:
        raise Unusable(f"the archive cannot be put into a bag: {error}") from error
