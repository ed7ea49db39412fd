"""Write jsonl into an archive, merging what the archive holds with what comes.

A conversation that the archive holds is joined with the one that comes (see `join`); one that does
not come stays, marked as gone if the export would have it. Memory holds the ids of the archive and
the places of their lines; one conversation is read at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

import orjson

from gptexit.archive.files import JSONL, File, Outcome
from gptexit.archive.folder import ArchiveFolder, FolderSink, beside, beside_key
from gptexit.files.disk import is_zeros, open_plain
from gptexit.model import Asset, Conversation, Gone, Message
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.merge.conversation import merge, moment_of
from gptexit.readers.chatgpt.merge.stream import is_said
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.neutral import conversation_of
from gptexit.text.json import dump_line, dumps, loads_deep
from gptexit.writers.chatgpt.restore import restore

_HEAD = re.compile(rb'\{"version":\d+,"id":("(?:[^"\\]|\\.)*")')


def join(
    earlier: Conversation,
    incoming: Conversation,
    *,
    newest: bool,
    since: str | None,
    older: bool = False,
) -> Conversation:
    """Return one conversation with all that either holds; equal to `incoming` if that has all.

    `newest`: True if the archive never got a newer export than the incoming one, so that what this
    lacks is gone; `since`: the time of that export as RFC 3339, if known; `older`: True if
    `earlier` goes before where both were changed at the same time.
    """
    before, now = restore(earlier), restore(incoming)
    later = (moment_of(now), not older) >= (moment_of(before), True)
    copies = [(0, before), (1, now)] if later else [(1, now), (0, before)]
    merged = merge(copies).raw
    if same(merged, now):
        joined: Conversation = {**incoming, "source": {**incoming["source"]}}
    else:
        # A copy, since the reader empties what it reads.
        joined = _read(_parsed(dumps(merged)), earlier, incoming)
    _put_back(joined, earlier)
    joined["source"]["gone"] = _gone(joined, earlier, incoming, newest, since)
    return joined


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal, at any depth."""
    try:
        return bool(one == other)
    except RecursionError:
        return dumps(one, sort_keys=True) == dumps(other, sort_keys=True)


