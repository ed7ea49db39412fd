"""Find markers in the assistant's text: signs that ChatGPT's own page turns into something else.

docs/format.md lists their forms, as seen in exports of 2023 to 2026. This module splits them into
fields; `citations` decides what each one shows.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

PRIVATE = re.compile("[\ue200-\ue2ff]")
"""The characters of a private area of Unicode that ChatGPT uses for markers."""

Form = Literal["marker", "old", "fetch", "oaicite", "sign", "anchor", "stray", "fence"]

_FOUND = re.compile(
    "\ue200(?P<body>[^\ue200\ue201]*)\ue201"
    r"|【(?P<first>\d{1,6})(?::(?P<second>\d{1,6}))?†(?P<name>[^【】\n]{0,200})】"
    r"|【(?P<fetch>\{[^【】\n]{0,4000}\})】"
    r"|:contentReference\[oaicite:(?P<oai>\d{1,6})\](?:\{index=\d{1,6}\})?"
    "|(?P<sign>[\ue203\ue204\ue206])"
    "|\ue202(?P<anchor>turn\\d{1,6}[a-z_]{1,40}\\d{1,6})"
    "|(?P<stray>[\ue200-\ue2ff])"
)
_WITH_COLON = re.compile(r":(?:::|contentReference\[oaicite:)")
"""The beginning of a container, and of `oaicite`."""
_START = re.compile("[\ue200-\ue2ff【]")
_START_WITH_COLON = re.compile("[\ue200-\ue2ff【:]")
_BEGUN = re.compile("\ue200([a-z_]{1,40})(?=\ue202)")
_REFS = re.compile(
    "(?:\ue202turn\\d{1,6}[a-z_]{1,40}\\d{1,6}(?:,turn\\d{1,6}[a-z_]{1,40}\\d{1,6})*)+"
)
_FENCE = re.compile(
    r"^[ \t]{0,3}:{3,}[ \t]*(?:([A-Za-z][\w-]{0,60})[ \t]*(?:\{([^}\n]{0,2000})\})?)?[ \t]*"
    r"(?:\n|\Z)",
    re.MULTILINE,
)
_JSON = json.JSONDecoder()
LONGEST_JSON = 100_000
"""Characters at most in which the end of JSON is searched."""
_EE = b"\xee"
"""The first byte, in UTF-8, of each character of U+E200 to U+E2FF."""
_TICKS = re.compile("`+")
# It is searched in a text with a line end in front, since a pattern that begins with a plain
# character is found several times as fast.
_CODE_FENCE = re.compile(r"\n[ \t>]{0,12}(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(`{3,}|~{3,})([^\n]*)")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_SIGN_OF_CODE = re.compile(r"[`~\[\]()\\\n]")
"""A sign by which code and links are found; most markers have none."""
_BRACKET = re.compile(r"\\.|\[|\](\()?", re.DOTALL)
_TARGET = re.compile(r"\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})?\)")


@dataclass(slots=True)
class Marker:
    """One marker of a text, from `start` to `end`, in code points."""

    start: int
    end: int
    form: Form
    kind: str
    """The word of a `marker` or container; for the old forms `cite`; for a sign its character."""
    args: list[str] = field(default_factory=list)
    numbers: tuple[str, str | None] | None = None
    """Of `【4:0†…】`: both numbers; the second is None in `【31†…】`."""


def may_hold(text: str) -> bool:
    """Tell, at little cost, whether `find` could find a marker in `text`."""
    # Single characters are found several times as fast as words.
    if ":" in text and _WITH_COLON.search(text):
        return True
    return not text.isascii() and ("【" in text or _EE in text.encode("utf-8", "surrogatepass"))


def may_be_private(text: str) -> bool:
    """Tell, at little cost, whether `text` may hold a character of U+E200 to U+E2FF.

    Searching a byte takes a tenth of the time of a regular expression.
    """
    return not text.isascii() and _EE in text.encode("utf-8", "surrogatepass")


def find(text: str) -> list[Marker]:
    """Return the markers of `text` in order; none overlaps another."""
    # Both need a colon: see `may_hold`.
    colon = ":" in text and _WITH_COLON.search(text) is not None
    signs = list(_signs(text, colon=colon))
    if not colon or ":::" not in text:
        return signs
    ends = [sign.end for sign in signs]
    fences = []
    for fence in _fences(text):
        # The JSON of a widget may hold such a line.
        number = bisect_right(ends, fence.start)
        if number == len(signs) or signs[number].start >= fence.end:
            fences.append(fence)
    return sorted([*signs, *fences], key=lambda marker: marker.start)


def _signs(text: str, *, colon: bool) -> Iterator[Marker]:
    at = 0
    # A set of single characters is found several times as fast as the alternatives, and the faster
    # the fewer characters are in the set.
    start = _START_WITH_COLON if colon else _START if "【" in text else PRIVATE
    while begun := start.search(text, at):
        match = _FOUND.match(text, begun.start())
        if match is None:
            at = begun.end()
            continue
        marker = _marker(text, match)
        at = marker.end
        yield marker


def _marker(text: str, match: re.Match[str]) -> Marker:
    start, end = match.span()
    form = match.lastgroup
    if form == "body":
        kind, *args = match["body"].split("\ue202")
        return Marker(start, end, "marker", kind.strip(), args)
    if form == "name":
        numbers = (match["first"], match["second"])
        marker = Marker(start, end, "old", "cite", [match["name"]], numbers)
    elif form == "fetch":
        marker = Marker(start, end, "fetch", "image_fetch", [match["fetch"]])
    elif form == "oai":
        marker = Marker(start, end, "oaicite", "cite", [], (match["oai"], None))
    elif form == "sign":
        marker = Marker(start, end, "sign", match["sign"])
    elif form == "anchor":
        marker = Marker(start, end, "anchor", "cite", [match["anchor"]])
    else:
        marker = _cut_off(text, start) or Marker(start, end, "stray", match["stray"])
    return marker


def _cut_off(text: str, start: int) -> Marker | None:
    """Return the marker at `start` that has no end: the answer was stopped, or is damaged.

    Its arguments are those that are no plain words: references and JSON. JSON that is cut off too
    reaches to the next empty line.
    """
    begun = _BEGUN.match(text, start)
    if begun is None:
        return None
    end = begun.end()
    args: list[str] = []
    if text[end + 1 : end + 2] in ("{", "["):
        begin, end = end + 1, _json_end(text, end + 1)
        args = [text[begin:end]]
    elif refs := _REFS.match(text, end):
        args, end = refs[0][1:].split("\ue202"), refs.end()
    return Marker(start, end, "marker", begun[1], args)


def _json_end(text: str, start: int) -> int:
    limit = min(len(text), start + LONGEST_JSON)
    private = PRIVATE.search(text, start, limit)
    limit = private.start() if private else limit
    blank = text.find("\n\n", start, limit)
    piece = text[start : blank if blank >= 0 else limit]
    try:
        return start + _JSON.raw_decode(piece)[1]
    except (ValueError, RecursionError):
        return start + len(piece)


def _fences(text: str) -> Iterator[Marker]:
    """Yield the lines that open and close containers, except writing blocks (see `canvas`)."""
    stack: list[str] = []
    for line in _FENCE.finditer(text):
        name = line[1] or ""
        if name:
            stack.append(name)
        container = name or (stack.pop() if stack else "")
        if container != "writing":
            yield Marker(line.start(), line.end(), "fence", name, [line[2] or ""])


class MarkedRegion(NamedTuple):
    """A span of Markdown in which nothing may be inserted: code or a link."""

    start: int
    end: int
    block: bool
    """True for a fenced block, False within a line."""


def regions(text: str, found: list[Marker], places: list[int] | None = None) -> list[MarkedRegion]:
    """Return the spans of code and links in `text`, in order.

    `places`: sorted indexes; code within a line is searched only in paragraphs with one of them, or
    in all if None. Brackets and backticks inside of the markers `found` do not count.
    """
    ticks, waves, brackets = "`" in text, "~" in text, "[" in text
    if not (ticks or (waves and "~~~" in text) or (brackets and "](" in text)):
        return []
    text = _without_signs(text, found)
    blocks = list(_blocks(text)) if (ticks and "```" in text) or (waves and "~~~" in text) else []
    spans = _code_spans(text, blocks, places) if ticks else ()
    links = _link_words(text) if brackets and "](" in text else ()
    return sorted([*blocks, *spans, *links], key=lambda region: (region.start, -region.end))


def _without_signs(text: str, found: list[Marker]) -> str:
    """Return `text`, as long as before, with other letters in those of its markers that matter."""
    out: list[str] = []
    at = 0
    for marker in found:
        fence = marker.form == "fence"
        if not fence and _SIGN_OF_CODE.search(text, marker.start, marker.end) is None:
            continue
        filler = " " if fence else "x"
        lines = text[marker.start : marker.end].split("\n")
        out += (text[at : marker.start], "\n".join(filler * len(line) for line in lines))
        at = marker.end
    return "".join([*out, text[at:]]) if out else text


def _blocks(text: str) -> Iterator[MarkedRegion]:
    opened: re.Match[str] | None = None
    for fence in _CODE_FENCE.finditer("\n" + text):
        if opened is None:
            if fence[1][0] == "~" or "`" not in fence[2]:
                opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            # With the line end in front, a line starts in `text` where its match does.
            yield MarkedRegion(opened.start(), fence.end() - 1, True)
            opened = None
    if opened is not None:
        yield MarkedRegion(opened.start(), len(text), True)


def _code_spans(
    text: str, blocks: list[MarkedRegion], places: list[int] | None
) -> Iterator[MarkedRegion]:
    """Yield the code spans outside of `blocks`; none crosses an empty line."""
    begins = [0, *(block.end for block in blocks)]
    ends = [*(block.start for block in blocks), len(text)]
    for begin, end in zip(begins, ends, strict=True):
        if text.find("`", begin, end) < 0 or not _has_place(places, begin, end):
            continue
        at = begin
        for gap in [*_PARAGRAPH.finditer(text, begin, end), None]:
            stop = gap.start() if gap else end
            if text.find("`", at, stop) >= 0 and _has_place(places, at, stop):
                yield from _spans_within(text, at, stop)
            at = gap.end() if gap else end


def _has_place(places: list[int] | None, start: int, stop: int) -> bool:
    """Tell whether one of `places` is between `start` and `stop`, or `places` is None."""
    if places is None:
        return True
    number = bisect_left(places, start)
    return number < len(places) and places[number] <= stop


def _spans_within(text: str, start: int, stop: int) -> Iterator[MarkedRegion]:
    runs = [run.span() for run in _TICKS.finditer(text, start, stop)]
    later: dict[int, list[int]] = {}
    for number in range(len(runs) - 1, -1, -1):
        later.setdefault(runs[number][1] - runs[number][0], []).append(number)
    at = 0
    while at < len(runs):
        same = later[runs[at][1] - runs[at][0]]
        while same and same[-1] <= at:
            same.pop()
        if same:
            yield MarkedRegion(runs[at][0], runs[same[-1]][1], False)
            at = same[-1]
        at += 1


def _link_words(text: str) -> Iterator[MarkedRegion]:
    """Yield each `[words](address)`; not a bracket without an address behind it."""
    stack: list[int] = []
    for bracket in _BRACKET.finditer(text):
        if bracket[0] == "[":
            stack.append(bracket.start())
        elif bracket[0][0] == "]" and stack:
            begun = stack.pop()
            target = _TARGET.match(text, bracket.start() + 1) if bracket[1] else None
            if target:
                yield MarkedRegion(begun, target.end(), False)
