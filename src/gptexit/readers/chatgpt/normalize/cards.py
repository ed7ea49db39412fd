"""Cards: what ChatGPT shows in place of a marker that is no citation, as words and links.

A gallery, a video, products, a list of news, a share price, the weather, shops on a map, a
checklist. A `Card` is a heading and entries; it stands as a block where its marker stands alone in
a line, and within the line elsewhere. One small function a kind, in two tables: by the kind of the
marker, and by the type of its reference.

A card of a kind that nobody knows keeps its words and addresses, and loses what only a program
reads: ids, sizes, names of styles.
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
from gptexit.readers.chatgpt.normalize.leftovers import facts_in, words_in
from gptexit.readers.chatgpt.normalize.links import cited, clean_url, link, links_in, plain
from gptexit.readers.chatgpt.normalize.markers import PRIVATE, Marker
from gptexit.readers.chatgpt.normalize.references import REF


@dataclass(slots=True)
class CardEntry:
    """One line of a card."""

    title: str = ""
    url: str | None = None
    details: list[str] = field(default_factory=list)
    picture: str | None = None
    """The address of the picture itself, where `url` is that of its page."""
    done: bool | None = None
    """For an item of a checklist: whether it is ticked."""

    def markdown(self) -> str:
        """Return the entry on one line."""
        shown = (
            link({"title": self.title or None, "url": self.url}) if self.url else plain(self.title)
        )
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

    @property
    def entries(self) -> list[CardEntry]:
        """The entries of all groups."""
        return [entry for _, entries in self.groups for entry in entries]

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
        for entry in self.entries:
            if entry.url:
                yield {"title": entry.title or None, "url": entry.url}


def of_entries(heading: str, entries: list[CardEntry]) -> Card | None:
    """Return a card of one group; None where it would be empty."""
    return Card(heading, [("", entries)] if entries else []) if heading or entries else None


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
                found = canvas.read_object(arg)
                if found is not None:
                    return found.value
                return [match[1] for match in _STRING.finditer(arg[:100_000]) if not match[2]]
    return None


# The strings of a list that is cut off, or of damaged JSON; behind a key stands a colon.
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)(\s*:)?', re.DOTALL)


def _reference_entry(reference: Raw) -> CardEntry:
    source = cited(reference)
    title = source["title"] or take.string(reference.get("display_title")) or ""
    return CardEntry(title, source["url"])


def _from_alt(reference: Raw) -> list[CardEntry]:
    return [
        CardEntry(found["title"] or "", found["url"]) for found in links_in(reference.get("alt"))
    ]


def _url(marker: Marker | None, reference: Raw) -> Card | None:
    """A link: its name and address stand in the marker itself, and in its reference."""
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
    return of_entries("", [entry] if entry.title or entry.url else [])


def _entity(marker: Marker | None, reference: Raw) -> Card | None:
    """A person, place or thing: its name, `["city","Paris","the capital"]` in the marker."""
    value = _payload(marker)
    names = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    name = names[1] if len(names) > 1 else (names[0] if names else _words_of(marker))
    if isinstance(value, dict):
        name = " ".join(words_in(value))
    name = name or take.string(reference.get("name")) or take.string(reference.get("alt")) or ""
    return of_entries("", [CardEntry(name)] if name else [])


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
    """Pictures from the web; the marker holds what was searched for."""
    value = take.mapping(_payload(marker))
    wanted = value.get("query")
    queries = (
        [query for query in wanted if isinstance(query, str)] if isinstance(wanted, list) else []
    )
    queries += [wanted] if isinstance(wanted, str) else []
    queries = queries or ([word] if (word := take.string(value.get("image_fetch"))) else [])
    entries = _images(reference)
    titles = " ".join(entry.title for entry in entries).casefold()
    queries = [query for query in queries if query.casefold() not in titles]
    words = _words_of(marker)
    return of_entries(", ".join([*([words] if words else []), *queries]), entries)


def _picture(marker: Marker | None, reference: Raw) -> Card | None:
    """A picture among words: what was searched for counts only where none was found."""
    entries = _images(reference)
    return of_entries("", entries) if entries else _gallery(marker, reference)


def _list(marker: Marker | None, reference: Raw) -> Card | None:
    """A list of pages under a title, such as news."""
    entries = _pages(reference) or _from_alt(reference)
    title = _words_of(marker) or take.string(reference.get("title")) or ""
    return of_entries(title, entries)


def _pages(reference: Raw) -> list[CardEntry]:
    pages = []
    for item in take.objects(reference.get("items")):
        source = cited(item)
        if source["title"] or source["url"]:
            pages.append(CardEntry(source["title"] or "", source["url"]))
    return pages


def _video(marker: Marker | None, reference: Raw) -> Card | None:
    """A video, as its title and address."""
    entry = _reference_entry(reference)
    entry.title = _words_of(marker) or entry.title
    if not entry.url:
        found = _from_alt(reference)
        entry.url = found[0].url if found else None
        entry.title = entry.title or (found[0].title if found else "")
    return of_entries("", [entry] if entry.title or entry.url else [])


_DETAILS = ("price", "merchants", "rating", "address", "phone", "description", "snippet")


def _thing(item: Raw) -> CardEntry:
    """Return a product or a place: its name, its address, and what is said of it."""
    source = cited(item)
    details = [
        str(value) for key in _DETAILS if isinstance(value := item.get(key), str | int | float)
    ]
    return CardEntry(
        source["title"] or "", source["url"] or clean_url(item.get("website_url")), details
    )


def _products(marker: Marker | None, reference: Raw) -> Card | None:
    """Products or places: those of the reference, else the names in the marker."""
    for key in ("products", "businesses", "places", "items", "locations"):
        things = [_thing(item) for item in take.objects(reference.get(key))]
        if things:
            return of_entries("", [thing for thing in things if thing.title or thing.url])
    product = take.mapping(reference.get("product"))
    if product:
        return of_entries("", [_thing(product)])
    entry = _reference_entry(reference)
    names = [CardEntry(name) for name in words_in(_payload(marker))]
    if entry.url or not names:
        names = [entry] if entry.title or entry.url else _from_alt(reference)
    return of_entries(_words_of(marker), names) or _any(marker, reference)


def _any(marker: Marker | None, reference: Raw) -> Card | None:
    """A card of any other kind: the words of marker and reference, and the addresses."""
    alt = take.string(reference.get("alt"))
    entries = _from_alt(reference) or _pages(reference) or _images(reference)
    own = _reference_entry(reference)
    if not entries and (own.title or own.url):
        entries = [own]
    said = [_words_of(marker), *words_in(_payload(marker))]
    if not entries:
        said += [" ".join(alt.split())] if alt and not PRIVATE.search(alt) else []
        rest = {key: value for key, value in reference.items() if key not in _FRAME}
        entries = [CardEntry("", None, [line]) for line in facts_in(rest)]
    return of_entries(" ".join(filter(None, said)), entries)


_FRAME = frozenset(
    ("alt", "matched_text", "prompt_text", "safe_urls", "refs", "prefix", "status", "type", "items")
)
"""Keys of a reference that hold none of its words, or hold them once more."""


def _shared_list(value: Raw) -> Card | None:
    """A checklist: title, sections, items with details and whether they are done."""
    sections: dict[str, list[CardEntry]] = {}
    for item in take.objects(value.get("items")):
        details = words_in(item.get("details"))
        done = item.get("status") in ("done", "completed", "checked") or any(
            item.get(key) is True for key in ("completed", "checked", "done", "is_completed")
        )
        words = take.string(item.get("text")) or take.string(item.get("title")) or ""
        named = take.string(item.get("section")) or ""
        sections.setdefault(named, []).append(CardEntry(words, None, details, None, done))
    title = take.string(value.get("title")) or ""
    return Card(title, list(sections.items())) if title or sections else None


WIDGETS: dict[str, Callable[[Raw], Card | None]] = {"create_shared_list": _shared_list}
"""The widgets of a `genui` marker, by the key of its JSON."""


def _widget(marker: Marker | None, reference: Raw) -> Card | None:
    """A widget: JSON with one key, its name; of others the words."""
    value = _payload(marker)
    for name, function in WIDGETS.items():
        if isinstance(value, dict) and isinstance(value.get(name), dict):
            return _with_all_words(function(value[name]), value[name])
    return of_entries("", [CardEntry(words) for words in words_in(value)]) or _any(None, reference)


def _with_all_words(card: Card | None, value: Raw) -> Card | None:
    """Add to `card` the words of its widget that stand in places that nobody knows."""
    shown = set(words_in(list(_said_by(card)))) if card else set()
    more = [CardEntry(words) for words in words_in(value) if words not in shown]
    more = [entry for entry in more if entry.title.casefold() not in _STATES]
    if not more:
        return card
    card = card or Card()
    return Card(card.heading, [*card.groups, ("", more)])


_STATES = ("done", "completed", "checked", "open", "todo")
"""Words that say whether an item of a checklist is done."""


def _said_by(card: Card) -> Iterator[str]:
    """Yield the words of a card, before Markdown is made of them."""
    yield card.heading
    for name, entries in card.groups:
        yield name
        for entry in entries:
            yield from (entry.title, entry.url or "", *entry.details)


def unknown_widget(marker: Marker) -> str | None:
    """Return the name of a widget that nobody knows; None for any other marker."""
    value = _payload(marker) if marker.kind == "genui" else None
    names = [name for name in value if name not in WIDGETS] if isinstance(value, dict) else []
    return names[0][:60] if names else ("?" if marker.kind == "genui" and value is None else None)


Make = Callable[[Marker | None, Raw], Card | None]

BY_KIND: dict[str, Make] = {
    "url": _url,
    "entity": _entity,
    "genui": _widget,
    "image_group": _gallery,
    "image_fetch": _picture,
    "i": _picture,
    "image": _picture,
    "navlist": _list,
    "video": _video,
    "product_entity": _products,
    "products": _products,
    "businesses_map": _products,
    "businesses": _products,
    "finance": _any,
    "forecast": _any,
    "tldr": _any,
}
"""Kinds of markers that show a card."""

BY_TYPE: dict[str, Make] = {
    "url": _url,
    "entity": _entity,
    "client_defined_widget": _widget,
    "image_group": _gallery,
    "image_v2": _picture,
    "image_inline": _picture,
    "nav_list": _list,
    "video": _video,
    "product_entity": _products,
    "products": _products,
    "businesses_map": _products,
    "finance": _any,
    "forecast": _any,
    "tldr": _any,
    "alt_text": _any,
}
"""Types of references that show a card."""


def card_of(marker: Marker | None, reference: Raw | None) -> Card | None:
    """Return the card that stands for a marker, its reference, or both; None for a citation."""
    kind = marker.kind if marker else ""
    told = reference.get("type") if reference else None
    make = BY_KIND.get(kind) or (BY_TYPE.get(told) if isinstance(told, str) else None)
    if make is None:
        return None
    hidden = told == "hidden"
    return make(marker, {} if reference is None or hidden else reference)


PROMISING = frozenset(
    (
        *("image_group", "navlist", "video", "products", "businesses_map", "businesses"),
        *("finance", "forecast", "genui"),
    )
)
"""Kinds whose place is noticed where nothing is shown: what follows “Stock:”, for one."""


def absent(kind: str) -> str:
    """Return what to say in place of a card that the export names and does not hold."""
    return f"*Not in the export: {_NAMES.get(kind, kind)}*"


_NAMES = {
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


def any_card(marker: Marker, reference: Raw | None) -> Card | None:
    """Return the words of a marker of a kind that nobody knows."""
    return _any(marker, reference or {})
