"""From what the assistant wrote, with ChatGPT's markers in it, to text with links that last.

`resolve` is the one place where markers are taken out, for every format. What holds of its result:

- no character of U+E200 to U+E2FF is left, and no JSON of a marker or widget;
- no bracket is left that taking a marker out has emptied;
- every word of a marker that carries words is in the text;
- a source stands where its marker stood, behind code or a link that it stood in, else in the list
  of sources that `resolve` returns; none is invented (see `references`).

What the user typed is not given to it: a person may paste anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gptexit.chatgpt import take
from gptexit.codes import Oddity
from gptexit.model import Citation, Cited, Raw
from gptexit.readers.chatgpt.normalize import markers
from gptexit.readers.chatgpt.normalize.cards import (
    BY_KIND,
    PROMISING,
    Card,
    absent,
    any_card,
    card_of,
    unknown_widget,
)
from gptexit.readers.chatgpt.normalize.leftovers import closed_up
from gptexit.readers.chatgpt.normalize.links import cited, link, plain
from gptexit.readers.chatgpt.normalize.markers import PRIVATE, MarkedRegion, Marker
from gptexit.readers.chatgpt.normalize.references import (
    KNOWN,
    LISTED,
    NOT_PAIRED,
    REF,
    UNSEEN,
    Above,
    Resolver,
    is_file_name,
    listing,
    sources_of,
)

CITING = ("cite", "filecite")
"""Kinds of markers that stand for sources and carry no words."""
CONTAINERS = ("contextList", "writing")
"""Containers that were seen in exports."""
MOST_LISTED = 200
"""Sources at most that are listed under an answer."""


@dataclass(slots=True)
class Resolved:
    """A text without markers."""

    text: str
    citations: list[Citation] = field(default_factory=list)
    sources: list[Cited] = field(default_factory=list)
    """Sources of the message that its text does not cite, in their order."""


def may_change(text: str, metadata: Raw) -> bool:
    """Tell, at little cost, whether `resolve` could change `text` or find sources for it."""
    # What the metadata tells costs less than a look at the text.
    told = metadata.get("content_references") or metadata.get("citations")
    return bool(told) or markers.may_hold(text)


@dataclass(slots=True)
class _Piece:
    """What stands in place of a marker."""

    start: int
    end: int
    text: str = ""
    sources: list[Cited] = field(default_factory=list)
    """Shown as links in parentheses, behind `text`."""
    sign: bool = False
    """True where nothing was ever to be seen, so that nothing around it changes either."""


def resolve(
    text: str,
    metadata: Raw,
    above: Above,
    oddities: Counter[Oddity],
    unknown: Counter[str],
) -> Resolved:
    """Return `text` with links and words in place of its markers.

    `metadata` is that of the message; `above` gives that of the messages above it, and is asked
    only for what the message does not explain. Counts in `oddities` what nothing explains, and in
    `unknown` markers, references, containers and widgets of kinds that nobody knows.
    """
    found = markers.find(text)
    regions = None
    if any(marker.form == "fence" for marker in found):
        regions = markers.regions(text, found)
        found = _without_lines_of_code(found, regions)
    resolver = Resolver(text, metadata, found, above)
    before = oddities[Oddity.CITATION_UNEXPLAINED]
    pieces = [_piece(marker, text, resolver, oddities, unknown) for marker in found]
    if resolver.may_match_words:
        spans = [(marker.start, marker.end) for marker in found]
        pieces += _of_words(text, resolver, spans)
        # What is added behind words stands before a marker that follows at once.
        pieces.sort(key=lambda piece: (piece.start, piece.end))
    left_out: list[Cited] = []
    places = [piece.start for piece in pieces if piece.sources] if found else []
    if places:
        if regions is None:
            regions = markers.regions(text, found, places)
        pieces = _outside(pieces, regions, left_out)
    shown, citations = _joined(text, pieces)
    sources = [*left_out, *_listed(metadata, resolver, unknown)]
    if oddities[Oddity.CITATION_UNEXPLAINED] > before and _without_ids(metadata, found, citations):
        sources += _results(metadata)
    return Resolved(shown, citations, _not_in(sources, shown, citations) if sources else [])


def _without_lines_of_code(found: list[Marker], regions: list[MarkedRegion]) -> list[Marker]:
    """Return the markers without the lines of containers that stand in a block of code."""
    blocks = [region for region in regions if region.block]
    kept, at = [], 0
    for marker in found:
        while at < len(blocks) and blocks[at].end <= marker.start:
            at += 1
        in_code = at < len(blocks) and blocks[at].start <= marker.start
        if marker.form != "fence" or not in_code:
            kept.append(marker)
    return kept


def words_only(text: str, oddities: Counter[Oddity], unknown: Counter[str]) -> str:
    """Return `text` without markers. For words that have no references, such as a tool's output."""
    if markers.may_be_private(text):
        return resolve(text, {}, _nothing_above, oddities, unknown).text
    return text


