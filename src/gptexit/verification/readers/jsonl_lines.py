"""Read a jsonl archive back line by line, by the standard library.

Each string of each message has to be in its line, shown or not. The parts have to hold the words
that a person saw as well, since programs read those.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from gptexit.chatgpt.names import file_id
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_text import essence, key_of_address
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownConversation, ShownMessage
from gptexit.verification.export_files import Locator
from gptexit.verification.index import Table
from gptexit.verification.raw import (
    Raw,
    changed_since,
    leaves,
    mended,
    misdated,
    object_of,
    objects,
    parsed,
    strings,
)
from gptexit.verification.readers import Lack, Reader
from gptexit.verification.redacted_text import same
from gptexit.verification.vocabulary import vocabulary_of
from gptexit.verification.words import Words, is_web

FILE = "conversations.jsonl"
_HEAD = re.compile(rb'\{"version":\d{1,9},"id":"([\w-]{1,99})",')
"""How a line begins, if its id is plain."""


class JsonlReader(Reader):
    """Reads lines; keeps the position of each."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        super().__init__(archive, locate)
        self._path = archive.root / FILE
        if self._path.is_file():
            self._lines = self.open_files.enter_context(self._path.open("rb"))
        self.places = self._places = self.listed("places", Table[tuple[int, int, int]], self._list)

    def _list(self, places: Table[tuple[int, int, int]]) -> None:
        """Note where each conversation is: position, number and length of its line.

        Without ids, those that are alike share a name.
        """
        if not self._path.is_file():
            return
        at = 0
        nameless: dict[str, bytes] = {}
        for number, line in enumerate(self._lines, 1):
            key = _begun_id_of(line)
            if isinstance(key, str):
                digest = hashlib.sha256(line.strip()).digest() if key.startswith("no-id-") else b""
                alike = digest and nameless.get(key) == digest
                if key in places and not alike:
                    self.unreadable.append((FILE, f"has the conversation {key} twice"))
                nameless |= {key: digest} if digest else {}
                places[key] = (at, number, len(line))
            else:
                self.unreadable.append(_unread(number))
            at += len(line)

    def check(self, key: str, source: SourceConversation) -> list[Lack] | None:
        """Return what the line of a conversation lacks; None if no line has the conversation."""
        place = self._places.get(key)
        if place is None:
            return None
        line = parsed(self._line(place))
        if line.get("id") == key:
            return self.compare(key, line, source)
        self.unreadable.append(_unread(place[1]))
        return None

    def compare(self, key: str, place: Raw, source: SourceConversation) -> list[Lack]:
        """Return what a line lacks."""
        lacks = self._lacks(source, place)
        return [(f"{FILE}, conversation {key}", sentence) for sentence in lacks]

    def passed_over(self, key: str) -> Iterator[Lack]:
        """Yield a sentence if the line of a conversation cannot be read."""
        place = self._places[key]
        if _id_of(self._line(place)) != key:
            yield _unread(place[1])

    def _line(self, place: tuple[int, int, int]) -> bytes:
        self._lines.seek(place[0])
        return self._lines.read(place[2])

    def _lacks(self, source: SourceConversation, line: Raw) -> Iterator[str]:
        # A later export may hold more.
        later = changed_since(line.get("updated"), source.raw)
        messages = objects(line.get("messages"))
        by_id = {message.get("id"): message for message in messages}
        seen = source.seen(every_branch=self.every_branch, reasoning=self.reasoning)
        whole = {
            shown.id
            for shown in [*seen.current, *seen.others]
            if shown.id in by_id and _is_whole(shown, by_id[shown.id])
        }
        if not later:
            title = source.title
            if title is not None and not self._same(mended(title), [str(line.get("title"))]):
                yield "the title is different"
            yield from filter(None, [misdated(source.dates, line)])
            if not self.others:
                yield from self._added(source, line, messages)
        yield from self._lost(source, by_id, whole)
        yield from self._in_parts(source, messages, by_id, seen, whole, later=later)
        counted = Counter(str(message.get("id")) for message in messages)
        yield from (f"the archive has message {key} twice" for key, n in counted.items() if n > 1)
        yield from self._files(source, line, messages, whole)
        if not (later or self.others or self.archive.redacted):
            yield from self._foreign(source, messages, seen)

    def _same(self, text: str, texts: Iterable[str]) -> bool:
        return text in texts or (
            self.archive.redacted and any(same(text, other) for other in texts)
        )

    def _lost(
        self, source: SourceConversation, by_id: dict[Any, Raw], whole: set[str]
    ) -> Iterator[str]:
        """Look for every string of every message, and compare who said it, when and to what."""
        keys = list(source.nodes) if self.every_branch else source.path
        wanted = [key for key in keys if source.message(key)]
        self.messages += len(wanted)
        place = {key: number for number, key in enumerate(by_id)}
        nearest = source.nearest(
            {key: message.get("parent") for key, message in by_id.items() if isinstance(key, str)}
        )
        for key in wanted:
            if key not in by_id:
                yield f"message {key} is missing"
                continue
            message, held = source.message(key), by_id[key]
            if not (key in whole and _says_its_parts_alone(message)):
                yield from self._incomplete(key, message, held)
            parent = source.above[key]
            if parent in place and place[parent] > place[key]:
                yield f"message {key} comes before the one that it answers"
            yield from self.misattributed(
                source, key, held.get("role"), held.get("created"), nearest.get(key)
            )

    def _incomplete(self, key: str, message: Raw, held: Raw) -> Iterator[str]:
        """Yield a sentence if a string in the contents of a message is lost."""
        if _keeps(message, held):
            return
        contents = [message.get("content"), message.get("older_content")]
        lost = _lost_of(contents, leaves(held.get("parts")))  # they nearly always have all
        texts = leaves(held) if lost else []
        lost = _lost_of(contents, texts) if lost else []
        if self.archive.redacted and lost and all(self._same(text, texts) for text in lost):
            self.redacted += 1
        elif lost:
            yield f"message {key} is incomplete"

    def _added(self, source: SourceConversation, line: Raw, messages: list[Raw]) -> Iterator[str]:
        """Find messages that the export does not have, and hold where the line opens.

        A line may keep the messages of tools in an earlier export, and those that it lists as gone.
        """
        gone = object_of(object_of(line.get("source")).get("gone"))
        listed = gone.get("messages")
        kept = set(strings(*listed)) if isinstance(listed, list) else set()
        for message in messages:
            key = str(message.get("id"))
            if key in source.answers or key in kept or gone.get("conversation"):
                continue
            if message.get("to") or message.get("hidden"):
                continue  # slim exports leave these out
            if message.get("role") in ("user", "assistant") and _has_words(message):
                yield f"message {key} is not in the export"
        opens = source.opens_at
        held = any(str(message.get("id")) == opens for message in messages)
        if held and not kept and line.get("current") != opens:
            yield "opens at another message than in ChatGPT"

    def _files(
        self, source: SourceConversation, line: Raw, messages: list[Raw], whole: set[str]
    ) -> Iterator[str]:
        """Compare the files that the line names with those of the export."""
        assets = {str(asset.get("id")): asset for asset in objects(line.get("assets"))}
        for name, asset in assets.items():
            missing = asset.get("missing") is True or asset.get("member") is None
            yield from self.misdescribed(name, missing, asset.get("sha256"))
        if self.archive.redacted:
            return
        for message in messages:
            key = str(message.get("id"))
            if key not in source.nodes or key in whole:
                continue
            shown = dict.fromkeys(_shown_in(message))
            own = source.files(key)
            for name in shown.keys() - own - source.library_files:
                if name.startswith("sandbox:"):
                    continue
                # An earlier export may have given the line a file that this one does not hold.
                if self.locate.member_of(name) and not source.names(key, name.partition("#")[0]):
                    yield f"message {key} shows a file that is not its own: {name}"
            for name in own - shown.keys():
                if name in assets:
                    yield f"message {key} does not show its file {name}"

    def _in_parts(
        self,
        source: SourceConversation,
        messages: list[Raw],
        by_id: dict[Any, Raw],
        seen: ShownConversation,
        whole: set[str],
        *,
        later: bool,
    ) -> Iterator[str]:
        """Look for everything that a person saw in the parts of the messages."""
        for shown in [*seen.current, *seen.others]:
            held = by_id.get(shown.id)
            if held is None:
                continue  # reported as missing
            if held.get("hidden") is not None:
                yield f"message {shown.id} is marked as hidden, but it was not: {held['hidden']}"
            for pointer in shown.pointers if not self.archive.redacted else ():
                if self.locate.member_of(pointer) and file_id(pointer) not in _shown_in(held):
                    yield f"message {shown.id} does not show its file {pointer}"
            if shown.id in whole or self._is_earlier(source, shown.id, held):
                continue
            compared = shown.plain and not self.archive.redacted and not later
            if compared and _adds(shown, held, goes_on=self.others):
                yield f"message {shown.id} shows more than its own words"
            gone = self._gone_from(shown.words, [held])
            if gone is not None:
                yield f"message {shown.id} does not show all of its words: “{gone}”"
            for address in dict.fromkeys(_cited(held)):
                cited = key_of_address(address)
                others = (later or self.others) and not source.leads(cited)
                if not (others or source.gives(shown.id, cited)):
                    yield f"message {shown.id} names a source that is not its own: {address}"
        for words in seen.anywhere:
            gone = self._gone_from(words, messages)
            if gone is not None:
                yield f"a document or report is incomplete: “{gone}”"

    def _is_earlier(self, source: SourceConversation, key: str, held: Raw) -> bool:
        """Tell whether a message shows what a later export has of it, and keeps that of this one.

        Of an archive of several exports alone. What is kept was compared string by string.
        """
        kept = object_of(held.get("extra")).get("older_content")
        earlier = kept if isinstance(kept, list) else [kept]
        return self.several and source.message(key).get("content") in earlier

    def _foreign(
        self, source: SourceConversation, messages: list[Raw], seen: ShownConversation
    ) -> Iterator[str]:
        """Find a word in the texts of messages that the export does not have.

        Messages that show only their text were compared letter by letter.
        """
        plain = {shown.id for shown in [*seen.current, *seen.others] if shown.plain}
        others = source.nodes.keys() - plain
        texts = [
            text
            for message in messages
            if message.get("id") in others
            for text in _texts_of(message)
        ]
        names = [name for row in source.rows for name in strings(row.get("file_name"))]
        text = "\n".join(texts)
        near = source.texts(others)
        for word in islice(source.vocabulary.lacks(text, near, vocabulary_of(names)), 1):
            yield f"holds a word that the export does not have: {word}"

    def _gone_from(self, words: Words, messages: list[Raw]) -> str | None:
        texts = leaves([message.get("parts") for message in messages])
        leading = [text for text in texts if "://" in text]
        gone = self.gone(words, ["\n".join(reversed(texts))], leading)
        return None if gone is None else gone[:40]


