"""Find the addresses of files in the code interpreter's file system in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

HINT = "sandbox:/"
"""A text without these characters has no such address."""
LONGEST = 1_000
"""Characters of an address at most."""
_START = re.compile(r"sandbox:/{1,3}mnt/data/")
_BEFORE = re.compile(r"\]\([ \t]{0,9}<?\Z|<\Z")
_TITLE = re.compile(r"[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*')[ \t]*\Z")
_QUERY = re.compile(r"[?#][\w=&%.~+-]*\Z")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENDS = frozenset(' \t\n"<>`|[]，。、；：）」』')
"""Characters that end an address outside of a link."""


class Address(NamedTuple):
    """A span of the text: with the `<` and `>` around the address, without a title behind it."""

    start: int
    end: int
    path: str
    """From `/mnt/data/` on, as written in the text."""
    linked: bool
    """True if it is the target of a Markdown link."""


def addresses(text: str) -> Iterator[Address]:
    """Yield each address in `text`, in order."""
    at = 0
    while match := _START.search(text, at):
        start, begin = match.span()
        before = _BEFORE.search(text[max(0, start - 12) : start])
        lead = before[0] if before else ""
        linked, angled = lead.startswith("]"), lead.endswith("<")
        ending = _end_of(text, begin, linked=linked, angled=angled)
        if ending is None:
            at = begin
            continue
        path = "/mnt/data/" + text[begin:ending]
        at = ending + angled
        yield Address(start - angled, at, path, linked)


def _end_of(text: str, begin: int, *, linked: bool, angled: bool) -> int | None:
    """Return the end of the path that starts at `begin`; None if it is empty or not closed."""
    line_end = text.find("\n", begin, begin + LONGEST)
    rest = text[begin : line_end if line_end >= 0 else begin + LONGEST]
    if angled:
        length = rest.find(">")
        return begin + length if length > 0 else None
    length = _balanced(rest, frozenset()) if linked else len(rest)
    if length == len(rest):  # no link, or one that is not closed on its line
        length = _balanced(rest, _ENDS)
        if linked and rest.find(")") > 0:
            length = rest.find(")")
        rest = rest[:length].rstrip(".,;:!?*_'\\")
        return begin + len(rest) if rest else None
    title = _TITLE.search(rest[:length])
    path = rest[: title.start() if title else length].rstrip(" \t")
    return begin + len(path) if path else None


def _balanced(rest: str, ends: frozenset[str]) -> int:
    """Return the index of the first unmatched `)` or character of `ends`; else the length."""
    depth, escaped = 0, False
    for at, char in enumerate(rest):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "(":
            depth += 1
        elif char in ends or (char == ")" and depth == 0):
            return at
        elif char == ")":
            depth -= 1
    return len(rest)


def names(path: str) -> list[str]:
    """List the file names that a path may mean: as written first, without its query last."""
    plain = _ESCAPE.sub(r"\1", path)
    cut = _QUERY.sub("", plain)
    spellings = (plain, unquote(plain), cut, unquote(cut))
    bases = (spelling.rsplit("/", 1)[-1] for spelling in spellings)
    return list(dict.fromkeys(filter(None, bases))) or [plain]
