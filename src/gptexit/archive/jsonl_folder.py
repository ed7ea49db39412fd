"""A folder with jsonl as a sink: what the archive holds is merged with what comes.

A conversation that is there already is joined with the one that comes (see `joined`); one that does
not come stays, and is marked as gone where the export would have it. Held in memory are the ids of
the archive and where their lines begin; one conversation is read at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count, takewhile
from pathlib import Path
from typing import BinaryIO

import orjson

from gptexit.archive.folder import ArchiveFolder, Outcome, beside, beside_key
from gptexit.archive.joined import gone_since, join, same
from gptexit.files.disk import is_zeros, open_plain
from gptexit.model import Conversation
from gptexit.readers.jsonl import conversation_of
from gptexit.text.json import dumps, loads_deep
from gptexit.writers.base import File
from gptexit.writers.jsonl import NAME

_HEAD = re.compile(rb'\{"version":\d+,"id":("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class Moment:
    """Of the export that is converted, as far as it tells what is gone from the account."""

    made: float
    """When it was made, in Unix seconds: at the latest known time of it."""
    since: str | None
    """The same as RFC 3339."""
    tells: bool
    """Whether what it lacks is gone: it is whole, and nothing was left out by the user's choice."""


class JsonlFolder(ArchiveFolder):
    """The sink for jsonl."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.moment: Callable[[], Moment] = lambda: Moment(0.0, None, tells=False)
        """Asked for when a conversation is joined, and at the end."""
        self.through: Callable[[Conversation], Conversation] | None = None
        """What takes secrets out of what the archive holds, where it holds them and this run does
        not."""
        self._earlier: BinaryIO | None = None
        self._places: dict[str, tuple[int, int]] | None = None
        self._left: set[str] = set()
        """The ids of the archive that have not come yet."""

    def put(self, file: File) -> Outcome:
        """Append a conversation, joined with the one that is there."""
        if file.path != NAME or not file.data or not self.begun:
            return super().put(file)
        if self._places is None:
            self._open()
        key = _id_of(file.data)
        if key is None or self._places is None or key not in self._places:
            return super().put(file)
        if key not in self._left:  # a pipe has it twice: both stay
            return super().put(file)
        self._left.discard(key)
        earlier = self._line(key)
        if earlier == file.data:
            return super().put(file)
        return super().put(File(NAME, self._joined(earlier, file.data), file.key, append=True))

    def restart(self) -> None:
        """Begin again: everything may come once more."""
        super().restart()
        self._left = set(self._places or ())

    def finish(self) -> int:
        """Append what did not come, and close the file."""
        if self.begun and self._places is None:
            self._open()
        for line in self._rest():
            super().put(File(NAME, line, "jsonl", append=True))
        if self._earlier is not None:
            self._earlier.close()
            self._earlier = None
        return super().finish()

    def _open(self) -> None:
        """Find the lines of the archive; of a file that the user changed, those beside it."""
        self._places = {}
        besides = takewhile(
            lambda number: self.catalog.get(beside_key("jsonl", number)) is not None, count(1)
        )
        names = [NAME, *(beside(NAME, number) for number in besides)]
        path = next((name for name in reversed(names) if self._is_whole(name)), None)
        if path is None:
            return
        self._earlier = open_plain(self._house.inside(path))
        at = 0
        for line in self._earlier:
            key = _id_of(line)
            if key is not None:
                self._places.setdefault(key, (at, len(line)))
            at += len(line)
        self._left = set(self._places)

    def _is_whole(self, name: str) -> bool:
        """Tell whether a file is there, and is not all zeros, as after a power cut."""
        path = self._house.inside(name)
        try:
            return not is_zeros(path)
        except OSError:
            return False

    def _line(self, key: str) -> bytes:
        assert self._earlier is not None
        assert self._places is not None
        at, length = self._places[key]
        self._earlier.seek(at)
        line = self._earlier.read(length)
        return line if line.endswith(b"\n") else line + b"\n"

    def _joined(self, earlier: bytes, line: bytes) -> bytes:
        """The line that holds both conversations."""
        try:
            before = self._clean(conversation_of(earlier))
        except ValueError:  # no line of ours, or one that a later gptexit wrote
            return line + earlier
        incoming = conversation_of(line)
        moment = self.moment()
        newest = _is_newest(moment, before, incoming)
        try:
            joined = join(before, incoming, newest=newest, since=moment.since)
        except Exception:  # a fault of ours must cost neither the run nor one of the two
            return line + earlier
        if same(joined, incoming):
            return line
        self.tally.merged += 1
        # Equal but for the order of keys: as it was, so that a second run changes nothing.
        return dumps(before if same(joined, before) else joined) + b"\n"

    def _rest(self) -> Iterator[bytes]:
        """The lines of conversations that did not come, in their order."""
        if not self._left or self._places is None:
            return
        moment = self.moment()
        for key in self._places:
            if key not in self._left:
                continue
            self.tally.stayed += 1
            line = self._line(key)
            try:
                before = conversation_of(line)
            except ValueError:
                yield line
                continue
            after = self._clean(before)
            if moment.tells and moment.made >= seconds(after["updated"]):
                after = gone_since(after, moment.since)
            yield line if after is before else dumps(after) + b"\n"
        self._left.clear()

    def _clean(self, conversation: Conversation) -> Conversation:
        return self.through(conversation) if self.through else conversation


def _is_newest(moment: Moment, before: Conversation, incoming: Conversation) -> bool:
    """Whether the archive has nothing of the conversation from a later export."""
    made = max(moment.made, seconds(incoming["updated"]))
    gone = before["source"]["gone"]
    known = seconds(gone["since"]) if gone else 0.0
    return made >= max(seconds(before["updated"]), known)


def seconds(time: str | None) -> float:
    """A time of the model in Unix seconds; 0 where there is none."""
    try:
        return datetime.fromisoformat(time).timestamp() if time else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _id_of(line: bytes) -> str | None:
    """The conversation's id in a line; None where it is no conversation."""
    head = _HEAD.match(line)
    try:
        if head:
            return str(orjson.loads(head[1]))
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = loads_deep(line)
    except ValueError:
        return None
    key = found.get("id") if isinstance(found, dict) else None
    return key if isinstance(key, str) else None
