"""Citations: from the markers in a message's text to links that last.

ChatGPT marks a citation by private-use characters, `U+E200 cite U+E202 turn0search3 U+E201`, or in
older chats by `【31†L27-L35】`. Neither says anything to a reader. Three sources tell what a marker
stands for, in this order: `metadata.content_references`, whose `matched_text` is the marker itself;
`metadata.search_result_groups` of any message of the conversation, by `turn0search3`; and the
citation lists of older chats, by their number. A marker that none of them explains is dropped, and
counted. Start and end indices in the source are in disputed units, so they only break ties.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from gptexit.chatgpt import take
from gptexit.model import Citation, Cited, Raw

MARKER = re.compile("\ue200([^\ue200\ue201]*)\ue201")
_STRAY = re.compile("\ue202turn\\d+[a-z]+\\d+|[\ue200-\ue204]")
_MARKS = "\ue200\ue201\ue202\ue203\ue204"
_OLD = re.compile(r"【(\d{1,6})(?::\d{1,6})?†[^【】\n]{0,200}】")
_TURN = re.compile(r"turn\d+[a-z_]+\d+")
_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid", re.IGNORECASE)

_AFTER = {"", " ", "\n", ".", ",", ";", ":", "!", "?", ")"}

# Tuples: what is looked for in them may be of any type.
_INVISIBLE = ("hidden", "nav_list", "navlist", "navigation", "businesses_map", "sources_footnote")
_NOT_INLINE = ("sources_footnote", "attribution")


@dataclass(slots=True)
class References:
    """What a whole conversation tells about its citations."""

    by_turn: dict[str, Cited] = field(default_factory=dict)
    """`turn0search3` to its source."""
    by_number: dict[str, Cited] = field(default_factory=dict)
    """The number of `【n†…】` to its source, the latest list of the conversation."""

    def learn(self, metadata: Raw) -> None:
        """Take in what one message's metadata tells."""
        for group in take.objects(metadata.get("search_result_groups")):
            for entry in take.objects(group.get("entries")):
                self._add(entry.get("ref_id"), entry)
        for reference in take.objects(metadata.get("content_references")):
            for item in take.objects(reference.get("items")):
                refs = item.get("refs")
                for ref in refs if isinstance(refs, list) else ():
                    self._add(ref, item)
        listed = take.mapping(metadata.get("_cite_metadata")).get("metadata_list")
        for number, item in enumerate(take.objects(listed)):
            self.by_number[str(number)] = cited(item)

    def _add(self, ref: Any, item: Raw) -> None:
        if isinstance(ref, dict):
            turn, kind, at = ref.get("turn_index"), ref.get("ref_type"), ref.get("ref_index")
            ref = f"turn{turn}{kind}{at}"
        if isinstance(ref, str):
            self.by_turn.setdefault(ref, cited(item))


def cited(item: Raw) -> Cited:
    """The source that a reference item, search entry or citation metadata describes."""
    title = take.string(item.get("title")) or take.string(item.get("name"))
    return {
        "title": title or take.string(item.get("attribution")),
        "url": clean_url(item.get("url")),
    }


