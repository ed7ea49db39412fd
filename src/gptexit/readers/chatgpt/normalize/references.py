"""Explain the markers of a message by its metadata.

docs/format.md tells which source belongs to which marker: by `matched_text` ("fat" exports, until
mid-2026), else by the order of the references ("slim" ones, since then), else by the id or number
in the marker. If nothing fits there is no source: a wrong one is worse than none.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from gptexit.chatgpt import take
from gptexit.model import Cited, Raw
from gptexit.readers.chatgpt.normalize import markers
from gptexit.readers.chatgpt.normalize.links import cited, links_in
from gptexit.readers.chatgpt.normalize.markers import Marker

# Tuples, since the value that is looked for may be of any type.
NOT_PAIRED = ("attribution", "sources_footnote", "followup_a", "navigation")
"""Types of references that belong to no marker."""
UNSEEN = ("hidden", "attribution", "followup_a", "navigation")
"""Types that show nothing."""
KNOWN = (
    *NOT_PAIRED,
    *("hidden", "webpage", "webpage_extended", "grouped_webpages", "file", "entity", "image_v2"),
    *("grouped_webpages_model_predicted_fallback", "image_inline", "image_group", "alt_text"),
    *("product_entity", "products", "video", "nav_list", "businesses_map", "tldr", "url"),
    *("client_defined_widget", "forecast", "finance"),
)
"""Every type that was seen in an export."""
REF = re.compile(r"turn\d+[a-z_]+\d+")
LONGEST_MATCH = 100_000
"""Characters of a `matched_text` at most."""
MOST_WORDS_MATCHED = 1_000
"""References at most that are searched as words of the text."""
DEEPEST = 1_000
"""Messages above at most in which an id is searched."""
_PAIRED = ("marker", "old", "fetch", "sign")
_ONE_TYPE = {
    "genui": ("client_defined_widget",),
    "image_group": ("image_group",),
    "url": ("url",),
    "video": ("video",),
    "navlist": ("nav_list",),
    "filecite": ("file",),
    "products": ("products",),
    "product_entity": ("product_entity",),
}
"""Types of references for the kinds of markers that have one type alone."""
_PAIRS = {
    "\ue203": ("hidden",),
    "\ue204": ("hidden",),
    "sign": ("hidden", "grouped_webpages", "grouped_webpages_model_predicted_fallback"),
    **{kind: (*types, "alt_text", "hidden") for kind, types in _ONE_TYPE.items()},
    "entity": ("entity", "alt_text", "hidden"),
    "old": ("webpage_extended", "webpage", "file", "hidden"),
    "fetch": ("image_v2", "image_inline", "hidden"),
}
"""Types of references seen with a kind or form of marker; of other kinds the ids decide."""


@dataclass(slots=True)
class Listing:
    """The sources of one message, by id and number, for itself and for the messages below it."""

    by_ref: dict[str, Cited] = field(default_factory=dict)
    """`turn0search3` to its source."""
    numbered: list[Cited] | None = None
    """The list that `n` in `【n†…】` is an index of (`_cite_metadata` of a tool, 2023 to 2025)."""
    named: dict[str, Cited] = field(default_factory=dict)
    """The name of a file to its source."""


Above = Callable[[], Iterator[Raw]]
"""Gives the metadata of the messages above, the nearest first, back to the user's message."""


def listing(metadata: Raw) -> Listing:
    """Return the sources in one message's metadata, by id and number."""
    known = Listing()
    for group in take.objects(metadata.get("search_result_groups")):
        for entry in take.objects(group.get("entries")):
            _add(known, entry.get("ref_id"), entry)
    for reference in take.objects(metadata.get("content_references")):
        for item in take.objects(reference.get("items")):
            refs = item.get("refs")
            for ref in refs if isinstance(refs, list) else ():
                _add(known, ref, item)
    numbered = take.mapping(metadata.get("_cite_metadata")).get("metadata_list")
    if isinstance(numbered, list):
        known.numbered = [cited(take.mapping(item)) for item in numbered]
        for source in known.numbered:
            if source["title"]:
                known.named.setdefault(source["title"], source)
    return known


