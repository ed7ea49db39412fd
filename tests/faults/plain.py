"""A plain reading of an export, with no code of gptexit: how many conversations are in it.

It follows what is documented of the format and nothing else. Where the damage is such that a plain
reading is no longer possible it says so, and then gptexit has to say so too.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

_CONVERSATIONS = re.compile(r"(?:^|/)conversations(?:[-_]\d+)?\.json$")
_NOISE = re.compile(
    r"(?:^|/)(?:__MACOSX(?:/|$)|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.I
)
_DATA = re.compile(r"\bjsonData\s{0,99}=\s{0,99}(?=\[)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_WRAPPER = re.compile(r'\{\s*"(?:conversations|items)"\s*:\s*(?=\[)')
_SCALAR_END = re.compile(r'[ \t\r\n]*(?:[,\]{\["]|\Z)')
_GAP = re.compile(r"[ \t\r\n,]*")


def _whole(digits: str) -> int | float:
    """A whole number as most programs hold it: with 64 bits, else as a double."""
    number = int(digits[:30])
    return number if len(digits) < 21 and -(2**63) <= number < 2**64 else float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_int=_whole, parse_constant=lambda name: None)
TOO_DEEP = object()
"""Stands for an item that nests too deep to be parsed."""


class Unclear(Exception):
    """No plain reading is possible; `str(error)` says why."""


@dataclass(slots=True)
class Reading:
    """What a plain reading found."""

    items: list[Any] = field(default_factory=list)
    """What the arrays of conversations hold: objects, and whatever else stands there."""
    told: bool = False
    """Whether there is something that has to be told: the run cannot be complete."""


def read_zip(data: bytes) -> Reading:
    """The items of a ZIP's conversation files. Raises Unclear."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except Exception as error:
        raise Unclear(f"no directory: {error}") from error
    end = data.rfind(b"PK\x05\x06")
    if int.from_bytes(data[end + 10 : end + 12], "little") != len(infos):
        raise Unclear("the directory has another number of members than its end says")
    if b"PK\x03\x04" in data[: max(0, min((info.header_offset for info in infos), default=0))]:
        raise Unclear("the directory of a ZIP in the ZIP")
    named = {}
    found = Reading()
    for info in infos:
        path = info.filename.replace("\\", "/")
        if _NOISE.search(path) or path.endswith("/"):
            continue
        if _CONVERSATIONS.search(path) or path.rsplit("/", 1)[-1] == "chat.html":
            found.told |= path in named and bool(_CONVERSATIONS.search(path))
            named[path] = info
    files = {path: info for path, info in named.items() if _CONVERSATIONS.search(path)}
    if not files:
        if len(named) != 1:
            raise Unclear("no conversations.json, and not one chat.html")
        (info,) = named.values()
        page = _decoded(_bytes(data, info))
        start = _DATA.search(page)
        if start:
            found.items += items(page[start.end() :], alone=False)
        return found
    least = min(path.count("/") for path in files)
    for path, info in files.items():
        if path.count("/") > least:
            found.told = True
        else:
            found.items += read_json(_bytes(data, info)).items
    return found


def read_json(data: bytes) -> Reading:
    """The items of one conversations.json. Raises Unclear."""
    return Reading(items(_decoded(data)))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _bytes(data: bytes, info: zipfile.ZipInfo) -> bytes:
    """A member's bytes, as the directory says of them. Raises Unclear."""
    if info.flag_bits & 1 or info.compress_type not in (0, 8) or info.external_attr >> 28 == 0o12:
        raise Unclear("a member that may not be read")
    head = data[info.header_offset : info.header_offset + 30]
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise Unclear("no header")
    start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:]))
    packed = data[start : start + info.compress_size]
    if info.compress_type == 8:
        unpacker = zlib.decompressobj(-15)
        try:
            packed = unpacker.decompress(packed)
        except zlib.error as error:
            raise Unclear(str(error)) from error
        if not unpacker.eof:
            raise Unclear("packed data without an end")
    if len(packed) != info.file_size or zlib.crc32(packed) != info.CRC:
        raise Unclear("another length or checksum")
    return packed


def items(text: str, *, alone: bool = True) -> list[Any]:
    """The items of a JSON array; commas too many or too few are no matter. Raises Unclear."""
    at = len(text) - len(text.lstrip(" \t\r\n"))
    wrapper = _WRAPPER.match(text, at)
    if wrapper:
        at = wrapper.end()
    elif text[at : at + 1] == "{" and alone:
        value, _ = _item(text, at)
        inner = value.get("conversations") if isinstance(value, dict) else None
        return inner if isinstance(inner, list) else [value]
    if text[at : at + 1] != "[":
        raise Unclear("no array")
    at += 1
    found = []
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        if text[at : at + 1] == "]":
            return found
        value, at = _item(text, at)
        bare = value is None or isinstance(value, int | float)
        if bare and not _SCALAR_END.match(text, at):
            raise Unclear("no end of a number or word")
        found.append(value)


def _item(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        depth = 0
        for token in _TOKEN.finditer(text, at):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
            if depth == 0:
                return TOO_DEEP, token.end()
        raise Unclear("an item without an end") from None
    except ValueError as error:
        raise Unclear(f"no JSON: {error}") from error
