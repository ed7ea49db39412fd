"""Read and write JSON that nests deep, and read JSON with small faults.

`orjson` reads 1,024 levels and writes no more than 254. Any value that could be read has to be
written all the same, and to be read again.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections import Counter
from typing import Any

import ijson
import orjson
from ijson.common import ObjectBuilder

from gptexit.codes import Repair


def loads_deep(data: bytes) -> Any:
    """Parse a JSON text of any depth; slow. Raises ValueError if it is not JSON."""
    builder = ObjectBuilder()
    try:
        # The faster C backend knows no whole numbers of 64 bits.
        for event, value in _PYTHON.basic_parse(io.BytesIO(data), use_float=True):
            builder.event(event, value)
    except ijson.JSONError as error:
        raise ValueError(str(error)) from error
    return builder.value


_PYTHON = ijson.get_backend("python")


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """Write `value` as JSON in UTF-8, without line ends. Raises TypeError if it cannot be JSON."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:
        return _piece_by_piece(value, sort_keys)


def dump_line(value: Any) -> bytes:
    """Write `value` as `dumps` does, with a line end behind it, and without a copy of it all."""
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return _piece_by_piece(value, sort_keys=False) + b"\n"


def _piece_by_piece(root: Any, sort_keys: bool) -> bytes:
    """Write JSON without recursion. Parsed JSON holds no `bytes`, so these are finished text."""
    written: list[bytes] = []
    stack = [root]
    while stack:
        node = stack.pop()
        row: list[Any] = []
        if isinstance(node, bytes):
            written.append(node)
        elif isinstance(node, dict):
            for key, value in sorted(node.items()) if sort_keys else node.items():
                row += (b",", orjson.dumps(key), b":", value)
            stack += (b"}", *reversed(row[1:]), b"{")
        elif isinstance(node, list):
            for value in node:
                row += (b",", value)
            stack += (b"]", *reversed(row[1:]), b"[")
        else:
            written.append(orjson.dumps(node))
    return b"".join(written)


_LONE_HALVES = (
    re.compile(rb"\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"),
    re.compile(rb"\\u(?<!\\u[dD][89aAbB][0-9a-fA-F]{2}\\u)[dD][c-fC-F]"),
    re.compile(rb"\xed[\xa0-\xbf]"),
)
"""Half of a surrogate pair without the other half behind or in front of it, escaped; or any half,
unescaped. Each begins with bytes of its own, so that a search skips quickly to them."""
# CESU-8: a character beyond U+FFFF as two halves of three bytes each. No UTF-8 holds them.
_PAIR = re.compile(rb"\xed([\xa0-\xaf][\x80-\xbf])\xed([\xb0-\xbf][\x80-\xbf])")
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_REPLACED = "\ufffd".encode()
_LONG = 20
"""Characters of the longest whole number of 64 bits."""
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
_CONSTANTS = {"NaN": Repair.NAN, "Infinity": Repair.INFINITY, "-Infinity": Repair.MINUS_INFINITY}
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")


def loads_leniently(data: bytes, repairs: Counter[Repair]) -> Any:
    """Parse a JSON text, counting repairs by kind. Raises ValueError or RecursionError."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        data, pairs = _PAIR.subn(
            lambda pair: _joined(pair[0].decode("utf-8", "surrogatepass")).encode(), data
        )
        data, halves = _HALF.subn(_REPLACED, data)
        text = data.decode("utf-8", "replace")
        repairs[Repair.PAIR_JOINED] += pairs
        repairs[Repair.LONE_SURROGATE] += halves
        repairs[Repair.NOT_UTF8] += max(1, text.count("\ufffd") - data.count(_REPLACED))

    def constant(name: str) -> None:
        repairs[_CONSTANTS[name]] += 1

    def real(digits: str) -> float | None:
        number = float(digits)
        if math.isinf(number):
            repairs[Repair.NUMBER_TOO_LARGE] += 1
            return None
        return number

    def whole(digits: str) -> int | float | None:
        number = int(digits) if len(digits) <= _LONG else None
        return real(digits) if number is None or not _LEAST <= number <= _MOST else number

    value = json.loads(
        text, parse_constant=constant, parse_int=whole, parse_float=real, strict=False
    )
    for kind in [kind for kind, times in repairs.items() if not times]:
        del repairs[kind]
    # `json` joins escaped pairs, but none that is half escaped and half raw, or in CESU-8.
    return _clean(value, repairs) if any(half.search(data) for half in _LONE_HALVES) else value


def _joined(halves: str) -> str:
    """Join the two halves of a surrogate pair."""
    return halves.encode("utf-16", "surrogatepass").decode("utf-16")


def clean_text(text: str, repairs: Counter[Repair]) -> str:
    """Join surrogate pairs, and replace lone surrogates by U+FFFD."""

    def mend(match: re.Match[str]) -> str:
        halves = match.group()
        if len(halves) == 2:
            repairs[Repair.PAIR_JOINED] += 1
            return _joined(halves)
        repairs[Repair.LONE_SURROGATE] += 1
        return "\ufffd"

    return text if text.isascii() else _SURROGATES.sub(mend, text)


def encodable(text: str) -> str:
    """Replace each lone surrogate, which UTF-8 and SQLite cannot hold, by `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _clean(root: Any, repairs: Counter[Repair]) -> Any:
    """Clean every string in `root`, keys too; iterative, since the input decides the depth."""
    holder = [root]
    stack: list[Any] = [holder]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            items = [(clean_text(key, repairs), value) for key, value in node.items()]
            node.clear()
            node.update(items)
            pairs: Any = items
        else:
            pairs = list(enumerate(node))
        for key, value in pairs:
            if isinstance(value, str):
                node[key] = clean_text(value, repairs)
            elif isinstance(value, (dict, list)):
                stack.append(value)
    return holder[0]
