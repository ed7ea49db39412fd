"""The JSON Schemas of what gptexit writes, and checking something against them.

`jsonschema` is imported where it is first needed: it is slow to load, and a conversion does without
it.
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

from gptexit.model import Raw

NAMES = ("conversation", "report", "verification", "inspection")
"""The schemas there are."""

MOST = 20
"""How many problems of one line are told; a line of another shape altogether has thousands."""
SHOWN = 80
"""How many characters of a wrong value or name a sentence shows."""


class Invalid(NamedTuple):
    """One problem in a jsonl file."""

    line: int
    """Counted from 1."""
    sentence: str


def text(name: str) -> str:
    """The schema's own text. Raises `KeyError` where there is no schema of that name."""
    if name not in NAMES:
        raise KeyError(name)
    file = f"{name}.schema.json"
    packed = resources.files("gptexit") / "schemas" / file
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    # In a checkout, `schemas` stands at its root; the wheel takes it into the package.
    return (Path(__file__).parents[2] / "schemas" / file).read_text(encoding="utf-8")


def load(name: str) -> Raw:
    """The schema as an object of the caller's own. Raises `KeyError` as `text` does."""
    schema: Raw = orjson.loads(text(name))
    return schema


def errors(name: str, value: Any) -> Iterator[str]:
    """A sentence for each way in which `value`, parsed JSON, is not as the schema says.

    Each starts with where: `messages[3].parts[0].type: …`. Raises `KeyError` as `text` does.
    """
    from jsonschema.exceptions import best_match

    try:
        for error in _validator(name).iter_errors(value):
            # Of alternatives that all failed, the one that came closest.
            yield _sentence(best_match([error]))
    except RecursionError:  # jsonschema prints the whole of a wrong value, however deep
        yield "a value of the wrong type is nested too deep to be shown"


def validate_lines(stream: Iterable[bytes]) -> Iterator[Invalid]:
    """Each problem in the lines of a jsonl file of conversations, at most `MOST` for a line.

    Holds one line at a time.
    """
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
    """The schema's validator, made once."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(load(name))


def _sentence(error: Any) -> str:
    say = _WORDS.get(error.validator)
    # The library's own words show the whole value, which can be a whole conversation.
    words = say(error) if say else _clipped(error.message)
    return f"{_path(error.absolute_path)}: {words}"


_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def _path(steps: Iterable[str | int]) -> str:
    """Where in the value, as `messages[3].parts[0]`; keys that are no names in quotes."""
    found = ""
    for step in steps:
        if isinstance(step, int):
            found += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            found += f".{_clipped(step)}"
        else:
            found += f"[{_shown(step)}]"
    return found.removeprefix(".") or "top level"


def _type(error: Any) -> str:
    wanted = error.validator_value
    names = [wanted] if isinstance(wanted, str) else wanted
    return f"is {_shown(error.instance)}, should be {' or '.join(map(_named, names))}"


def _const(error: Any) -> str:
    return f"is {_shown(error.instance)}, should be {_shown(error.validator_value)}"


def _enum(error: Any) -> str:
    allowed = ", ".join(map(_shown, error.validator_value))
    return f"is {_shown(error.instance)}, should be one of {allowed}"


def _pattern(error: Any) -> str:
    examples = error.schema.get("examples")
    wanted = f"of the form of {_shown(examples[0])}" if examples else f"as {error.validator_value}"
    return f"is {_shown(error.instance)}, should be {wanted}"


def _unexpected(error: Any) -> str:
    known = error.schema["properties"]
    names = islice((key for key in error.instance if key not in known), 5)
    return f"has keys that do not belong there: {_clipped(', '.join(map(_shown, names)))}"


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "additionalProperties": _unexpected,
}
"""What to say, by the schema's keyword that does not hold."""


def _named(type_name: str) -> str:
    article = "" if type_name == "null" else "an " if type_name[0] in "aio" else "a "
    return article + type_name


def _shown(value: Any) -> str:
    """A value as JSON, cut where it is long; of an object or array only that it is one."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        value = value[: SHOWN + 1]  # before it is quoted: it may be megabytes long
    return _clipped(json.dumps(value, ensure_ascii=False))


def _clipped(words: str) -> str:
    return words if len(words) <= SHOWN else words[:SHOWN] + "…"
