"""Compare what the scripts of an HTML archive find by, its lists and texts, with its pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from gptexit.verification.archive_files import CheckedArchive
from gptexit.verification.compare_text import letters
from gptexit.verification.html_data import NoData, Row, SearchedText, piece_in, rows_in, texts_in
from gptexit.verification.html_links import file_of, unsafe
from gptexit.verification.html_page import HtmlPage, Unreadable
from gptexit.verification.html_tree import HeldPage
from gptexit.verification.html_words import IndexSums, missing, sum_of, words_in
from gptexit.verification.raw import object_of, strings
from gptexit.verification.redacted_text import TextFinder

_MARKS = (("a", "is_archived"), ("s", "is_starred"))
"""Flags of a list, and what the export calls them."""
_WORDS = "data/words/"
_NAMED = 20
"""Conversations whose words are compared at once, and named if the index lacks one."""


class Lists:
    """The data of an archive."""

    def __init__(self, archive: CheckedArchive, look: TextFinder, searched: dict[int, int]) -> None:
        """`searched`: where `texts` keeps the sum of the words of each conversation."""
        self._archive = archive
        self._look = look
        self._searched = searched

    @cached_property
    def _rows(self) -> dict[str, list[tuple[str, Row]]]:
        """The entries of each page in the lists, with the file of the list."""
        rows: dict[str, list[tuple[str, Row]]] = {}
        for file in sorted(self._archive.found):
            if file.startswith("data/list-") and file.endswith(".js"):
                try:
                    for row in rows_in(self._archive.root / file, Path(file).stem):
                        rows.setdefault(row.path, []).append((file, row))
                except (NoData, OSError):
                    continue  # `lacks` names it
        return rows

    def unlisted(self, held: HeldPage) -> Iterator[str]:
        """Compare the entry of a page in the lists with its conversation."""
        if held.path not in self._rows:
            yield "is in no list of conversations (data/list-….js)"
            return
        file, row = self._rows[held.path][0]
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
        if held.path in self._rows:
            self._searched[int(number)] = sum_of(self._words(self._rows[held.path][0][1], listed))
        return texts

    @staticmethod
    def _words(row: Row, listed: list[SearchedText]) -> set[str]:
        """Return the words by which the search has to find a conversation."""
        return words_in([row.title, *(text.text for text in listed)])

    def lacks(self, pages: set[str]) -> Iterator[tuple[str, str]]:
        """Yield file and sentence for each fault of no single page. `pages`: their paths."""
        numbers: Counter[str] = Counter()
        for path, entries in self._rows.items():
            file = entries[0][0]
            numbers.update(str(row.number) for _, row in entries)
            if path not in self._archive.promised:
                yield file, f"lists a conversation that the archive does not have: {path}"
            elif len(entries) > 1:
                yield file, f"lists a conversation twice: {path}"
        twice = [number for number, times in numbers.items() if times > 1]
        yield from (("data/", f"two conversations have the number {number}") for number in twice)
        linked: set[str] = set()
        index = IndexSums()
        listed: list[str] = []
        for file in sorted(self._archive.found):
            if file.startswith("data/") and not file.startswith("data/texts/"):
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
            elif file == "index.html" or (file.startswith("list/") and file.endswith(".html")):
                # The look back on the first page leads to a few conversations as well.
                yield from self._plain(file, linked if file.startswith("list/") else set())
        for name in index.misplaced(listed):
            yield f"{_WORDS}{name}.js", "is not where the search looks for its words"
        yield from self._unsearched(index)
        unlinked = sorted(pages - linked)
        yield from ((path, "is on no page of list/") for path in unlinked[:1])

    def _unsearched(self, index: IndexSums) -> Iterator[tuple[str, str]]:
        """Yield a sentence for each conversation that the word index does not have whole."""
        differing = {
            row.number: row
            for entries in self._rows.values()
            for _, row in entries[:1]
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
        for file in sorted(self._archive.found):
            if file.startswith(_WORDS):
                with suppress(NoData, OSError):
                    yield piece_in(self._archive.root / file)[1]

    def _misindexed(self, index: dict[str, object]) -> Iterator[str]:
        """Compare the index, which the scripts read first, with the lists."""
        lists = index.get("lists")
        named = strings(*lists) if isinstance(lists, list) else []
        held = {file for entries in self._rows.values() for file, _ in entries}
        for file in sorted(held - {f"data/list-{name}.js" for name in named}):
            yield f"does not name {file}"
        if index.get("chats") != len(self._rows):
            yield f"counts {index.get('chats')} conversations instead of {len(self._rows)}"

    def _plain(self, file: str, linked: set[str]) -> Iterator[tuple[str, str]]:
        """Read a page without messages, and add what it leads to to `linked`."""
        try:
            text = (self._archive.root / file).read_text(encoding="utf-8", errors="replace")
            page = HtmlPage(text, says=False)
        except Unreadable as error:
            yield file, f"is not as gptexit writes pages: see {error}"
            return
        yield from ((file, what) for what in unsafe(self._archive, file, page))
        files = (file_of(self._archive, file, link) for link in page.links)
        linked.update(filter(None, files))