def _begun_id_of(line: bytes) -> Any:
    """Return the id in a line, by its beginning alone if that tells it.

    The line itself is read later, by the standard library if it is compared.
    """
    head = _HEAD.match(line) if line.endswith(b"}\n") else None
    return head[1].decode() if head else _id_of(line)


def _id_of(line: bytes) -> Any:
    try:
        return object_of(orjson.loads(line)).get("id")
    except orjson.JSONDecodeError:
        return parsed(line).get("id")


def _unread(number: int) -> Lack:
    return FILE, f"line {number} is not a conversation"


def _lost_of(contents: list[Any], held: list[str]) -> list[str]:
    """Return the strings of contents that are not among those that are held, as often as they are.

    A later export may have more of an answer, so one that goes on counts too.
    """
    wanted = list(map(mended, leaves(contents)))
    different = set(wanted)
    if len(different) == len(wanted) and different.issubset(held):  # nearly always, and faster
        return []
    return [text for text in Counter(wanted) - Counter(held) if not _begins(text, held)]


def _texts_of(message: Raw) -> list[str]:
    """Return the texts of the parts of a message."""
    return strings(*(part.get("text") for part in objects(message.get("parts"))))


def _is_whole(shown: ShownMessage, message: Raw) -> bool:
    """Tell, at little cost, whether the parts are the texts themselves, and nothing else is due."""
    parts = message.get("parts")
    if not shown.plain or type(parts) is not list or len(parts) != len(shown.texts):
        return False
    for part, text in zip(parts, shown.texts, strict=True):
        if type(part) is not dict or part.get("type") != "text" or part.get("text") != text:
            return False
        if part.get("asset") or part.get("citations") or part.get("sources"):
            return False
        if mended(text) != text:
            return False
    return True


