"""Recognize what gptexit itself wrote, where it is given as a source by mistake."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.chatgpt.take import mapping, objects
from gptexit.errors import NotAnExport
from gptexit.files.disk import HOUSE, open_plain
from gptexit.readers.chatgpt.containers.base import Volume, plain
from gptexit.text.terminal import command_line, printable

_RECORD = f"{HOUSE}/archive.json"
_LARGEST = 1 << 24
"""Bytes of a record that are read."""
_DEEPEST = 8
"""Folders above a file that may be its archive's."""
_MOST = 50
"""Entries of a folder that are looked at for archives: more than there are formats."""
_NAMED = 3
"""Sources of an archive that a sentence names."""


def need_no_archive(path: Path) -> None:
    """Raise NotAnExport if `path` is the folder of an archive, or a file or a folder in one."""
    here = Path(os.path.abspath(path))  # noqa: PTH100 - as typed, whatever links lead to
    above = islice((here, *here.parents), _DEEPEST)
    archives = [folder for folder in above if (folder / _RECORD).is_file()]
    inner = [] if archives else inner_archives(here)
    if not (archives or inner):
        return
    root = archives[-1] if archives else here  # of a part of an exit, the whole
    itself = root == here
    shown = plain(str(path)) if itself else _relative(root, path)
    part = "" if itself else f"part of {printable(shown)}, "
    raise _refused(
        f"{printable(plain(str(path)))} is {part}an archive that gptexit wrote, not an export of "
        "ChatGPT.",
        command_line(["gptexit", "verify", shown]),
        _sources(*archives[-1:], *inner),
    )


def need_no_packed_archive(volume: Volume, path: Path) -> None:
    """Raise NotAnExport if a ZIP holds an archive."""
    names = [member.path for member in volume.members]
    packed = any(name == _RECORD or name.endswith(f"/{_RECORD}") for name in names)
    if packed and not any(map(CONVERSATIONS.search, names)):
        raise _refused(
            f"{printable(plain(str(path)))} is an archive that gptexit wrote, packed as a ZIP, "
            "not an export of ChatGPT.",
            "gptexit verify FOLDER, once it is unpacked",
            [],
        )


def _refused(sentence: str, check: str, sources: list[str]) -> NotAnExport:
    names = f", {', '.join(sources)}" if sources else ""
    return NotAnExport(
        sentence,
        f"To check it: {check}. To write another, give the export that it was made from{names}.",
    )


def _relative(root: Path, path: Path) -> str:
    """Return the folder as a person would type it who typed `path`."""
    shown = str(root) if path.is_absolute() else os.path.relpath(root)
    return str(root) if shown == "." else shown


def _sources(*roots: Path) -> list[str]:
    """Return the names of the ZIPs that archives were made from, as far as they tell them."""
    names: list[Any] = []
    for record in map(_record, roots):
        beside = record.get("beside")
        names += [export.get("name") for export in objects(record.get("exports"))]
        names += beside if isinstance(beside, list) else []
        for source in objects(record.get("sources")):
            names.append(str(source.get("name")).partition(": ")[0])
    known = dict.fromkeys(name for name in names if isinstance(name, str))
    zips = [name for name in known if name.lower().endswith(".zip")]
    more = [f"{len(zips) - _NAMED:,} more"] if len(zips) > _NAMED else []
    return [printable(name, 80) for name in zips[:_NAMED]] + more


def _record(root: Path) -> dict[str, Any]:
    """Return the record of an archive; empty if there is none that can be read."""
    try:
        with open_plain(root / _RECORD) as stream:
            return mapping(orjson.loads(stream.read(_LARGEST)))
    except (OSError, ValueError):
        return {}


def inner_archives(folder: Path) -> list[Path]:
    """Return the archives in a folder that has nothing else, each named like its format."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST) if entry.name[:1] != "."]
    except OSError:
        return []
    every = all(_record(folder / name).get("format") == name for name in names)
    return [folder / name for name in sorted(names)] if every else []
