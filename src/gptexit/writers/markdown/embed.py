"""Message text inside a note: shown as it was, and unable to change the note's structure.

The structure of a note is its front matter, its speaker headings and its footnotes. It could be
broken by a fence or a formula that is never closed, a heading, raw HTML, a wiki-link, a footnote
mark, an Obsidian comment, or a link definition. Code is left alone; all other text is kept, at most
escaped. Most answers need no close look: see `usual.py`.

An answer's headings are its own outline, so they are moved below the speaker's heading. The text of
a user is no Markdown: see `typed.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gptexit.text.markdown import BLOCK_ID, BROKEN, TAG
from gptexit.writers.markdown.fences import Fence, Items, code_spans, opened
from gptexit.writers.markdown.fences import language as safe_language
from gptexit.writers.markdown.formulas import put_back, set_apart
from gptexit.writers.markdown.links import (
    NOWHERE,
    Definitions,
    Links,
    definitions,
    has_other_links,
    is_escaped,
    linked,
    referred,
    without_definitions,
)
from gptexit.writers.markdown.usual import HEADING, LOWEST, highest, moved, usual

# A pattern that begins with a plain character is found several times as fast.
_UNDERLINE = re.compile(r"\n( {0,3})(=+|-+)(?=[ \t]*(?:\n|\Z))")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\Z")
_NO_PARAGRAPH = re.compile(r"[ \t>|=\ufdd4]|[-*+](?:[ \t]|\Z)|\d{1,9}[.)](?:[ \t]|\Z)")
_LONGEST = 5
"""Lines of a heading at most: a longer one was meant as a paragraph over a rule."""


def _without_underlines(text: str, *, headings: bool) -> str:
    """Make headings of underlined titles; other underlines become rules or text.

    `headings`: whether the text may have headings; if not, such titles are text too.
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
    """Return the start of the paragraph that ends at `end`, and its words on one line.

    Return None if it is no paragraph of its own: the line of a list, a quote or a table, say.
    """
    lines: list[str] = []
    at = end
    while at > begin:
        start = text.rfind("\n", begin, at)
        line = text[start + 1 : at]
        if not line.strip(" \t") or HEADING.match(text, start) or _RULE.match(line):
            break
        if _NO_PARAGRAPH.match(line) or len(lines) == _LONGEST:
            return None
        lines.insert(0, line.strip(" \t").removesuffix("\\"))
        at = start
    words = " ".join(lines)
    if not words:
        return None
    return at, words[:-1] + "\\#" if words.endswith("#") else words


_CONTROLS = bytes([*range(9), *range(0x0B, 0x20), 0x7F])
_CONTROL = re.compile(b"[" + re.escape(_CONTROLS) + b"]")
# It is searched in a text with a line end in front: a pattern that begins with a plain character is
# found several times as fast.
_PLAIN_FENCE = re.compile(r"\n(`{3,}|~{3,})([^\n]*)")
_HARMLESS = re.compile(r"</?(?:br|sub|sup|kbd) ?/?>")
_AUTOLINK = re.compile(
    r"<(?:(?:https?://|mailto:)[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9})>"
)
_IN_ANGLES_OF_LINK = re.compile(r"<(?i:https?://|mailto:)[^<>\n]{1,2000}>")
# Each alternative begins with a plain character, so that none is tried elsewhere.
_STRUCTURAL = re.compile(
    rf"<(?=[A-Za-z/!?])|\[(?=[\[^])|\[(?<=>\[)(?=!)|\[(?<=> \[)(?=!)|{BROKEN}|{TAG}|{BLOCK_ID}"
)
_MAY_DEFINE = re.compile(
    r"\n((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*)\[(?=(?:[^\[\]\\]|\\.){1,999}\]:)", re.DOTALL
)
_OPENS = r"(?:[-*+](?=[ \t])|>|\d{1,9}[.)](?=[ \t]))[ \t]*"
_DEEP = re.compile(
    rf"\n(?:[-*+>]|\d{{1,9}}[.)]|[ \t])[ \t]*(?:{_OPENS}){{15}}(?![-*+ \t]*(?:\n|\Z))(\d{{0,9}})"
)
"""The beginning of a line that opens 16 or more lists and quotes, one in the other, and is no rule
of dashes. Some readers of Markdown stop at 100 levels, and drop the rest of a note."""
_TAG = re.compile(TAG)
_BLOCK_ID = re.compile(BLOCK_ID)
_INDENTED = re.compile(r"\n[ \t]*\n(?: {4}| {0,3}\t)[ \t]*[^ \t\n]")
_BEGINS_INDENTED = re.compile(r"(?: {4}| {0,3}\t)[ \t]*[^ \t\n]")
_ITEM = re.compile(r"(?:\A|\n) {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|\n|\Z)")

