"""Every sentence that gptexit can print or write on a page, in one list to be read.

`python tests/renew.py sentences` writes it to tests/golden/sentences.txt. It has the help of every
command, the sentence of every code, the words of every template, and every text in the code that
has several words. A value that is put in is shown by its name: `{path}`.
"""

from __future__ import annotations

import ast
import enum
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

import gptexit
from gptexit import codes
from gptexit.cli import main as command_line
from support.exports import ROOT

LIST = ROOT / "tests/golden/sentences.txt"
PACKAGE = Path(gptexit.__file__).parent
_LEFT_OUT = (
    *("codes.py", "files/media_types.py", "inspection/drift.py", "inspection/patterns.py"),
    *("readers/chatgpt/normalize", "redact/false_positives.py", "redact/notations.py"),
    *("sqlite/database.py", "verification/vocabulary.py", "verification/words.py"),
)
"""Code whose texts are in the list already, or are names that are looked for and not printed."""
_NOT_PRINTED = frozenset({"compile", "execute", "executemany", "executescript", "split", "names"})
"""Functions whose arguments are patterns, queries or lists of names."""
_WORDS = re.compile(
    r"[^\W\d_]{2,}[,:;]? [^\W\d_]{2,}|[^\W\d_]{3,}: |\} [^\W\d_]{2,}|[^\W\d_]{2,}[.:,]? \{"
)
"""Two words, or a word beside a value."""
_QUERY = re.compile(
    r"\b(CREATE|PRIMARY KEY|SELECT|INSERT|UPDATE|JOIN|FROM|LIKE|BETWEEN)\b"
    r"|\b(UNION ALL|IS NULL|IS NOT NULL|GROUP BY|ON CONFLICT)\b|\bAND [a-z({]|\bAS [a-z]|\(\?[:!=<]"
)


def sentences() -> dict[str, list[str]]:
    """Return the sentences of each command and module, in the order in which they stand there."""
    listed = dict(_commands())
    listed["codes.py"] = list(_codes())
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(_LEFT_OUT):
            listed[name] = list(_in_code(ast.parse(path.read_text(encoding="utf-8"))))
    for path in sorted(PACKAGE.rglob("*.j2")):
        listed[path.relative_to(PACKAGE).as_posix()] = list(_in_template(path))
    for path in sorted(PACKAGE.rglob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        listed[path.relative_to(PACKAGE).as_posix()] = list(_strings(table))
    return {name: found for name, found in listed.items() if found}


def text() -> str:
    """Return the whole list."""
    blocks = []
    for name, found in sentences().items():
        lines = [sentence.replace("\n", "\n  ") for sentence in dict.fromkeys(found)]
        blocks.append("\n".join([f"## {name}", "", *(f"- {line}".rstrip() for line in lines), ""]))
    return re.sub(r"[ \t]+$", "", "\n".join(blocks), flags=re.M)


def _commands() -> Iterator[tuple[str, list[str]]]:
    context = click.Context(command_line, info_name="gptexit")
    yield "gptexit --help", list(_help(command_line, context))
    for name in command_line.list_commands(context):
        command = command_line.get_command(context, name)
        assert command is not None
        yield from _command(command, f"gptexit {name}", context)


def _command(
    command: click.Command, name: str, parent: click.Context
) -> Iterator[tuple[str, list[str]]]:
    context = click.Context(command, info_name=name.rsplit(" ", 1)[-1], parent=parent)
    yield f"{name} --help", list(_help(command, context))
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _command(found, f"{name} {inner}", context)


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    yield (command.help or "").replace("\b\n", "")
    # `--help` itself is made once for each command, by whichever context asks first.
    for param in command.params:
        if record := param.get_help_record(context):
            yield f"{record[0]}: {record[1]}"
        elif param.param_type_name == "argument":
            yield f"argument {param.make_metavar(context)}"


def _codes() -> Iterator[str]:
    for kind in vars(codes).values():
        if isinstance(kind, enum.EnumMeta) and issubclass(kind, codes.Code):
            for code in kind.__members__.values():
                yield f"{kind.__name__} {code.value}: {code.sentence}"


def _in_code(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that a person may read: no docstring, pattern or query."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.keyword) and node.arg == "help":  # in the list by its command
            continue
        if isinstance(node, ast.Call) and _name(node.func) in _NOT_PRINTED:
            continue
        if words := _words(node):
            if _WORDS.search(words) and not _QUERY.search(words):
                yield words
        else:
            yield from _in_code(node)


def _in_template(path: Path) -> Iterator[str]:
    """Yield the lines of a template, without comments and without lines that only decide."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
    for line in text.splitlines():
        if re.sub(r"\{%.*?%\}", "", line).strip():
            yield line


def _words(node: ast.AST) -> str:
    """Return the text of a string, an f-string or several joined by `+`; else ""."""
    match node:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr(values=values):
            return "".join(map(_words, values))
        case ast.FormattedValue(value=value):
            return "{" + _value(value) + "}"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _words(left), _words(right)
            return first + second if first and second else ""
    return ""


def _value(node: ast.AST) -> str:
    """Return a short name of a value that is put in, the same in every version of Python."""
    match node:
        case ast.Call(func=ast.Name(id="count"), args=[_, thing, *others]):
            plural = _words(others[0]) if others else f"{_words(thing) or _value(thing)}s"
            return f"n {plural}"
        case ast.Call(args=[first, *_]):
            return _value(first)
        case ast.Call(func=ast.Attribute(value=value)) | ast.BinOp(left=value):
            return _words(value) or _value(value)
        case ast.IfExp(body=body, orelse=orelse):
            return " or ".join(_words(way) or _value(way) for way in (body, orelse))
        case ast.BoolOp(values=[value, *_]):
            return _value(value)
        case ast.Subscript(slice=ast.Constant(value=key)):
            return str(key)
        case ast.Subscript(value=value):
            return _value(value)
    return _name(node) or "…"


def _name(node: ast.AST) -> str:
    """Return the last part of a dotted name; "" if it is none."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def main() -> None:
    """Write the list."""
    LIST.write_text(text(), encoding="utf-8")
