"""The lists of an HTML archive, its index of words and its first page.

They tell of the conversations of this run and of earlier ones. What only earlier runs brought is
read back from the archive, whose files somebody may have changed: what is not as we write it is
left out.
"""

from __future__ import annotations

import zlib
from binascii import a2b_base64
from collections.abc import Generator, Iterator
from contextlib import suppress
from hashlib import sha256
from html import escape
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from gptexit.archive.files import File
from gptexit.archive.manifest import Catalog, Entry
from gptexit.files.disk import open_plain
from gptexit.text.json import dumps
from gptexit.writers.html import HtmlOptions
from gptexit.writers.html.look_back import Link, LookBack
from gptexit.writers.html.shell import shell, static_files
from gptexit.writers.html.words import WordIndex, words_of
from gptexit.writers.markdown.embed import encoded

_LARGEST = 256 << 20
"""Bytes of texts of an earlier run that are read, at most."""
_AT_ONCE = 500
"""Rows of a list that are written together."""
_MORE = {
    "older": (
        "What only older exports hold",
        "Older texts of pages. Each has something that the newer text lacks.",
    ),
    "files": ("Files that no page shows", "The export holds them, and no conversation names them."),
}
"""The title of a list that no script reads, and what is in it, by its name."""
_SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def piece(name: str, value: bytes) -> bytes:
    """Return a data file: a script that hands over `value`, which is JSON."""
    for sign, shown in _SEPARATORS:
        if sign in value:
            value = value.replace(sign, shown)
    return b'archive.piece("%b",%b)\n' % (name.encode(), value)


def texts_path(number: int) -> str:
    """Return the path of the texts of a conversation."""
    return f"data/texts/{number}.js"


def number_in(entry: Entry | None) -> int | None:
    """Return the number of a conversation by its entry in the catalog."""
    number = entry.about.get("number") if entry else None
    good = number is not None and number.isascii() and number.isdecimal() and len(number) < 9
    return int(number) if good and number else None


class Lists:
    """What is gathered for the lists while conversations go by."""

    def __init__(
        self, catalog: Catalog, title: str, names: dict[str, str], options: HtmlOptions
    ) -> None:
        self._catalog = catalog
        self._title = title
        self.names = names
        self._root = options.root
        self._start = options.start
        self._zone = str(options.timezone) if options.timezone else None
        self._words = WordIndex()
        self._look_back = LookBack()
        self._taken: set[int] = set()
        """The numbers of the conversations whose words and figures are in."""
        self._waiting: tuple[int, str, File, bytes, bytes] | None = None
        self._last = catalog.last_number()

    def number_of(self, conversation_id: str) -> int:
        """Return the number of a conversation: the one that it has, else a new one."""
        number = number_in(self._catalog.get(f"conversation/{conversation_id}"))
        if number is not None:
            holder = self._catalog.at(texts_path(number))
            if holder is None or holder[0] == f"texts/{conversation_id}":
                return number
        self._last += 1
        while self._catalog.at(texts_path(self._last)):  # of a manifest that is not as we wrote it
            self._last += 1
        return self._last

    def take(self, number: int, title: str, texts: File, words: bytes, figures: bytes) -> None:
        """Take in the words and figures of a conversation, whose files are about to be written.

        They count once the next one comes, if the archive did not keep a page that holds more, or
        that has a newer title.
        """
        self._settle()
        self._waiting = (number, title, texts, words, figures)

    def _settle(self) -> None:
        if self._waiting is None:
            return
        number, title, texts, words, figures = self._waiting
        self._waiting = None
        entry = self._catalog.get(texts.key)
        if entry and entry.sha256 == sha256(texts.data).hexdigest():
            page = self._catalog.get(texts.along)
            if page and page.about.get("title") == title:
                self._add(number, words, orjson.loads(figures), page)

    def _add(self, number: int, words: bytes, figures: Any, page: Entry | None) -> None:
        if page is None or number in self._taken:
            return
        self._taken.add(number)
        self._words.add(number, words)
        gpt = _listed(page)[0]
        about = {**page.about, "path": page.path, "gpt": gpt, "number": str(number)}
        with suppress(ValueError):  # an earlier run's may be damaged
            self._look_back.add(figures, about)

    def files(self) -> Iterator[File]:
        """Yield the files of the whole archive, and those of earlier runs that have no use now."""
        seen: set[str] = set()
        for file in chain(static_files(), self._made()):
            seen.add(file.key)
            yield file
        for entry in [*self._catalog.beginning("data/", "list/", "static/")]:
            if entry.key not in seen:
                yield File(entry.path, b"", entry.key, gone=True)

    def _made(self) -> Iterator[File]:
        self._settle()
        for entry in self._catalog.conversations():
            number = number_in(entry)
            if number is not None and number not in self._taken:
                self._read_back(number, entry)
        for path, data in self._words.pieces():
            yield File(path, data, path)
        index: dict[str, Any] = {
            "title": self._title,
            "chats": 0,
            "messages": 0,
            "first": None,
            "last": None,
            "lists": [],
        }
        projects: set[str] = set()
        gpts: set[str] = set()
        for year, entries in groupby(self._catalog.conversations(), _year):
            index["lists"].append(year)
            yield from self._year(year, entries, index, projects, gpts)
        index["projects"] = {key: self.names[key] for key in sorted(projects & self.names.keys())}
        index["gpts"] = {key: self.names[key] for key in sorted(gpts & self.names.keys())}
        index["words"] = self._words.directory()
        yield File("data/index.js", piece("index", dumps(index)), "data/index.js")
        self._words.close()
        more: list[tuple[str, str, int]] = []
        for name, entries in (("older", self._catalog.older()), ("files", self._catalog.others())):
            if number := (yield from self._more(name, entries)):
                more.append((name, _MORE[name][0], number))
        yield self._first_page(index["lists"], more)

    def _more(self, name: str, entries: Iterator[Entry]) -> Generator[File, None, int]:
        """Yield the page of a list that no script reads; return how much is in it."""
        path = f"list/{name}.html"
        first = next(entries, None)
        if first is None:
            return 0
        title, words = _MORE[name]
        opening, closing = shell(title, "../", self._title, "", "list")
        head = f"<h1>{title}</h1>\n<p>{words}</p>\n<ul>\n"
        yield File(path, opening + head.encode(), path, append=True)
        number = 0
        for entry in chain([first], entries):
            number += 1
            words = entry.about.get("title") or entry.path
            yield File(path, encoded(_linked(entry.path, words)), path, append=True)
        yield File(path, b"</ul>\n" + closing, path, append=True, last=True)
        return number

    def _year(
        self,
        year: str,
        entries: Iterator[Entry],
        index: dict[str, Any],
        projects: set[str],
        gpts: set[str],
    ) -> Iterator[File]:
        """Yield the list of a year, as a script and as a page, in parts."""
        data, page = f"data/list-{year}.js", f"list/{year}.html"
        opening, closing = shell(_title_of(year), "../", self._title, "", "list")
        head = f"<h1>{_title_of(year)}</h1>\n<ul>\n".encode()
        yield File(data, f'archive.piece("list-{year}",['.encode(), data, append=True)
        yield File(page, opening + head, page, append=True)
        between = b"\n"
        while some := list(islice(entries, _AT_ONCE)):
            rows = [row for entry in some if (row := _row(entry))]
            for row in rows:
                index["chats"] += 1
                index["messages"] += row[8]
                if row[3]:
                    index["last"] = index["last"] or row[3][:10]
                    index["first"] = row[3][:10]
                projects.update(filter(None, [row[4]]))
                gpts.update(filter(None, [row[5]]))
            text = b",\n".join(map(dumps, rows))
            if rows:
                for sign, shown in _SEPARATORS:
                    text = text.replace(sign, shown)
                yield File(data, between + text, data, append=True)
                between = b",\n"
                yield File(page, encoded("".join(map(_item, rows))), page, append=True)
        yield File(data, b"\n])\n", data, append=True, last=True)
        yield File(page, b"</ul>\n" + closing, page, append=True, last=True)

    def _first_page(self, years: list[str], more: list[tuple[str, str, int]]) -> File:
        links = "".join(
            f'<li><a href="list/{name}.html">{title}</a></li>\n'
            for name, title in [
                *((year, _title_of(year)) for year in years),
                *((name, title) for name, title, _ in more),
            ]
        )
        beside = [
            Link(f"list/{name}.html", f"{title[0].lower()}{title[1:]} ({number:,})")
            for name, title, number in more
        ]
        if self._start:
            beside.append(Link(self._start, "before you cancel ChatGPT"))
        nav = f'\n<ul class="years">\n{links}</ul>\n' if links else ""
        opening, closing = shell(self._title, "", self._title, "", "look-back", nav)
        data = opening + encoded(self._look_back.html(self.names, beside, self._zone)) + closing
        return File("index.html", data, "index")

    def _read_back(self, number: int, page: Entry) -> None:
        """Take in the words and figures that an earlier run wrote."""
        key = page.key.replace("conversation/", "texts/", 1)
        entry = self._catalog.get(key)
        if entry is None or self._root is None:
            return
        found = _texts_in(self._root / entry.path)
        if found is not None:
            texts, figures = found
            self._add(number, words_of(page.about.get("title"), texts), figures, page)


