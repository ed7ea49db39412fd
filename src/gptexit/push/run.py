"""One pass over an export, into a running Open WebUI.

Can be stopped at any point and run again. What is there is told by its mark; a new chat is stored
before the one that it replaces is taken away, and what a cut run left twice is found by the next.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gptexit.errors import Refusal, ServerError
from gptexit.memories.collect import Collector
from gptexit.memories.model import Memory
from gptexit.model import Asset, Conversation
from gptexit.pipeline import Progress, conversations
from gptexit.push.client import Server
from gptexit.push.folders import AppFolders
from gptexit.push.inventory import MARK, Inventory, There, inventory, judge, untouched
from gptexit.push.memories import Memories
from gptexit.push.uploads import Uploads, key_of, placeholder
from gptexit.selection import Selection, without_other_branches
from gptexit.source import Source
from gptexit.text.json import dumps
from gptexit.writers.base import CommonOptions
from gptexit.writers.open_webui import Chat, chat_of, tags_of

CHATS, MESSAGES, BYTES = 25, 250, 4 << 20
"""What one request holds at most: the app commits each message by itself, some 150 in a second."""
A_MESSAGE = 0.25
"""Seconds that a slow server may take for a message, beyond its usual time for an answer."""
IN_A_ROW = 3
"""Conversations, refused one after the other, after which it is not the conversations' fault."""
Raw = dict[str, Any]


@dataclass(slots=True)
class _Ready:
    """A chat that waits to be sent."""

    title: str
    form: Raw
    size: int
    messages: int
    old: list[There]
    """What it replaces."""


