"""Send an export to a running Open WebUI, in one pass.

A run can be stopped at any point and started again. Chats of earlier runs are found by their marks;
a new chat is stored before the chat that it replaces is deleted, and the next run finds what an
interrupted run left twice.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import KW_ONLY, dataclass
from typing import Any

from gptexit.errors import Refusal, ServerError
from gptexit.memories.collect import Collector
from gptexit.memories.model import Memory
from gptexit.model import Asset, Conversation
from gptexit.pipeline import Progress, conversations
from gptexit.push.client import ATTEMPTS, Server, text_at
from gptexit.push.folders import AppFolders
from gptexit.push.inventory import MARK, AppChat, Inventory, inventory, judge, untouched
from gptexit.push.tally import PushTally
from gptexit.push.uploads import Uploads, key_of, placeholder
from gptexit.selection import Selection, without_other_branches
from gptexit.source import Source
from gptexit.text.json import dumps
from gptexit.writers.base import CommonOptions
from gptexit.writers.open_webui import Chat, chat_of, tags_of

CHATS, MESSAGES, BYTES = 25, 250, 4 << 20
"""Most of each in one request: the app commits each message by itself, some 150 in a second."""
A_MESSAGE = 0.25
"""Seconds that a slow server may take for a message, beyond its usual time for an answer."""
IN_A_ROW = 3
"""Conversations refused in a row, after which the fault is the server's."""
_MEMORIES = "/api/v1/memories/"
Raw = dict[str, Any]


@dataclass(slots=True)
class _Ready:
    """A chat that waits to be sent, and the chats that it replaces."""

    title: str
    form: Raw
    size: int
    messages: int
    old: list[AppChat]