def _nothing_above() -> Iterator[Raw]:
    return iter(())


def _piece(
    marker: Marker, text: str, resolver: Resolver, oddities: Counter[Oddity], unknown: Counter[str]
) -> _Piece:
    """Return what stands in place of one marker."""
    piece = _Piece(marker.start, marker.end)
    if marker.form == "fence":
        return _fence(marker, piece, unknown)
    if marker.form == "stray":
        piece.sign = marker.kind <= "\ue206"
        if not piece.sign:
            unknown[f"marker: U+{ord(marker.kind):04X}"] += 1
        return piece
    explained = resolver.explain(marker)
    if marker.kind in CITING and explained.sources:
        piece.sources = explained.sources
        return piece
    if marker.form == "sign":
        piece.sources = explained.sources
        piece.sign = not piece.sources
        return piece
    widget = unknown_widget(marker)
    if widget:
        unknown[f"widget: {widget}"] += 1
    known = marker.kind in CITING or marker.kind in BY_KIND
    card = card_of(marker, explained.reference) if known else None
    if card is None:
        piece.sources = explained.sources
        if marker.kind not in CITING:
            unknown[f"marker: {marker.kind[:60] or 'without a kind'}"] += 1
            card = any_card(marker, None if piece.sources else explained.reference)
    if card is not None:
        piece.text = _shown(card, marker, text)
    elif marker.kind in PROMISING and not _is_hidden(explained.reference):
        oddities[Oddity.CARD_ABSENT] += 1
        piece.text = absent(marker.kind)
    if piece.text or marker.kind not in CITING:
        return piece
    return _unexplained(marker, piece, explained.reference, oddities)


def _is_hidden(reference: Raw | None) -> bool:
    return reference is not None and reference.get("type") == "hidden"


def _unexplained(
    marker: Marker, piece: _Piece, reference: Raw | None, oddities: Counter[Oddity]
) -> _Piece:
    """Return the words of a citation without sources; count it where it has none."""
    words = " ".join(arg for arg in marker.args if not REF.search(arg) and marker.kind == "cite")
    if marker.form == "old" and not is_file_name(words):
        words = ""
    if reference is not None and not words:
        if reference.get("type") in UNSEEN:
            return piece
        words = take.string(reference.get("alt")) or take.string(reference.get("title")) or ""
        words = "" if PRIVATE.search(words) else words
    if words:
        piece.text = plain(words)
    else:
        oddities[Oddity.CITATION_UNEXPLAINED] += 1
    return piece


def _fence(marker: Marker, piece: _Piece, unknown: Counter[str]) -> _Piece:
    """Return the title of a container in place of the line that opens it."""
    if marker.kind and marker.kind not in CONTAINERS:
        unknown[f"container: {marker.kind}"] += 1
    titles = [
        value
        for key, value in _ATTRIBUTE.findall(marker.args[0] if marker.args else "")
        if key in ("title", "subject", "name", "label", "heading")
    ]
    if titles:
        piece.text = f"**{plain(' '.join(titles))}**\n\n"
    else:
        piece.sign = True
    return piece


