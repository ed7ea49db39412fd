"""Message text inside a note: shown as it was, and unable to change the note's structure.

The structure of a note is its front matter, its speaker headings and its footnotes. What could
break it: a fence that is never closed, a heading, raw HTML, a wiki-link, a footnote mark, an
Obsidian comment. Code is left alone; everything else of a text is kept, at most escaped.

An answer's headings are its own outline, so they are moved below the speaker's heading; a user's
line that starts with `#` was typed as text, and is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# Most texts hold nothing of this kind and are returned as they are.
_INTERESTING = re.compile(
    r"^[ \t]*(?:#{1,6}(?:[ \t]|$)|`{3}|~{3}|=+[ \t]*$|-+[ \t]*$)"
    r"|<[A-Za-z/!?]|\[\[|\[\^|%%|\\[(\[]|[\x00-\x08\x0b-\x1f\x7f\ufdd0-\ufdd3\u0085\u2028\u2029]",
    re.MULTILINE,
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufdd0-\ufdd3]")
_FENCE = re.compile(
    r"([ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)*+[ \t>]*+)(`{3,}|~{3,})(.*)", re.DOTALL
)
_ITEM = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]++|\Z))++")
_LEADING = re.compile(r"[ \t>]*+")
_HEADING = re.compile(r"( {0,3})(#{1,6})(?=[ \t]|\Z)")
_UNDERLINE = re.compile(r"( {0,3})(=+|-+)([ \t]*)\Z")
_SPAN = re.compile(r"(?<![`\\])(`{1,20})(?!`)(?:(?!\n[ \t]*\n).){1,5000}?(?<!`)\1(?!`)", re.DOTALL)
_LINE_SPAN = re.compile(r"(?<![`\\])(`{1,20})(?!`)[^\n]{1,5000}?(?<!`)\1(?!`)")
_HARMLESS = re.compile(r"</?(?:br|sub|sup|kbd) ?/?>|<https?://[^\s<>]+>")
_MATH = re.compile(
    r"\\\(((?:(?!\\\)|\n[ \t]*\n).){1,2000}?)\\\)|\\\[((?:(?!\\\]|\n[ \t]*\n).){1,5000}?)\\\]",
    re.DOTALL,
)
_STRUCTURAL = re.compile(r"<(?=[A-Za-z/!?])|\[\[|\[\^|%%")
_ESCAPED = {"<": "\\<", "[[": "[\\[", "[^": "[\\^", "%%": "%\\%"}

LOWEST = 3
"""The highest heading level that an answer may use: below title and speaker."""


@dataclass(slots=True)
class _Fence:
    """An open fence: its marker, and the list item or block quote that it stands in."""

    marker: str
    prefix: str
    offset: int
    """Columns that a line needs to be inside the list item; 0 outside of lists."""
    quotes: int

    def closing(self) -> str:
        """A line that closes it, inside its container."""
        return re.sub(r"[^ \t>]", " ", self.prefix) + self.marker

    def closed_by(self, line: str) -> bool:
        """Whether `line` is its closing fence."""
        words = line.lstrip(" \t>").rstrip()
        mark = self.marker
        return words.startswith(mark) and not words.strip(mark[0])

    def left_by(self, line: str) -> bool:
        """Whether `line` stands outside the container, which ends the fence with it."""
        if self.quotes:
            return line[: len(_LEADING.match(line)[0])].count(">") < self.quotes  # type: ignore[index]
        return self.offset > 0 and bool(line.strip()) and _indent(line) < self.offset


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" "))


def protect(text: str, *, headings: bool) -> str:
    """`text` as a block of its own. `headings`: move its headings down; else escape them."""
    if not _INTERESTING.search(text):
        return text
    text = _CONTROL.sub("\ufffd", _LINE_END.sub("\n", text))
    out: list[str] = []
    prose: list[str] = []
    fence: _Fence | None = None
    items: list[int] = []
    """Where the content of each open list item starts, in columns. Kept rather too long."""
    blank = True
    for line in text.split("\n"):
        if fence is not None:
            if not fence.left_by(line):
                out.append(line)
                if fence.closed_by(line):
                    fence = None
                continue
            out.append(fence.closing())
            fence = None
        if line and not line.isspace():
            if blank and items:
                indent = _indent(line)
                items = [offset for offset in items if offset <= indent]
            if line[0] in _MAY_OPEN:
                fence = _opened(line, items)
            blank = False
        else:
            blank = True
        if fence is None:
            prose.append(line)
        else:
            _flush(prose, out, headings)
            out.append(line)
    _flush(prose, out, headings)
    if fence is not None:
        out.append(fence.closing())
    return "\n".join(out)


_MAY_OPEN = frozenset(" \t>-*+`~0123456789")


def _opened(line: str, items: list[int]) -> _Fence | None:
    """The fence that `line` opens, if any; adds the list items that it starts to `items`."""
    item = _ITEM.match(line)
    if item:
        items.append(len(item[0].expandtabs(4)))
    match = _FENCE.match(line)
    if match is None or (match[2][0] == "`" and "`" in match[3]):
        return None
    prefix = match[1]
    column = len(prefix.expandtabs(4))
    quotes = prefix.count(">")
    offset = max((each for each in items if each <= column), default=0)
    if not quotes and column - offset >= 4:
        return None  # an indented code block
    return _Fence(match[2], prefix, offset, quotes)


def _flush(prose: list[str], out: list[str], headings: bool) -> None:
    """Move the lines gathered in `prose` to `out`, protected."""
    if not prose:
        return
    lines = _lines(prose, headings)
    out.append(_outside_code("\n".join(lines), _inline))
    prose.clear()


def _lines(lines: list[str], headings: bool) -> list[str]:
    """Headings moved down or escaped; no line underlines the one above as a heading."""
    found = {n: match for n, line in enumerate(lines) if (match := _HEADING.match(line))}
    down = LOWEST - min((len(match[2]) for match in found.values()), default=LOWEST)
    shown: list[str] = []
    above = ""
    for number, line in enumerate(lines):
        match = found.get(number)
        if match and headings:
            level = min(6, len(match[2]) + max(0, down))
            shown.append(match[1] + "#" * level + line[match.end() :])
        elif match:
            shown.append(match[1] + "\\" + line[match.end(1) :])
        elif above and not above.isspace() and (under := _UNDERLINE.match(line)):
            if len(under[2]) >= 3 and under[2][0] == "-":
                shown += ("", line)  # was meant as a rule, and is one after a blank line
            else:
                shown.append(under[1] + "\\" + line[under.end(1) :])
        else:
            shown.append(line)
        above = line
    return shown


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` applied to what stands between its code spans.

    A span counts where it is one both line by line and paragraph by paragraph: in doubt, it is
    taken for prose and an escape too many is shown.
    """
    if "`" not in text:
        return change(text)
    spans = {span.span() for span in _SPAN.finditer(text)}
    out: list[str] = []
    at = 0
    for span in _LINE_SPAN.finditer(text):
        if span.span() in spans:
            out += (change(text[at : span.start()]), span[0])
            at = span.end()
    out.append(change(text[at:]))
    return "".join(out)