def _keeps(message: Raw, held: Raw) -> bool:
    """Tell whether a message is held with the very content that it has in the source."""
    content = message.get("content")
    kept = object_of(held.get("extra")).get("content")
    if content != kept or message.get("older_content") is not None:
        return False
    return all(mended(text) == text for text in leaves(content))


def _says_its_parts_alone(message: Raw) -> bool:
    """Tell whether the content of a plain message holds no strings beside its type and its texts.

    Then a whole message has them all: the type of each part is "text" too.
    """
    return len(message["content"]) == 2 and message.get("older_content") is None


def _adds(shown: ShownMessage, message: Raw, *, goes_on: bool) -> bool:
    """Tell whether the parts of a message hold words that a plain message has not.

    `goes_on`: whether the message may go on, since another export has more of it.
    """
    held, own = essence("".join(_texts_of(message))), essence("".join(map(mended, shown.texts)))
    return held != own and not (goes_on and held.startswith(own))


def _has_words(message: Raw) -> bool:
    return any(map(str.strip, leaves(objects(message.get("parts")))))


def _shown_in(message: Raw) -> Iterator[str]:
    """Yield the ids of the files that the parts of a message show."""
    for part in objects(message.get("parts")):
        if part.get("type") in ("image", "audio", "video", "file"):
            yield from strings(part.get("asset"))


def _begins(text: str, texts: Iterable[str]) -> bool:
    """Tell whether one of the texts begins with `text` and goes on."""
    return any(len(longer) > len(text) and longer.startswith(text) for longer in texts)


def _cited(message: Raw) -> Iterator[str]:
    """Yield the addresses of the sources that the parts of a message name."""
    for part in objects(message.get("parts")):
        listed = [*objects(part.get("sources"))]
        for citation in objects(part.get("citations")):
            listed += objects(citation.get("sources"))
        yield from (source["url"] for source in listed if is_web(source.get("url")))
