"""JSON with comments, read with its places: so that one entry can be added and nothing else moves.

Comments are blanked out, character by character. What is left is plain JSON with every character
where it was, and the standard library's parser judges it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

# The last alternatives of each take what is not closed, so that the search goes on behind it.
_STRING_OR_COMMENT = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|//[^\r\n]*|/\*(?:.*?\*/|.*\Z)', re.DOTALL
)
_SPACE = re.compile(r"[ \t\r\n]*")


class Malformed(ValueError):
    """This is no JSON; `str(error)` says where and why, as part of a sentence."""


class Object(tuple[tuple[str, Any], ...]):
    """The members of a JSON object in their order, repeated names too."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class JsonMember:
    """A member of an object, by where it stands."""

    name: str
    begins: int
    """Where its name begins."""
    value: int
    """Where its value begins."""
    ends: int
    """Where its value ends."""


def without_comments(text: str) -> str:
    """`text` with spaces for its comments; of the same length, each line where it was."""
    return _STRING_OR_COMMENT.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    """Spaces for a comment; a string stays, and so does a comment that is not closed."""
    piece = found[0]
    if piece[0] == '"' or (piece[1] == "*" and not (len(piece) > 3 and piece.endswith("*/"))):
        return piece
    return re.sub(r"[^\r\n]", " ", piece)


def parsed(plain: str) -> Any:
    """The value, its objects as Object and its numbers as they are written. Raises Malformed."""
    try:
        return _DECODER.decode(plain)
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise Malformed("it is nested too deeply") from error


def members(plain: str, at: int) -> tuple[list[JsonMember], int]:
    """The members of the object that begins at `at`, and where it is closed. It has been parsed."""
    found: list[JsonMember] = []
    at = _after_space(plain, at + 1)
    while plain[at] != "}":
        begins = at
        name, at = _DECODER.raw_decode(plain, at)
        value = _after_space(plain, _after_space(plain, at) + 1)
        _, at = _DECODER.raw_decode(plain, value)
        found.append(JsonMember(name, begins, value, at))
        at = _after_space(plain, at)
        at = _after_space(plain, at + 1) if plain[at] == "," else at
    return found, at


def _after_space(plain: str, at: int) -> int:
    space = _SPACE.match(plain, at)
    assert space is not None
    return space.end()


def _refuse(constant: str) -> NoReturn:
    raise Malformed(f"{constant} is no value of JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=Object, parse_int=str, parse_float=str, parse_constant=_refuse
)
