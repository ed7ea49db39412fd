"""Who imports whom: the picture in CONTRIBUTING.md, held against the code."""

import ast
import importlib
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src/gptexit"
SMALL = {
    "__version__",
    "closed",
    "dates",
    "disk",
    "growing",
    "jsontext",
    "media_types",
    "owner",
    "owning",
    "printable",
    "seal",
    "regular",
}
"""Modules that anybody may use, and that use nobody."""
BELOW = {
    **dict.fromkeys(SMALL, ""),
    "model": "",
    "catalog": "",
    "holding": "model",
    "names": "model",
    "select": "model names",
    "export": "model",
    "chatgpt": "export model",
    "redact": "export model",
    "memory": "chatgpt model targets",
    "parallel": "chatgpt export model names select source targets",
    "database": "catalog sink targets",
    "library": "database",
    "targets": "catalog chatgpt database export holding memory model names select",
    "manifest": "catalog",
    "batch": "catalog",
    "torn": "catalog manifest",
    "house": "batch catalog manifest",
    "sink": "catalog house manifest targets torn",
    "stream": "catalog sink targets",
    "packed": "sink targets",
    "inspect": "chatgpt export model names",
    "verify": "catalog chatgpt database export names redact targets",
    "mcp": "library memory model",
    "push": "memory model pipeline select source targets",
    "exit": "archive chatgpt export inspect manifest pipeline record select sink targets verify",
}
"""What each room may import from beside the small modules. One that is not here may import from
every room but the command line, which nobody does."""
PASSES = ("memory.gather", "memory.pam")
"""Passes over a source that stand in a room below: they may import as pipeline.py does."""
DOORS = ("__main__", "cli")


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
    below = {*BELOW[name].split(), *SMALL, name} if name in BELOW else None
    assert [
        f"{module} imports {each}"
        for module, path in modules()
        if room(module) == name
        for each in imported(path)
        if (room(each) == "cli" and name not in DOORS)
        or (below and module not in PASSES and room(each) not in below)
    ] == []


def test_the_picture_shows_every_room():
    picture = (SOURCE.parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
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
