"""Split a stream of JSON arrays and objects into their items, in bounded memory.

Several of them may follow each other, as `unzip -p` gives the shards of an export, and as JSON
Lines has them.

Two ways to find where an item ends:

- The fast way guesses and lets `orjson` prove the guess. A complete JSON object has no proper
  prefix that is also a complete object, so a slice from an item's start that parses *is* the item.
  Each conversation has one `"mapping":` key, and an unescaped quote cannot be inside a JSON
  string, so an item ends at the last `}` `,` `{` before the next item's `"mapping":`.
- The careful way counts brackets outside strings: in bulk, for `orjson` to prove; and one token at
  a time where it refuses. It needs no guess, and it also walks over items that no parser accepts,
  so that one bad item costs only itself.

Items that `orjson` still refuses (lone surrogates, NaN, NUL) go through `loads_leniently`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from gptexit.codes import Lost, Reason, Repair
from gptexit.readers.chatgpt.parsing.brackets import counted_end
from gptexit.readers.chatgpt.parsing.json_scanner import (
    MOST_BYTES,
    TOO_MUCH,
    ByteStream,
    Take,
    Window,
    careful_end,
    leave,
    skip,
)
from gptexit.text.json import loads_leniently

CHUNK = 1 << 20
"""Bytes asked of the stream at a time; also what is held beyond the current item, at most twice."""
LARGEST = MOST_BYTES
"""Bytes of one item at most; a larger one is reported and passed on, never held as a whole."""
MOST_TROUBLES = 10_000
"""Troubles that are listed for one stream."""
_KEY = b'"mapping"'
_SPACE = b" \t\r\n"
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_KEY_COLON = re.compile(rb'"mapping"[ \t\r\n]*:')
_FIRST_KEY = 4 << 20
"""Bytes of an item in which its `"mapping"` is looked for; an item with `messages` has none."""
_TRIES = 4
"""Guesses of one end at most: one that fails for many items would cost the square of them."""
_BETWEEN = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\Z")
_BOM = b"\xef\xbb\xbf"


class NotAnArray(ValueError):
    """The stream holds no JSON array or object at its top."""


@dataclass(slots=True)
class Trouble:
    """Something that could not be read. `offset` in bytes from the stream's start."""

    offset: int
    why: Reason
    cut: bool = False
    """True if the stream ended inside an item, or its reading failed: the rest is lost."""

    @property
    def reason(self) -> str:
        """The sentence that says why."""
        return self.why.sentence


@dataclass(slots=True)
class Split:
    """The result of splitting, beside the items; complete once the iteration has ended."""

    items: int = 0
    careful: int = 0
    """Number of items that needed the careful way."""
    repairs: Counter[Repair] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    end: int | None = None
    """The place behind the last closing bracket, in bytes from the stream's start; None if cut."""
    failure: Reason | None = None
    """Why the stream could not be read to its end, if that is behind all items."""
    keep: Callable[[int], Take] | None = None
    """Returns the function that takes the bytes of an item that is too large, given its place."""
    loads: Callable[[memoryview], Any] = orjson.loads
    """Proves that a slice is one item, and parses it or a part of it; see `heads`."""

    def tell(self, trouble: Trouble) -> None:
        """Note a trouble; of very many only a cut, which is the last."""
        if trouble.cut or len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(trouble)


def split(
    stream: ByteStream, result: Split, careful: bool = False, *, one: bool = False
) -> Iterator[tuple[int, Any]]:
    """Yield each item of the arrays in `stream`, parsed, with its byte offset.

    Accepts `[…]`, an object around an array such as `{"conversations": […]}`, any other object (as
    one item), and several of these. Adds troubles and repairs to `result`. Raises `NotAnArray` if
    the stream starts with something else.

    `careful`: find the end of each item by counting brackets, and guess nothing. Slower, and it
    does not share how items are found with the fast way, so that each can be held against the
    other. `one`: stop behind the first.
    """
    window = Window(stream, CHUNK, LARGEST)
    while len(window.data) < 64 and window.more():
        pass
    at = _between(window, 0)
    if window.data[at : at + 1] not in (b"{", b"["):
        raise NotAnArray(Lost.NO_ARRAY.sentence)
    while at >= 0:
        if window.data[at] == 0x5B:  # [
            at = yield from _items(window, at + 1, result, careful)
        else:
            at = yield from _single(window, at, result, careful)
        if at < 0:
            return
        result.end = window.base + at
        if one:
            return
        at = _between(window, at)
        mark = window.data[at : at + 1]
        if mark not in (b"{", b"["):
            if mark:
                result.tell(Trouble(result.end, Lost.TEXT_BEHIND.say()))
            while not window.at_end:  # a checksum at the end of the stream may reveal damage
                window.drop(len(window.data))
                window.more()
            result.failure = window.failure
            return