def _inline(text: str) -> str:
    """Math delimiters as `$`, and whatever else could change the structure escaped."""
    if "\\" not in text:
        return _escaped(text)
    out: list[str] = []
    at = 0
    for math in _MATH.finditer(text):
        out += (_escaped(text[at : math.start()]), _dollars(math))
        at = math.end()
    out.append(_escaped(text[at:]))
    return "".join(out)


def _dollars(math: re.Match[str]) -> str:
    inline = math[1] is not None
    inner = re.sub(r"<(?=[A-Za-z/!?])", "< ", math[1] if inline else math[2])
    if inline:
        return f"${inner.strip()}$"
    return f"$${inner}$$" if "\n" in inner else f"$${inner.strip()}$$"


def _escaped(text: str) -> str:
    return _STRUCTURAL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    if match[0] == "<":
        text, start = match.string, match.start()
        slashes = start
        while slashes and text[slashes - 1] == "\\":
            slashes -= 1
        if (start - slashes) % 2:
            return "<"  # escaped already
        if _HARMLESS.match(text, start):
            # Alone at the start of a line it would open a block of HTML.
            before = text[max(0, start - 200) : start].rpartition("\n")[2]
            if before.strip(" \t>-*+.)0123456789"):
                return "<"
    return _ESCAPED[match[0]]


# What Markdown, or Obsidian, would read as more than a character within a line of words.
_SPECIAL = re.compile(
    r"[\\`*\[\]<>]|(?<!\w)_|_(?!\w)|(?<![^ ])#+(?![^ ])|~(?=~)|=(?==)|%(?=%)|\$(?=.{0,300}\$)"
    r"|&(?=\w{1,32};|#\w{1,8};)|\^(?=\[)"
)


def line(text: str) -> str:
    """`text` as plain words on one line: for titles, names and alternative texts."""
    words = " ".join(_CONTROL.sub("\ufffd", text).split())
    return _SPECIAL.sub(r"\\\g<0>", words)


def fenced(text: str, language: str | None) -> str:
    """`text` as a code block that nothing in it can close."""
    text = _CONTROL.sub("\ufffd", _LINE_END.sub("\n", text)).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    info = re.sub(r"[^\w+#./-]", "", language or "")[:40]
    return f"{ticks}{info}\n{text}\n{ticks}"


def quoted(block: str) -> str:
    """A block as a block quote."""
    return "\n".join("> " + each if each else ">" for each in block.split("\n"))