_TICKS = re.compile("`{3,}")
_NO_INFO = re.compile(r"[^\w+#./-]")

_Piece = tuple[bool, str]
"""Whether a piece is code, and its text."""


def protect(text: str, *, headings: bool, links: Links = NOWHERE) -> str:
    """Make a block of `text`. `headings`: move its headings down; if not, escape them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = usual(text, files=links.file is not None) if headings else None
    return protect_closely(text, headings, links) if shown is None else shown


def protect_closely(text: str, headings: bool, links: Links = NOWHERE) -> str:
    """Do the work of `protect` for any text."""
    fences = ("`" in text and "```" in text) or ("~" in text and "~~~" in text)
    indented = "\t" in text or "\n    " in text or text[:4] == "    "
    defines = "]" in text and "]:" in text
    if not fences and not indented and not defines:
        text, formulas = _prepared(text, headings=headings)
        by = LOWEST - highest(text) if headings and "#" in text else 0
        return _shown(text, formulas, headings, by, links)
    return _in_pieces(text, fences, indented, headings, links)


def _in_pieces(text: str, fences: bool, indented: bool, headings: bool, links: Links) -> str:
    """Do the work of `protect` for a text that has code, or link definitions."""
    markers = [mark for mark in ("```", "~~~") if mark in text]
    if not fences:
        pieces: list[_Piece] = [(False, text)]
    elif any(_has_nested_fence(text, marker) for marker in markers):
        pieces = list(_with_nested_fences(text))
    else:
        pieces = list(_with_fences(text))
    if indented:
        pieces = list(_with_indented_code(pieces))
    if "]" in text and "]:" in text:
        pieces = _with_links_in_place(pieces)
    prepared: list[tuple[str, list[str] | None]] = [
        (piece, None) if is_code else _prepared(piece, headings=headings)
        for is_code, piece in pieces
    ]
    by = 0
    if headings:
        prose = (text for text, formulas in prepared if formulas is not None and "#" in text)
        by = LOWEST - min(map(highest, prose), default=LOWEST)
    return "".join([_shown(piece, formulas, headings, by, links) for piece, formulas in prepared])


def _has_nested_fence(text: str, marker: str) -> bool:
    """Tell whether a fence is behind the mark of a list or quote, or behind white space."""
    at = text.find(marker)
    while at >= 0:
        if at and text[at - 1] != "\n":
            before = text[max(0, at - 80) : at].rpartition("\n")[2]
            if not before.strip(" \t>-*+.)0123456789"):
                return True
        at = text.find(marker, at + 3)
    return False


def _with_fences(text: str) -> Iterator[_Piece]:
    """Split a text in which every fence is at the start of its line: the ordinary case."""
    text = "\n" + text
    at = 1
    marker = ""
    opening = ""
    for match in _PLAIN_FENCE.finditer(text):
        ticks, info = match[1], match[2]
        if marker:
            if ticks[0] == marker[0] and len(ticks) >= len(marker) and not info.strip(" \t"):
                yield True, opening + text[at : match.end()]
                at, marker = match.end(), ""
        elif ticks[0] == "~" or "`" not in info:
            start = match.start() + 1
            if start > at:
                yield False, text[at:start]
            at, marker, opening = match.end(), ticks, ticks + safe_language(info)
    if marker:
        yield True, f"{opening}{text[at:]}\n{marker}"
    else:
        yield False, text[at:]


def _with_nested_fences(text: str) -> Iterator[_Piece]:
    """Split a text with fences in lists and block quotes, which end where those end."""
    prose: list[str] = []
    code: list[str] = []
    fence: Fence | None = None
    items = Items()
    ending = ""
    for line in text.split("\n"):
        if fence is not None:
            if not fence.left_by(line):
                code.append(line)
                if fence.closed_by(line):
                    fence = None
                continue
            code.append(fence.closing())
            fence = None
        items.go_on(line)
        fence, shown = opened(line, items)
        if fence is None:
            if code:
                yield True, ending + "\n".join(code)
                code, ending = [], "\n"
            prose.append(shown)
        else:
            if prose:
                yield False, ending + "\n".join(prose)
                prose, ending = [], "\n"
            code.append(_with_language(line, fence))
    if fence is not None:
        code.append(fence.closing())
    if code:
        yield True, ending + "\n".join(code)
    if prose:
        yield False, ending + "\n".join(prose)


def _with_language(line: str, fence: Fence) -> str:
    """Return the line that opens a fence, with a language that nothing runs."""
    begin = len(fence.prefix)
    end = begin + len(line[begin:]) - len(line[begin:].lstrip(fence.marker[0]))
    return line[:end] + safe_language(line[end:])


def _with_indented_code(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Split code by indentation off from prose: behind a blank line, and surely in no list."""
    after_nested = False
    for number, (is_code, text) in enumerate(pieces):
        if is_code:
            after_nested = text.lstrip("\n")[:1] in (" ", "\t", ">", "-", "*", "+") or after_nested
            yield is_code, text
        elif not _INDENTED.search(text) and (number or not _BEGINS_INDENTED.match(text)):
            yield is_code, text
        else:
            yield from _indented(text, in_list=after_nested)