_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


_NEAR = 200
"""Characters before and behind a marker that are looked at for the ends of its line."""


def _shown(card: Card, marker: Marker, text: str) -> str:
    """Return a card as a block where its marker stands alone in a line, else within the line."""
    before = text[max(0, marker.start - _NEAR) : marker.start].rpartition("\n")
    after = text[marker.end : marker.end + _NEAR].partition("\n")
    begins = bool(before[1]) or marker.start < _NEAR
    ends = bool(after[1]) or marker.end + _NEAR > len(text)
    around = PRIVATE.sub("", before[2] + after[0])
    if not (begins and ends) or around.strip():
        return card.inline()
    lines = card.block().split("\n")
    indent = before[2] if not before[2].strip() else ""
    joined = "\n".join([lines[0], *(f"{indent}{line}" if line else line for line in lines[1:])])
    # A line that follows at once would go on the list.
    follows = after[2][:1] not in ("", "\n")
    return joined + "\n" if follows and len(lines) > 1 else joined


def _of_words(text: str, resolver: Resolver, taken: list[tuple[int, int]]) -> Iterator[_Piece]:
    """Yield what is added to ordinary words that a reference stands for: they stay as they are."""
    at = 0
    for start, end, reference in sorted(resolver.words_matched(), key=lambda match: match[0]):
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] < end:
            continue
        words = text[start:end]
        alt = take.string(reference.get("alt"))
        if words.startswith(("http://", "https://")) and alt and "](" not in alt:
            source: Cited = {"title": alt, "url": cited({"url": words})["url"]}
            if text[start - 2 : start] != "](" and source["url"]:
                yield _Piece(start, end, link(source))
            continue
        sources = [] if reference.get("type") in UNSEEN else list(sources_of(reference))
        new = [source for source in sources if source["url"] and source["url"] not in words]
        if new and text[start - 2 : start] != "](":
            yield _Piece(end, end, "", new)


def _outside(
    pieces: list[_Piece], regions: list[MarkedRegion], left_out: list[Cited]
) -> list[_Piece]:
    """Return the pieces with their sources moved behind code and links; of blocks to `left_out`."""
    if not regions:
        return pieces
    made: list[_Piece] = []
    moved: dict[int, _Piece] = {}
    at, inside = 0, None
    for piece in pieces:
        while at < len(regions) and regions[at].start <= piece.start:
            if inside is None or regions[at].end > inside.end:
                inside = regions[at]
            at += 1
        made.append(piece)
        if inside is None or piece.start >= inside.end:
            continue
        if not piece.sources:
            continue
        if inside.block:
            left_out += piece.sources
        else:
            behind = moved.setdefault(inside.end, _Piece(inside.end, inside.end))
            behind.sources += [source for source in piece.sources if source not in behind.sources]
        piece.sources = []
    return sorted([*made, *moved.values()], key=lambda piece: (piece.start, piece.end))


def _joined(text: str, pieces: list[_Piece]) -> tuple[str, list[Citation]]:
    """Return `text` with the pieces in it, and where their sources are cited.

    Each piece becomes one letter first that the text does not have: so brackets, marks and spaces
    around those that show nothing can be told, and go with them.
    """
    if not pieces:
        return text, []
    empty, full = _letters(text)
    out: list[str] = []
    at = 0
    for piece in pieces:
        if piece.start < at:
            continue
        if piece.start > at:
            out.append(text[at : piece.start])
        if not piece.sign:
            out.append(full if piece.text or piece.sources else empty)
        elif out and out[-1].rstrip(" \t")[-1:] in (*_OPENINGS, empty):
            out.append(empty)  # a sign that may be alone in brackets
        at = piece.end
    out.append(text[at:])
    held = "".join(out)
    if empty in held:
        held = closed_up(held, empty)
    placed = _placed(pieces)
    return _filled(held, full, [piece for piece in placed if piece.text or piece.sources])