class Push:
    """A run. What it has done so far is in `tally`, also when it stops."""

    def __init__(
        self,
        export: Source,
        server: Server,
        selection: Selection,
        options: CommonOptions,
        *,
        dry: bool = False,
        memories: bool = False,
    ) -> None:
        self.tally = PushTally(dry=dry)
        self._export = export
        self._server = server
        self._selection = selection
        self._options = options
        self._dry = dry
        self._memories = memories
        self._uploads = Uploads(server, export.open)
        self._folders = AppFolders(server)
        self._batch: list[_Ready] = []
        self._digests: dict[str, str] = {}
        """Of what this run found right or sent, by the conversation's id."""
        self._wanted: set[str] = set()
        """Keys of the files that a dry run would send."""
        self._in_a_row = 0

    def run(self, progress: Progress | None = None) -> None:
        """Send what is not there. Raises ServerError."""
        tally = self.tally
        remembered = Collector()
        try:
            self._server.check()
            there = inventory(self._server)
            for conversation in conversations(self._export, self._options.names):
                tally.read += 1
                if progress:
                    progress(tally.read, self._export.bytes_read)
                reason = self._selection.leaves_out(conversation)
                if reason:
                    tally.left_out[reason] += 1
                    continue
                if self._memories:
                    remembered.add(conversation)
                self._one(conversation, there)
            self._flush()
            self._tidy()
            if self._memories:
                self._remember(remembered.memory())
        except ServerError as error:
            tally.stopped = str(error)
            raise
        finally:
            self._account()

    def _one(self, conversation: Conversation, there: Inventory) -> None:
        """See to one conversation."""
        if self._options.branches == "current":
            conversation = without_other_branches(conversation)
        key, title = conversation["id"], conversation["title"] or "Untitled"
        chats = there.chats.get(key, [])
        wanted: dict[str, Asset] = {}

        def planned(asset: Asset, role: str) -> Raw:
            wanted[key_of(asset)] = asset
            return placeholder(asset, role)

        self._folders.call(conversation, dry=self._dry)
        # A name that somebody gave to a project makes none of its chats another one.
        tags = tags_of(conversation, by_name=False)
        chat = self._chat(conversation, planned)
        digest = digest_of(chat, tags)
        verdict, surplus = judge(digest, chats)
        if verdict in ("new", "changed") and not self._dry:
            for asset in wanted.values():
                self._uploads.send(asset)
            if wanted.keys() & self._uploads.refused.keys():
                chat = self._chat(conversation, self._sendable)
                digest = digest_of(chat, tags)
                verdict, surplus = judge(digest, chats)
        self._digests[key] = digest
        if verdict == "continued":
            self.tally.continued.append(title)
        elif verdict == "same":
            self.tally.done["same"] += 1
            self.tally.tidied["chats"] += self._remove(surplus)
        elif self._dry:
            self._count(verdict, chat)
            self._wanted |= {key for key, asset in wanted.items() if not self._uploads.id_of(asset)}
            self._folders.lacks(conversation)
        else:
            self._ready(conversation, digest, surplus)

    def _chat(self, conversation: Conversation, attach: Any) -> Chat:
        return chat_of(conversation, self._options.include, attach, _elsewhere)

    def _sendable(self, asset: Asset, role: str) -> Raw | None:
        refused = key_of(asset) in self._uploads.refused
        return None if refused else placeholder(asset, role)

    def _ready(self, conversation: Conversation, digest: str, old: list[There]) -> None:
        """Put a chat in the queue. Where it lies in the app is the user's own affair."""
        chat = self._chat(conversation, self._uploads.entry)
        form = chat.form
        form["meta"][MARK]["digest"] = digest
        form["current_message_id"] = chat.turns.current
        if old:
            form["folder_id"] = old[0].folder
            form |= {"pinned": old[0].pinned, "archived": old[0].archived}
        else:
            form["folder_id"] = self._folders.id_of(conversation)
        title, messages = form["chat"]["title"], len(chat.turns.by_id)
        ready = _Ready(title, form, len(dumps(form)), messages, old)
        if self._batch and not self._fits(ready):
            self._flush()
        self._batch.append(ready)

    def _fits(self, ready: _Ready) -> bool:
        batch = [*self._batch, ready]
        return (
            len(batch) <= CHATS
            and sum(each.messages for each in batch) <= MESSAGES
            and sum(each.size for each in batch) <= BYTES
        )

    def _flush(self) -> None:
        """Send what waits; one by one where the server does not take all of it at once."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        try:
            self._send(batch)
        except Refusal as refusal:
            if refusal.status in (401, 403):
                raise
            if len(batch) == 1:
                self._refuse(batch[0], refusal)
                return
            for each in batch:
                self._batch = [each]
                self._flush()

    def _send(self, batch: list[_Ready]) -> None:
        patience = A_MESSAGE * sum(each.messages for each in batch)
        body = {"chats": [each.form for each in batch]}
        stored = self._server.post("/api/v1/chats/import", body, patience=patience)
        if not isinstance(stored, list) or len(stored) != len(batch):
            raise ServerError("the server answers an import, but not as Open WebUI does.")
        self._in_a_row = 0
        for each in batch:
            self.tally.done["changed" if each.old else "new"] += 1
            self.tally.done["messages"] += each.messages
            self._remove(each.old)

    def _refuse(self, ready: _Ready, refusal: Refusal) -> None:
        self._in_a_row += 1
        self.tally.refused.append(f"“{ready.title}”: {refusal}")
        if self._in_a_row >= IN_A_ROW:
            raise ServerError(
                f"the server stores nothing any more ({refusal}): its disk may be full; its log "
                "says more."
            )

    def _count(self, verdict: str, chat: Chat) -> None:
        self.tally.done[verdict] += 1
        self.tally.done["messages"] += len(chat.turns.by_id)

    def _remove(self, chats: list[There]) -> int:
        """Take chats of ours away, unless somebody has written in them meanwhile; how many."""
        gone = 0
        for each in chats:
            if not self._dry and untouched(self._server, each.chat):
                self._server.delete(f"/api/v1/chats/{each.chat}")
                gone += 1
        return gone

    def _tidy(self) -> None:
        """After faults of the network, see that nothing is there twice."""
        if self._dry or not (self._server.repeated or self._uploads.doubled):
            return
        there = inventory(self._server)
        for key, digest in self._digests.items():
            verdict, surplus = judge(digest, there.chats.get(key, []))
            if verdict == "same":
                self.tally.tidied["chats"] += self._remove(surplus)
        self.tally.tidied["files"] += self._uploads.tidy(there.shown)

    def _remember(self, memory: Memory) -> None:
        memories = Memories(self._server)
        memories.add(memory, dry=self._dry)
        self.tally.memories.update(added=memories.added, known=memories.known)
        self.tally.memories_refused = memories.refused

    def _account(self) -> None:
        tally = self.tally
        tally.files = len(self._wanted) if self._dry else len(self._uploads.sent)
        tally.folders = self._folders.made
        tally.renamed = self._folders.renamed
        tally.refused += self._uploads.refused.values()
        if self._folders.refused:
            tally.refused.append(f"folders: {self._folders.refused}")
        tally.unreadable = [f"{loss.where}: {loss.reason}" for loss in self._export.losses]


def digest_of(chat: Chat, tags: list[str]) -> str:
    """Of all that is sent, but for where the chat lies: that is the user's affair.

    `tags` stand for those of the chat, which may have names that a person gave.
    """
    form = chat.form
    kept = [{**form["chat"], "tags": tags}, tags, form["created_at"], form["updated_at"]]
    return hashlib.sha256(dumps(kept, sort_keys=True)).hexdigest()[:32]


def _elsewhere(asset: Asset) -> str:
    return "in your export, not in this app"


@dataclass(slots=True)
class PushTally:
    """What was read, sent, found and left."""

    dry: bool = False
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Not selected, by option."""
    done: Counter[str] = field(default_factory=Counter)
    """Conversations, as `inventory.Verdict` names what was to be done; and `messages` sent."""
    continued: list[str] = field(default_factory=list)
    """Titles of chats that somebody has written in: left as they are."""
    refused: list[str] = field(default_factory=list)
    """What the server did not take, with the reason."""
    unreadable: list[str] = field(default_factory=list)
    """What could not be read from the export."""
    files: int = 0
    folders: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    """Names that folders of earlier runs got, which had a piece of an id for one."""
    tidied: Counter[str] = field(default_factory=Counter)
    """`chats` and `files` that were there twice and are no longer."""
    memories: Counter[str] = field(default_factory=Counter)
    """`added`, and `known`: there already."""
    memories_refused: str | None = None
    stopped: str | None = None
    """Why the run did not come to its end."""

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is in the app now."""
        faults = (self.refused, self.unreadable, self.memories_refused, self.stopped)
        return not any(faults)

    def as_json(self) -> dict[str, Any]:
        """For `--report`."""
        return {
            "dry_run": self.dry,
            "read": self.read,
            "left_out": dict(self.left_out),
            **{name: self.done[name] for name in ("new", "changed", "same")},
            "continued": self.continued,
            "messages": self.done["messages"],
            "files": self.files,
            "folders": self.folders,
            "renamed": self.renamed,
            "refused": self.refused,
            "unreadable": self.unreadable,
            "tidied": dict(self.tidied),
            "memories": {**self.memories, "refused": self.memories_refused},
            "stopped": self.stopped,
            "complete": self.complete,
        }
