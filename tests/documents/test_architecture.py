"""The picture in docs/architecture.md, and the patterns, held against the code."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.exports import ROOT

SOURCE = ROOT / "src/gptexit"
constants: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def test_the_picture_shows_every_room() -> None:
    picture = (SOURCE.parent.parent / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"\n    {room}/" not in picture] == []


# Python 3.11.0 to 3.11.4 and 3.12.0 match some of these wrongly (cpython issues 100061, 101955 and
# 106052), and what is promised is every 3.11.
LATE = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}


def operators(pattern: bytes | str) -> Iterator[str]:
    """The names of all operators in a pattern of the standard library."""
    stack = [parser.parse(pattern)]
    while stack:
        found = stack.pop()
        if isinstance(found, constants._NamedIntConstant):
            yield str(found)
        elif not isinstance(found, int | None):
            stack += getattr(found, "data", found)


def compiled(value: Any) -> Iterator[bytes | str]:
    """The patterns in a module's variable: one, or those of a table."""
    stack = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, re.Pattern):
            yield found.pattern
        elif isinstance(found, dict):
            stack += found.values()
        elif isinstance(found, list | tuple | set | frozenset):
            stack += found


def written(path: Path) -> Iterator[bytes | str]:
    """The patterns that a module hands to a function of `re` as they are."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args:
            pattern = getattr(node.args[0], "value", None)
            if isinstance(pattern, str | bytes):
                yield pattern


def test_no_pattern_needs_a_later_python() -> None:
    seen = set()
    for name, path in modules():
        variables = vars(importlib.import_module(f"gptexit.{name}".removesuffix(".__init__")))
        seen |= {
            *written(path),
            *(pattern for value in variables.values() for pattern in compiled(value)),
        }
    assert len(seen) > 100
    assert [pattern for pattern in seen if LATE.intersection(operators(pattern))] == []
