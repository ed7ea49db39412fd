"""Read an HTML archive back page by page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial

from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_text import key_of_address, keys_in, letters
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownConversation, ShownMessage
from gptexit.verification.export_files import Locator
from gptexit.verification.html_data import ROLES
from gptexit.verification.html_links import file_of, unsafe
from gptexit.verification.html_lists import Lists, Rows, list_rows
from gptexit.verification.html_page import Article, HtmlPage, Unreadable
from gptexit.verification.html_tree import HeldPage, spelled
from gptexit.verification.index import Groups, WordSet
from gptexit.verification.raw import changed_since, id_of, inner_json, leaves, mended, names
from gptexit.verification.readers import Lack, Reader
from gptexit.verification.readers.markdown import SIGNATURES, mark_of
from gptexit.verification.rendered import find, has_words, lacking, plainer
from gptexit.verification.words import Words, is_web

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""Ends of the names of files that a page shows, and does not only link to."""
_OF_CONVERSATION = re.compile(r"(?:[a-z0-9]+/)?conversation/(.*)", re.DOTALL)
"""The key of a page of a conversation; that of an older or a newer one beside it begins so."""
_COUNTED = 12
"""Letters of a paragraph that is counted, at least."""
_DAY = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
_WORDS_OF_A_PAGE = names(
    """
    adds all answer archive by chatgpt context conversation earlier found gptexit hidden itself
    longer message nothing said skip system that tool untitled used version versions was with you
    """
)


