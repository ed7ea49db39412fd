"""Each kind of marker, container and odd thing that a message can hold, and what was seen of it.

A kind is a function that takes a maker of words and gives a piece: the marker, its reference and
the words that a person saw. Words are made for one place, so they can be looked for afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from support.build import Raw

START, GAP, END = "\ue200", "\ue202", "\ue201"
MECHANICS = (
    *("create_shared_list", "list_id", "image_fetch", "num_per_query", "selections", "carousel"),
    *("report_message", "widget_state", "waiting_for_user", ":::", "†"),
)
"""What belongs to markers, containers and widgets alone; a person never saw it."""


class Words:
    """Words that occur once: `oak001`, `oak002`, …"""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self) -> str:
        return f"oak{self.number():03}"

    def number(self) -> int:
        """Give a number for a reference, which is that of no other one."""
        return next(self._numbers)


@dataclass
class Piece:
    """A marker, the reference that explains it, and what a person saw of them."""

    marker: str
    reference: Raw | None = None
    words: list[str] = field(default_factory=list)
    """Words that the marker itself carries."""
    explained: list[str] = field(default_factory=list)
    """Words that only the reference carries."""
    source: tuple[str, str] | None = None
    """Title and address of a source that the reference names."""


def marker(*fields: str) -> str:
    return START + GAP.join(fields) + END


def page_of(words: Words) -> Raw:
    """Give a page as references list it; its number is that of its marker."""
    ref = {"turn_index": 0, "ref_type": "search", "ref_index": words.number()}
    title, host = words(), words()
    return {"title": f"A {title}", "url": f"https://{host}.example.org/a", "refs": [ref]}


def _id(page: Raw) -> str:
    return f"turn0search{page['refs'][0]['ref_index']}"


# Kinds of markers. Each takes a maker of words and gives a piece.


def _cite(words: Words) -> Piece:
    page = page_of(words)
    reference = {"type": "grouped_webpages", "alt": None, "items": [page]}
    mark = marker("cite", _id(page))
    return Piece(mark, reference, source=(page["title"], page["url"]))


def _cite_by_alt(words: Words) -> Piece:
    page = page_of(words)
    alt = f"([{page['title']}]({page['url']}))"
    reference = {"type": "webpage_extended", "alt": alt, "items": []}
    return Piece(marker("cite", _id(page)), reference, source=(page["title"], page["url"]))


def _cite_by_fallback(words: Words) -> Piece:
    page = page_of(words)
    kind = "grouped_webpages_model_predicted_fallback"
    reference = {"type": kind, "items": [], "fallback_items": [page]}
    mark = marker("cite", _id(page), f"turn0news{words.number()}")
    return Piece(mark, reference, source=(page["title"], page["url"]))


def _span(words: Words) -> Piece:
    return Piece("\ue203", {"type": "hidden", "alt": None})


def _span_end(words: Words) -> Piece:
    return Piece("\ue204", {"type": "hidden", "alt": None})


def _anchor(words: Words) -> Piece:
    page = page_of(words)
    reference = {"type": "grouped_webpages", "items": [page]}
    return Piece("\ue206", reference, source=(page["title"], page["url"]))


def _url(words: Words) -> Piece:
    name, host = words(), words()
    address = f"https://{host}.example.org"
    reference = {"type": "url", "title": name, "alt": f"[{name}]({address}?utm_source=chatgpt.com)"}
    return Piece(marker("url", name, address), reference, [name, host])


def _checklist(words: Words) -> Piece:
    title, section, item, detail = words(), words(), words(), words()
    made = {
        "create_shared_list": {
            "list_id": "x",
            "title": title,
            "items": [
                {
                    "id": "1",
                    "section": section,
                    "text": item,
                    "details": [{"type": "text", "text": detail}],
                }
            ],
        }
    }
    reference = {"type": "client_defined_widget", "alt": None, "prefix": "genui"}
    return Piece(marker("genui", json.dumps(made)), reference, [title, section, item, detail])


def _gallery(words: Words) -> Piece:
    title, host = words(), words()
    found = {"title": title, "url": f"https://{host}.example.org/p"}
    found["content_url"] = f"https://{host}.example.org/p.jpg"
    query = json.dumps({"layout": "carousel", "query": [words()], "num_per_query": 1})
    image = {"image_result": found, "image_search_query": "tides"}
    reference = {"type": "image_group", "images": [image], "alt": None}
    return Piece(marker("image_group", query), reference, explained=[title, host])


def _image(words: Words) -> Piece:
    title, host = words(), words()
    image = {"title": title, "url": f"https://{host}.example.org/i"}
    image["content_url"] = f"https://{host}.example.org/i.jpg"
    reference = {"type": "image_v2", "images": [image], "alt": None}
    return Piece(marker("i", f"turn0image{words.number()}"), reference, explained=[title, host])


def _image_fetch(words: Words) -> Piece:
    title, host = words(), words()
    alt = f"![{title}](https://{host}.example.org/t.jpg)\n"
    image = {"title": title, "content_url": f"https://{host}.example.org/t.jpg"}
    reference = {"type": "image_v2", "alt": alt, "images": [image]}
    return Piece(f'【{{"image_fetch": "{words()}"}}】', reference, explained=[title])


def _links(words: Words) -> Piece:
    title, one, host = words(), words(), words()
    item = {"title": one, "url": f"https://{host}.example.org/n"}
    reference = {"type": "nav_list", "title": title, "items": [item]}
    return Piece(
        marker("navlist", title, f"turn0news{words.number()}"), reference, [title], [one, host]
    )


def _video(words: Words) -> Piece:
    title, host = words(), words()
    reference = {"type": "video", "title": title, "url": f"https://{host}.example.org/v"}
    return Piece(marker("video", title, f"turn0search{words.number()}"), reference, [title], [host])


def _product(words: Words) -> Piece:
    name = words()
    reference = {"type": "product_entity", "name": name, "alt": None}
    return Piece(marker("product_entity", json.dumps(["turn0product1", name])), reference, [name])


def _products(words: Words) -> Piece:
    name, host = words(), words()
    product = {"title": name, "url": f"https://{host}.example.org/b", "price": "$49"}
    chosen = json.dumps({"selections": [["turn0product1", name]]})
    return Piece(
        marker("products", chosen), {"type": "products", "products": [product]}, [name], [host]
    )


def _card(kind: str) -> Callable[[Words], Piece]:
    def card(words: Words) -> Piece:
        told = words()
        return Piece(
            marker(kind, f"turn0{kind}{words.number()}"),
            {"type": kind, "alt": told},
            explained=[told],
        )

    return card


def _entity(words: Words) -> Piece:
    name = words()
    reference = {"type": "entity", "name": name, "alt": None}
    return Piece(marker("entity", json.dumps(["place", name, "view"])), reference, [name])


def _entity_hidden(words: Words) -> Piece:
    name = words()
    mark = marker("entity", json.dumps(["place", name, ""]))
    return Piece(mark, {"type": "hidden", "alt": None}, [name])


def _file(words: Words) -> Piece:
    name = f"{words()}.pdf"
    reference = {"type": "file", "name": name, "id": "file_0123abcd", "alt": None}
    return Piece(
        marker("filecite", f"turn3file{words.number()}", "L4-L9"), reference, source=(name, name)
    )


def _old(words: Words) -> Piece:
    page = page_of(words)
    reference = {"type": "webpage_extended", **page}
    return Piece(f"【{words.number()}†source】", reference, source=(page["title"], page["url"]))


def _old_file(words: Words) -> Piece:
    name = f"{words()}.pdf"
    reference = {"type": "file", "name": name, "id": "file_0123abcd"}
    return Piece(f"【4:{words.number()}†{name}】", reference, [name], source=(name, name))


def _unknown(words: Words) -> Piece:
    told, more = words(), words()
    return Piece(marker("hologram", f"{told} and {more}", "turn0hologram0"), None, [told, more])


def _unknown_data(words: Words) -> Piece:
    title, told = words(), words()
    data = json.dumps({"hologram": {"title": title, "items": [{"text": told}]}})
    return Piece(marker("hologram", data), None, [title, told])


KINDS = {
    "cite": _cite,
    "cite_by_alt": _cite_by_alt,
    "cite_by_fallback": _cite_by_fallback,
    "span": _span,
    "span_end": _span_end,
    "anchor": _anchor,
    "url": _url,
    "genui": _checklist,
    "image_group": _gallery,
    "i": _image,
    "image_fetch": _image_fetch,
    "navlist": _links,
    "video": _video,
    "product_entity": _product,
    "products": _products,
    **{kind: _card(kind) for kind in ("finance", "forecast", "businesses_map")},
    "entity": _entity,
    "entity_hidden": _entity_hidden,
    "filecite": _file,
    "old": _old,
    "old_file": _old_file,
    "unknown": _unknown,
    "unknown_data": _unknown_data,
}
"""By name; those without a reference stand in a slim text without pairing."""
PLACES = {
    "start": "{0} {w}",
    "end": "{w} {0}",
    "middle": "{w} {0}, {w}.",
    "parentheses": "{w} ({0}).",
    "two in parentheses": "{w} ({0}, {1}).",
    "words in parentheses": "{w} (see {0} and {w}).",
    "brackets": "{w} [{0}]",
    "fullwidth": "{w}（{0}）",
    "table": "| {w} | {w} |\n| --- | --- |\n| {w} | {0} |\n| {1} | {w} |",
    "list item": "- {0}\n- {w} {1}\n  - {w}",
    "heading": "### {w} {0}",
    "quote": "> {w} {0}\n> {w}",
    "emphasis": "**{w} {0}** and *{1}*",
    "adjacent": "{w} {0}{1}",
    "doubled": "{w} {0}, {w} {0}.",
    "alone": "{w}\n\n{0}\n\n{w}",
    "code": "`{w} {0}`",
    "fence": "```text\n{w} {0}\n{w}\n```",
    "link": "[{w} {0}](https://example.org/page)",
    "formula": "\\({w} = 2\\) {0}",
}
"""Where a marker can stand; `{w}` is a word of the answer."""
BROKEN = (
    f"{START}cite{GAP}turn0search0",
    f"{START}cite",
    START,
    END,
    f"{GAP}turn0search0",
    f"{START}cite{GAP}{START}cite{GAP}turn0search0{END}{END}",
    f'{START}genui{GAP}{{"create_shared_list": {{"list_id": "x"',
    f"{START}{END}",
    f"{START}{GAP}{GAP}{END}",
    "\ue205",
    "\ue2ff",
    "\ue203\ue203",
)
CONTAINERS = (
    ":::contextList\n{w}\n:::",
    ':::writing{{variant="chat_message" id="58146"}}\n{w}\n:::',
    ':::writing{{variant="document" id="58147"}}\n{w}\n\n{w}',
    ":::hologramPanel\n{w}\n:::",
    ':::hologramPanel{{depth="3"}}\n{w}\n\n- {w}\n:::',
    ":::hologramPanel\n{w}",
)
TYPED = (
    *(
        "\uf8ff",
        "\ue000",
        "f()",
        "[]",
        "()",
        "a[0]()",
        "{}",
        '{"query": ["x"]}',
        "oranges",
        "5 < 6",
    ),
    *(
        '{"create_shared_list": {"items": []}}',
        "【4:0†source】",
        "[ ]",
        "()()",
        "“so”",
        "\U000f0001",
    ),
    f"{START}cite{GAP}turn0search0{END}",
)
"""What people type and paste; all of it stays."""
ODD_REFERENCES: tuple[Any, ...] = (
    None,
    7,
    {},
    {"type": None},
    {"type": "hologram", "alt": None},
    {"type": "grouped_webpages", "items": None},
    {"type": "grouped_webpages", "items": [None, 7, {"title": None, "url": 5}]},
    {"type": "image_group", "images": [{"image_result": None}]},
    {"type": "nav_list", "items": "x"},
)
