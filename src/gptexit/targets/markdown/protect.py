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
from itertools import pairwise

from gptexit.targets.markdown.fences import Fence, Items, opened

_CONTROLS = bytes([*range(9), *range(0x0B, 0x20), 0x7F])
_CONTROL = re.compile(b"[" + re.escape(_CONTROLS) + b"]")
# These are searched in a text with a line end in front: a pattern that begins with a plain
# character is found several times as fast.
_HEADING = re.compile(r"\n( {0,3})(#{1,6})(?=[ \t\n]|\Z)")
_PLAIN_FENCE = re.compile(r"\n(`{3,}|~{3,})([^\n]*)")
_UNDERLINE = re.compile(r"\n( {0,3})(=+|-+)(?=[ \t]*(?:\n|\Z))")
_TICKS = re.compile("`+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_HARMLESS = re.compile(r"</?(?:br|sub|sup|kbd) ?/?>|<https?://[^\s<>]+>")
# Up to the closing delimiter, within a paragraph; in pieces of bounded length and number.
_MATH = re.compile(
    r"\\\(((?:[^\\\n]{1,200}+|\\(?!\))|\n(?![ \t]*\n)){1,400}+)\\\)"
    r"|\\\[((?:[^\\\n]{1,200}+|\\(?!\])|\n(?![ \t]*\n)){1,400}+)\\\]"
)
_STRUCTURAL = re.compile(r"<(?=[A-Za-z/!?])|\[\[|\[\^|%%")
_ESCAPED = {"<": "\\<", "[[": "[\\[", "[^": "[\\^", "%%": "%\\%"}

LOWEST = 3
"""The highest heading level that an answer may use: below title and speaker."""


def protect(text: str, *, headings: bool) -> str:
    """`text` as a block of its own. `headings`: move its headings down; else escape them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    markers = [mark for mark in ("```", "~~~") if mark[0] in text and mark in text]
    if not markers:
        return _prose(text, headings)
    if any(_has_nested_fence(text, marker) for marker in markers):
        return _with_nested_fences(text, headings)
    return _with_fences(text, headings)


def _has_nested_fence(text: str, marker: str) -> bool:
    """Whether a fence stands behind the mark of a list or quote, or behind white space."""
    at = text.find(marker)
    while at >= 0:
        if at and text[at - 1] != "\n":
            before = text[max(0, at - 80) : at].rpartition("\n")[2]
            if not before.strip(" \t>-*+.)0123456789"):
                return True
        at = text.find(marker, at + 3)
    return False


def _with_fences(text: str, headings: bool) -> str:
    """The same where every fence stands at the start of its line: the ordinary case."""
    out: list[str] = []
    text = "\n" + text
    at = 1
    marker = ""
    for match in _PLAIN_FENCE.finditer(text):
        ticks, info = match[1], match[2]
        if marker:
            if ticks[0] == marker[0] and len(ticks) >= len(marker) and not info.strip(" \t"):
                out.append(text[at : match.end()])
                at, marker = match.end(), ""
        elif ticks[0] == "~" or "`" not in info:
            start = match.start() + 1
            out.append(_prose(text[at:start], headings))
            at, marker = start, ticks
    if marker:
        out += (text[at:], "\n", marker)
    else:
        out.append(_prose(text[at:], headings))
    return "".join(out)


def _with_nested_fences(text: str, headings: bool) -> str:
    """The same with fences in lists and block quotes, which end where those end."""
    out: list[str] = []
    prose: list[str] = []
    fence: Fence | None = None
    items = Items()
    for line in text.split("\n"):
        if fence is not None:
            if not fence.left_by(line):
                out.append(line)
                if fence.closed_by(line):
                    fence = None
                continue
            out.append(fence.closing())
            fence = None
        items.go_on(line)
        fence, shown = opened(line, items)
        if fence is None:
            prose.append(shown)
        else:
            if prose:
                out.append(_prose("\n".join(prose), headings))
                prose.clear()
            out.append(line)
    if prose:
        out.append(_prose("\n".join(prose), headings))
    if fence is not None:
        out.append(fence.closing())
    return "\n".join(out)


def _prose(text: str, headings: bool) -> str:
    """Lines outside of fences: headings moved down or escaped, and no line underlines another."""
    hashes = "#" in text
    rules = ("=" in text or "-" in text) and ("\n-" in text or "\n=" in text or "\n " in text)
    if hashes or rules:
        text = "\n" + text
        if hashes:
            text = _without_headings(text, headings)
        if rules:
            text = _UNDERLINE.sub(_no_underline, text)
        text = text[1:]
    if (
        "<" in text
        or ("\\" in text and ("\\(" in text or "\\[" in text))
        or ("[" in text and ("[[" in text or "[^" in text))
        or ("%" in text and "%%" in text)
    ):
        return _outside_code(text, _inline)
    return text


def _without_headings(text: str, headings: bool) -> str:
    if not headings:
        return _HEADING.sub(r"\n\1\\\2", text)
    highest = min((len(match[2]) for match in _HEADING.finditer(text)), default=LOWEST)
    if highest >= LOWEST:
        return text
    return _HEADING.sub(
        lambda match: f"\n{match[1]}{'#' * min(6, len(match[2]) + LOWEST - highest)}", text
    )


def _no_underline(match: re.Match[str]) -> str:
    above = match.string[max(0, match.start() - 200) : match.start()].rpartition("\n")[2]
    if not above.strip(" \t"):  # a line separator, for one, is text to Markdown
        return match[0]
    if match[2][0] == "-" and len(match[2]) >= 3:
        return "\n" + match[0]  # was meant as a rule, and is one after a blank line
    return f"\n{match[1]}\\{match[2]}"


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` applied to what stands between its code spans."""
    if "`" not in text:
        return change(text)
    out: list[str] = []
    at = 0
    for start, end in _code_spans(text):
        out += (change(text[at:start]), text[start:end])
        at = end
    out.append(change(text[at:]))
    return "".join(out)


_Span = tuple[int, int]


def _code_spans(text: str) -> list[_Span]:
    """Where the code spans of `text` start and end.

    A span counts where it is one both line by line and paragraph by paragraph: in doubt, it is
    taken for prose and an escape too many is shown.
    """
    runs = [run.span() for run in _TICKS.finditer(text)]
    gaps = [text[before[1] : after[0]] for before, after in pairwise(runs)]
    new_line = ["\n" in gap for gap in gaps]
    blank_line = [
        new and bool(_BLANK_LINE.search(gap)) for new, gap in zip(new_line, gaps, strict=True)
    ]
    spans = _paired(text, runs, new_line)
    if blank_line == new_line:
        return spans
    wider = set(_paired(text, runs, blank_line))
    return [span for span in spans if span in wider]


def _paired(text: str, runs: list[_Span], barred: list[bool]) -> list[_Span]:
    """Each run of backticks with the next one of its length; no pair crosses a barred gap.

    A backslash takes one backtick off an opening run; a closing one stands within code, where it
    does not (CommonMark 0.31, 6.1).
    """
    found: list[_Span] = []
    at = 0
    while at < len(runs):
        start, end = runs[at]
        start += _is_escaped(text, start)
        for other in range(at + 1, len(runs)) if start < end else ():
            if barred[other - 1]:
                break
            if runs[other][1] - runs[other][0] == end - start:
                found.append((start, runs[other][1]))
                at = other
                break
        at += 1
    return found


def _is_escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before `at`."""
    start = at
    while start and text[start - 1] == "\\":
        start -= 1
    return bool((at - start) % 2)


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
        if _is_escaped(text, start):
            return "<"
        if _HARMLESS.match(text, start):
            # Alone at the start of a line it would open a block of HTML.
            before = text[max(0, start - 200) : start].rpartition("\n")[2]
            if before.strip(" \t>-*+.)0123456789"):
                return "<"
    return _ESCAPED[match[0]]


# What Markdown, or Obsidian, would read as more than a character within a line of words.
_SPECIAL = re.compile(
    r"[\\`*\[\]<>]|(?<!\w)_++|_++(?!\w)|(?<![^ ])#+(?![^ ])|~(?=~)|=(?==)|%(?=%)|\$(?=.{0,300}\$)"
    r"|&(?=\w{1,32};|#\w{1,8};)|\^(?=\[)"
)


_WORDS = re.compile(r"[^\W_]+(?:[,.:;!?]? [^\W_]+)*+[.!?]?")


def line(text: str) -> str:
    """`text` as plain words on one line: for titles, names and alternative texts."""
    if _WORDS.fullmatch(text):
        return text
    return _SPECIAL.sub(_plainly, " ".join(text.split()))


def _plainly(match: re.Match[str]) -> str:
    """Marks with a backslash in front; of underscores each, since any of them may pair."""
    return "\\_" * len(match[0]) if match[0][0] == "_" else "\\" + match[0]


def in_angles(url: str) -> str:
    """`url` between the `<` and `>` of a link, which nothing in it can close."""
    return f"<{url.translate(_IN_ANGLES)}>"


_IN_ANGLES = {ord(char): f"%{ord(char):02X}" for char in " <>\n\r\t\\"}


def fenced(text: str, language: str | None) -> str:
    """`text` as a code block that nothing in it can close."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    info = re.sub(r"[^\w+#./-]", "", language or "")[:40]
    return f"{ticks}{info}\n{text}\n{ticks}"


def quoted(block: str) -> str:
    """A block as a block quote."""
    return "\n".join("> " + each if each else ">" for each in block.split("\n"))


def encoded(text: str) -> bytes:
    """A whole page as UTF-8. A control character, which is no text, becomes U+FFFD."""
    data = text.encode("utf-8", "replace")
    if len(data.translate(None, _CONTROLS)) == len(data):
        return data
    return _CONTROL.sub("\ufffd".encode(), data)