class HtmlReader(Reader):
    """Reads pages; keeps the paths of those of each conversation."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        super().__init__(archive, locate)
        include = archive.option("include")
        self.reasoning = "reasoning" in include if isinstance(include, list) else True
        rows = self.listed("rows", Rows, partial(list_rows, archive))
        self._lists = Lists(archive, self.look, rows, self.searched)
        self._own_words = self.listed("words", WordSet, self._list_words)
        self.places = self._places = self.listed("places", Groups[str], self._list)
        zone = archive.option("timezone")
        self._zone = zone if isinstance(zone, str) else None

    def _list_words(self, words: WordSet) -> None:
        words.add(_WORDS_OF_A_PAGE)
        self.words_of_names(words)

    def _list(self, places: Groups[str]) -> None:
        """Note the paths of the pages of each conversation."""
        for key, path in self.archive.keys.items():
            named = _OF_CONVERSATION.match(key)
            if named and path in self.archive.found:
                places.add(named[1], path)

    def compare(self, key: str, place: list[str], source: SourceConversation) -> list[Lack]:
        """Return what the pages at some paths lack.

        Of several (the user's own and the new one beside it) the words of the best count. A message
        that it lacks may be in another one: exports may each have what the other lacks.
        """
        seen = source.seen(every_branch=self.every_branch, reasoning=self.reasoning)
        self.messages += len(seen.current) + len(seen.others)
        main = self.archive.keys.get(f"conversation/{key}")
        always: list[Lack] = []
        verdicts: list[list[Lack]] = []
        pages: dict[str, HeldPage] = {}
        for path in place:
            try:
                pages[path] = self._read(path, source, seen)
            except Unreadable as error:
                what = f"is not as gptexit writes pages, so it cannot be read: see {error}"
                verdicts.append([(path, what)])
        for path, held in pages.items():
            held.others = [other for other in pages.values() if other is not held]
            always += [(path, what) for what in unsafe(self.archive, path, held.page)]
            if path == main:
                always += [(path, what) for what in self._unfound(held)]
            verdicts.append([(path, what) for what in self._lacks(held)])
        return always + min(verdicts, key=len)

    def at_end(self) -> Iterator[Lack]:
        """Yield what the archive as a whole lacks: its lists, its index and its first page."""
        yield from self._lists.lacks(self._places.values())

    def _read(self, path: str, source: SourceConversation, seen: ShownConversation) -> HeldPage:
        """Read a page. Raises Unreadable."""
        archive = self.archive
        page = HtmlPage(archive.place(path).read_text(encoding="utf-8", errors="replace"))
        updated = archive.told(path, "updated")
        later = changed_since(f"{updated}Z" if updated else None, source.raw)
        more = later or self._keeps_more(source)
        return HeldPage(
            path,
            page,
            source,
            seen,
            self._zone,
            {article.key or "": article for article in reversed(page.articles)},
            {key: spelled(key) for key in source.answers},
            ours=not archive.is_changed(path),
            later=later,
            kept=more or self.several,
            foreign=more or self.others,
        )

    def _lacks(self, held: HeldPage) -> Iterator[str]:
        """Compare a page with its conversation."""
        yield from self._titled(held)
        yield from held.strange()
        yield from held.misplaced()
        yield from self._shown(held)
        yield from self._led(held)
        if held.ours and not (held.kept or self.archive.redacted):
            yield from _doubled(held)

    def _keeps_more(self, source: SourceConversation) -> bool:
        """Tell whether the manifest says that a page shows messages of an earlier export."""
        shown = self.archive.shows.get(f"conversation/{id_of(source.raw)}", "")
        marks = {mark.partition(".")[0] for mark in shown.split() if not mark.endswith(".0")}
        return not marks <= set(map(mark_of, source.nodes))

    def _titled(self, held: HeldPage) -> Iterator[str]:
        """Compare title and date with those of the conversation."""
        if held.later or not held.ours:
            return
        page, title = held.page, held.source.title or ""
        for place, words in (("heading", page.heading), ("title of the tab", page.title)):
            if letters(title) and not self.look.is_same(title, words):
                yield f"the {place} is another: {words[:80]}"
        if held.kept or "created" not in held.source.dates:
            return
        day = _DAY.search(page.facts)
        if not held.is_day(day[0] if day else None, held.source.dates["created"]):
            yield f"the date below its heading is another: {day[0] if day else 'none'}"

    def _shown(self, held: HeldPage) -> Iterator[str]:
        """Look for the words, sources and files of each message, and for any others."""
        page, source, seen = held.page, held.source, held.seen
        files: dict[str, str | None] = dict(source.generated())
        every_page = [page, *(other.page for other in held.others)]
        everything = cache(lambda: self.look.letters("\n".join(it.text for it in every_page)))
        beside = cache(lambda: self.look.letters(page.beside))
        for shown in [*seen.current, *seen.others]:
            found = held.holder(spelled(shown.id))
            pointers = [*shown.pointers, *(name for name, key in files.items() if key == shown.id)]
            if found is not None:
                holder, article = found
                yield from self._said(holder, shown, article)
                yield from self._linked(holder, pointers, [article])
            elif any(map(has_words, shown.words.pieces)) or shown.pointers:
                yield f"{_name(shown)} is missing"
            elif gone := self._beside(shown.words, everything() + beside(), page.articles):
                yield f"{_name(shown)} is missing: “{_short(gone)}”"
        for words in seen.anywhere:
            gone = self._gone(words, everything())[0]
            gone = gone or self._beside(words, everything() + beside(), page.articles)
            if gone is not None:
                yield f"a document or report is incomplete: “{_short(gone)}”"
        shown_by = {shown.id for shown in [*seen.current, *seen.others]}
        unplaced = [pointer for pointer, key in files.items() if key not in shown_by]
        yield from self._linked(held, unplaced, page.articles)
        if held.ours and not (held.foreign or self.archive.redacted):
            text = f"{page.title}\n{page.text}"
            strange = source.vocabulary.lacks(text, source.texts(source.nodes), self._own_words)
            if first := next(filter(partial(_is_in_nothing, source), strange), None):
                yield f"holds a word that the export does not have: {first}"

    def _said(self, held: HeldPage, shown: ShownMessage, article: Article) -> Iterator[str]:
        """Look for the words and sources of a message in its article."""
        within = self.look.letters("".join(article.texts))
        before = self.look.marks
        gone, _ = self._gone(shown.words, within)
        self.redacted += self.look.marks > before
        if gone is None:
            gone = self._beside(shown.words, within + letters("\n".join(article.beside)), [article])
        if gone is not None:
            yield f"{_name(shown)} is incomplete: “{_short(gone)}”"
        elif shown.plain and held.ours and not (held.kept or self.archive.redacted):
            own = letters("".join(article.own))
            texts = "\n".join(map(mended, shown.texts))
            literal = letters(texts)
            allowed = (literal, letters(plainer(texts)))
            if len(shown.words.pieces) == len(shown.texts):
                allowed = ("", "")
            _, more = self._gone(shown.words, own)
            known = all(any(words in text for text in allowed) for words in more)
            if not known or len(own) > len(literal):
                yield f"{_name(shown)} shows more than its own words"

    def _led(self, held: HeldPage) -> Iterator[str]:
        """Name addresses that messages lead to and do not have themselves."""
        if self.archive.redacted or held.foreign or not held.ours:
            return
        keys = {name: key for key, name in held.names.items()}
        for article in held.page.articles:
            key = keys.get(article.key or "")
            for address in dict.fromkeys(article.links) if key is not None else ():
                if is_web(address) and not held.source.gives(str(key), key_of_address(address)):
                    yield f"message {article.key} leads to an address of nobody: {address[:200]}"

    def _gone(self, words: Words, within: str) -> tuple[str | None, list[str]]:
        """Return the first piece that is not behind the one before, and what stands between."""
        at = 0
        between = []
        for piece in words.pieces:
            span = find(piece, self.look, within, at)
            if span is None:
                return lacking(piece, within), []
            between.append(within[at : span.begin])
            at = span.end
        return None, [*between, within[at:]]

    def _beside(self, words: Words, within: str, articles: list[Article]) -> str | None:
        """Return the first phrase or source that articles lack, if there is one."""
        for phrase in map(letters, words.phrases):
            if phrase and self.look.find(phrase, within) < 0:
                return phrase
        if not words.addresses or self.archive.redacted:
            return None
        held = {key_of_address(link) for article in articles for link in article.links}
        for keys in words.addresses:
            if held.isdisjoint(keys) and not any(address.startswith(keys) for address in held):
                told = "".join(keys_in(article.text) for article in articles)
                if not any(key in told for key in keys):
                    return f"the source {keys[0]}"
        return None

    def _linked(
        self, held: HeldPage, pointers: list[str], articles: list[Article]
    ) -> Iterator[str]:
        """Yield a sentence for each file that articles do not show."""
        wanted = {pointer: digest for pointer in pointers if (digest := self.locate(pointer))}
        if not wanted:
            return
        media = self._digests(held.path, [link for it in articles for link in it.media])
        linked = self._digests(held.path, [link for it in articles for link in it.links]) | media
        for pointer, digest in wanted.items():
            name = self.archive.held.first(digest) or pointer
            if digest in media or (digest in linked and not self._is_picture(digest)):
                continue
            if digest in linked:
                yield f"the picture {name} is not shown, only linked to"
            elif digest in self._digests(held.path, held.page.links):
                yield f"the file {name} is shown in another place than in ChatGPT"
            else:
                yield f"no link leads to the file {name}"

    def _digests(self, path: str, addresses: list[str]) -> set[str]:
        """Return the SHA-256 of the files that addresses in a page lead to."""
        files = filter(None, (file_of(self.archive, path, address) for address in addresses))
        pairs = ((self.archive.found[file], self.archive.unmarked.get(file, "")) for file in files)
        return {digest for pair in pairs for digest in pair}

    def _is_picture(self, digest: str) -> bool:
        """Tell whether a file is a picture, by its name and its first bytes."""
        path = self.archive.held.first(digest) or ""
        if not path.lower().endswith(_PICTURES):
            return False
        with self.archive.place(path).open("rb") as stream:
            return bool(SIGNATURES.match(stream.read(12)))

    def _unfound(self, held: HeldPage) -> Iterator[str]:
        """Look for a page in the lists, and for its messages in what the search reads."""
        yield from self._lists.unlisted(held)
        texts = self._lists.texts(held)
        if isinstance(texts, str):
            yield texts
            return
        for shown in [*held.seen.current, *held.seen.others]:
            article = held.articles.get(spelled(shown.id))
            if article is None or not any(map(has_words, shown.words.pieces)):
                continue
            text = texts.get(article.anchor or "")
            if text is None:
                yield f"{_name(shown)} is not found by the search"
                continue
            gone, _ = self._gone(shown.words, self.look.letters(text.text))
            if gone is not None:
                # What the page itself lacks is named as such, or is in an older one beside it.
                page = self.look.letters("".join(article.texts))
                if self._gone(shown.words, page)[0] is None:
                    yield f"the search does not find all of {_name(shown)}: “{_short(gone)}”"
            if text.role != ROLES.get(held.source.role(shown.id) or "", text.role):
                yield f"the search names another author of {_name(shown)}"


def _name(shown: ShownMessage) -> str:
    return f"the message of {shown.when} (UTC)" if shown.when else f"message {shown.id}"


def _doubled(held: HeldPage) -> Iterator[str]:
    """Yield a sentence for each message that shows a paragraph more often than the export has it.

    One that stands in no string as it is shown, such as one with sources, cannot be counted.
    """
    strings: str | None = None
    for article in held.page.articles:
        blocks = map(letters, "".join(article.own).split("\n"))
        for block, times in Counter(blocks).items():
            if times < 2 or len(block) < _COUNTED:
                continue
            if strings is None:
                raw = leaves([held.source.raw, held.source.rows])
                inner = leaves([inner_json(text) for text in raw if text[:1] in ("{", "[")])
                strings = letters("\0".join(map(mended, [*raw, *inner])))
            if 0 < strings.count(block) < times:
                yield f"message {article.key} shows a paragraph {times} times: “{_short(block)}”"


def _is_in_nothing(source: SourceConversation, word: str) -> bool:
    """Tell whether no string has a word, even if what Markdown adds in it is taken out.

    Where a link leads to a file that is gone, its text follows the word before it.
    """
    return letters(word) not in letters("\n".join(leaves([source.raw, source.rows]))).casefold()


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:40] + "…"