def _placed(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Yield the pieces that have a place: none that begins within another."""
    at = 0
    for piece in pieces:
        if piece.start >= at:
            yield piece
            at = piece.end


def _letters(text: str) -> tuple[str, str]:
    """Return two characters that are no text in Unicode and do not stand in `text`."""
    free = (letter for letter in _NO_TEXT if letter not in text)
    return next(free, "\ue2fe"), next(free, "\ue2ff")


_OPENINGS = frozenset("([（【「")
_NO_TEXT = "".join(map(chr, range(0xFDD0, 0xFDF0)))


def _filled(held: str, full: str, pieces: list[_Piece]) -> tuple[str, list[Citation]]:
    """Return the text with links and words in place of `full`, and where the links stand."""
    out: list[str] = []
    citations: list[Citation] = []
    length = 0

    def add(words: str) -> None:
        nonlocal length
        out.append(words)
        length += len(words)

    parts = held.split(full)
    add(parts[0])
    for number, piece in enumerate(pieces):
        after = parts[number + 1]
        if piece.text[:1] == "*" and out[-1] and not out[-1][-1].isspace():
            add(" ")  # emphasis begins at a space
        add(piece.text)
        if not piece.sources:
            add(after)
            continue
        links = ", ".join(map(link, piece.sources))
        last = piece.text or out[-2]
        begin = length
        if not piece.text and last.endswith(("(", "（")) and after.startswith((")", "）")):
            # The brackets of the text serve, and belong to the citation.
            begin -= 2 if last[-2:-1] == " " else 1
            shown, end = links, length + len(links) + 1
        else:
            shown = f" ({links})" if last and not last[-1].isspace() else f"({links})"
            end = length + len(shown)
        citations.append({"start": begin, "end": end, "sources": piece.sources})
        add(shown)
        add(after)
    return "".join(out), citations


def _listed(metadata: Raw, resolver: Resolver, unknown: Counter[str]) -> Iterator[Cited]:
    """Yield the sources that the message lists and that no marker of it stands for.

    Those of `sources_footnote`, of references that explained nothing, and of `citations`.
    """
    for reference in resolver.references:
        kind = reference.get("type")
        if kind not in KNOWN:
            unknown[f"reference: {str(kind)[:60]}"] += 1
        if kind in LISTED:
            yield from sources_of(reference)
        elif id(reference) not in resolver.used and kind not in (*UNSEEN, *NOT_PAIRED):
            card = card_of(None, reference)
            yield from card.links() if card else sources_of(reference)
    for citation in take.objects(metadata.get("citations")):
        source = cited(take.mapping(citation.get("metadata")))
        if source["url"] or source["title"]:
            yield source


def _without_ids(metadata: Raw, found: list[Marker], citations: list[Citation]) -> bool:
    """Tell whether the message has results whose ids were dropped, and markers that mean them.

    Which of the results each marker means is lost then; that they are its sources is not.
    """
    if not any(marker.kind in CITING for marker in found) or listing(metadata).by_ref:
        return False
    return not citations


def _results(metadata: Raw) -> Iterator[Cited]:
    for group in take.objects(metadata.get("search_result_groups")):
        yield from map(cited, take.objects(group.get("entries")))


def _not_in(sources: list[Cited], text: str, citations: list[Citation]) -> list[Cited]:
    """Return the sources, each once, that the text neither cites nor links to."""
    known = {_key(source) for citation in citations for source in citation["sources"]}
    made: list[Cited] = []
    for source in sources:
        if _key(source) in known or len(made) >= MOST_LISTED:
            continue
        known.add(_key(source))
        url, title = source["url"], source["title"]
        if (url and url in text) or (not url and title and title in text):
            continue
        made.append(source)
    return made


def _key(source: Cited) -> str | None:
    return source["url"] or source["title"]
