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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from gptexit.export.careful import careful_end, skip
from gptexit.export.repair import loads_leniently
from gptexit.export.window import ByteStream, Window

CHUNK = 1 << 20
"""Bytes asked of the stream at a time; also what is held beyond the current item, at most twice."""
LARGEST = 1 << 29
"""Bytes of one item at most; a larger one is told and skipped, and never held as a whole."""

MOST_TROUBLES = 10_000
"""Troubles that are listed for one stream."""

_KEY = b'"mapping"'
_SPACE = b" \t\r\n"
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_KEY_COLON = re.compile(rb'"mapping"[ \t\r\n]*:')
_TRIES = 4
"""How often one end is guessed: a place that fails for many items would cost the square of them."""
_BETWEEN = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\Z")
_BOM = b"\xef\xbb\xbf"


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
    end: int | None = None
    """Just behind the closing bracket, in bytes from the stream's start; None where it was cut."""
    wrapped: bool = False
    """True where the array stands in an object, whose other keys may follow it."""
    tail: bytes = b""
    """What of the bytes behind the closing bracket had been read already."""

    def tell(self, trouble: Trouble) -> None:
        """Note a trouble; of very many only a cut, which is the last."""
        if trouble.cut or len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(trouble)


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


def split(stream: ByteStream, said: Split, careful: bool = False) -> Iterator[tuple[int, Any]]:
    """Each item of the array in `stream`, parsed, with its byte offset.

    Accepts `[…]`, `{"conversations": […]}` and a single object (as one item). Troubles and repairs
    are told in `said`. Raises `NotAnArray` where the stream starts with something else.

    `careful`: guess nothing, and parse with the standard library. Slower, and it shares nothing
    with the fast way, so that each can be held against the other.
    """
    window = Window(stream, CHUNK, LARGEST)
    while len(window.data) < 64 and window.more():
        pass
    start = len(_BOM) if window.data.startswith(_BOM) else 0
    start = _skip_space(window, start)
    opener = window.data[start : start + 1]
    if opener == b"{":
        yield from _single(window, start, said, careful)
        return
    if opener != b"[":
        raise NotAnArray("it does not start with a JSON array")
    yield from _items(window, start + 1, said, careful)


def _skip_space(window: Window, at: int) -> int:
    """The position of the next byte that is no white space, or the end of the data."""
    while True:
        found = _NOT_SPACE.search(window.data, at)
        if found:
            return found.start()
        at = len(window.data)
        if at > CHUNK:  # white space without end is not worth holding
            window.drop(at)
            at = 0
        if not window.more():
            return at


_WRAPPER = re.compile(rb'\{[ \t\r\n]*"(?:conversations|items)"[ \t\r\n]*:[ \t\r\n]*\[')


def _single(window: Window, start: int, said: Split, careful: bool) -> Iterator[tuple[int, Any]]:
    """A top-level object: an envelope around the array, or one conversation."""
    wrapper = _WRAPPER.match(window.data, start)
    if wrapper:
        said.wrapped = True
        yield from _items(window, wrapper.end(), said, careful)
        return
    end = careful_end(window, start)
    if end < 0:
        if window.full(start):
            _say_too_large(window, start, said)
        else:
            _say_cut(window, start, said)
        return
    _say_end(window, end, said)
    value = _parse(window, start, end, said, careful)
    if value is None:
        return
    inner = value.get("conversations") if isinstance(value, dict) else None
    for item in inner if isinstance(inner, list) else [value]:
        said.items += 1
        yield window.base + start, item