@dataclass(eq=False)
class Push:
    """A run. `tally` counts the work done so far, also when it stops."""

    export: Source
    server: Server
    selection: Selection
    options: CommonOptions
    _: KW_ONLY
    dry: bool
    memories: bool

    def __post_init__(self) -> None:
        self.tally = PushTally(dry=self.dry, compared=self.server.asked)
        self._uploads = Uploads(self.server, self.export.open)
        self._folders = AppFolders(self.server, dry=self.dry)
        self._batch: list[_Ready] = []
        self._digests: dict[str, str] = {}
        """Digests of the chats that this run found or sent, by the conversation's id."""
        self._wanted: dict[str, int] = {}
        """Sizes of the files that a dry run would send, by their keys."""
        self._in_a_row = 0

    def run(self, progress: Progress | None) -> None:
        """Send everything that the app lacks. Raises ServerError."""
        tally = self.tally
        remembered = Collector()
        try:
            self.server.check()
            in_app = inventory(self.server)
            for conversation in conversations(self.export, self.options.names):
                tally.add(conversation)
                if progress:
                    progress(tally.read, self.export.bytes_read)
                reason = self.selection.leaves_out(conversation)
                if reason:
                    tally.left_out[reason] += 1
                    continue
                if self.memories:
                    remembered.add(conversation)
                self._one(conversation, in_app)
            self._flush()
            self._tidy()
            if self.memories:
                self._remember(remembered.memory())
        except ServerError as error:
            tally.stopped = str(error)
            raise
        finally:
            self._account()

    def _one(self, conversation: Conversation, in_app: Inventory) -> None:
        """Send one conversation unless the app has it as it is now."""
        if self.options.branches == "current":
            conversation = without_other_branches(conversation)
        key, title = conversation["id"], conversation["title"] or "Untitled"
        chats = in_app.chats.get(key, [])
        wanted: dict[str, Asset] = {}

        def planned(asset: Asset, role: str) -> Raw:
            wanted[key_of(asset)] = asset
            return placeholder(asset, role)

        self._folders.rename(conversation)
        # So that a chat stays the same if the user names its project.
        tags = tags_of(conversation, by_name=False)
        chat = self._chat(conversation, planned)
        digest = digest_of(chat, tags)
        verdict, surplus = judge(digest, chats)
        if verdict in ("new", "changed") and not self.dry:
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
        elif self.dry:
            self.tally.done[verdict] += 1
            self.tally.done["messages"] += len(chat.turns.by_id)
            self.tally.bytes += len(dumps(chat.form))
            self._wanted |= {
                key: asset["size"] or 0
                for key, asset in wanted.items()
                if not self._uploads.id_of(asset)
            }
            self._folders.id_of(conversation)
        else:
            self._ready(conversation, digest, surplus)

    def _chat(self, conversation: Conversation, attach: Any) -> Chat:
        where = "in your export, not in this app"
        return chat_of(conversation, self.options.include, attach, lambda asset: where)

    def _sendable(self, asset: Asset, role: str) -> Raw | None:
        refused = key_of(asset) in self._uploads.refused
        return None if refused else placeholder(asset, role)

    def _ready(self, conversation: Conversation, digest: str, old: list[AppChat]) -> None:
        """Put a chat in the queue; one that replaces another stays in that one's folder."""
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
            and sum(chat.messages for chat in batch) <= MESSAGES
            and sum(chat.size for chat in batch) <= BYTES
        )

    def _flush(self) -> None:
        """Send the queue, or each chat by itself if the server does not take all at once."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        try:
            self._send(batch)
        except Refusal as refusal:
            if refusal.status in (401, 403):
                raise
            if len(batch) > 1:
                for chat in batch:
                    self._batch = [chat]
                    self._flush()
                return
            self._in_a_row += 1
            self.tally.refused.append(f"“{batch[0].title}”: {refusal}")
            if self._in_a_row >= IN_A_ROW:
                raise ServerError(
                    f"the server stores nothing any more ({refusal}): its disk may be full; its "
                    "log says more."
                ) from None

    def _send(self, batch: list[_Ready]) -> None:
        patience = A_MESSAGE * sum(chat.messages for chat in batch)
        body = {"chats": [chat.form for chat in batch]}
        stored = self.server.post("/api/v1/chats/import", body, patience=patience)
        if not isinstance(stored, list) or len(stored) != len(batch):
            raise ServerError("the server answers an import, but not as Open WebUI does.")
        self._in_a_row = 0
        for chat in batch:
            self.tally.done["changed" if chat.old else "new"] += 1
            self.tally.done["messages"] += chat.messages
            self._remove(chat.old)

    def _remove(self, chats: list[AppChat]) -> int:
        """Delete chats, unless the user has written in them meanwhile; count them."""
        removed = 0
        for chat in chats:
            if not self.dry and untouched(self.server, chat.id):
                self.server.delete(f"/api/v1/chats/{chat.id}")
                removed += 1
        return removed

    def _tidy(self) -> None:
        """Delete what a fault of the network may have stored twice."""
        if self.dry or not (self.server.repeated or self._uploads.doubled):
            return
        in_app = inventory(self.server)
        for key, digest in self._digests.items():
            verdict, surplus = judge(digest, in_app.chats.get(key, []))
            if verdict == "same":
                self.tally.tidied["chats"] += self._remove(surplus)
        self.tally.tidied["files"] += self._uploads.tidy(in_app.shown)

    def _remember(self, memory: Memory) -> None:
        """Add the memories that count and that the app lacks, the oldest first."""
        counts = Counter(added=0, known=0)
        try:
            there = memories_in(self.server)
            for entry in sorted(memory.entries, key=lambda entry: entry.dated):
                if entry.text in there:
                    counts["known"] += 1
                    continue
                if not self.dry:
                    add_memory(self.server, entry.text)
                counts["added"] += 1
        except Refusal as refusal:
            self.tally.memories_refused = str(refusal)
        self.tally.memories = counts

    def _account(self) -> None:
        tally = self.tally
        tally.files = len(self._wanted) if self.dry else self._uploads.sent
        tally.bytes += sum(self._wanted.values())
        tally.folders = self._folders.made
        tally.renamed = self._folders.renamed
        tally.refused += self._uploads.refused.values()
        if self._folders.refused:
            tally.refused.append(f"folders: {self._folders.refused}")
        tally.unreadable = [f"{loss.where}: {loss.reason}" for loss in self.export.losses]


def digest_of(chat: Chat, tags: list[str]) -> str:
    """Return a digest of all that is sent, but for the folder, which the user may change.

    `tags` replace those of the chat, which may hold names that the user gave.
    """
    form = chat.form
    kept = [{**form["chat"], "tags": tags}, tags, form["created_at"], form["updated_at"]]
    return hashlib.sha256(dumps(kept, sort_keys=True)).hexdigest()[:32]


def memories_in(server: Server) -> dict[str, str]:
    """Return the ids of the app's memories of the account by their text. Raises ServerError."""
    try:
        rows = server.get(_MEMORIES)
    except Refusal as refusal:
        if refusal.status == 404:
            raise Refusal(
                "its memory is switched off (Settings > General, for administrators).", 404
            ) from None
        raise
    rows = rows if isinstance(rows, list) else []
    return {
        row["content"].strip(): row["id"] for row in rows if text_at(row, "content") is not None
    }


def add_memory(server: Server, text: str) -> None:
    """Add a memory to the app. Raises ServerError.

    The app stores a memory before it computes how to find it again. So after a fault, the memory
    is looked up instead of being sent twice.
    """
    for attempt in range(ATTEMPTS):
        try:
            server.post_once(f"{_MEMORIES}add", {"content": text})
            return
        except Refusal as refusal:
            if refusal.status not in (0, 429, 500, 502, 503, 504):
                raise
            fault = refusal
        stored = memories_in(server).get(text)
        if stored and fault.status == 500:
            server.delete(f"{_MEMORIES}{stored}")
            raise Refusal(
                "it has no embedding model, which memories need. An administrator sets one "
                "under Settings > Documents; then run the same command again.",
                500,
            )
        if stored:
            return
        time.sleep(min(8.0, 0.5 * 2**attempt))
    raise ServerError(f"the memories cannot be added: {fault}")
