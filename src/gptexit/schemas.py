"""Give the JSON Schemas of what gptexit writes, and check values against them.

`jsonschema` is imported where it is first needed: it loads slowly, and a conversion needs none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from gptexit.errors import NotJsonLines
from gptexit.files.media_types import media_type
from gptexit.model import Raw
from gptexit.text.terminal import printable

NAMES = ("conversation", "report", "verification", "inspection")
"""The names of the schemas."""

MOST = 20
"""Problems of one line that are reported; a line of another shape has thousands."""
SHOWN = 80
"""Characters of a wrong value or name that a sentence shows."""


class Invalid(NamedTuple):
    """One problem in a jsonl file."""

    line: int
    """Counted from 1."""
    sentence: str


def text(name: str) -> str:
    """Return the text of a schema. Raises KeyError if no schema has this name."""
    if name not in NAMES:
        raise KeyError(name)
    file = f"{name}.schema.json"
    packed = resources.files("gptexit") / "schemas" / file
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    # A checkout has `schemas` at its root; the wheel takes the folder into the package.
    return (Path(__file__).parents[2] / "schemas" / file).read_text(encoding="utf-8")


def load(name: str) -> Raw:
    """Return a schema, parsed anew. Raises KeyError if no schema has this name."""
    schema: Raw = orjson.loads(text(name))
    return schema


def errors(name: str, value: Any) -> Iterator[str]:
    """Yield a sentence for each way in which `value`, parsed JSON, breaks the schema `name`.

    Each begins with the place: `messages[3].parts[0].type: …`. Raises KeyError if no schema has
    this name.
    """
    from jsonschema.exceptions import best_match

    try:
        for error in _validator(name).iter_errors(value):
            # Of alternatives that all failed, the one that came closest.
            yield _sentence(best_match([error]))
    except RecursionError:  # jsonschema prints the whole of a wrong value, however deep
        yield "a value of the wrong type is nested too deep to be shown"


_JSONL = "give what `gptexit convert EXPORT --to jsonl` writes: conversations.jsonl"
_WRONG: tuple[tuple[Callable[[bytes], object], str], ...] = (
    (lambda head: not head.strip(), "is empty"),
    (re.compile(rb"PK\x03\x04|PK\x05\x06").match, "is a ZIP"),
    (re.compile(rb"SQLite format 3\0").match, "is an SQLite database"),
    (
        lambda head: (media_type(head) or "").startswith(("image/", "audio/", "video/")),
        "is a picture, a video or a recording",
    ),
    (
        re.compile(rb"\s*\[").match,
        "is one JSON array, not jsonl, which has an object on each line",
    ),
    (
        re.compile(rb"\s*\{").match,
        "is one JSON object over several lines, not jsonl, which has one on each line",
    ),
    (lambda head: True, "holds no JSON"),
)
"""What a file is that is no jsonl, by its first bytes."""


def need_lines(path: str, head: bytes) -> None:
    """Raise NotJsonLines if a file is no jsonl at all, by its first bytes."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    lines = [] if head.lstrip().startswith(b"[") else head.splitlines()[:MOST]
    if head.startswith(b'{"') or any(map(_is_object, lines)):
        return  # if a line of it is wrong, that line is named
    what = next(what for sign, what in _WRONG if sign(head))
    raise NotJsonLines(f"{printable(path)} {what}: {_JSONL}.")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def validate_lines(stream: Iterable[bytes]) -> Iterator[Invalid]:
    """Yield the problems of a jsonl file, at most `MOST` for a line. Holds one line at a time."""
    for number, line in enumerate(stream, 1):
        try:
            value = _parsed(line)
        except orjson.JSONDecodeError as error:
            yield Invalid(number, f"not JSON: {error.msg} (column {error.colno})")
            continue
        for sentence in islice(errors("conversation", value), MOST):
            yield Invalid(number, sentence)


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if not error.msg.startswith("depth limit"):
            raise
        from gptexit.text.json import loads_deep

        try:
            return loads_deep(line)
        except ValueError:
            raise error from None


@lru_cache(maxsize=len(NAMES))
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(load(name))


def _sentence(error: Any) -> str:
    if wanted := _WANTED.get(error.validator):
        words = f"is {_shown(error.instance)}, should be {wanted(error)}"
    elif error.validator == "additionalProperties":
        known = error.schema["properties"]
        names = islice((key for key in error.instance if key not in known), 5)
        words = f"has keys that do not belong there: {_clipped(', '.join(map(_shown, names)))}"
    else:  # the library's own words show the whole value, which can be a whole conversation
        words = _clipped(error.message)
    return f"{_path(error.absolute_path)}: {words}"


_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def _path(steps: Iterable[str | int]) -> str:
    """Format a place in a value: `messages[3].parts[0]`; quote keys that are no names."""
    place = ""
    for step in steps:
        if isinstance(step, int):
            place += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            place += f".{_clipped(step)}"
        else:
            place += f"[{_shown(step)}]"
    return place.removeprefix(".") or "top level"


def _types(error: Any) -> str:
    wanted = error.validator_value
    return " or ".join(map(_named, [wanted] if isinstance(wanted, str) else wanted))


def _pattern(error: Any) -> str:
    examples = error.schema.get("examples")
    return f"of the form of {_shown(examples[0])}" if examples else f"as {error.validator_value}"


_WANTED: dict[str, Callable[[Any], str]] = {
    "type": _types,
    "const": lambda error: _shown(error.validator_value),
    "enum": lambda error: "one of " + ", ".join(map(_shown, error.validator_value)),
    "pattern": _pattern,
}
"""The words for the right values, by the keyword of the schema that does not hold."""


def _named(type_name: str) -> str:
    article = "" if type_name == "null" else "an " if type_name[0] in "aio" else "a "
    return article + type_name


def _shown(value: Any) -> str:
    """Format a value as JSON, cut if it is long; of an object or array say only that it is one."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        value = value[: SHOWN + 1]  # before it is quoted: it may be megabytes long
    return _clipped(json.dumps(value, ensure_ascii=False))


def _clipped(words: str) -> str:
    return words if len(words) <= SHOWN else words[:SHOWN] + "…"
