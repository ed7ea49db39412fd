"""A jsonl archive, read back line by line, by the standard library.

Each string of each message has to be there, shown or not. Of what a person saw, the parts have to
hold the words as well, since programs read those.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from itertools import islice

from gptexit.chatgpt.names import file_id
from gptexit.verification.archive_files import CheckedArchive, Locator
from gptexit.verification.compare_text import essence, key_of_address
from gptexit.verification.expected import ShownConversation, ShownMessage
from gptexit.verification.foreign import foreign
from gptexit.verification.moments import SAME, changed_since, misdated, same_time
from gptexit.verification.raw import Raw, leaves, object_of, objects, parsed, strings
from gptexit.verification.readers.base import Reader
from gptexit.verification.redacted_text import TextFinder, same
from gptexit.verification.told import Told
from gptexit.verification.words import Words, is_web, mended

FILE = "conversations.jsonl"


class JsonlReader(Reader):
    """The lines of an archive by conversation; held are ids and places, not lines."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        self._several = bool(archive.record.get("several"))
        super().__init__()
        self._path = archive.root / FILE
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
        self._look = TextFinder(archive.redacted)
        self._places: dict[str, int] = {}
        self._locate = locate
        self._index()

    def _index(self) -> None:
        if not self._path.is_file():
            return
        at = 0
        seen: dict[str, bytes] = {}
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                key = parsed(line).get("id")
                if isinstance(key, str):
                    self._see(key, at, line, seen)
                else:
                    self.unreadable.append((FILE, f"line {number} is no conversation"))
                at += len(line)

    def _see(self, key: str, at: int, line: bytes, seen: dict[str, bytes]) -> None:
        """Note where a conversation is. Without ids, those that are alike share a name."""
        digest = hashlib.sha256(line.strip()).digest()
        if key in self._places and not (key.startswith("no-id-") and seen[key] == digest):
            self.unreadable.append((FILE, f"has the conversation {key} twice"))
        seen[key] = digest
        self._places[key] = at

    def ids(self) -> Set[str]:
        """The conversations that there are lines of."""
        return self._places.keys()

    def expects(self, told: Told) -> ShownConversation:
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
        later = changed_since(line.get("updated"), told.raw)
        lacks += [(where, sentence) for sentence in self._parts(told, messages, later=later)]
        dated = None if later else misdated(told.dates, line, SAME)
        lacks += [(where, dated)] if dated else []
        lacks += [(where, sentence) for sentence in self._more(told, line, messages, later)]
        lacks += [(where, sentence) for sentence in self._files(key, told, line)]
        if not (later or self._several or self._redacted):
            lacks += [(where, sentence) for sentence in self._foreign(told, messages)]
        return lacks

    def _same(self, text: str, there: Iterable[str]) -> bool:
        return text in there or (self._redacted and any(same(text, each) for each in there))

    def _messages(self, told: Told, messages: list[Raw]) -> list[str]:
        wanted = told.path if self._current_only else list(told.nodes)
        wanted = [key for key in wanted if told.message(key)]
        self.messages += len(wanted)
        by_id = {each.get("id"): each for each in messages}
        place = {key: number for number, key in enumerate(by_id)}
        nearest = told.nearest(
            {key: each.get("parent") for key, each in by_id.items() if isinstance(key, str)}
        )
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
            lacks += _differing(told, key, by_id[key], nearest.get(key))
        return lacks

    def _more(self, told: Told, line: Raw, messages: list[Raw], later: bool) -> Iterator[str]:
        """What the line has that the export has not, and where it opens.

        `later`: whether it is of a later export, which may hold more. Of an earlier one it holds
        what tools said, and what it says to be gone.
        """
        counted = Counter(str(each.get("id")) for each in messages)
        yield from (f"message {key} is there twice" for key, n in counted.items() if n > 1)
        if later or self._several:
            return
        gone = object_of(object_of(line.get("source")).get("gone"))
        listed = gone.get("messages")
        kept = set(strings(*listed)) if isinstance(listed, list) else set()
        for each in messages:
            key = str(each.get("id"))
            if key in told.answers or key in kept or gone.get("conversation"):
                continue
            if each.get("to") or each.get("hidden"):
                continue  # slim exports leave out what is not shown
            if each.get("role") in ("user", "assistant") and _tells(each):
                yield f"message {key} is none of the export's"
        opens = told.opens_at
        if opens in counted and not kept and line.get("current") != opens:
            yield "opens at another message than in ChatGPT"

    def _files(self, key: str, told: Told, line: Raw) -> Iterator[str]:
        """Hold the files that the line names against those of the export."""
        assets = {str(each.get("id")): each for each in objects(line.get("assets"))}
        for name, asset in assets.items():
            member = self._locate.member_of(name)
            there, digest = asset.get("member"), asset.get("sha256")
            if member is None or name.startswith("sandbox:"):
                continue
            if asset.get("missing") is True or there is None:
                yield f"the file {name} is said to be missing, which it is not"
            elif digest not in (None, self._locate.member(member)) and not self._redacted:
                yield f"the file {name} is said to have other bytes than it has"
        if self._redacted:
            return
        made = told.library_files
        for message in objects(line.get("messages")):
            said = str(message.get("id"))
            if said not in told.nodes:
                continue
            shown = [part["asset"] for part in objects(message.get("parts")) if _is_media(part)]
            own = told.files(said)
            for name in dict.fromkeys(shown):
                if name in own or name in made or name.startswith("sandbox:"):
                    continue
                # What an earlier export gave to the line, this one does not hold.
                if self._locate.member_of(name) and not told.names(said, name.partition("#")[0]):
                    yield f"message {said} shows a file that is not its own: {name}"
            for name in own - set(shown):
                if name in assets:
                    yield f"message {said} does not show its file {name}"

    def _parts(self, told: Told, messages: list[Raw], *, later: bool) -> Iterator[str]:
        """Hold what a person saw against the parts of the messages.

        `later`: whether they are of a later export, which may have more of an answer.
        """
        by_id = {each.get("id"): each for each in messages}
        seen = self.expects(told)
        for said in [*seen.current, *seen.others]:
            line = by_id.get(said.id)
            if line is None:
                continue  # told already
            if line.get("hidden") is not None:
                yield f"message {said.id} is marked as hidden, which it was not: {line['hidden']}"
            shown = {part["asset"] for part in objects(line.get("parts")) if _is_media(part)}
            for pointer in said.pointers if not self._redacted else ():
                if self._locate.member_of(pointer) and file_id(pointer) not in shown:
                    yield f"message {said.id} does not show its file {pointer}"
            if self._whole(said, line):
                continue
            if said.plain and not self._redacted and not later and _adds(said, line):
                yield f"message {said.id} shows more than its own words"
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

    def _foreign(self, told: Told, messages: list[Raw]) -> Iterator[str]:
        """Find a word in the texts of messages that the export does not have.

        Those that say nothing but their text were compared letter by letter.
        """
        seen = self.expects(told)
        plain = {said.id for said in [*seen.current, *seen.others] if said.plain}
        lines = (each for each in messages if each.get("id") in told.nodes.keys() - plain)
        parts = (part for line in lines for part in objects(line.get("parts")))
        texts = [text for part in parts if isinstance(text := part.get("text"), str)]
        names = [name for row in told.rows for name in strings(row.get("file_name"))]
        for word in islice(foreign("\n".join(texts), told.raw, told.rows, names), 1):
            yield f"holds a word that the export does not have: {word}"

    def _whole(self, said: ShownMessage, line: Raw) -> bool:
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


def _differing(told: Told, key: str, line: Raw, above: object) -> Iterator[str]:
    """Yield a sentence for who wrote a message, when and after which, where a line differs.

    `above`: the message that it answers by the archive, of those that the export has.
    """
    role = told.role(key)
    if role is not None and line.get("role") != mended(role):
        yield f"somebody else is said to have written message {key}"
    if not same_time(told.message(key).get("create_time"), line.get("created")):
        yield f"message {key} has another time"
    if above != told.answers.get(key):
        yield f"message {key} is said to answer another one"


def _adds(said: ShownMessage, line: Raw) -> bool:
    """Tell whether the parts of a line hold words that a plain message has not."""
    there = [leaf for part in objects(line.get("parts")) for leaf in strings(part.get("text"))]
    return essence("".join(there)) != essence("".join(map(mended, said.texts)))


def _tells(message: Raw) -> bool:
    return any(leaf.strip() for part in objects(message.get("parts")) for leaf in leaves(part))


def _is_media(part: Raw) -> bool:
    return part.get("type") in ("image", "audio", "video", "file") and isinstance(
        part.get("asset"), str
    )


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
