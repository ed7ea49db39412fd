"""Who imports whom: the picture in CONTRIBUTING.md, held against the code."""

import ast
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
    "exit": "archive chatgpt export inspect pipeline record select sink targets verify",
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