def _parsed(data: bytes) -> Any:
    """Parse JSON of any depth. Raises ValueError."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return loads_deep(data)


def gone_since(earlier: Conversation, since: str | None) -> Conversation:
    """Mark a conversation of the archive that the newest export no longer has as gone."""
    known = earlier["source"]["gone"]
    if known and known["conversation"]:
        return earlier
    gone: Gone = {"since": since, "conversation": True, "messages": []}
    return {**earlier, "source": {**earlier["source"], "gone": gone}}


def _read(raw: dict[str, Any], earlier: Conversation, incoming: Conversation) -> Conversation:
    assets: dict[str, Asset] = {}
    for conversation in (earlier, incoming):
        for asset in conversation["assets"]:
            if asset["id"] not in assets or not asset["missing"]:
                assets[asset["id"]] = asset
    ratings = {
        message["id"]: message["feedback"]
        for conversation in (earlier, incoming)
        for message in conversation["messages"]
        if message["feedback"]
    }

    def lookup(key: str) -> AssetInfo:
        asset = assets.get(key)
        if asset is None:
            return AssetInfo()
        return AssetInfo(
            asset["member"], asset["name"], asset["media_type"], asset["size"], asset["sha256"]
        )

    read = read_conversation(raw, Account(lookup, feedback=ratings), ReadStats())
    read["id"] = incoming["id"]
    read["source"]["url"] = incoming["source"]["url"]
    read["source"]["kind"] = incoming["source"]["kind"]
    _put_back(read, incoming)
    return read


def _put_back(joined: Conversation, other: Conversation) -> None:
    """Add to `joined` the files and ratings that only `other` has."""
    known = {asset["id"]: number for number, asset in enumerate(joined["assets"])}
    for asset in other["assets"]:
        if asset["missing"]:
            continue
        number = known.get(asset["id"])
        if number is None:
            joined["assets"] = [*joined["assets"], asset]
        elif joined["assets"][number]["missing"]:
            joined["assets"] = [
                asset if one["id"] == asset["id"] else one for one in joined["assets"]
            ]
    shown = {key for message in joined["messages"] for key, _ in _media(message)}
    shown |= {asset["id"] for asset in other["assets"] if asset["missing"]}
    places = {message["id"]: number for number, message in enumerate(joined["messages"])}
    messages = list(joined["messages"])
    for message in other["messages"]:
        number = places.get(message["id"])
        if number is None:
            continue
        added = [part for key, part in _media(message) if key not in shown]
        rating = messages[number]["feedback"] or message["feedback"]
        if added or rating != messages[number]["feedback"]:
            here = messages[number]
            messages[number] = {**here, "parts": [*here["parts"], *added], "feedback": rating}
    joined["messages"] = messages


def _media(message: Message) -> Iterator[tuple[str, Any]]:
    for part in message["parts"]:
        if part["type"] in ("image", "audio", "video", "file"):
            yield part["asset"], part


def _gone(
    joined: Conversation,
    earlier: Conversation,
    incoming: Conversation,
    newest: bool,
    since: str | None,
) -> Gone | None:
    """Return what the newest export lacks of the conversation."""
    if not newest:
        return earlier["source"]["gone"]
    known = incoming["source"]["gone"]
    if known and known["conversation"]:
        return known
    present = {message["id"] for message in incoming["messages"]}
    lacking = {message["id"] for message in earlier["messages"]} - present
    lacking = {key for key, message in _raw_messages(joined, lacking) if is_said(message)}
    lacking |= set(known["messages"]) if known else set()
    if not lacking:
        return None
    before = earlier["source"]["gone"]
    messages = [message["id"] for message in joined["messages"] if message["id"] in lacking]
    if before and before["messages"] == messages and not known:
        return before
    since = known["since"] if known else since
    return {"since": since, "conversation": False, "messages": messages}


def _raw_messages(
    conversation: Conversation, wanted: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield id and raw message of the `wanted` messages."""
    if not wanted:
        return
    mapping = restore(conversation)["mapping"]
    for key in wanted:
        node = mapping.get(key) if isinstance(mapping, dict) else None
        message = node.get("message") if isinstance(node, dict) else None
        if isinstance(message, dict):
            yield key, message


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of the export that is converted."""

    made: float
    """Unix seconds, at least the latest time in the export."""
    since: str | None
    """RFC 3339, if the export tells when it was made."""
    tells: bool
    """True if what the export lacks is gone: it is whole, and the user left nothing out."""


class JsonlSink(FolderSink):
    """The sink for jsonl."""

    def __init__(
        self,
        folder: ArchiveFolder,
        moment: Callable[[], Moment],
        through: Callable[[Conversation], Conversation],
        *,
        older: bool = False,
    ) -> None:
        """`moment` is called when a conversation is joined, and at the end.

        `through` changes a conversation of the archive before that: it sets the names of projects,
        and takes secrets out if the archive holds them and this run does not. `older`: True if the
        archive has a newer export than the one that is converted.
        """
        super().__init__(folder)
        self._moment = moment
        self._through = through
        self._older = older
        self._earlier: BinaryIO | None = None
        self._places: dict[str, tuple[int, int]] | None = None
        self._left: set[str] = set()
        """The ids of the archive that have not come yet."""

    def put(self, file: File) -> Outcome:
        """Append a conversation, joined with the archive's own."""
        if file.path != JSONL or not file.data or not self.folder.archive.begun:
            return self.folder.put(file)
        if self._places is None:
            self._open()
        key = _id_of(file.data)
        if key is None or key not in self._left:  # new, or a pipe has it twice: both stay
            return self.folder.put(file)
        self._left.discard(key)
        earlier = self._line(key)
        if earlier == file.data:
            return self.folder.put(file)
        return self.folder.put(File(JSONL, self._joined(earlier, file.data), file.key, append=True))

    def finish(self) -> int:
        """Append what did not come, and close the file."""
        if self.folder.archive.begun and self._places is None:
            self._open()
        for line in self._rest():
            self.folder.put(File(JSONL, line, "jsonl", append=True))
        self._close()
        return super().finish()

    def discard(self) -> None:
        """Give up the file that is not complete."""
        self._close()
        super().discard()

    def _close(self) -> None:
        if self._earlier is not None:
            self._earlier.close()
            self._earlier = None

    def _open(self) -> None:
        """Find the lines of the archive: in the newest file beside one that the user changed."""
        self._places = {}
        names = [JSONL]
        while self.folder.catalog.get(beside_key("jsonl", len(names))) is not None:
            names.append(beside(JSONL, len(names)))
        path = next((name for name in reversed(names) if self._is_whole(name)), None)
        if path is None:
            return
        self._earlier = open_plain(self.folder.places.inside(path))
        start = 0
        for line in self._earlier:
            key = _id_of(line)
            if key is not None:
                self._places.setdefault(key, (start, len(line)))
            start += len(line)
        self._left = set(self._places)

    def _is_whole(self, name: str) -> bool:
        """Tell whether a file exists and is not all zeros, as after a power cut."""
        path = self.folder.places.inside(name)
        with suppress(OSError):
            return not is_zeros(path)
        return False

    def _line(self, key: str) -> bytes:
        assert self._earlier is not None
        assert self._places is not None
        start, length = self._places[key]
        self._earlier.seek(start)
        line = self._earlier.read(length)
        return line if line.endswith(b"\n") else line + b"\n"

    def _joined(self, earlier: bytes, line: bytes) -> bytes:
        """Return a line with both conversations joined, or both lines if that fails."""
        try:
            before = self._through(conversation_of(earlier))
        except ValueError:  # no line of ours, or one that a later gptexit wrote
            return line + earlier
        incoming = conversation_of(line)
        moment = self._moment()
        newest = _is_newest(moment, before, incoming)
        try:
            joined = join(before, incoming, newest=newest, since=moment.since, older=self._older)
        except Exception:  # a fault of ours must cost neither the run nor one of the two
            return line + earlier
        if same(joined, incoming):
            return line
        self.folder.tally.merged += 1
        # Equal but for the order of keys: as it was, so that a second run changes nothing.
        return dump_line(before if same(joined, before) else joined)

    def _rest(self) -> Iterator[bytes]:
        """Yield the lines of conversations that did not come, in their order."""
        if not self._left or self._places is None:
            return
        moment = self._moment()
        for key in self._places:
            if key not in self._left:
                continue
            self.folder.tally.stayed += 1
            line = self._line(key)
            try:
                before = conversation_of(line)
            except ValueError:
                yield line
                continue
            after = self._through(before)
            if moment.tells and moment.made >= seconds(after["updated"]):
                after = gone_since(after, moment.since)
            yield line if after is before else dump_line(after)
        self._left.clear()


def _is_newest(moment: Moment, before: Conversation, incoming: Conversation) -> bool:
    """Tell whether the archive has nothing of the conversation from a later export."""
    made = max(moment.made, seconds(incoming["updated"]))
    gone = before["source"]["gone"]
    known = seconds(gone["since"]) if gone else 0.0
    return made >= max(seconds(before["updated"]), known)


def seconds(time: str | None) -> float:
    """Convert a time of the model to Unix seconds; 0 if there is none."""
    try:
        return datetime.fromisoformat(time).timestamp() if time else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _id_of(line: bytes) -> str | None:
    """Return the conversation's id in a line, if the line is a conversation."""
    head = _HEAD.match(line)
    try:
        if head:
            return str(orjson.loads(head[1]))
        value = _parsed(line)
    except ValueError:
        return None
    key = value.get("id") if isinstance(value, dict) else None
    return key if isinstance(key, str) else None