def _indented(text: str, *, in_list: bool) -> Iterator[_Piece]:
    lines = text.split("\n")
    blank = True
    is_code = False
    piece: list[str] = []
    for line in lines:
        words = line.strip(" \t")
        deep = bool(words) and len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" ")) >= 4
        now = is_code and (deep or not words)
        if deep and blank and not in_list:
            now = True
        if now != is_code and piece:
            yield is_code, "\n".join(piece) + "\n"
            piece = []
        if words and not now and not deep:
            if blank and line[0] not in " \t":
                in_list = False
            in_list = in_list or bool(_ITEM.match(line))
        is_code, blank = now, not words
        if now and "\t" in line:
            # In a block quote a tab is narrower, and the line would be code no more.
            lead = line[: len(line) - len(line.lstrip(" \t"))]
            piece.append(lead.expandtabs(4) + line[len(lead) :])
            continue
        piece.append(line)
    yield is_code, "\n".join(piece)


def _with_links_in_place(pieces: list[_Piece]) -> list[_Piece]:
    """Set the addresses of link definitions where the text refers to them."""
    targets: Definitions = {}
    for is_code, text in pieces:
        if not is_code:
            definitions(text, targets)
    if not targets:
        return pieces
    used: set[str] = set()
    resolved = [
        (
            is_code,
            text if is_code else _outside_code(text, lambda prose: referred(prose, targets, used)),
        )
        for is_code, text in pieces
    ]
    return [
        (is_code, text if is_code else without_definitions(text, used))
        for is_code, text in resolved
    ]


def _prepared(text: str, *, headings: bool) -> tuple[str, list[str]]:
    """Return text outside of code without underlined titles, and with a line end in front.

    Marks replace its formulas, which are returned too.
    """
    text, formulas = set_apart(text)
    text = "\n" + text
    if "=" in text or "-" in text:
        text = _without_underlines(text, headings=headings)
    return _DEEP.sub(r"\g<0>\\", text), formulas


