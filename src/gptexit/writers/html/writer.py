"""The HTML archive.

    index.html
    2025/2025-03-01-postgres-or-sqlite-for-a-small-shop.html
    assets/2025/order-form-3f9a.png
    static/archive.css
    data/index.js, data/list-2025.js, data/texts/17.js, data/words/…

A page is named by its day and its first title, and keeps that name. Its number is that of its file
in `data/texts`, and never changes either.
"""

from __future__ import annotations

import posixpath
import zlib
from binascii import b2a_base64
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from html import escape
from secrets import token_hex
from urllib.parse import quote

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.archive.note_contents import NoteContents, Shown, shown_by, text_of
from gptexit.codes import Hidden, NotKept, as_text, from_text
from gptexit.model import Asset, Conversation, Named
from gptexit.names import SHOWN_OF_ID, names_in
from gptexit.text.dates import day, moment
from gptexit.text.json import dumps
from gptexit.writers.base import (
    SECRETS,
    UNTITLED,
    Draft,
    copies_of,
    loose_copies,
    title_of,
    unshown,
)
from gptexit.writers.html import TITLE, HtmlOptions
from gptexit.writers.html.figures import figures_of
from gptexit.writers.html.lists import Lists, piece, texts_path
from gptexit.writers.html.page import Page, Style, page_of
from gptexit.writers.html.parts import is_picture, line
from gptexit.writers.html.prose import is_safe
from gptexit.writers.html.shell import shell
from gptexit.writers.html.words import words_of
from gptexit.writers.markdown.embed import encoded

_NOTHING = {"group": "The export holds no messages of this group chat."}
"""The words of a page without messages, by the kind of the conversation."""


@dataclass(frozen=True, slots=True)
class PageDrafter:
    """Makes the drafts of pages; it can be pickled."""

    style: Style
    mark: str = field(default_factory=lambda: f"x{token_hex(12)}")
    """The beginning of each mark: random, so that no text has it; only letters and digits."""

    def __call__(self, conversation: Conversation) -> Draft:
        """Render a conversation without the names of files."""
        used: dict[str, int] = {}
        zone = self.style.zone
        page = page_of(conversation, self._linker(conversation, used), self.style)
        messages = page.shown
        shown = shown_by(conversation, messages, sorted(used), len(messages))
        said = [tuple(said) for said in page.said()]
        body = page.html(zone) or f'<p class="missing">{_nothing(conversation)}</p>\n'
        return {
            "data": encoded(_head(conversation, page, used, zone) + body),
            "used": list(used),  # ids of assets, in the order of their first link
            "digest": shown.digest,
            "held": shown.held,
            "messages": shown.messages,
            "talk": page.talk,
            "hidden": as_text(page.hidden),
            "unshown": unshown(conversation, used),
            "flags": _flags(conversation, page, used),
            "models": page.models,
            "texts": _packed(said),
            "figures": dumps(
                figures_of(conversation, [article.message for article in page.seen], zone)
            ),
            "words": words_of(title_of(conversation), said),
        }

    def with_files(self, data: bytes, copies: list[Copy], folder: str) -> bytes:
        """Return a page with links to `copies`, one for each of the draft's `used`.

        `folder`: the folder of the page, relative to the archive.
        """
        for number, copy in enumerate(copies):
            path = escape(quote(posixpath.relpath(copy.path, folder), safe="/.-_~"))
            name = escape(posixpath.basename(copy.path))
            data = data.replace(self._path(number).encode(), path.encode())
            data = data.replace(self._name(number).encode(), name.encode("utf-8", "replace"))
        return data

    def _path(self, number: int) -> str:
        return f"{self.mark}p{number}z"

    def _name(self, number: int) -> str:
        return f"{self.mark}n{number}z"

    def _linker(
        self, conversation: Conversation, used: dict[str, int]
    ) -> Callable[[str], tuple[str, str | None]]:
        assets = {asset["id"]: asset for asset in conversation["assets"]}
        by_name = {asset["name"]: asset for asset in reversed(conversation["assets"])}

        def link(asset_id: str) -> tuple[str, str | None]:
            # A link such as `sandbox:/mnt/data/table.csv` names the file.
            asset = assets.get(asset_id) or by_name.get(asset_id.rpartition("/")[2])
            if asset is None:
                return escape(asset_id), None
            if asset["member"] is None:
                return escape(asset["name"] or asset_id), None
            number = used.setdefault(asset["id"], len(used))
            return escape(asset["name"] or "") or self._name(number), self._path(number)

        return link


def _head(conversation: Conversation, page: Page, used: dict[str, int], zone: tzinfo | None) -> str:
    """Return the head of a page's `main`."""
    begun = moment(conversation["created"], zone)
    source = conversation["source"]
    pictures, files = _counted(conversation, used)
    gone = source["gone"]
    others = f", {page.talk:,} with all versions" if page.talk > page.current_talk else ""
    facts = [
        day(begun) if begun else "",
        _count(page.current_talk, "message") + others,
        " and ".join(filter(None, (", ".join(page.models[:-1]), *page.models[-1:]))),
        _called("project", conversation["project"]),
        _called("custom GPT", conversation["assistant"]),
        _count(pictures, "picture") if pictures else "",
        _count(files, "file") if files else "",
        "starred" if conversation["starred"] else "",
        "archived" if conversation["archived"] else "",
    ]
    words = [line(fact) for fact in facts if fact]
    if gone is not None:
        number = len(gone["messages"])
        what = "this conversation" if gone["conversation"] else _count(number, "message")
        words.append(f"no longer in ChatGPT: {what}")
    elif source["url"] and is_safe(source["url"]):
        url = escape(source["url"])
        words.append(f'<a href="{url}" target="_blank" rel="noreferrer noopener">in ChatGPT</a>')
    title = line(conversation["title"]) or UNTITLED
    return (
        f'<header class="head"><h1>{title}</h1><p class="facts">{" · ".join(words)}</p></header>\n'
    )


