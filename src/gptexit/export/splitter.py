"""The bytes of one JSON array in, its items out, in bounded memory.

Two ways to find where an item ends:

- The fast way guesses and lets `orjson` prove the guess. A complete JSON object has no proper
  prefix that is also a complete object, so a slice from an item's start that parses *is* the item.
  Each conversation has one `"mapping":` key, and an unescaped quote cannot stand inside a JSON
  string, so an item ends at the last `}` `,` `{` before the next item's `"mapping":`.
- The careful way counts brackets outside strings, one token at a time. It needs no guess, and it
  also walks over items that no parser accepts, so that one bad item costs only itself.

What is then still refused (lone surrogates, NaN, NUL) goes through `repair`.
"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from gptexit.export.repair import loads_leniently

CHUNK = 1 << 20
"""Bytes asked of the stream at a time; also what is held beyond the current item, at most twice."""

_KEY = b'"mapping"'
_SPACE = b" \t\r\n"
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_KEY_COLON = re.compile(rb'"mapping"[ \t\r\n]*:')
_BETWEEN = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\Z")
# One token of the careful way. The possessive quantifiers keep it linear on any input.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{\[]|[}\]]|"', re.DOTALL)
_BOM = b"\xef\xbb\xbf"


class ByteStream(Protocol):
    """Anything with `read(n)`: a file, a ZIP member, standard input."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, `b""` at the end."""


class NotAnArray(ValueError):
    """The stream holds no JSON array or object at its top."""


@dataclass(slots=True)
class Trouble:
    """Something in the stream that could not be read. `offset` in bytes from the stream's start."""

    offset: int
    reason: str
    cut: bool = False
    """True where the stream ended inside an item, or its reading failed: what follows is gone."""


@dataclass(slots=True)
class Split:
    """What the splitter says beside the items; complete once the iteration has ended."""

    items: int = 0
    careful: int = 0
    """How many items needed the careful way."""
    repairs: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)


