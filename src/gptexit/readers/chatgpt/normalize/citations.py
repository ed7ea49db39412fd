"""Replace ChatGPT's markers in the assistant's text by words and links.

Only `resolve` removes markers, for every format. Its result has these properties:

- no character of U+E200 to U+E2FF is left, and no JSON of a marker or widget;
- no bracket is left that removing a marker has emptied;
- every word of a marker that carries words is in the text;
- a source is in the place of its marker, or behind the code or link that holds the marker, else in
  the list of sources that `resolve` returns; none is invented (see `references`).

It is not applied to what the user typed: a person may paste anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from gptexit.chatgpt import take
from gptexit.codes import Oddity
from gptexit.model import Citation, Cited, Raw
from gptexit.readers.chatgpt.normalize import cards, markers, references
from gptexit.readers.chatgpt.normalize.canvas import ATTRIBUTE
from gptexit.readers.chatgpt.normalize.links import cited, clean_url, link, plain, results_of
from gptexit.readers.chatgpt.normalize.markers import PRIVATE, MarkedRegion, Marker
from gptexit.readers.chatgpt.normalize.pieces import MarkerPiece, joined
from gptexit.readers.chatgpt.normalize.references import REF, UNSEEN, Above, Resolver

CITING = ("cite", "filecite")
"""Kinds of markers that have sources and no words."""
CONTAINERS = ("contextList", "writing")
"""Containers that were seen in exports."""
MOST_LISTED = 200
"""Sources at most that are listed under an answer."""
_FORM = attrgetter("form")
_NEAR = 200
"""Characters before and behind a marker in which the ends of its line are searched."""


@dataclass(slots=True)
class Resolved:
    """A text without markers."""

    text: str
    citations: list[Citation]
    sources: list[Cited]
    """Sources of the message that its text does not cite, in their order."""


def may_change(text: str, metadata: Raw) -> bool:
    """Tell, at little cost, whether `resolve` could change `text` or find sources for it."""
    # The metadata takes less time than the text.
    listed = metadata.get("content_references") or metadata.get("citations")
    return bool(listed) or markers.may_hold(text)


def resolve(
    text: str, metadata: Raw, above: Above, oddities: Counter[Oddity], unknown: Counter[str]
) -> Resolved:
    """Return `text` with links and words in place of its markers.

    `metadata` is that of the message; `above` gives that of the messages above it, and is called
    only for a marker that the message does not explain. Counts unexplained markers in `oddities`,
    and markers, references, containers and widgets of unknown kinds in `unknown`.
    """
    found = markers.find(text)
    regions = None
    if "fence" in map(_FORM, found):
        regions = markers.regions(text, found)
        found = _without_lines_of_code(found, regions)
    resolver = Resolver(text, metadata, found, above)
    before = oddities[Oddity.CITATION_UNEXPLAINED]
    pieces = [_piece(marker, text, resolver, oddities, unknown) for marker in found]
    if resolver.may_match_words:
        pieces += _of_words(text, resolver, found)
        # What is added behind words comes before a marker that follows at once.
        pieces.sort(key=lambda piece: (piece.start, piece.end))
    sources: list[Cited] = []
    places = [piece.start for piece in pieces if piece.sources] if found else []
    if places:
        if regions is None:
            regions = markers.regions(text, found, places)
        pieces = _outside(pieces, regions, sources)
    shown, citations = joined(text, pieces)
    sources += _listed(metadata, resolver, unknown)
    if oddities[Oddity.CITATION_UNEXPLAINED] > before and _without_ids(metadata, found, citations):
        sources += results_of(metadata)
    return Resolved(shown, citations, _not_in(sources, shown, citations) if sources else [])


def _without_lines_of_code(found: list[Marker], regions: list[MarkedRegion]) -> list[Marker]:
    """Return the markers without those lines of containers that are in a block of code."""
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
    """Return words that have no references, such as a tool's output, without markers."""
    if markers.may_be_private(text):
        return resolve(text, {}, lambda: iter(()), oddities, unknown).text
    return text


def _piece(
    marker: Marker, text: str, resolver: Resolver, oddities: Counter[Oddity], unknown: Counter[str]
) -> MarkerPiece:
    """Return the piece that replaces one marker."""
    piece = MarkerPiece(marker.start, marker.end, "", [])
    if marker.form == "fence":
        piece.text = _container(marker, unknown)
        piece.sign = not piece.text
        return piece
    if marker.form == "stray":
        piece.sign = marker.kind <= "\ue206"
        if not piece.sign:
            unknown[f"marker: U+{ord(marker.kind):04X}"] += 1
        return piece
    reference, sources = resolver.explain(marker)
    if marker.form == "sign" or (marker.kind in CITING and sources):
        piece.sources = sources
        piece.sign = not piece.sources
        return piece
    widget = cards.unknown_widget(marker)
    if widget:
        unknown[f"widget: {widget}"] += 1
    known = marker.kind in CITING or marker.kind in cards.BY_KIND
    card = cards.card_of(marker, reference) if known else None
    if card is None:
        piece.sources = sources
        if marker.kind not in CITING:
            unknown[f"marker: {marker.kind[:60] or 'without a kind'}"] += 1
            card = cards.any_card(marker, {} if piece.sources else reference or {})
    if card is not None:
        piece.text = _shown(card, marker, text)
    elif marker.kind in cards.ABSENT and (reference or {}).get("type") != "hidden":
        oddities[Oddity.CARD_ABSENT] += 1
        piece.text = f"*Not in the export: {cards.ABSENT[marker.kind]}*"
    if not piece.text and marker.kind in CITING:
        piece.text = _unexplained(marker, reference, oddities)
    return piece


