r"""Formulas of an answer as `$…$` and `$$…$$`, and dollars that belong to no formula.

ChatGPT shows `\(…\)` within a line, and `\[…\]` and `$$…$$` on lines of their own. Notes apps know
only dollars, and pair them wherever they can: Obsidian takes `$` before and after a character that
is no white space, and from `$$` to the next one, however far away. Dollars that ChatGPT does not
show as a formula are escaped if an app could pair them. `$…$` is doubtful: text that looks like a
formula stays one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from gptexit.writers.markdown.fences import Span, code_spans

DOLLAR = "\\$"
"""What is shown of a dollar that belongs to no formula."""

_BRACKET = re.compile(r"\\[\\()\[\]]")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_DOLLARS = re.compile(r"\\[\\$]|\$\$*|\n[ \t]*(?=\n)")
_BEFORE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?")
_AFTER = re.compile(r"[ \t]*[.,;:]?[ \t]*(?=\n|\Z)")
_ALONE = re.compile(r"[ \t]*(?=\n|\Z)")
_NEW_BLOCK = re.compile(r"\n[ \t>]*(?:[-*+|#]|\d{1,9}[.)][ \t])")
_COMMAND = re.compile(r"\\[A-Za-z,;!]")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}[ ,;:]{1,9}[^\W\d_]{2,}")
_SIGN = re.compile(r"[\^_=+<>{}]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_DOLLAR = re.compile(r"(?<!\\)\$")
_LONG_WORD = re.compile(r"[^\W\d_]{3}")
_PLAIN = re.compile(r"[\w\s,.'-]*")
_LONGEST = 300
"""Characters between two single dollars."""
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_HASH = re.compile(r"\n([ \t>]*)#")
_LINES = re.compile(r"\n([ \t>]*)(=+|-+)(?=[ \t]*(?:\n|\Z))")
_DEFINITION = re.compile(r"\n([ \t>]*)\[(?=[^\[\]]{1,999}\]:)")
_MARK = re.compile("\ufdd4m(\\d+)\ufdd5")


class Formula(NamedTuple):
    """The replacement of a span of the text."""

    start: int
    end: int
    shown: str


def set_apart(text: str) -> tuple[str, list[str]]:
    """Replace each formula outside of code by a mark, and put a backslash before other dollars.

    Return the text, and the formulas for `put_back`.
    """
    if not may_have(text):
        return text, []
    text = text.replace("\ufdd4m", "\ufffdm")
    formulas = found(text, code_spans(text) if "`" in text else [])
    out: list[str] = []
    kept: list[str] = []
    at = 0
    for start, end, shown in formulas:
        out.append(text[at:start])
        if shown == DOLLAR:
            out.append(shown * (end - start))
        else:
            out.append(f"\ufdd4m{len(kept)}\ufdd5")
            kept.append(shown)
        at = end
    out.append(text[at:])
    return "".join(out), kept


def may_have(text: str) -> bool:
    """Tell whether a text may have formulas, or dollars that could be taken for one."""
    return ("$" in text and text.count("$") > 1) or (
        "\\" in text and ("\\(" in text or "\\[" in text)
    )


def found(text: str, code: list[Span]) -> list[Formula]:
    """Return the formulas of a text outside of `code`, and the dollars to be escaped (`DOLLAR`)."""
    formulas = _bracketed(text, code) if "\\(" in text or "\\[" in text else []
    return _with_dollars(text, code, formulas) if "$" in text else formulas


def put_back(text: str, formulas: list[str]) -> str:
    """Replace the marks by their formulas."""
    return _MARK.sub(lambda mark: formulas[int(mark[1])], text) if formulas else text


def _inside(at: int, spans: list[Span]) -> bool:
    number = bisect_right(spans, (at, len(spans) and spans[-1][1])) - 1
    return number >= 0 and at < spans[number][1]


def _bracketed(text: str, code: list[Span]) -> list[Formula]:
    r"""Find `\(…\)` within a paragraph, and `\[…\]` alone on its lines."""
    formulas: list[Formula] = []
    opened, since = "", 0
    for token in _BRACKET.finditer(text):
        start, end = token.span()
        mark = token[0][1]
        if mark == "\\" or (code and _inside(start, code)):
            continue
        if mark == "(" and opened != "[":
            opened, since = "(", start
        elif mark == "[" and opened != "[" and _is_first(text, start):
            opened, since = "[", start
        elif mark == ")" and opened == "(":
            inner = text[since + 2 : start].strip()
            if inner and "\ufdd4" not in inner and not _BLANK_LINE.search(inner):
                if "$" in inner:
                    inner = _DOLLAR.sub(r"\\$", inner)
                formulas.append(Formula(since, end, f"${_tame(inner)}$"))
            opened = ""
        elif mark == "]" and opened == "[":
            inner = text[since + 2 : start]
            if _AFTER.match(text, end) and _is_display(inner):
                shown = _tame(inner) if "\n" in inner else _tame(inner).strip()
                formulas.append(Formula(since, end, f"$${shown}$$"))
            opened = ""
    return formulas


def _is_first(text: str, at: int) -> bool:
    """Tell whether only signs of a list or a quote are before `at` on its line."""
    line = text.rfind("\n", max(0, at - 100), at) + 1
    return (line > 0 or at <= 100) and _BEFORE.fullmatch(text, line, at) is not None


def _is_display(inner: str) -> bool:
    """Tell a formula from words or a number in brackets, `[see note]` or `[1]`."""
    words = inner.strip()
    if not words or "\ufdd4" in words or _BLANK_LINE.search(inner):
        return False
    return not (
        "\n" not in words
        and _PLAIN.fullmatch(words)
        and (words.isdigit() or _LONG_WORD.search(words))
    )


class _Run(NamedTuple):
    start: int
    end: int
    paragraph: int


def _with_dollars(text: str, code: list[Span], brackets: list[Formula]) -> list[Formula]:
    """Add the formulas between dollars to `brackets`, and the dollars to be escaped."""
    runs = _runs(text, code, [(formula.start, formula.end) for formula in brackets])
    last = {
        run.paragraph: run.start for run in runs if not text[run.start - 1 : run.start].isspace()
    }
    result: list[Formula] = []
    number = 0
    doubles = [number for number, run in enumerate(runs) if run.end - run.start > 1]
    while number < len(runs):
        run = runs[number]
        length = run.end - run.start
        other = None
        if length == 1:
            other = _single_closed(text, runs, number)
        elif length == 2:
            other = _double_closed(text, runs, number, doubles)
        if other is not None:
            inner = text[run.end : runs[other].start]
            marks = "$" * length
            result.append(Formula(run.start, runs[other].end, marks + _tame(inner) + marks))
            number = other
        elif length > 1 or (
            not text[run.end : run.end + 1].isspace() and last.get(run.paragraph, -1) > run.start
        ):
            result.append(Formula(run.start, run.end, DOLLAR))
        number += 1
    covered = [(formula.start, formula.end) for formula in result if formula.shown != DOLLAR]
    brackets = [
        formula for formula in brackets if not (covered and _inside(formula.start, covered))
    ]
    return sorted([*result, *brackets])


def _runs(text: str, code: list[Span], formulas: list[Span]) -> list[_Run]:
    """Return the dollars outside of code and formulas, with the number of their paragraph."""
    runs: list[_Run] = []
    paragraph = 0
    for token in _DOLLARS.finditer(text):
        if token[0][0] == "\n":
            paragraph += 1
        elif token[0][0] == "$":
            start, end = token.span()
            if not (code and _inside(start, code)) and not (formulas and _inside(start, formulas)):
                runs.append(_Run(start, end, paragraph))
    return runs


def _single_closed(text: str, runs: list[_Run], number: int) -> int | None:
    """Find the dollar that closes a formula within a line."""
    run = runs[number]
    if number + 1 == len(runs):
        return None
    other = runs[number + 1]
    if (
        other.paragraph != run.paragraph
        or other.end - other.start > 1
        or other.start - run.end > _LONGEST
    ):
        return None
    inner = text[run.end : other.start]
    before, after = text[run.start - 1 : run.start], text[other.end : other.end + 1]
    if not inner or inner != inner.strip() or "`" in inner or "\ufdd4" in inner or "\n" in inner:
        return None
    if before.isalnum() or after.isalnum() or not _is_formula(inner):
        return None
    return number + 1


def _double_closed(text: str, runs: list[_Run], number: int, doubles: list[int]) -> int | None:
    """Find the `$$` that closes a formula which `runs[number]` opens."""
    after = bisect_right(doubles, number)
    if after == len(doubles):
        return None
    run, other = runs[number], runs[doubles[after]]
    if other.end - other.start != 2:
        return None
    inner = text[run.end : other.start]
    if "\ufdd4" in inner:
        return None
    if _is_first(text, run.start) and _ALONE.match(text, run.end):
        return doubles[after] if inner.strip() and _AFTER.match(text, other.end) else None
    if other.paragraph != run.paragraph or _NEW_BLOCK.search(inner) or not _is_formula(inner):
        return None
    return doubles[after]


def _is_formula(inner: str) -> bool:
    """Tell a formula from words, prices and names of variables."""
    if _COMMAND.search(inner):
        return True
    if not inner.strip() or _TWO_WORDS.search(inner):
        return False
    return bool(_SIGN.search(inner)) or not _WORD.search(inner)


def _tame(inner: str) -> str:
    """Replace signs that Markdown would take for mark-up by others that TeX shows alike."""
    if "<" in inner:
        inner = _HTML.sub("< ", inner)
    inner = inner.replace("](", "] (")  # a link to readers that know no formulas
    if "\n" in inner:
        if "#" in inner:
            inner = _HASH.sub(r"\n\1\\#", inner)
        inner = _LINES.sub(r"\n\1{\2}", inner)
        if "]:" in inner:
            inner = _DEFINITION.sub(r"\n\1{[}", inner)
    return inner
