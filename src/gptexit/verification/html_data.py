"""Read the data of an HTML archive: scripts that hand over one JSON value each, nothing else."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gptexit.verification.raw import object_of, strings

_CALL = re.compile(r'archive\.piece\("([^"\\\0-\x1f]{1,200})", ?')
_END = re.compile(r"\);?\s*\Z")
_LEAST = 1 << 20
_RATIO = 8
"""Bytes that texts may take unpacked: that many of the page that shows them, or `_LEAST`."""
ROLES = {"user": "u", "assistant": "a"}
"""The letter of an author; any other is "t"."""


class NoData(ValueError):
    """A script does more or less than to hand over a value."""


def piece_in(path: Path) -> tuple[str, Any]:
    """Return the name and the value that a script hands over. Raises NoData and OSError."""
    try:
        text = path.read_text(encoding="utf-8")
        call = _CALL.match(text)
        if not call:
            raise NoData
        value, end = json.JSONDecoder().raw_decode(text, call.end())
    except (ValueError, RecursionError) as error:
        raise NoData from error
    if not _END.match(text, end):
        raise NoData
    return call[1], value


class Row(NamedTuple):
    """One conversation in a list."""

    number: Any
    path: str
    title: str
    created: str | None
    """In the time zone of the archive, to the minute."""
    flags: str


def rows_in(path: Path, name: str) -> Iterator[Row]:
    """Yield the conversations of a list. Raises NoData and OSError."""
    called, value = piece_in(path)
    if called != name or not isinstance(value, list):
        raise NoData
    for row in value:
        if not isinstance(row, list) or len(row) < 7 or not isinstance(row[1], str):
            raise NoData
        created = row[3] if isinstance(row[3], str) else None
        yield Row(row[0], row[1], str(row[2] or ""), created, str(row[6]))


@dataclass(frozen=True, slots=True)
class SearchedText:
    """The text of a message as the search has it."""

    anchor: str
    role: str
    text: str


def texts_in(path: Path, name: str, page_size: int) -> list[SearchedText]:
    """Return the texts of a conversation; `page_size`: the bytes of its page.

    Raises NoData and OSError.
    """
    called, value = piece_in(path)
    packed = object_of(value).get("t")
    if called != name or not isinstance(packed, str):
        raise NoData
    most = max(_LEAST, _RATIO * page_size)
    try:
        unpacker = zlib.decompressobj(-15)
        data = unpacker.decompress(base64.b64decode(packed, validate=True), most)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise NoData
        listed = json.loads(data)
    except (ValueError, zlib.error, RecursionError) as error:
        raise NoData from error
    if not isinstance(listed, list):
        raise NoData
    texts = []
    for entry in listed:
        fields = strings(*entry) if isinstance(entry, list) else []
        if len(fields) != 3:
            raise NoData
        texts.append(SearchedText(*fields))
    return texts
