"""Who speaks in a note, by its headings; and what of it a reader would not see.

A message stands below `## You` or `## ChatGPT`, behind which the model and the time may follow. The
words of a note may hold such lines too, in code; those are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)*(`{3,}|~{3,})([^\n]*)")
_VOICE = re.compile(r"## (You|ChatGPT|Tool)\b(?: \([^\n]*\))?(?:,[^\n]*\d\d:\d\d)?[ \t]*\Z")
_SPAN = re.compile(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)")
_FOOTNOTE = re.compile(r"(?<!\\)\[\^(\d{1,9})\](?!:)")
_HIDES = re.compile(r"(?<!\\)<!--|(?<![\\%])%%(?!%)")


def lines_of(text: str, begin: int) -> Iterator[tuple[int, str, bool]]:
    """Yield each line of a note from `begin` on: where it starts, itself, whether it is code."""
    fence = ""
    at = begin
    for line in text[begin:].split("\n"):
        found = _FENCE.match(line)
        if fence:
            closes = found and found[1].startswith(fence) and not found[2].strip()
            yield at, line, True
            if closes:
                fence = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            yield at, line, True
        else:
            yield at, line, False
        at += len(line) + 1


def footnotes_in(text: str, begin: int) -> set[str]:
    """Return the numbers of the footnotes that a note names, outside of code."""
    return {
        number
        for _, line, code in lines_of(text, begin)
        if not code and "[^" in line and line[:4] != "    "
        for number in _FOOTNOTE.findall(_SPAN.sub("", line[:4_000]))
    }


def voices_in(text: str, begin: int) -> tuple[dict[int, bool], str | None]:
    """Return the headings of speakers, by where they start, and the first sign that hides text.

    True: the heading is the user's. Of signs a comment of HTML counts, and one of Obsidian's
    outside of formulas.
    """
    voices: dict[int, bool] = {}
    hides = None
    formula = False
    for at, line, code in lines_of(text, begin):
        if code:
            continue
        if line.startswith("## "):
            found = _VOICE.match(line)
            if found:
                voices[at] = found[1] == "You"
        formula ^= line.count("$$") % 2 == 1
        if hides is None and ("<!--" in line or "%%" in line) and line[:4] != "    ":
            sign = _HIDES.search(_SPAN.sub("", line[:4_000]))
            if sign and not (sign[0] == "%%" and formula):
                hides = sign[0]
    return voices, hides