def _called(kind: str, named: Named | None) -> str:
    """Return the name of a project or custom GPT, or the end of its id as in the list."""
    return f"{kind} {named['name'] or named['id'][-SHOWN_OF_ID:]}" if named else ""


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _nothing(conversation: Conversation) -> str:
    return _NOTHING.get(conversation["source"]["kind"], "Nothing was said here.")


def _counted(conversation: Conversation, used: dict[str, int]) -> tuple[int, int]:
    """Count the pictures and the other files to which a page links."""
    shown = [asset for asset in conversation["assets"] if asset["id"] in used]
    pictures = sum(map(is_picture, shown))
    return pictures, len(shown) - pictures


def _flags(conversation: Conversation, page: Page, used: dict[str, int]) -> str:
    """Return a letter for each thing that a conversation is or has."""
    pictures, files = _counted(conversation, used)
    flags = {
        "a": conversation["archived"],
        "s": conversation["starred"],
        "p": pictures,
        "f": files,
        "c": any('<div class="code">' in article.inner for article in page.seen),
        "g": conversation["source"]["gone"] is not None,
    }
    return "".join(letter for letter, holds in flags.items() if holds)


def _packed(texts: Sequence[object]) -> bytes:
    """Return texts as raw deflate in Base64."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return b2a_base64(packer.compress(dumps(texts)) + packer.flush(), newline=False)


class Html:
    """The writer."""

    def __init__(self, options: HtmlOptions, catalog: Catalog) -> None:
        self._catalog = catalog
        self._zone: tzinfo | None = options.timezone
        style = Style(
            options.include,
            options.branches != "current",
            self._zone,
            options.highlight != "no",
        )
        self.drafter = PageDrafter(style)
        self._title = options.archive_title or TITLE
        self._unshown = 0
        known = {} if options.redact == SECRETS else options.names.all()
        self._lists = Lists(catalog, self._title, known, options)

    def render(self, conversation: Conversation) -> Rendered:
        """Write the page, and copy the assets that it shows."""
        return self.settle(conversation, self.drafter(conversation), lambda: conversation)

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """Name the page of a conversation and the assets that it shows."""
        key = f"conversation/{conversation['id']}"
        begun = moment(conversation["created"], self._zone)
        year = f"{begun.year:04}" if begun else "undated"
        title = title_of(conversation)
        dated = f"{begun.year:04}-{begun.month:02}-{begun.day:02}-" if begun else ""
        words = dated + (readable(title) or UNTITLED.lower())
        path = self._catalog.name(key, year, words, ending=".html")
        copies = copies_of(conversation, draft["used"], f"assets/{year}", self._catalog)
        self._lists.names.update(names_in(conversation))
        self._unshown += draft["unshown"]
        folder = posixpath.dirname(path)
        root = posixpath.relpath(".", folder) + "/"
        number = self._lists.number_of(conversation["id"])
        opening, closing = shell(title, root, self._title, str(number), "chat")
        body = self.drafter.with_files(draft["data"], copies, folder)
        data = opening + body + closing
        shown = Shown(draft["digest"], draft["held"], draft["messages"])
        holding = NoteContents(conversation, shown, sorted(draft["used"]), whole)
        about = {
            "title": title,
            "created": begun.isoformat() if begun else None,
            "project": conversation["project"]["id"] if conversation["project"] else None,
            "number": str(number),
            "listed": dumps(
                [
                    conversation["assistant"]["id"] if conversation["assistant"] else None,
                    draft["flags"],
                    draft["models"],
                    draft["talk"],
                ]
            ).decode(),
            **holding.about(text_of(data)),
        }
        page = File(path, data, key, about=about, holding=holding)
        texts = piece(
            f"text-{number}",
            b'{"t":"%b","f":%b}' % (draft["texts"], draft["figures"]),
        )
        texts_file = File(texts_path(number), texts, f"texts/{conversation['id']}", along=key)
        self._lists.take(number, title, texts_file, draft["words"], draft["figures"])
        return Rendered(
            files=[page, texts_file],
            copies=copies,
            messages=draft["messages"],
            hidden=from_text(Hidden, draft["hidden"]),
        )

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Copy files that no page shows into a folder of their own."""
        self._unshown = 0
        return Rendered(copies=loose_copies(assets, self._catalog))

    def finish(self) -> Rendered:
        """Write the first page and the lists of the whole archive, of this run and earlier ones."""
        unshown = Counter({NotKept.FILE_UNSHOWN: self._unshown})
        return Rendered(more=self._lists.files(), not_kept=+unshown)
