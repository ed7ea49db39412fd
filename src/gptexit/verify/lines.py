"""A jsonl archive, read back line by line, by the standard library.

Each string of each message has to be there, shown or not. Of what a person saw, the parts have to
hold the words as well, since programs read those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gptexit.verify.compare import key_of_address
from gptexit.verify.expected import Said, Seen
from gptexit.verify.folder import Archive
from gptexit.verify.later import changed_since
from gptexit.verify.locate import Locator
from gptexit.verify.marks import Look, same
from gptexit.verify.raw import Raw, leaves, objects, parsed
from gptexit.verify.reader import Reader
from gptexit.verify.told import Told
from gptexit.verify.words import Words, is_web, mended

FILE = "conversations.jsonl"


class Lines(Reader):
    """The lines of an archive by conversation; held are ids and places, not lines."""

    def __init__(self, archive: Archive, locate: Locator) -> None:
        super().__init__()
        self._path = archive.root / FILE
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
        self._look = Look(archive.redacted)
        self._places: dict[str, int] = {}
        self._index()

    def _index(self) -> None:
        if not self._path.is_file():
            return
        at = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                key = parsed(line).get("id")
                if isinstance(key, str):
                    self._places[key] = at
                else:
                    self.unreadable.append((FILE, f"line {number} is no conversation"))
                at += len(line)

    def ids(self) -> set[str]:
        """The conversations that there are lines of."""
        return set(self._places)

    def expects(self, told: Told) -> Seen:
        """What a person saw of a conversation and its line has to hold."""
        return told.seen(every_branch=not self._current_only, reasoning=True)

    def check(self, key: str, told: Told) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that the line lacks; None where there is no line."""
        if key not in self._places:
            return None
        with self._path.open("rb") as lines:
            lines.seek(self._places[key])
            line = parsed(lines.readline())
        messages = objects(line.get("messages"))
        where = f"{FILE}, conversation {key}"
        title = told.title
        lacks = (
            [(where, "the title is another")]
            if title is not None
            and not self._same(mended(title), [str(line.get("title"))])
            and not changed_since(line.get("updated"), told.raw)
            else []
        )
        lacks += [(where, sentence) for sentence in self._messages(told, messages)]
        lacks += [(where, sentence) for sentence in self._parts(told, messages)]
        return lacks

    def _same(self, text: str, there: Iterable[str]) -> bool:
        return text in there or (self._redacted and any(same(text, each) for each in there))

    def _messages(self, told: Told, messages: list[Raw]) -> list[str]:
        wanted = told.path if self._current_only else list(told.nodes)
        wanted = [key for key in wanted if told.message(key)]
        self.messages += len(wanted)
        by_id = {each.get("id"): each for each in messages}
        place = {key: number for number, key in enumerate(by_id)}
        lacks = []
        for key in wanted:
            if key not in by_id:
                lacks.append(f"message {key} is missing")
                continue
            message = told.message(key)
            contents = [message.get("content"), message.get("older_content")]
            asked = Counter(map(mended, leaves(contents)))
            there = Counter(leaves(by_id[key]))
            gone = asked - there
            if gone:  # a later export may have more of an answer
                gone = Counter({text: n for text, n in gone.items() if not _begins(text, there)})
            if self._redacted and gone and all(self._same(each, there) for each in gone):
                self.redacted += 1
            elif gone:
                lacks.append(f"message {key} is not there in full")
            parent = told.above[key]
            if parent in place and place[parent] > place[key]:
                lacks.append(f"message {key} stands before the one that it answers")
        return lacks

    def _parts(self, told: Told, messages: list[Raw]) -> Iterator[str]:
        """Hold what a person saw against the parts of the messages."""
        by_id = {each.get("id"): each for each in messages}
        seen = self.expects(told)
        for said in [*seen.current, *seen.others]:
            line = by_id.get(said.id)
            if line is None:
                continue  # told already
            if line.get("hidden") is not None:
                yield f"message {said.id} is marked as hidden, which it was not: {line['hidden']}"
            if self._whole(said, line):
                continue
            gone = self._gone(said.words, [line])
            if gone is not None:
                yield f"message {said.id} does not show all of its words: “{gone[:40]}”"
            for address in dict.fromkeys(_cited(line)):
                if not told.gives(said.id, key_of_address(address)):
                    yield f"message {said.id} names a source that is not its own: {address}"
        for words in seen.anywhere:
            gone = self._gone(words, messages)
            if gone is not None:
                yield f"a document or report is not there in full: “{gone[:40]}”"

    def _whole(self, said: Said, line: Raw) -> bool:
        """Tell, at little cost, whether the parts are the text itself, and nothing else is due."""
        parts = objects(line.get("parts"))
        if not said.plain or any(part.get("citations") or part.get("sources") for part in parts):
            return False
        texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
        return texts == said.texts

    def _gone(self, words: Words, lines: list[Raw]) -> str | None:
        parts = [line.get("parts") for line in lines]
        told = list(leaves(parts))
        whole = self._look.essence("\n".join(reversed(told)))
        for segment in [*words.segments, *words.phrases]:
            if self._look.find(segment, whole, 0) < 0:
                return segment
        if not words.addresses or self._redacted:
            return None
        keys = "\0".join(key_of_address(leaf) for leaf in told if "://" in leaf)
        for group in words.addresses:
            if not any(key in keys for key in group):
                return f"the source {group[0]}"
        return None


def _begins(text: str, there: Iterable[str]) -> bool:
    """Tell whether one of the texts that are there begins with `text` and goes on."""
    return any(len(longer) > len(text) and longer.startswith(text) for longer in there)


def _cited(line: Raw) -> Iterator[str]:
    """Yield the addresses of the sources that a message of a line names."""
    for part in objects(line.get("parts")):
        listed = [*objects(part.get("sources"))]
        for citation in objects(part.get("citations")):
            listed += objects(citation.get("sources"))
        yield from (each["url"] for each in listed if is_web(each.get("url")))