def _between(window: Window, at: int) -> int:
    """Return the start of the next array or object: skip white space, byte order marks, and the
    record separators of JSON text sequences (RFC 7464)."""
    while True:
        at = _skip_space(window, at)
        while len(window.data) - at < len(_BOM) and window.more(at):
            pass
        if window.data.startswith(_BOM, at):
            at += len(_BOM)
        elif window.data.startswith(b"\x1e", at):
            at += 1
        else:
            break
    return window.compact(at)


def _skip_space(window: Window, at: int) -> int:
    """Return the position of the next byte that is no white space, or the end of the data."""
    while True:
        if found := _NOT_SPACE.search(window.data, at):
            return found.start()
        at = len(window.data)
        if at > CHUNK:  # white space without end is not worth holding
            window.drop(at)
            at = 0
        if not window.more():
            return at


_SCALARS = (
    rb'(?:(?!"(?:title|conversation_id|current_node|create_time|turns)")"[^"\\]{0,99}"\s*:\s*'
    rb'(?:"(?:[^"\\]|\\.){0,999}"|[\w.+-]{1,40})\s*,\s*){0,20}'
)
_WRAPPER = re.compile(
    rb"\{\s*" + _SCALARS + rb'(?P<inner>"(?:data|result|export)"\s*:\s*\{\s*' + _SCALARS + rb")?"
    rb'"(?:conversations|items|chats|data)"\s*:\s*\[',
    re.DOTALL,
)
"""An array in an object, or in one within it, behind nothing but short values."""
_HEAD = 8192
"""Bytes that are searched for it."""

_Items = Generator[tuple[int, Any], None, int]
"""Yields items; returns the position behind their array or object, -1 if the stream ends before."""


def _single(window: Window, start: int, result: Split, careful: bool) -> _Items:
    """Split a top-level object: an envelope around the array, or one conversation."""
    while len(window.data) - start < _HEAD and window.more(start):
        pass
    wrapper = _WRAPPER.match(window.data, start)
    if wrapper:
        end = yield from _items(window, wrapper.end(), result, careful)
        if end >= 0:
            end = leave(window, end, 2 if wrapper["inner"] else 1)
            if end < 0:
                _say_cut(window, len(window.data), result)
        return end
    end, value = (-1, None) if careful else _line(window, start)
    if end < 0:
        end, value = _careful(window, start, result, careful)
        if value is None:
            return end
    result.items += 1
    yield window.base + start, value
    return end


def _line(window: Window, start: int) -> tuple[int, Any]:
    """Return the end of the object at `start` and its value, if it ends with its line; else -1."""
    end = window.data.find(b"\n", start)
    if end > start + 1 and not window.heavy(start, end):
        with suppress(orjson.JSONDecodeError):
            return end, orjson.loads(memoryview(window.data)[start:end])
    return -1, None


def _items(window: Window, start: int, result: Split, careful: bool) -> _Items:
    """Split the items from `start` in the window's data to the array's end."""
    while True:
        start = _skip_space(window, start)
        if start >= len(window.data):
            _say_cut(window, start, result)
            return -1
        mark = window.data[start]
        if mark == 0x5D:  # ]
            return start + 1
        if mark == 0x2C:  # ,
            start += 1
            continue
        start = window.compact(start)
        guess = mark == 0x7B and not careful
        end, value = _fast(window, start, result.loads) if guess else (-1, None)
        if end < 0:
            result.careful += 1
            end, value = _careful(window, start, result, careful)
            if end < 0:
                return end
            if value is None:
                start = end
                continue
        result.items += 1
        offset = window.base + start
        start = end
        yield offset, value