def _items(window: Window, start: int, said: Split, careful: bool) -> Iterator[tuple[int, Any]]:
    """The items from `start` in the window's data, to the array's end."""
    while True:
        start = _skip_space(window, start)
        if start >= len(window.data):
            _say_cut(window, start, said)
            return
        mark = window.data[start]
        if mark == 0x5D:  # ]
            _say_end(window, start + 1, said)
            return
        if mark == 0x2C:  # ,
            start += 1
            continue
        if start > max(CHUNK, len(window.data) // 2):
            window.drop(start)
            start = 0
        guess = mark == 0x7B and not careful
        end, value = _fast(window, start) if guess else (-1, None)
        if end < 0:
            said.careful += 1
            end = careful_end(window, start)
            if end < 0 and window.full(start):
                _say_too_large(window, start, said)
                start = skip(window, start)
                if start >= 0:
                    continue
                start = len(window.data)
            if end < 0:
                _say_cut(window, start, said)
                return
            value = _parse(window, start, end, said, careful)
            if value is None:
                start = end
                continue
        said.items += 1
        offset = window.base + start
        start = end
        yield offset, value


def _fast(window: Window, start: int) -> tuple[int, Any]:
    """The end of the item at `start` and its value by a proven guess; (-1, None) if none holds."""
    failed: dict[int, int] = {}
    try:
        for end in _guesses(window, start):
            fails = failed[window.base + end] = window.failed.get(window.base + end, 0)
            if fails < _TRIES:
                try:
                    return end, orjson.loads(memoryview(window.data)[start:end])
                except orjson.JSONDecodeError:
                    failed[window.base + end] += 1
        return -1, None
    finally:
        window.failed = failed


def _guesses(window: Window, start: int) -> Iterator[int]:
    """Where the item at `start` may end, the likeliest first."""
    first, second = _two_keys(window, start)
    # The first guess holds for ordinary exports. The second is for an item without a mapping.
    for key in (second, first):
        end = _boundary(window.data, start, key) if key >= 0 else -1
        if end > start:
            yield end
    if first >= 0 > second and window.at_end:  # the last item: up to the array's closing bracket
        last = max(start, len(window.data) - 4096)
        tail = window.data[last:].rstrip(_SPACE)
        if tail.endswith(b"]"):
            yield last + len(tail[:-1].rstrip(_SPACE))


def _two_keys(window: Window, start: int) -> tuple[int, int]:
    """Where the next two `"mapping":` keys stand behind `start`; reads on as needed; -1 if none."""
    keys = window.keys
    while keys and keys[0] < window.base + start:
        keys.pop(0)
    while len(keys) < 2:
        at = max(window.searched - window.base, start)
        found = window.data.find(_KEY, at)
        if found < 0:
            window.searched = window.base + max(at, len(window.data) - len(_KEY))
            if not window.more(start):
                break
        elif len(window.data) - found >= 32 or not window.more(start):
            window.searched = window.base + found + 1
            if _KEY_COLON.match(window.data, found):
                keys.append(window.base + found)
    first, second = [*(key - window.base for key in keys), -1, -1][:2]
    return first, second


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


def _parse(window: Window, start: int, end: int, said: Split, careful: bool) -> Any:
    """The value of the slice; None, with a trouble told, where nobody can read it.

    A JSON `null` item comes back as None too, and is told: it is no conversation either.
    """
    piece = memoryview(window.data)[start:end]
    try:
        value = _read(piece, said, careful)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        reason = "nested too deep" if deep else str(error).split(":", 1)[0]
        said.tell(Trouble(window.base + start, f"not readable as JSON ({reason})"))
        return None
    if value is None:
        said.tell(Trouble(window.base + start, "null where a conversation should be"))
    return value


def _read(piece: memoryview, said: Split, careful: bool) -> Any:
    if not careful:
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(piece)
    return loads_leniently(bytes(piece), said.repairs)


def _say_cut(window: Window, start: int, said: Split) -> None:
    """Tell that the stream ended at or inside the item that starts at `start`."""
    length = len(window.data)
    reason = window.failure or "the file ends in the middle"
    said.tell(Trouble(window.base + min(start, length), reason, cut=True))


def _say_end(window: Window, end: int, said: Split) -> None:
    """Tell where the array ended, and what had been read beyond."""
    said.end = window.base + end
    said.tail = window.data[end:]


def _say_too_large(window: Window, start: int, said: Split) -> None:
    """Tell of an item that is larger than what is held in memory."""
    reason = f"larger than {window.largest >> 20} MB"
    said.tell(Trouble(window.base + start, reason))
