"""Turn a marker that is no citation into a card: a heading and entries, as words and links.

Examples: a gallery, a video, products, a list of news, a share price, the weather, shops on a map,
a checklist. Two tables name one small function for each kind of marker and type of reference.

A card of an unknown kind keeps its words and addresses, and loses what only a program reads: ids,
sizes, names of styles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from gptexit.chatgpt import take
from gptexit.model import Cited, Raw
from gptexit.readers.chatgpt.normalize import canvas
from gptexit.readers.chatgpt.normalize.links import cited, clean_url, link, links_in, plain
from gptexit.readers.chatgpt.normalize.markers import PRIVATE, Marker
from gptexit.readers.chatgpt.normalize.references import REF

_MECHANICS = frozenset(
    (
        *("type", "status", "kind", "layout", "variant", "style", "icon", "logo", "color", "hue"),
        *("revision", "aspect_ratio", "num_per_query", "refs", "ref", "safe_urls", "thumbnail"),
        *("width", "height", "size", "start_idx", "end_idx", "version", "locale", "timezone"),
        *("invalid", "error", "schema", "action", "prefix", "prompt_text", "matched_text"),
    )
)
# The strings of a list that is cut off, or of damaged JSON; a colon follows a key.
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)(\s*:)?', re.DOTALL)
_DETAILS = ("price", "merchants", "rating", "address", "phone", "description", "snippet")
_FRAME = frozenset(
    ("alt", "matched_text", "prompt_text", "safe_urls", "refs", "prefix", "status", "type", "items")
)
"""Keys of a reference that hold no words of its own, or hold them again."""


@dataclass(slots=True)
class CardEntry:
    """One line of a card."""

    title: str = ""
    url: str | None = None
    details: list[str] = field(default_factory=list)
    picture: str | None = None
    """The address of the picture itself, if `url` is that of its page."""
    done: bool | None = None
    """For an item of a checklist: True if it is ticked."""

    def markdown(self) -> str:
        """Return the entry on one line."""
        shown = link({"title": self.title, "url": self.url}) if self.url else plain(self.title)
        if self.picture and self.picture != self.url:
            shown += f" ({link({'title': 'picture', 'url': self.picture})})"
        words = [detail for detail in map(plain, self.details) if detail]
        if words:
            shown = f"{shown}: {', '.join(words)}" if shown else ", ".join(words)
        return shown if self.done is None else f"[{'x' if self.done else ' '}] {shown}"


@dataclass(slots=True)
class Card:
    """A heading and entries, in groups with headings of their own."""

    heading: str = ""
    groups: list[tuple[str, list[CardEntry]]] = field(default_factory=list)

    def inline(self) -> str:
        """Return the card as words within a line."""
        pieces = [
            (f"{plain(name)}: " if name else "") + "; ".join(entry.markdown() for entry in entries)
            for name, entries in self.groups
        ]
        shown = "; ".join(filter(None, pieces))
        if self.heading and shown:
            return f"{plain(self.heading)}: {shown}"
        return shown or plain(self.heading)

    def block(self) -> str:
        """Return the card as lines of Markdown."""
        blocks = [f"**{plain(self.heading)}**"] if self.heading else []
        for name, entries in self.groups:
            blocks += [f"{plain(name)}:"] if name else []
            if len(self.groups) == 1 and len(entries) == 1 and entries[0].done is None:
                blocks.append(entries[0].markdown())
            elif entries:
                blocks.append("\n".join(f"- {entry.markdown()}" for entry in entries))
        return "\n\n".join(filter(None, blocks))

    def links(self) -> Iterator[Cited]:
        """Yield each entry that has an address, as a source."""
        for _, entries in self.groups:
            for entry in entries:
                if entry.url:
                    yield {"title": entry.title or None, "url": entry.url}


def _of_entries(heading: str, entries: list[CardEntry]) -> Card | None:
    """Return a card of the entries that show something; None if there is nothing to show."""
    entries = [entry for entry in entries if entry.title or entry.url or entry.details]
    return Card(heading, [("", entries)] if entries else []) if heading or entries else None


def _tells_nothing(key: str) -> bool:
    """Tell whether the value of a key is for programs: an id, a style, a size."""
    return key in _MECHANICS or key == "id" or key.endswith(("_id", "_ids", "_idx", "_url", "_ref"))


def _words_in(value: Any) -> list[str]:
    """Return the strings below `value` that a person would read, in order; iterative."""
    return [words for _, words in _leaves(value)]


def _leaves(value: Any, numbers: bool = False) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        key, node = stack.pop()
        if isinstance(node, str):
            words = PRIVATE.sub("", node).strip()
            if words and not REF.fullmatch(words):
                yield key, words
        elif numbers and isinstance(node, int | float) and not isinstance(node, bool):
            yield key, f"{node:g}" if isinstance(node, float) else str(node)
        elif isinstance(node, dict):
            inner = [(name, node[name]) for name in node if not _tells_nothing(str(name))]
            stack.extend(reversed(inner))
        elif isinstance(node, list):
            stack.extend((key, item) for item in reversed(node))


def _words_of(marker: Marker | None) -> str:
    """Return the arguments of a marker that are words: no references, no JSON."""
    args = marker.args if marker else []
    words = [arg.strip() for arg in args if not arg.lstrip().startswith(("{", "["))]
    return " ".join(word for word in words if REF.sub("", word).strip(" ,"))


def _payload(marker: Marker | None) -> Any:
    """Return the JSON among the arguments of a marker, as far as it goes; None if there is none."""
    for arg in marker.args if marker else ():
        if arg.lstrip().startswith(("{", "[")):
            try:
                return orjson.loads(arg)
            except orjson.JSONDecodeError:
                value = canvas.payload(arg)
                if value is not None:
                    return value
                return [match[1] for match in _STRING.finditer(arg[:100_000]) if not match[2]]
    return None


def _entry_of(source: Cited) -> CardEntry:
    return CardEntry(source["title"] or "", source["url"])


def _reference_entry(reference: Raw) -> CardEntry:
    entry = _entry_of(cited(reference))
    entry.title = entry.title or take.string(reference.get("display_title")) or ""
    return entry


def _from_alt(reference: Raw) -> list[CardEntry]:
    return list(map(_entry_of, links_in(reference.get("alt"))))


def _url(marker: Marker | None, reference: Raw) -> Card | None:
    """Return a link; its name and address are in the marker itself, and in its reference."""
    entry = _reference_entry(reference)
    for arg in marker.args if marker else ():
        address = clean_url(arg.strip())
        if address:
            entry.url = address
        elif arg.strip():
            entry.title = entry.title or arg.strip()
    if marker and marker.args and clean_url(marker.args[0].strip()) is None:
        entry.title = marker.args[0].strip() or entry.title
    if not entry.url:
        entry = next(iter(_from_alt(reference)), entry)
    return _of_entries("", [entry])


def _entity(marker: Marker | None, reference: Raw) -> Card | None:
    """Return the name of a person, place or thing: `["city","Paris","the capital"]` in a marker."""
    value = _payload(marker)
    names = _strings(value)
    name = names[1] if len(names) > 1 else (names[0] if names else _words_of(marker))
    if isinstance(value, dict):
        name = " ".join(_words_in(value))
    name = name or take.string(reference.get("name")) or take.string(reference.get("alt")) or ""
    return _of_entries("", [CardEntry(name)])


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _images(reference: Raw) -> list[CardEntry]:
    """Return the pictures of a reference: title, page and address of each."""
    entries = []
    for image in take.objects(reference.get("images")):
        inner = take.mapping(image.get("image_result")) or image
        picture = clean_url(inner.get("content_url"))
        page = clean_url(inner.get("url")) or clean_url(image.get("url"))
        title = take.string(inner.get("title")) or take.string(image.get("image_search_query"))
        if title or page or picture:
            entries.append(
                CardEntry(title or "Picture", page or picture, [], picture if page else None)
            )
    return entries or _from_alt(reference)


def _gallery(marker: Marker | None, reference: Raw) -> Card | None:
    """Return pictures from the web, under the queries in the marker that no title repeats."""
    value = take.mapping(_payload(marker))
    query = value.get("query")
    queries = [query] if isinstance(query, str) else _strings(query)
    queries = queries or list(filter(None, [take.string(value.get("image_fetch"))]))
    entries = _images(reference)
    titles = " ".join(entry.title for entry in entries).casefold()
    queries = [query for query in queries if query.casefold() not in titles]
    words = _words_of(marker)
    return _of_entries(", ".join([*([words] if words else []), *queries]), entries)


def _picture(marker: Marker | None, reference: Raw) -> Card | None:
    """Return a picture among words; its query only if there is no picture."""
    return _of_entries("", _images(reference)) or _gallery(marker, reference)


def _list(marker: Marker | None, reference: Raw) -> Card | None:
    """Return a list of pages under a title, such as news."""
    entries = _pages(reference) or _from_alt(reference)
    title = _words_of(marker) or take.string(reference.get("title")) or ""
    return _of_entries(title, entries)


def _pages(reference: Raw) -> list[CardEntry]:
    pages = [_entry_of(cited(item)) for item in take.objects(reference.get("items"))]
    return [page for page in pages if page.title or page.url]


def _video(marker: Marker | None, reference: Raw) -> Card | None:
    """Return the title and address of a video."""
    entry = _reference_entry(reference)
    entry.title = _words_of(marker) or entry.title
    if not entry.url:
        first = next(iter(_from_alt(reference)), CardEntry())
        entry.url = first.url
        entry.title = entry.title or first.title
    return _of_entries("", [entry])


def _thing(item: Raw) -> CardEntry:
    """Return a product or a place: its name, address and details."""
    entry = _entry_of(cited(item))
    entry.url = entry.url or clean_url(item.get("website_url"))
    values = map(item.get, _DETAILS)
    entry.details = [str(value) for value in values if isinstance(value, str | int | float)]
    return entry


def _products(marker: Marker | None, reference: Raw) -> Card | None:
    """Return the products or places of the reference, else the names in the marker."""
    for key in ("products", "businesses", "places", "items", "locations"):
        things = [_thing(item) for item in take.objects(reference.get(key))]
        if things:
            return _of_entries("", [thing for thing in things if thing.title or thing.url])
    product = take.mapping(reference.get("product"))
    if product:
        return Card("", [("", [_thing(product)])])
    entry = _reference_entry(reference)
    names = [CardEntry(name) for name in _words_in(_payload(marker))]
    if entry.url or not names:
        names = [entry] if entry.title or entry.url else _from_alt(reference)
    return _of_entries(_words_of(marker), names) or any_card(marker, reference)


def any_card(marker: Marker | None, reference: Raw) -> Card | None:
    """Return a card of any other kind: the words and addresses of marker and reference."""
    alt = take.string(reference.get("alt"))
    entries = _from_alt(reference) or _pages(reference) or _images(reference)
    own = _reference_entry(reference)
    if not entries and (own.title or own.url):
        entries = [own]
    words = [_words_of(marker), *_words_in(_payload(marker))]
    if not entries:
        words += [" ".join(alt.split())] if alt and not PRIVATE.search(alt) else []
        rest = {key: value for key, value in reference.items() if key not in _FRAME}
        for key, fact in _leaves(rest, True):
            line = f"{key.replace('_', ' ')}: {fact}" if key else fact
            entries.append(CardEntry("", None, [line]))
    return _of_entries(" ".join(filter(None, words)), entries)


def _shared_list(value: Raw) -> Card | None:
    """Return a checklist: title, sections, and items with details that are done or not."""
    sections: dict[str, list[CardEntry]] = {}
    for item in take.objects(value.get("items")):
        details = _words_in(item.get("details"))
        done = item.get("status") in ("done", "completed", "checked") or any(
            item.get(key) is True for key in ("completed", "checked", "done", "is_completed")
        )
        words = take.string(item.get("text")) or take.string(item.get("title")) or ""
        section = take.string(item.get("section")) or ""
        sections.setdefault(section, []).append(CardEntry(words, None, details, None, done))
    title = take.string(value.get("title")) or ""
    return Card(title, list(sections.items())) if title or sections else None


WIDGETS: dict[str, Callable[[Raw], Card | None]] = {"create_shared_list": _shared_list}
"""The widgets of a `genui` marker, by the key of its JSON."""


def _widget(marker: Marker | None, reference: Raw) -> Card | None:
    """Return a widget, which is JSON with one key, its name; the words of an unknown widget."""
    value = _payload(marker)
    for name, function in WIDGETS.items():
        if isinstance(value, dict) and isinstance(value.get(name), dict):
            return _with_all_words(function(value[name]), value[name])
    entries = [CardEntry(words) for words in _words_in(value)]
    return _of_entries("", entries) or any_card(None, reference)


def _with_all_words(card: Card | None, value: Raw) -> Card | None:
    """Add to `card` the words of its widget that it does not show yet."""
    card = card or Card()
    shown = set(_words_in(list(_words_on(card))))
    # These words say whether an item of a checklist is done.
    states = ("done", "completed", "checked", "open", "todo")
    more = [words for words in _words_in(value) if words not in shown]
    entries = [CardEntry(words) for words in more if words.casefold() not in states]
    groups = [*card.groups, *([("", entries)] if entries else [])]
    return Card(card.heading, groups) if card.heading or groups else None


def _words_on(card: Card) -> Iterator[str]:
    """Yield the words of a card, before they become Markdown."""
    yield card.heading
    for name, entries in card.groups:
        yield name
        for entry in entries:
            yield from (entry.title, entry.url or "", *entry.details)


def unknown_widget(marker: Marker) -> str | None:
    """Return the name of an unknown widget, `?` without a name; None for any other marker."""
    if marker.kind != "genui":
        return None
    value = _payload(marker)
    if value is None:
        return "?"
    names = [name for name in value if name not in WIDGETS] if isinstance(value, dict) else []
    return names[0][:60] if names else None


Make = Callable[[Marker | None, Raw], Card | None]

_BY_BOTH: dict[str, Make] = {
    "url": _url,
    "entity": _entity,
    "image_group": _gallery,
    "video": _video,
    "product_entity": _products,
    "products": _products,
    "businesses_map": _products,
    "finance": any_card,
    "forecast": any_card,
    "tldr": any_card,
}
BY_KIND: dict[str, Make] = _BY_BOTH | {
    "genui": _widget,
    "image_fetch": _picture,
    "i": _picture,
    "image": _picture,
    "navlist": _list,
    "businesses": _products,
}
"""Kinds of markers that show a card."""
BY_TYPE: dict[str, Make] = _BY_BOTH | {
    "client_defined_widget": _widget,
    "image_v2": _picture,
    "image_inline": _picture,
    "nav_list": _list,
    "alt_text": any_card,
}
"""Types of references that show a card."""
ABSENT = {
    "image_group": "pictures from the web",
    "navlist": "a list of pages",
    "video": "a video",
    "products": "products",
    "businesses_map": "places on a map",
    "businesses": "places",
    "finance": "a share price",
    "forecast": "a weather forecast",
    "genui": "a widget",
}
"""How to name a card that the export lacks, by the kind of its marker. For kinds that a reader
misses: the text before may end in “Stock:”."""


def card_of(marker: Marker | None, reference: Raw | None) -> Card | None:
    """Return the card of a marker, its reference, or both; None for a citation."""
    reference = reference or {}
    kind = marker.kind if marker else ""
    shown_as = reference.get("type")
    make = BY_KIND.get(kind) or (BY_TYPE.get(shown_as) if isinstance(shown_as, str) else None)
    return make(marker, {} if shown_as == "hidden" else reference) if make else None
