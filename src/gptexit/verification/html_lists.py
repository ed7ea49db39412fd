"""Compare what the scripts of an HTML archive find by, its lists and texts, with its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_text import letters
from gptexit.verification.html_data import NoData, Row, SearchedText, piece_in, rows_in, texts_in
from gptexit.verification.html_links import file_of, unsafe
from gptexit.verification.html_page import HtmlPage, Unreadable
from gptexit.verification.html_tree import HeldPage
from gptexit.verification.html_words import IndexSums, missing, sum_of, words_in
from gptexit.verification.index import Groups, Table
from gptexit.verification.raw import object_of, strings
from gptexit.verification.redacted_text import TextFinder

_MARKS = (("a", "is_archived"), ("s", "is_starred"))
"""Flags of a list, and what the export calls them."""
_WORDS = "data/words/"
_NAMED = 20
"""Conversations whose words are compared at once, and named if the index lacks one."""


class Rows(Groups[tuple[Any, ...]]):
    """The entries of each page in the lists: the file of the list, and the fields of a `Row`."""


def list_rows(archive: CheckedArchive, rows: Rows) -> None:
    """Add the entries of every list of an archive."""
    for file in sorted(path for path in archive.found if path.startswith("data/list-")):
        if file.endswith(".js"):
            for row in _rows_in(archive.root / file):
                rows.add(row.path, (file, *row))


def _rows_in(path: Path) -> Iterator[Row]:
    with suppress(NoData, OSError):  # `Lists.lacks` names it
        yield from rows_in(path, path.stem)


class Lists:
    """The data of an archive."""

    def __init__(
        self, archive: CheckedArchive, look: TextFinder, rows: Rows, searched: dict[int, int]
    ) -> None:
        """`searched`: where `texts` keeps the sum of the words of each conversation."""
        self._archive = archive
        self._look = look
        self._rows = rows
        self._searched = searched

    def unlisted(self, held: HeldPage) -> Iterator[str]:
        """Compare the entry of a page in the lists with its conversation."""
        entry = self._rows.first(held.path)
        if entry is None:
            yield "is in no list of conversations (data/list-….js)"
            return
        file, row = entry[0], Row(*entry[1:])
        if str(row.number) != held.page.number:
            yield f"has another number in {file}: {row.number}"
        if held.kept:
            return
        title = held.source.title or ""
        if letters(title) and not self._look.is_same(title, row.title):
            yield f"has another title in {file}: {row.title[:80]}"
        created = held.source.dates.get("created")
        if "created" in held.source.dates and not held.is_dated(row.created, created):
            yield f"has another date in {file}: {row.created}"
        for flag, name in _MARKS:
            if (flag in row.flags) != (held.source.raw.get(name) is True):
                yield f"has other marks in {file}: {row.flags}"

    def texts(self, held: HeldPage) -> dict[str, SearchedText] | str:
        """Return what the search reads of a page, by anchor; a sentence if it cannot."""
        number = held.page.number
        file = f"data/texts/{number}.js"
        if not number.isdecimal() or file not in self._archive.found:
            return f"is not found by the search: {file} does not exist"
        size = sum(len(text) for article in held.page.articles for text in article.texts)
        try:
            listed = texts_in(self._archive.root / file, f"text-{number}", size)
        except (NoData, OSError):
            return f"is not found by the search: {file} is not as gptexit writes it"
        texts = {text.anchor: text for text in listed}
        if len(texts) < len(listed) or not texts.keys() <= held.page.ids.keys():
            return f"is not found by the search: {file} names messages that it does not have"
        entry = self._rows.first(held.path)
        if entry is not None:
            self._searched[int(number)] = sum_of(self._words(Row(*entry[1:]), listed))
        return texts

    @staticmethod
    def _words(row: Row, listed: list[SearchedText]) -> set[str]:
        """Return the words by which the search has to find a conversation."""
        return words_in([row.title, *(text.text for text in listed)])

    def lacks(self, pages: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield file and sentence for each fault of no single page. `pages`: their paths."""
        numbers = Table[int](self._archive.index)
        for path in self._rows:
            entries = self._rows.get(path) or []
            file = entries[0][0]
            for number in (str(Row(*fields).number) for _, *fields in entries):
                numbers[number] = numbers.get(number, 0) + 1
            if path not in self._archive.promised:
                yield file, f"lists a conversation that the archive does not have: {path}"
            elif len(entries) > 1:
                yield file, f"lists a conversation twice: {path}"
        twice = [number for number, times in numbers.items() if times > 1]
        yield from (("data/", f"two conversations have the number {number}") for number in twice)
        linked = Table[bool](self._archive.index)
        index = IndexSums()
        listed: list[str] = []
        for file in sorted(filter(_is_of_all, self._archive.found)):
            if file.startswith("data/"):
                try:
                    name, value = piece_in(self._archive.root / file)
                    if file.startswith(_WORDS):
                        index.add(name.removeprefix("words-"), value)
                except (NoData, OSError):
                    yield file, "is not only data, as gptexit writes it"
                    continue
                if file == "data/index.js":
                    yield from ((file, what) for what in self._misindexed(object_of(value)))
                    pieces = object_of(object_of(value).get("words")).get("pieces")
                    listed = strings(*pieces) if isinstance(pieces, list) else []
                continue
            # The look back on the first page leads to a few conversations as well.
            yield from self._plain(file, linked if file.startswith("list/") else None)
        for name in index.misplaced(listed):
            yield f"{_WORDS}{name}.js", "is not where the search looks for its words"
        yield from self._unsearched(index)
        unlinked = min((path for path in pages if path not in linked), default=None)
        if unlinked is not None:
            yield unlinked, "is on no page of list/"

    def _unsearched(self, index: IndexSums) -> Iterator[tuple[str, str]]:
        """Yield a sentence for each conversation that the word index does not have whole."""
        differing = {
            row.number: row
            for row in self._first_rows()
            if isinstance(row.number, int)
            and index.sums[row.number] != self._searched.get(row.number)
        }
        while differing:
            some = {number: differing.pop(number) for number in [*differing][:_NAMED]}
            wanted = {number: self._looked_up(row) for number, row in some.items()}
            wanted = {
                number: it for number, it in wanted.items() if sum_of(it) != index.sums[number]
            }
            found = missing(wanted, self._pieces()) if wanted else {}
            for number, word in found.items():
                yield some[number].path, f"its search data is not complete: it lacks {word}"
            if found and differing:
                yield _WORDS, f"the search data of {len(differing)} more pages may lack words"
                return

    def _first_rows(self) -> Iterator[Row]:
        """Yield the first entry of each page."""
        entries = map(self._rows.first, self._rows)
        yield from (Row(*entry[1:]) for entry in entries if entry is not None)

    def _looked_up(self, row: Row) -> set[str]:
        """Return the words by which a conversation has to be found; none if nobody can tell."""
        file = f"data/texts/{row.number}.js"
        if file not in self._archive.found or row.path not in self._archive.found:
            return set()
        size = self._archive.place(row.path).stat().st_size
        try:
            listed = texts_in(self._archive.root / file, f"text-{row.number}", size)
        except (NoData, OSError):  # named where its page is compared
            return set()
        return self._words(row, listed)

    def _pieces(self) -> Iterator[object]:
        """Yield the pieces of the word index that can be read."""
        for file in sorted(path for path in self._archive.found if path.startswith(_WORDS)):
            with suppress(NoData, OSError):
                yield piece_in(self._archive.root / file)[1]

    def _misindexed(self, index: dict[str, object]) -> Iterator[str]:
        """Compare the index, which the scripts read first, with the lists."""
        lists = index.get("lists")
        named = strings(*lists) if isinstance(lists, list) else []
        held = {file for file, *_ in self._rows.values()}
        for file in sorted(held - {f"data/list-{name}.js" for name in named}):
            yield f"does not name {file}"
        if index.get("chats") != (listed := sum(1 for _ in self._rows)):
            yield f"counts {index.get('chats')} conversations instead of {listed}"

    def _plain(self, file: str, linked: Table[bool] | None) -> Iterator[tuple[str, str]]:
        """Read a page without messages, and add what it leads to to `linked`, if given."""
        try:
            text = (self._archive.root / file).read_text(encoding="utf-8", errors="replace")
            page = HtmlPage(text, says=False)
        except Unreadable as error:
            yield file, f"is not as gptexit writes pages: see {error}"
            return
        yield from ((file, what) for what in unsafe(self._archive, file, page))
        files = (file_of(self._archive, file, link) for link in page.links)
        if linked is not None:
            for led in filter(None, files):
                linked[led] = True


def _is_of_all(file: str) -> bool:
    """Tell whether a file has data of the whole archive, or lists its conversations."""
    data = file.startswith("data/") and not file.startswith("data/texts/")
    return data or file == "index.html" or (file.startswith("list/") and file.endswith(".html"))