def clean_url(value: Any) -> str | None:
    """A web address without its tracking parameters; None where it is no web address."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return None
    if "?" not in value:
        return value
    try:
        parts = urlsplit(value)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return value
    kept = [pair for pair in pairs if not _TRACKING.fullmatch(pair[0])]
    if len(kept) == len(pairs):
        return value
    return urlunsplit(parts._replace(query=urlencode(kept)))


def link(source: Cited) -> str:
    """A source as a Markdown link; its title alone where it has no address."""
    label = source["title"] or source["url"] or "source"
    if not _PLAIN.fullmatch(label):
        label = re.sub(r"([\\\[\]])", r"\\\1", " ".join(label.split()))
    url = source["url"]
    if url is None:
        return label
    if not _PLAIN_URL.fullmatch(url):
        url = quote(url, safe="%/:=&?~#+!$,;@*-._[]'")
    return f"[{label}]({url})"


_PLAIN = re.compile(r"[^\s\\\[\]]+(?: [^\s\\\[\]]+)*+")
_PLAIN_URL = re.compile(r"[A-Za-z0-9%/:=&?~#+!$,;@*._\[\]'-]+")


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    text: str = ""
    sources: list[Cited] = field(default_factory=list)


def has_markers(text: str, metadata: Raw) -> bool:
    """Whether `resolve` could change `text`: a cheap look, since most messages cite nothing."""
    if not text.isascii() and ("\ue200" in text or "\ue202" in text or "【" in text):
        return True
    return bool(metadata.get("content_references"))


def resolve(
    text: str, metadata: Raw, references: Callable[[], References], found: Counter[str]
) -> tuple[str, list[Citation]]:
    """`text` with each citation marker as a link, and where those links stand in it.

    `references` is asked only for what the message itself does not explain.
    """
    spans = list(_by_reference(text, metadata))
    taken = sorted((span.start, span.end) for span in spans)
    spans += _by_marker(text, metadata, references, taken, found)
    spans.sort(key=lambda span: (span.start, -span.end))
    out: list[str] = []
    citations: list[Citation] = []
    at = 0
    length = 0
    for span in spans:
        if span.start < at:
            continue
        before = _without_strays(text[at : span.start])
        shown = span.text
        if span.sources:
            shown = "(" + ", ".join(map(link, span.sources)) + ")"
            last = before[-1:] or (out[-1][-1:] if out else "")
            if last and not last.isspace():
                shown = " " + shown
            begin = length + len(before)
            citations.append({"start": begin, "end": begin + len(shown), "sources": span.sources})
        elif not shown and before.endswith(" ") and text[span.end : span.end + 1] in _AFTER:
            before = before[:-1]  # the space that set the marker off
        out += (before, shown)
        length += len(before) + len(shown)
        at = span.end
    out.append(_without_strays(text[at:]))
    return "".join(out), citations


def _without_strays(words: str) -> str:
    """`words` without what is left of broken markers."""
    if words.isascii() or not any(mark in words for mark in _MARKS):
        return words
    return _STRAY.sub("", words)


def _by_reference(text: str, metadata: Raw) -> Iterator[_Span]:
    """Spans that `content_references` explain by their `matched_text`."""
    places: dict[str, int] = {}
    for reference in _in_order(metadata.get("content_references")):
        matched = reference.get("matched_text")
        if not isinstance(matched, str) or not matched.strip() or len(matched) > 100_000:
            continue
        kind = reference.get("type")
        if kind in _NOT_INLINE:
            continue
        start = text.find(matched, places.get(matched, 0))
        if start < 0:
            continue
        end = start + len(matched)
        places[matched] = end
        sources = [] if kind in _INVISIBLE else list(sources_of(reference))
        shown = ""
        if not sources and kind not in _INVISIBLE:
            shown = _words(reference, matched)
        yield _Span(start, end, shown, sources)


def _in_order(references: Any) -> list[Raw]:
    def place(reference: Raw) -> float:
        return take.number(reference.get("start_idx")) or 0

    found = take.objects(references)
    return sorted(found, key=place) if len(found) > 1 else found


def sources_of(reference: Raw) -> Iterator[Cited]:
    """The sources of one content reference, each address once."""
    seen = set()
    items = take.objects(reference.get("items")) or take.objects(reference.get("fallback_items"))
    items = items or take.objects(reference.get("sources")) or [reference]
    for item in items:
        for each in (item, *take.objects(item.get("supporting_websites"))):
            source = cited(each)
            key = source["url"] or (source["title"] if each.get("type") == "file" else None)
            if key and key not in seen:
                seen.add(key)
                yield source


def _words(reference: Raw, matched: str) -> str:
    """What to show for a reference without sources: its own words, else nothing of the marker."""
    for key in ("alt", "prompt_text", "name", "title", "display_title"):
        words = take.string(reference.get(key))
        if words and "\ue200" not in words:
            return words
    return "" if MARKER.search(matched) else matched


def _by_marker(
    text: str,
    metadata: Raw,
    references: Callable[[], References],
    taken: list[tuple[int, int]],
    found: Counter[str],
) -> Iterator[_Span]:
    """Spans of markers that no content reference explains."""
    if "\ue200" not in text and "【" not in text:
        return
    unplaced = iter(
        [
            source
            for reference in take.objects(metadata.get("content_references"))
            if not reference.get("matched_text") and reference.get("type") not in _NOT_INLINE
            for source in sources_of(reference)
        ]
    )
    for match in _outside(MARKER.finditer(text), taken):
        yield _of_marker(match, references(), unplaced, found)
    old = list(_outside(_OLD.finditer(text), taken)) if "【" in text else []
    numbers = references().by_number | _numbered(metadata) if old else {}
    for match in old:
        source = numbers.get(match[1])
        if source is None:
            found["citation that nothing explains"] += 1
        yield _Span(match.start(), match.end(), "", [source] if source else [])


def _outside(
    matches: Iterable[re.Match[str]], taken: list[tuple[int, int]]
) -> Iterator[re.Match[str]]:
    """The matches that touch none of the `taken` spans; both stand in order."""
    at = 0
    for match in matches:
        while at < len(taken) and taken[at][1] <= match.start():
            at += 1
        if at == len(taken) or taken[at][0] >= match.end():
            yield match


def _numbered(metadata: Raw) -> dict[str, Cited]:
    """The sources of `【n†…】` that the message itself lists."""
    numbers = {}
    for citation in take.objects(metadata.get("citations")):
        inner = take.mapping(citation.get("metadata"))
        extra = take.mapping(inner.get("extra"))
        for key in ("cited_message_idx", "search_result_idx"):
            if isinstance(extra.get(key), int):
                numbers[str(extra[key])] = cited(inner)
                break
    return numbers


def _of_marker(
    match: re.Match[str], references: References, unplaced: Iterator[Cited], found: Counter[str]
) -> _Span:
    span = _Span(match.start(), match.end())
    kind, *rest = match[1].split("\ue202")
    if kind == "entity" and rest:
        span.text = _entity(rest[0])
        return span
    for ref in rest:
        for name in _TURN.findall(ref):
            source = references.by_turn.get(name)
            if source and source not in span.sources:
                span.sources.append(source)
    if not span.sources and kind in ("cite", "filecite"):
        source = next(unplaced, None)
        if source:
            span.sources.append(source)
        else:
            found["citation that nothing explains"] += 1
    return span


def _entity(payload: str) -> str:
    """The words of an entity marker, `["city","Paris",…]`: its second string."""
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', payload[:2000])
    return strings[1] if len(strings) > 1 else (strings[0] if strings else "")