def _add(known: Listing, ref: object, item: Raw) -> None:
    if isinstance(ref, dict):
        turn, kind, index = ref.get("turn_index"), ref.get("ref_type"), ref.get("ref_index")
        ref = f"turn{turn}{kind}{index}"
    if isinstance(ref, str):
        known.by_ref.setdefault(ref, cited(item))


class Resolver:
    """Explains the markers of one message."""

    def __init__(self, text: str, metadata: Raw, found: list[Marker], above: Above) -> None:
        """`found`: the markers of `text`; `above` is called only if they are not explained here."""
        self._text = text
        self._metadata = metadata
        self._above = above
        self.references = take.objects(metadata.get("content_references"))
        self.used: set[int] = set()
        """The identities (`id`) of the references that explained a marker or words."""
        self.may_match_words = False
        """False if `words_matched` certainly yields nothing."""
        self._matched: dict[str, deque[Raw]] = {}
        for reference in self.references:
            matched = reference.get("matched_text")
            if isinstance(matched, str) and 0 < len(matched) <= LONGEST_MATCH:
                marker = _single(matched)
                self._matched.setdefault(marker, deque()).append(reference)
                if marker[0] != "\ue200":
                    self.may_match_words = True
        self._by_order = self._paired(found)

    def explain(self, marker: Marker) -> tuple[Raw | None, list[Cited]]:
        """Return the reference and the sources of `marker`."""
        reference = self._by_match(marker) or self._by_order.get(marker.start)
        if reference is not None:
            self.used.add(id(reference))
            kind = reference.get("type")
            if kind == "hidden":
                return reference, []
            if kind not in UNSEEN:
                # If the reference holds nothing, the ids may still lead to a source.
                return reference, sources_of(reference) or self._by_refs(marker)
        numbered = marker.form in ("old", "oaicite")
        return None, self._by_number(marker) if numbered else self._by_refs(marker)

    def words_matched(self) -> Iterator[tuple[int, int, Raw]]:
        """Yield start, end and reference of the ordinary words that references match."""
        for matched, references in islice(self._matched.items(), MOST_WORDS_MATCHED):
            if not matched.strip() or markers.may_hold(matched):
                continue
            end = 0
            for reference in references:
                start = self._text.find(matched, end)
                if start < 0 or reference.get("type") in NOT_PAIRED:
                    break
                end = start + len(matched)
                self.used.add(id(reference))
                yield start, end, reference

    def _by_match(self, marker: Marker) -> Raw | None:
        """Return the next reference whose `matched_text` is the marker; again the last if none.

        Exports were seen with fewer references than equal markers.
        """
        references = self._matched.get(self._text[marker.start : marker.end])
        if not references:
            return None
        return references.popleft() if len(references) > 1 else references[0]

    def _paired(self, found: list[Marker]) -> dict[int, Raw]:
        """Return the slim references, by the start of their markers."""
        if self._matched:
            return {}
        slim = [
            reference
            for reference in self.references
            if reference.get("matched_text") is None and reference.get("type") not in NOT_PAIRED
        ]
        if not slim:
            return {}
        paired = [marker for marker in found if marker.form in _PAIRED]
        if len(paired) == len(slim) and all(map(_fits, paired, slim)):
            return {marker.start: slim[number] for number, marker in enumerate(paired)}
        by_kind: dict[int, Raw] = {}
        for kind, types in _ONE_TYPE.items():
            starts = [marker.start for marker in paired if marker.kind == kind]
            of_type = [reference for reference in slim if reference.get("type") in types]
            if len(starts) == len(of_type):
                by_kind |= zip(starts, of_type, strict=True)
        return by_kind

    @cached_property
    def _own(self) -> Listing:
        return listing(self._metadata)

    @cached_property
    def _others(self) -> list[Listing]:
        return list(map(listing, islice(self._above(), DEEPEST)))

    def _listings(self) -> Iterator[Listing]:
        """Yield the message's own listing and those above, the nearest first."""
        yield self._own
        yield from self._others

    def _by_refs(self, marker: Marker) -> list[Cited]:
        sources: list[Cited] = []
        for ref in _refs_of(marker):
            for known in self._listings():
                source = known.by_ref.get(ref)
                if source is not None:
                    if source not in sources:
                        sources.append(source)
                    break
        return sources

    def _by_number(self, marker: Marker) -> list[Cited]:
        """Return the source of `【m:n†name】` by both numbers, of `【n†…】` by the nearest list."""
        assert marker.numbers is not None
        name = marker.args[0].strip() if marker.args else ""
        own = self._own_citation(marker, name)
        if own is not None:
            return [own]
        first, second = marker.numbers
        for known in self._listings():
            if second is None and known.numbered is not None:
                number = int(first)
                return known.numbered[number : number + 1]
            if name in known.named:
                return [known.named[name]]
        return [{"title": name, "url": None}] if is_file_name(name) else []

    def _own_citation(self, marker: Marker, name: str) -> Cited | None:
        """Return the source of an old marker among the message's own `citations`.

        The span decides, which was right in every export that has it, then the numbers, then the
        file's name.
        """
        by_number = by_name = None
        for citation in take.objects(self._metadata.get("citations")):
            inner = take.mapping(citation.get("metadata"))
            if (citation.get("start_ix"), citation.get("end_ix")) == (marker.start, marker.end):
                return cited(inner)
            extra = take.mapping(inner.get("extra"))
            if by_number is None and _numbers(extra) == marker.numbers:
                by_number = cited(inner)
            if by_name is None and name and inner.get("name") == name:
                by_name = cited(inner)
        return by_number or by_name


