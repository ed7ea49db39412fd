"""Headings of an answer: kept as its own outline, below the heading of the speaker.

`Title` over `=====` or `-----` is a heading in Markdown, and ChatGPT shows it as one. It becomes
one with `#`, which has ranks enough. All functions take and give text with a line end in front.
"""

from __future__ import annotations

import re

LOWEST = 3
"""The highest heading level that an answer may use: below title and speaker."""

# A pattern that begins with a plain character is found several times as fast.
_HEADING = re.compile(r"\n( {0,3})(#{1,6})(?=[ \t\n]|\Z)")
_UNDERLINE = re.compile(r"\n( {0,3})(=+|-+)(?=[ \t]*(?:\n|\Z))")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\Z")
_NO_PARAGRAPH = re.compile(r"[ \t>|=\ufdd4]|[-*+](?:[ \t]|\Z)|\d{1,9}[.)](?:[ \t]|\Z)")
_LONGEST = 5
"""Lines of a heading at most: what is longer was meant as a paragraph over a rule."""


def escaped(text: str) -> str:
    """Show the signs of headings as they are."""
    return _HEADING.sub(r"\n\1\\\2", text)


def highest(text: str) -> int:
    """Find the highest level of the headings in `text`; 7 where there is none."""
    return min([len(signs) for _, signs in _HEADING.findall(text)], default=7)


def moved(text: str, by: int) -> str:
    """Move each heading down by so many levels."""
    return _HEADING.sub(
        lambda match: f"\n{match[1]}{'#' * min(6, len(match[2]) + by)}",
        text,
    )


def without_underlines(text: str, *, headings: bool) -> str:
    """Make headings of underlined titles; other underlines become rules or text.

    `headings`: whether the text may have headings; else all that looks like one is text.
    """
    if not _UNDERLINE.search(text):
        return text
    out: list[str] = []
    at = 0
    for match in _UNDERLINE.finditer(text):
        if match.start() < at:
            continue
        above = text[max(0, match.start() - 200) : match.start()].rpartition("\n")[2]
        if not above.strip(" \t"):  # a line separator, for one, is text to Markdown
            continue
        mark = match[2]
        title = None
        if headings and len(mark) > 1 and not match[1]:
            title = _title_above(text, at, match.start())
        if title is not None:
            start, words = title
            out += (text[at:start], "\n", "# " if mark[0] == "=" else "## ", words)
        elif mark[0] == "-" and len(mark) >= 3:
            # Was meant as a rule, and is one after a blank line.
            out += (text[at : match.start()], "\n", match[0])
        else:
            out += (text[at : match.start()], f"\n{match[1]}\\{mark}")
        at = match.end()
    out.append(text[at:])
    return "".join(out)


def _title_above(text: str, begin: int, end: int) -> tuple[int, str] | None:
    """Find the paragraph that ends at `end`: where it starts, and its words on one line.

    None for what is no paragraph of its own: the line of a list, a quote or a table, say.
    """
    lines: list[str] = []
    at = end
    while at > begin:
        start = text.rfind("\n", begin, at)
        line = text[start + 1 : at]
        if not line.strip(" \t") or _HEADING.match(text, start) or _RULE.match(line):
            break
        if _NO_PARAGRAPH.match(line) or len(lines) == _LONGEST:
            return None
        lines.insert(0, line.strip(" \t").removesuffix("\\"))
        at = start
    words = " ".join(lines)
    if not words:
        return None
    return at, words[:-1] + "\\#" if words.endswith("#") else words