def _unexplained(marker: Marker, reference: Raw | None, oddities: Counter[Oddity]) -> str:
    """Return the words of a citation without sources; count it if it has no words either."""
    words = " ".join(arg for arg in marker.args if not REF.search(arg) and marker.kind == "cite")
    if marker.form == "old" and not references.is_file_name(words):
        words = ""
    if reference is not None and not words:
        if reference.get("type") in UNSEEN:
            return ""
        words = take.string(reference.get("alt")) or take.string(reference.get("title")) or ""
        words = "" if PRIVATE.search(words) else words
    if not words:
        oddities[Oddity.CITATION_UNEXPLAINED] += 1
    return plain(words)


def _container(marker: Marker, unknown: Counter[str]) -> str:
    """Return the title of a container, for the line that opens it; nothing without a title."""
    if marker.kind and marker.kind not in CONTAINERS:
        unknown[f"container: {marker.kind}"] += 1
    titles = [
        value
        for key, value in ATTRIBUTE.findall(marker.args[0])
        if key in ("title", "subject", "name", "label", "heading")
    ]
    return f"**{plain(' '.join(titles))}**\n\n" if titles else ""


def _shown(card: cards.Card, marker: Marker, text: str) -> str:
    """Return a card as a block if its marker is alone in a line, else as words of the line."""
    before = text[max(0, marker.start - _NEAR) : marker.start].rpartition("\n")
    after = text[marker.end : marker.end + _NEAR].partition("\n")
    begins = bool(before[1]) or marker.start < _NEAR
    ends = bool(after[1]) or marker.end + _NEAR > len(text)
    around = PRIVATE.sub("", before[2] + after[0])
    if not (begins and ends) or around.strip():
        return card.inline()
    lines = card.block().split("\n")
    indent = before[2] if not before[2].strip() else ""
    block = "\n".join([lines[0], *(f"{indent}{line}" if line else line for line in lines[1:])])
    # A line that follows at once would go on the list.
    follows = after[2][:1] not in ("", "\n")
    return block + "\n" if follows and len(lines) > 1 else block


def _of_words(text: str, resolver: Resolver, found: list[Marker]) -> Iterator[MarkerPiece]:
    """Yield what is added to ordinary words that a reference matches, outside of markers."""
    at = 0
    for start, end, reference in sorted(resolver.words_matched(), key=lambda match: match[0]):
        while at < len(found) and found[at].end <= start:
            at += 1
        overlaps = at < len(found) and found[at].start < end
        if overlaps or text[start - 2 : start] == "](":
            continue
        words = text[start:end]
        alt = take.string(reference.get("alt"))
        if words.startswith(("http://", "https://")) and alt and "](" not in alt:
            yield MarkerPiece(start, end, link({"title": alt, "url": clean_url(words)}))
        elif reference.get("type") not in UNSEEN:
            sources = references.sources_of(reference)
            new = [source for source in sources if source["url"] and source["url"] not in words]
            if new:
                yield MarkerPiece(end, end, "", new)


def _outside(
    pieces: list[MarkerPiece], regions: list[MarkedRegion], left_out: list[Cited]
) -> list[MarkerPiece]:
    """Move sources behind the code or link that they are in; those in blocks to `left_out`."""
    if not regions:
        return pieces
    moved: dict[int, MarkerPiece] = {}
    at, inside = 0, None
    for piece in pieces:
        while at < len(regions) and regions[at].start <= piece.start:
            if inside is None or regions[at].end > inside.end:
                inside = regions[at]
            at += 1
        if inside is None or piece.start >= inside.end or not piece.sources:
            continue
        if inside.block:
            left_out += piece.sources
        else:
            behind = moved.setdefault(inside.end, MarkerPiece(inside.end, inside.end))
            behind.sources += [source for source in piece.sources if source not in behind.sources]
        piece.sources = []
    return sorted([*pieces, *moved.values()], key=lambda piece: (piece.start, piece.end))


def _listed(metadata: Raw, resolver: Resolver, unknown: Counter[str]) -> Iterator[Cited]:
    """Yield the sources of `sources_footnote`, of unused references, and of `citations`."""
    for reference in resolver.references:
        kind = reference.get("type")
        if kind not in references.KNOWN:
            unknown[f"reference: {str(kind)[:60]}"] += 1
        if kind == "sources_footnote":
            yield from references.sources_of(reference)
        elif id(reference) not in resolver.used and kind not in UNSEEN:
            card = cards.card_of(None, reference)
            yield from card.links() if card else references.sources_of(reference)
    for citation in take.objects(metadata.get("citations")):
        source = cited(take.mapping(citation.get("metadata")))
        if source["url"] or source["title"]:
            yield source


def _without_ids(metadata: Raw, found: list[Marker], citations: list[Citation]) -> bool:
    """Tell whether the message has citing markers, but the export lacks the ids of its results.

    Then all of the results are its sources, though not at which marker.
    """
    citing = any(marker.kind in CITING for marker in found)
    return citing and not citations and not references.listing(metadata).by_ref


def _not_in(sources: list[Cited], text: str, citations: list[Citation]) -> list[Cited]:
    """Return the sources, each once, that the text neither cites nor links to."""
    known = {_key(source) for citation in citations for source in citation["sources"]}
    uncited: list[Cited] = []
    for source in sources:
        if _key(source) in known or len(uncited) >= MOST_LISTED:
            continue
        known.add(_key(source))
        url, title = source["url"], source["title"]
        if (url and url in text) or (not url and title and title in text):
            continue
        uncited.append(source)
    return uncited


def _key(source: Cited) -> str | None:
    return source["url"] or source["title"]