def _careful(window: Window, start: int, result: Split, careful: bool) -> tuple[int, Any]:
    """Return the end of the item at `start`, -1 if the stream ends before, and its value.

    The value is None, and the reason reported, if the item cannot be read or is too large.
    """
    end = counted_end(window, start)
    if end >= 0 and not window.heavy(start, end):
        with suppress(orjson.JSONDecodeError):
            return end, result.loads(memoryview(window.data)[start:end])
    end = careful_end(window, start)
    if window.heavy(start, end if end >= 0 else len(window.data)):
        end = _pass_on(window, start, result)
        if end >= 0:
            return end, None
        start = len(window.data)
    if end < 0:
        _say_cut(window, start, result)
        return end, None
    return end, _parse(window, start, end, result)


def _fast(window: Window, start: int, loads: Callable[[memoryview], Any]) -> tuple[int, Any]:
    """Return the end of the item at `start` and its value by a proven guess; else (-1, None)."""
    failed: dict[int, int] = {}
    try:
        for end in _guesses(window, start):
            fails = failed[window.base + end] = window.failed.get(window.base + end, 0)
            if fails < _TRIES and not window.heavy(start, end):
                try:
                    return end, loads(memoryview(window.data)[start:end])
                except orjson.JSONDecodeError:
                    failed[window.base + end] += 1
        return -1, None
    finally:
        window.failed = failed


def _guesses(window: Window, start: int) -> Iterator[int]:
    """Yield the places where the item at `start` may end, the likeliest first."""
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
    """Return the places of the next two `"mapping":` keys, -1 for none; read on as needed."""
    keys = window.keys
    while keys and keys[0] < window.base + start:
        keys.pop(0)
    while len(keys) < 2:
        at = max(window.searched - window.base, start)
        found = window.data.find(_KEY, at)
        if found < 0:
            window.searched = window.base + max(at, len(window.data) - len(_KEY))
            far = not keys and len(window.data) - start > _FIRST_KEY
            if far or not window.more(start):
                break
        elif len(window.data) - found >= 32 or not window.more(start):
            window.searched = window.base + found + 1
            if _KEY_COLON.match(window.data, found):
                keys.append(window.base + found)
    first, second = [*(key - window.base for key in keys), -1, -1][:2]
    return first, second


def _boundary(data: bytes, start: int, key: int) -> int:
    """Return the end of the item before the one with `key`, behind its `}`; -1 if not seen."""
    brace = key
    for _ in range(4):
        brace = data.rfind(b"{", start + 1, brace)
        if brace < 0:
            return -1
        before = _BETWEEN.search(data, max(start, brace - 256), brace)
        if before:
            return before.start() + 1
    return -1


def _parse(window: Window, start: int, end: int, result: Split) -> Any:
    """Parse the slice; report it and return None if that fails, and for a JSON `null` too."""
    piece = memoryview(window.data)[start:end]
    try:
        value = _read(piece, result)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        words = "nested too deep" if deep else str(error).split(":", 1)[0]
        result.tell(Trouble(window.base + start, Lost.NOT_JSON.say(error=words)))
        return None
    if value is None:
        result.tell(Trouble(window.base + start, Lost.NO_CONVERSATION.say(kind="null")))
    return value


def _read(piece: memoryview, result: Split) -> Any:
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(piece)
    return loads_leniently(bytes(piece), result.repairs)


def _say_cut(window: Window, start: int, result: Split) -> None:
    """Report that the stream ended at or inside the item that starts at `start`."""
    why = window.failure or Lost.FILE_CUT.say()
    result.tell(Trouble(window.base + min(start, len(window.data)), why, cut=True))


def _pass_on(window: Window, start: int, result: Split) -> int:
    """Report an item that is too large, pass it to `result.keep`, and return its end or -1."""
    window.drop(start)
    if result.keep is None:
        result.tell(Trouble(window.base, Lost.LARGER_THAN_READ.say(limit=TOO_MUCH)))
        return skip(window, 0)
    window.take = result.keep(window.base)
    try:
        end = skip(window, 0)
        window.drop(end if end >= 0 else len(window.data))
        window.take(b"")
    finally:
        window.take = None
    return end if end < 0 else 0