@contextmanager
def collector_off() -> Iterator[None]:
    """The cyclic collector is off inside: parsed JSON holds no cycles, and it costs 25 to 50 %."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Window:
    """The part of the stream that is in memory: `data`, which starts at byte `base`."""

    __slots__ = ("at_end", "base", "data", "failure", "grow", "stream")

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.data = b""
        self.base = 0
        self.at_end = False
        self.failure: str | None = None
        self.grow = CHUNK

    def more(self) -> bool:
        """Append the next bytes; False at the end. Grows faster the longer an item gets."""
        if self.at_end:
            return False
        parts = []
        wanted = max(CHUNK, len(self.data) // 2)
        while wanted > 0:
            try:
                part = self.stream.read(min(wanted, CHUNK))
            except Exception as error:  # any codec's own error: zlib, CRC, a vanished disk
                self.failure = str(error) or type(error).__name__
                part = b""
            if not part:
                self.at_end = True
                break
            parts.append(part)
            wanted -= len(part)
        if parts:
            self.data = b"".join((self.data, *parts))
        return bool(parts)

    def drop(self, count: int) -> None:
        """Forget the first `count` bytes."""
        self.data = self.data[count:]
        self.base += count


def split(stream: ByteStream, said: Split) -> Iterator[tuple[int, Any]]:
    """Each item of the array in `stream`, parsed, with its byte offset.

    Accepts `[…]`, `{"conversations": […]}` and a single object (as one item). Troubles and repairs
    are told in `said`. Raises `NotAnArray` where the stream starts with something else.
    """
    window = _Window(stream)
    while len(window.data) < 64 and window.more():
        pass
    start = len(_BOM) if window.data.startswith(_BOM) else 0
    start = _skip_space(window, start)
    opener = window.data[start : start + 1]
    if opener == b"{":
        yield from _single(window, start, said)
        return
    if opener != b"[":
        raise NotAnArray("it does not start with a JSON array")
    yield from _items(window, start + 1, said)


def _skip_space(window: _Window, at: int) -> int:
    """The position of the next byte that is no white space, or the end of the data."""
    while True:
        found = _NOT_SPACE.search(window.data, at)
        if found:
            return found.start()
        at = len(window.data)
        if not window.more():
            return at


_WRAPPER = re.compile(rb'\{[ \t\r\n]*"(?:conversations|items)"[ \t\r\n]*:[ \t\r\n]*\[')


def _single(window: _Window, start: int, said: Split) -> Iterator[tuple[int, Any]]:
    """A top-level object: an envelope around the array, or one conversation."""
    wrapper = _WRAPPER.match(window.data, start)
    if wrapper:
        yield from _items(window, wrapper.end(), said)
        return
    end = _careful_end(window, start)
    if end < 0:
        _say_cut(window, start, said)
        return
    value = _parse(window, start, end, said)
    if value is None:
        return
    inner = value.get("conversations") if isinstance(value, dict) else None
    for item in inner if isinstance(inner, list) else [value]:
        said.items += 1
        yield window.base + start, item


def _items(window: _Window, start: int, said: Split) -> Iterator[tuple[int, Any]]:
    """The items from `start` in the window's data, to the array's end."""
    while True:
        start = _skip_space(window, start)
        if start >= len(window.data):
            _say_cut(window, start, said)
            return
        mark = window.data[start]
        if mark == 0x5D:  # ]
            return
        if mark == 0x2C:  # ,
            start += 1
            continue
        if start > CHUNK:
            window.drop(start)
            start = 0
        end, value = _fast(window, start) if mark == 0x7B else (-1, None)
        if end < 0:
            said.careful += 1
            end = _careful_end(window, start)
            if end < 0:
                _say_cut(window, start, said)
                return
            value = _parse(window, start, end, said)
            if value is None:
                start = end
                continue
        said.items += 1
        offset = window.base + start
        start = end
        yield offset, value


def _fast(window: _Window, start: int) -> tuple[int, Any]:
    """The end of the item at `start` and its value by a proven guess; (-1, None) if none holds."""
    first = _next_key(window, start)
    if first < 0:
        return -1, None
    second = _next_key(window, first + len(_KEY))
    # The first guess holds for ordinary exports. The second is for an item without a mapping.
    for key in (second, first):
        if key < 0:
            continue
        end = _boundary(window.data, start, key)
        if end > start:
            try:
                return end, orjson.loads(memoryview(window.data)[start:end])
            except orjson.JSONDecodeError:
                continue
    if second < 0:  # the last item: up to the array's closing bracket
        data = window.data
        end = len(data.rstrip(_SPACE))
        if data[end - 1 : end] == b"]":
            end = len(data[: end - 1].rstrip(_SPACE))
            try:
                return end, orjson.loads(memoryview(data)[start:end])
            except orjson.JSONDecodeError:
                pass
    return -1, None


def _next_key(window: _Window, at: int) -> int:
    """Where the next `"mapping":` key stands at or after `at`; reads on as needed; -1 if none."""
    while True:
        found = window.data.find(_KEY, at)
        if found >= 0:
            if len(window.data) - found < 32 and window.more():
                continue
            if _KEY_COLON.match(window.data, found):
                return found
            at = found + 1
            continue
        at = max(at, len(window.data) - len(_KEY))
        if not window.more():
            return -1


def _boundary(data: bytes, start: int, key: int) -> int:
    """The end of the item before the one that holds `key`: just behind its `}`; -1 if not seen."""
    brace = key
    for _ in range(4):
        brace = data.rfind(b"{", start + 1, brace)
        if brace < 0:
            return -1
        before = _BETWEEN.search(data, max(start, brace - 256), brace)
        if before:
            return before.start() + 1
    return -1


def _careful_end(window: _Window, start: int) -> int:
    """Just behind the value at `start`, by counting brackets; -1 where the stream ends before."""
    if window.data[start] not in b'{["':
        return _scalar_end(window, start)
    depth = 0
    at = start
    while True:
        for token in _TOKEN.finditer(window.data, at):
            text = token.group()
            if text in (b"{", b"["):
                depth += 1
            elif text in (b"}", b"]"):
                depth -= 1
            elif len(text) == 1:  # an opening quote whose string is not all here yet
                at = token.start()
                break
            at = token.end()
            if depth == 0:
                return at
        if not window.more():
            return -1


_SCALAR = re.compile(rb"[^,\]}{\[\"]*")


def _scalar_end(window: _Window, start: int) -> int:
    """Just behind a number, literal or stray bytes at `start`; -1 at the stream's end."""
    while True:
        found = _SCALAR.match(window.data, start)
        end = found.end() if found else start
        if end < len(window.data):
            return max(end, start + 1)
        if not window.more():
            return -1


def _parse(window: _Window, start: int, end: int, said: Split) -> Any:
    """The value of the slice; None, with a trouble told, where nobody can read it.

    A JSON `null` item comes back as None too, and is told: it is no conversation either.
    """
    piece = memoryview(window.data)[start:end]
    try:
        value = orjson.loads(piece)
    except orjson.JSONDecodeError:
        try:
            value = loads_leniently(bytes(piece), said.repairs)
        except (ValueError, RecursionError) as error:
            reason = str(error).split(":", 1)[0] or "nested too deep"
            said.troubles.append(Trouble(window.base + start, f"not readable as JSON ({reason})"))
            return None
    if value is None:
        said.troubles.append(Trouble(window.base + start, "null where a conversation should be"))
    return value


def _say_cut(window: _Window, start: int, said: Split) -> None:
    """Tell that the stream ended at or inside the item that starts at `start`."""
    length = len(window.data)
    reason = window.failure or "the file ends in the middle"
    said.troubles.append(Trouble(window.base + min(start, length), reason, cut=True))
