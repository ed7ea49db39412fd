"""Recognize what gptexit itself wrote, where it is given as a source by mistake."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.errors import NotAnExport
from gptexit.files.disk import HOUSE, open_plain
from gptexit.readers.chatgpt.containers.base import Volume, plain
from gptexit.text.terminal import command_line, printable

_RECORD = f"{HOUSE}/archive.json"
_LARGEST = 1 << 24
"""Bytes of a record that are read."""
_DEEPEST = 8
"""Folders above a file that may be its archive's."""
_NAMED = 3
"""Sources of an archive that a sentence names."""


def need_no_archive(path: Path) -> None:
    """Raise NotAnExport if `path` is the folder of an archive, or a file or a folder in one."""
    here = Path(os.path.abspath(path))  # noqa: PTH100 - as typed, whatever links lead to
    above = islice((here, *here.parents), _DEEPEST)
    archives = [folder for folder in above if (folder / _RECORD).is_file()]
    if not archives:
        return
    root = archives[-1]  # of a part of an exit, the whole
    itself = root == here
    shown = plain(str(path)) if itself else _relative(root, path)
    part = "" if itself else f"part of {printable(shown)}, "
    raise _refused(
        f"{printable(plain(str(path)))} is {part}an archive that gptexit wrote, not an export of "
        "ChatGPT.",
        command_line(["gptexit", "verify", shown]),
        list(_sources(root)),
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


def _sources(root: Path) -> Iterator[str]:
    """Yield the names of the exports that an archive was made from, as far as it tells them."""
    try:
        with open_plain(root / _RECORD) as stream:
            record: Any = orjson.loads(stream.read(_LARGEST))
        names = [source["name"].partition(": ")[0] for source in record["sources"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return
    zips = [name for name in dict.fromkeys(names) if name.lower().endswith(".zip")]
    yield from (printable(name, 80) for name in zips[:_NAMED])
