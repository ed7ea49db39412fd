"""Read the front matter of a note by value, and join what the user made of it with a new text.

Editors write the same values in other ways: Obsidian makes a block of `tags: [chatgpt]` and leaves
out quotes. So properties are compared by their values, and kept as the lines that they are. No
YAML library is used: a line that is not understood is kept, or the whole is left alone.
"""

from __future__ import annotations

import re

Properties = dict[str, str]
"""The lines of each property by its name, with their line ends. A comment is named `#` and its
number."""

LONGEST = 1 << 18
"""Bytes of front matter that are read."""
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?---\r?\n")
_ENDS = re.compile(rb"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_ITEM = re.compile(
    r"\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s,\[\]{}\"'#][^,\[\]{}#]*)\s*(?:,|\Z)"
)
_NO_SCALAR = tuple("[]{}&*!|>%@`#")
_PLAIN = re.compile(r"[A-Za-z][\w./-]*\Z")


def parted(data: bytes) -> tuple[str | None, bytes]:
    """Return the front matter of a note, without its `---` lines, and the text below it.

    The first is None if there is none, or it has no end, is too long or no UTF-8.
    """
    begins = _BEGINS.match(data)
    ends = begins and _ENDS.search(data, begins.end(), LONGEST)
    if begins is None or ends is None:
        return None, data
    try:
        front = data[begins.end() : ends.start()].decode()
    except UnicodeDecodeError:
        return None, data
    return front.replace("\r\n", "\n"), data[ends.end() :]


def identity(data: bytes) -> str | None:
    """Return the `id` in the front matter of a note, from the beginning of its bytes."""
    front, _ = parted(data)
    lines = (line for line in (front or "").split("\n") if line.startswith("id:"))
    value = value_of(next(lines, ""))
    return value if isinstance(value, str) and value else None


def properties(front: str) -> Properties | None:
    """Return the properties in order; None if a line is not understood or a name comes twice."""
    found: Properties = {}
    name = ""
    for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", front)):
        if line.startswith("#"):
            found[f"#{number}"] = line
            name = ""
            continue
        if not line.strip() or line[0] in " \t-":
            if not name and line.strip():
                return None
            found[name or f"#{number}"] = found.get(name, "") + line
            continue
        name, colon, _ = (line.rstrip("\n") + " ").partition(": ")
        name = name.strip().strip("\"'")
        if not colon or not name or name in found or name.startswith(("#", *_NO_SCALAR)):
            return None
        found[name] = line
    return found


def value_of(lines: str) -> str | tuple[str, ...] | None:
    """Return the value of a property, text or a list; None if it may be something else."""
    first, *rest = lines.rstrip().split("\n")
    inline = (first + " ").partition(": ")[2].strip()
    more = [line.strip() for line in rest]
    if not all(more):
        return None
    if not inline and more:
        items = [_scalar(line[1:].strip()) for line in more if line.startswith(("- ", "-"))]
        return _list(items) if len(items) == len(more) else None
    if inline in (">", ">-", "|", "|-"):
        return ("\n" if inline[0] == "|" else " ").join(more)
    text = " ".join([inline, *more])
    if text.startswith("[") and text.endswith("]"):
        return _flow(text[1:-1].strip())
    return _scalar(text)


def _flow(text: str) -> tuple[str, ...] | None:
    items, at = list[str | None](), 0
    while at < len(text):
        match = _ITEM.match(text, at)
        if match is None:
            return None
        items.append(_scalar(match[1].strip()))
        at = match.end()
    return _list(items)


def _list(items: list[str | None]) -> tuple[str, ...] | None:
    known = tuple(item for item in items if item is not None)
    return known if len(known) == len(items) else None


def _scalar(text: str) -> str | None:
    if text[:1] in ('"', "'"):
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != text[0]:
            return None
        if text[0] == "'":
            return None if "'" in inner.replace("''", "") else inner.replace("''", "'")
        return None if '"' in _ESCAPE.sub("", inner) else _ESCAPE.sub(_unescaped, inner)
    if text.startswith(_NO_SCALAR) or " #" in text:
        return None
    return "" if text in ("~", "null") else text


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _SHORT.get(match[4], match[4])
    return chr(number) if (number := int(code, 16)) < 0x110000 else match[0]


def _same(one: str, other: str) -> bool:
    value = value_of(one)
    return one.rstrip() == other.rstrip() or (value is not None and value == value_of(other))


def joined(base: str, theirs: str, new: str) -> tuple[str, list[str]] | None:
    """Join front matter that the user may have changed with new front matter of ours.

    `base`: what was written; `theirs`: what it is now; `new`: what would be written. A property
    that the user changed, added or removed stays as they left it; to a list, what is new to it is
    added. Return the text, and the names of the user's properties. Return None if one of the three
    is not understood, or `id` is not as it was.
    """
    if theirs == base:
        return new, []
    before, now, later = properties(base), properties(theirs), properties(new)
    if before is None or now is None or later is None:
        return None
    if "id" not in now or not _same(now["id"], later.get("id", "")):
        return None
    result: list[str] = []
    for name, lines in now.items():
        if name not in before:
            result.append(lines)
        elif not _same(lines, before[name]):
            result.append(_with_added(lines, before[name], later.get(name, "")))
        elif name in later:
            result.append(lines if _same(lines, later[name]) else later[name])
    result += [lines for name, lines in later.items() if name not in before and name not in now]
    own = {name for name in before.keys() | now.keys() if name[0] != "#"}
    own -= {name for name in before.keys() & now.keys() if _same(before[name], now[name])}
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in result), sorted(own)


def _with_added(lines: str, before: str, later: str) -> str:
    """Add to a list of the user's what a new list of ours has and the one before it had not."""
    mine, was, now = value_of(lines), value_of(before), value_of(later)
    if not (isinstance(mine, tuple) and isinstance(was, tuple) and isinstance(now, tuple)):
        return lines
    new = [item for item in now if item not in was and item not in mine and _PLAIN.match(item)]
    text = lines.rstrip()
    if not new or not mine:
        return lines
    if text.endswith("]"):
        return f"{text[:-1]}, {', '.join(new)}]\n"
    last = text.rpartition("\n")[2]
    indent = last[: len(last) - len(last.lstrip())]
    return "\n".join([text, *(f"{indent}- {item}" for item in new)]) + "\n"
