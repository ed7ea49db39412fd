"""Read a JSON object whose end is missing.

The user can stop ChatGPT while it writes the arguments of a tool's call. What the export then holds
is the beginning of a JSON text, cut at any character: in a string, in an escape, between the halves
of a pair of surrogates, in a key, after a comma.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from gptexit.model import Raw

# A string's opening quote; brackets and signs; any other word.
_TOKEN = re.compile(r'["{}\[\],:]|[^\s"{}\[\],:]+')
# Of a string up to its end, or up to the escape that is not whole. In steps: for each turn of a
# group the engine keeps a note until the match is over.
_STRING = re.compile(r'[^"\\]*(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^"\\]*){0,500}("?)', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}
_HALF = re.compile(r"(?<!\\)(\\*)\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
"""The first half of a pair of surrogates at a text's end, behind an even run of backslashes."""
_SPLIT = re.compile("[\ud800-\udfff]")


class Read(NamedTuple):
    """What could be read of an object."""

    value: Raw
    whole: bool
    """False where the text ends inside a value, a key or a name: something is missing. Closing
    brackets alone may be missing."""


def read_object(text: str) -> Read | None:
    """Read the JSON object that `text` begins with, as far as it goes.

    Words behind the object are passed over. Returns None where `text` begins with no object, or is
    no JSON for another reason than a missing end. Takes time in proportion to the text.
    """
    found = _whole(text)
    if found is not None:
        return Read(found, True) if isinstance(found, dict) else None
    if not text.lstrip().startswith("{"):
        return None
    mended, whole = _closed(text)
    value = _loaded(mended)
    return Read(value, whole) if isinstance(value, dict) else None


def _whole(text: str) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def _loaded(text: str) -> Any:
    """The value of a JSON text that may hold raw line ends in its strings, and lone surrogates."""
    found = _whole(text)
    if found is not None:
        return found
    try:
        found = json.loads(text, strict=False)
        return _whole(_SPLIT.sub("\ufffd", json.dumps(found, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def _closed(text: str) -> tuple[str, bool]:
    """`text` with its open strings and brackets closed; whether all that it began is there.

    What is not whole at the end is left out, but for a string that is a value.
    """
    stack: list[str] = []
    keep = 0
    """Up to here the text holds whole values only."""
    key = False
    """Whether the next string of the object is a key."""
    at = 0
    for start, end, closed in _tokens(text):
        at = end
        sign = text[start]
        if sign in "{[":
            stack.append(_CLOSERS[sign])
            keep, key = at, sign == "{"
        elif sign in "}]":
            if not stack or stack.pop() != sign:
                break
            keep, key = at, False
            if not stack:
                return text[:at], True
        elif sign == ",":
            key = bool(stack) and stack[-1] == "}"
        elif sign == ":":
            key = False
        elif sign == '"' and not closed:
            if key:
                break
            words = _HALF.sub(_without_half, text[start:at])
            return text[:start] + words + '"' + "".join(reversed(stack)), False
        elif not key and (sign == '"' or at < len(text)):
            keep = at
    whole = not text[keep:].strip()
    return text[:keep] + "".join(reversed(stack)), whole


def _tokens(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where each token begins and ends; and False for a string that is not closed."""
    at = 0
    while found := _TOKEN.search(text, at):
        start, at = found.span()
        closed = True
        if found[0] == '"':
            at, closed = _string_end(text, at)
        yield start, at, closed


def _string_end(text: str, at: int) -> tuple[int, bool]:
    """Find where the string ends that `at` stands in, and whether a quote closes it."""
    while found := _STRING.match(text, at):
        if found[1] or found.end() == at:
            return found.end(), bool(found[1])
        at = found.end()
    return at, False


def _without_half(found: re.Match[str]) -> str:
    """Drop the half of a pair, unless its backslash is itself escaped."""
    return found[0] if len(found[1]) % 2 else found[1]