def _numbers(extra: Raw) -> tuple[str, str | None] | None:
    """Return the numbers that a citation's marker has, as strings."""
    message, result = extra.get("cited_message_idx"), extra.get("search_result_idx")
    if not isinstance(message, int):
        return (str(result), None) if isinstance(result, int) else None
    return str(message), str(result) if isinstance(result, int) else None


def is_file_name(name: str) -> bool:
    """Tell whether the words of an old marker are a file name, not `source` or lines of a page."""
    return bool(name) and name != "source" and not re.fullmatch(r"L\d+(?:-L?\d+)?", name)


def _fits(marker: Marker, reference: Raw) -> bool:
    """Tell whether a pair by order can be right, by the pairs seen in exports."""
    kind = reference.get("type")
    if kind is None:
        return False
    types = _PAIRS.get(marker.kind) or _PAIRS.get(marker.form)
    if types is not None:
        return kind in types
    wanted = set(_refs_of(marker))
    listed = set(listing({"content_references": [reference]}).by_ref)
    return not wanted or not listed or bool(wanted & listed)


def _refs_of(marker: Marker) -> list[str]:
    """Return the ids in the arguments of a marker, such as `turn0search3`."""
    return [ref for arg in marker.args for ref in REF.findall(arg[:10_000])]


def _single(matched: str) -> str:
    """Return the only marker within a `matched_text`; `matched` itself if there is not one."""
    framed = matched.startswith("\ue200") and matched.endswith("\ue201")
    if (framed and matched.count("\ue200") == 1) or not markers.may_hold(matched):
        return matched
    found = [marker for marker in markers.find(matched) if marker.form != "sign"]
    return matched[found[0].start : found[0].end] if len(found) == 1 else matched


def sources_of(reference: Raw) -> list[Cited]:
    """Return the sources of one content reference, each address once."""
    items: list[Raw] = []
    for name in ("items", "fallback_items", "sources"):
        if items := take.objects(reference.get(name)):
            break
    known: dict[str, Cited] = {}
    for item in items:
        beside = item.get("supporting_websites")
        for part in (item, *take.objects(beside)) if beside else (item,):
            source = cited(part)
            key = source["url"] or (source["title"] if part.get("type") == "file" else None)
            if key and key not in known:
                known[key] = source
    return list(known.values()) if items else _own_sources(reference)


def _own_sources(reference: Raw) -> list[Cited]:
    """Return the sources that a reference without items is or links to, each address once."""
    own = cited(reference)
    if own["url"] or (reference.get("type") == "file" and own["title"]):
        return [own]
    if reference.get("type") in ("image_v2", "image_inline", "image_group"):
        return []
    known: dict[str, Cited] = {}
    for source in links_in(reference.get("alt")):
        key = source["url"] or source["title"]
        if key:
            known.setdefault(key, source)
    return list(known.values())
