"""What a client sends with a call, held against the schema that the tool is published with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gptexit.text.terminal import printable

_KINDS: Mapping[str, tuple[type[Any], str]] = {
    "string": (str, "a text"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
}


class BadArgument(ValueError):
    """Something was sent that the tool does not take; `str(error)` is a sentence."""


def checked(schema: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The arguments, without those that are null. Raises BadArgument.

    `schema` is an object of strings, integers and booleans: no more of JSON Schema is known here.
    """
    known: Mapping[str, Any] = schema["properties"]
    taken: dict[str, Any] = {}
    for name, value in (given or {}).items():
        if name not in known:
            raise BadArgument(
                f"There is no argument “{printable(name, 40)}”; known are {', '.join(known)}."
            )
        if value is not None:
            taken[name] = _checked(name, known[name], value)
    missing = [name for name in schema.get("required", ()) if name not in taken]
    if missing:
        raise BadArgument(f"The argument “{missing[0]}” is missing.")
    return taken


def _checked(name: str, rule: Mapping[str, Any], value: Any) -> Any:
    kind = rule["type"]
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number
    fits, words = _KINDS[kind]
    if not isinstance(value, fits) or isinstance(value, bool) != (kind == "boolean"):
        raise BadArgument(f"“{name}” has to be {words}.")
    if kind == "string" and len(value) > rule["maxLength"]:
        raise BadArgument(
            f"“{name}” has {len(value):,} characters; up to {rule['maxLength']:,} are taken."
        )
    if kind == "integer" and not rule["minimum"] <= value <= rule["maximum"]:
        raise BadArgument(f"“{name}” has to be from {rule['minimum']:,} to {rule['maximum']:,}.")
    if "enum" in rule and value not in rule["enum"]:
        raise BadArgument(f"“{name}” has to be one of {', '.join(rule['enum'])}.")
    if "pattern" in rule and not re.fullmatch(rule["pattern"], value):
        raise BadArgument(f"“{name}” has to be one that an earlier answer gave.")
    return value
