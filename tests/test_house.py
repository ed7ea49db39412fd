"""Who imports whom: the picture in docs/architecture.md, held against the code."""

import ast
import importlib
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src/gptexit"
SMALL = {"__version__", "codes", "errors", "files", "templates", "text"}
"""Rooms that anybody may use, and that use nobody."""
BELOW = {
    **dict.fromkeys(SMALL, ""),
    "model": "",
    "api": "conversion inspection memories model names pipeline readers source verification",
    "archive": "model names readers selection writers",
    "conversion": "archive model names pipeline redact report selection source sqlite writers",
    "exit": "archive conversion inspection pipeline readers selection verification writers",
    "inspection": "model names readers",
    "library": "sqlite",
    "mcp": "library memories model",
    "memories": "archive model pipeline readers report selection source writers",
    "names": "model",
    "parallel": "model names readers selection source writers",
    "pipeline": "archive model names parallel readers redact report selection source writers",
    "push": "memories model pipeline selection source writers",
    "readers": "model writers",
    "redact": "model readers",
    "report": "archive model readers redact source writers",
    "schemas": "model",
    "selection": "model names",
    "source": "model readers",
    "sqlite": "archive writers",
    "verification": "archive names readers redact writers",
    "writers": "archive memories model names readers selection sqlite",
}
"""What each room imports from beside the small ones. What is not here may not be imported."""
DOORS = ("__init__", "__main__", "cli")
"""They may import from every room; the command line is imported by nobody else."""


def modules():
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def imported(path):
    """The modules of gptexit that one imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "gptexit":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gptexit."):
            yield node.module.removeprefix("gptexit.")
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
            yield from (each.removeprefix("gptexit.") for each in names if each[:8] == "gptexit.")


def room(module):
    return module.partition(".")[0]


@pytest.mark.parametrize("name", sorted({room(name) for name, _ in modules()}))
def test_nobody_imports_from_a_floor_above(name):
    below = None if name in DOORS else {*BELOW[name].split(), *SMALL, name, "schemas"}
    assert [
        f"{module} imports {each}"
        for module, path in modules()
        if room(module) == name
        for each in imported(path)
        if (room(each) == "cli" and name not in DOORS) or (below and room(each) not in below)
    ] == []


def test_the_picture_shows_every_room():
    picture = (SOURCE.parent.parent / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert [each for each in sorted(rooms) if f"\n    {each}/" not in picture] == []


# Python 3.11.0 to 3.11.4 and 3.12.0 match some of these wrongly (cpython issues 100061, 101955 and
# 106052), and what is promised is every 3.11.
LATE = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}


def operators(pattern):
    """The names of all operators in a pattern of the standard library."""
    stack = [re._parser.parse(pattern)]
    while stack:
        found = stack.pop()
        if isinstance(found, re._constants._NamedIntConstant):
            yield str(found)
        elif not isinstance(found, int | None):
            stack += getattr(found, "data", found)


def compiled(value):
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


def written(path):
    """The patterns that a module hands to a function of `re` as they are."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args:
            pattern = getattr(node.args[0], "value", None)
            if isinstance(pattern, str | bytes):
                yield pattern


def test_no_pattern_needs_a_later_python():
    seen = set()
    for name, path in modules():
        variables = vars(importlib.import_module(f"gptexit.{name}".removesuffix(".__init__")))
        seen |= {
            *written(path),
            *(each for value in variables.values() for each in compiled(value)),
        }
    assert len(seen) > 100
    assert [each for each in seen if LATE.intersection(operators(each))] == []