def _texts_in(path: Path) -> tuple[list[tuple[str, str, str]], Any] | None:
    """Return the texts and figures in a data file, None if it is not as we write them."""
    try:
        with open_plain(path) as stream:
            data = stream.read(_LARGEST)
        _, _, value = data.partition(b",")
        found = orjson.loads(value.rstrip().removesuffix(b")"))
        unpacker = zlib.decompressobj(-15)
        texts = orjson.loads(unpacker.decompress(a2b_base64(found["t"]), _LARGEST))
        good = [(str(anchor), str(role), str(text)) for anchor, role, text in texts]
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None
    return good, found.get("f")


def _listed(entry: Entry) -> tuple[str | None, str, list[str], int]:
    """Return the custom GPT, the flags, the models and the number of messages of a conversation."""
    try:
        gpt, flags, models, messages = orjson.loads(entry.about.get("listed") or "[]")
        gpt = gpt if isinstance(gpt, str) else None
        return gpt, str(flags), [str(model) for model in models], int(messages)
    except (ValueError, TypeError):
        return None, "", [], 0


def _row(entry: Entry) -> list[Any] | None:
    """Return what the list says of a conversation; None if it has no number."""
    number = number_in(entry)
    if number is None:
        return None
    about = entry.about
    gpt, flags, models, messages = _listed(entry)
    created = (about.get("created") or "")[:16] or None
    title = about.get("title") or entry.path
    return [number, entry.path, title, created, about.get("project"), gpt, flags, models, messages]


def _item(row: list[Any]) -> str:
    when = f'<time datetime="{escape(row[3][:10])}">{escape(row[3][:10])}</time> ' if row[3] else ""
    return _linked(row[1], row[2], when)


def _linked(path: str, words: str, before: str = "") -> str:
    address = escape(quote(f"../{path}", safe="/.-_~"))
    return f'<li>{before}<a href="{address}">{escape(words, quote=False)}</a></li>\n'


def _year(entry: Entry) -> str:
    year = (entry.about.get("created") or "")[:4]
    return year if year.isascii() and year.isdecimal() else "undated"


def _title_of(year: str) -> str:
    return "Conversations without a date" if year == "undated" else f"Conversations of {year}"