def _shown(text: str, formulas: list[str] | None, headings: bool, by: int, links: Links) -> str:
    """Show a piece: headings moved down `by` levels, or escaped. `formulas`: None for code."""
    if formulas is None:
        return text
    if "#" in text:
        if not headings:
            text = HEADING.sub(r"\n\1\\\2", text)
        elif by > 0:
            text = moved(text, by)
    if "]" in text and "]:" in text:  # one character is found several times as fast as two
        text = _MAY_DEFINE.sub(r"\n\1\[", text)
    text = text[1:]
    if _may_be_changed(text, links):
        text = _outside_code(text, lambda prose: _inline(prose, links))
    return put_back(text, formulas) if formulas else text


def _may_be_changed(text: str, links: Links) -> bool:
    """Tell, at little cost, whether `_inline` may change the text."""
    return (
        "<" in text
        or ("#" in text and _TAG.search(text) is not None)
        or ("^" in text and _BLOCK_ID.search(text) is not None)
        or ("[" in text and _has_links_or_marks(text))
        or (links.file is not None and "sandbox:" in text)
        or ("%" in text and "%%" in text)
        or ("{" in text and "{{" in text)
        or ("=" in text and "==" in text)
    )


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Apply `change` to the text between code spans."""
    if "`" not in text:
        return change(text)
    out: list[str] = []
    at = 0
    for start, end in code_spans(text):
        out += (change(text[at:start]), text[start:end])
        at = end
    out.append(change(text[at:]))
    return "".join(out)


def _has_links_or_marks(text: str) -> bool:
    return (
        "[[" in text
        or "[^" in text
        or ("!" in text and ("![" in text or "[!" in text))
        or ("](" in text and has_other_links(text))
    )


def _inline(text: str, links: Links) -> str:
    """Make the links of text outside of code safe, and escape signs that change the structure."""
    text = linked(text, links)
    return _STRUCTURAL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    sign = match[0]
    if sign != "<":
        return "[\\" if sign == "[" and match.string[match.end()] != "!" else "\\" + sign
    text, start = match.string, match.start()
    if is_escaped(text, start) or _AUTOLINK.match(text, start):
        return "<"
    if _IN_ANGLES_OF_LINK.match(text, start) and text[:start].rstrip(" \t\n").endswith("]("):
        return "<"
    if _HARMLESS.match(text, start):
        # Alone at the start of a line it would open a block of HTML.
        before = text[max(0, start - 200) : start].rpartition("\n")[2]
        if before.strip(" \t>-*+.)0123456789"):
            return "<"
    return "\\<"


def in_angles(url: str) -> str:
    """Put `url` between the `<` and `>` of a link, so that nothing in it can close the link."""
    return f"<{url.translate(_IN_ANGLES)}>"


_IN_ANGLES = {ord(char): f"%{ord(char):02X}" for char in " <>\n\r\t\\"}


def fenced(text: str, language: str | None) -> str:
    """Make a code block of `text` that nothing in it can close."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.rstrip("\n")
    longest = max(map(len, _TICKS.findall(text)), default=2) if "`" in text else 2
    ticks = "`" * (longest + 1)
    info = safe_language(_NO_INFO.sub("", language)[:40]) if language else ""
    return f"{ticks}{info}\n{text}\n{ticks}"


def quoted(block: str) -> str:
    """Make a block quote."""
    return "\n".join("> " + text if text else ">" for text in block.split("\n"))


def encoded(text: str) -> bytes:
    """Return a whole page as UTF-8, with U+FFFD for each control character."""
    data = text.encode("utf-8", "replace")
    if len(data.translate(None, _CONTROLS)) == len(data):
        return data
    return _CONTROL.sub("\ufffd".encode(), data)
