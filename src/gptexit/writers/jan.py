"""Jan: threads for its data folder.

    threads/6f1c0d0e-…/thread.json
    threads/6f1c0d0e-…/messages.jsonl
    files/floor-plan-3f9a.pdf
    HOW-TO-IMPORT.md

Jan has no import: it lists each folder in `threads` that has a `thread.json`, and reads the
messages when a thread is opened. Field names are those of Jan's source in 2026: `core/src/types`,
`messages.ts` and `message-branching.ts` in `web-app/src/lib`, `src-tauri/src/core/threads`.

The tree is in the messages' `metadata`: `parentId`, null for a first message, and `activeChildId`
where there are several to choose from; `activeRootId` of the thread does the same for first
messages. If one message has such metadata, each needs a `parentId`. Versions are in the order of
`created_at`. A line that is no JSON, also an empty one, makes a thread unreadable.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from gptexit.archive.files import File, Read, Rendered
from gptexit.archive.manifest import Catalog
from gptexit.model import Asset, Conversation, Raw
from gptexit.text.dates import milliseconds
from gptexit.text.json import dump_line
from gptexit.writers.base import CommonOptions, Unmentioned, is_pinned, on_branches, title_of
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.turns import (
    USER,
    ChatStyle,
    Inline,
    Turn,
    Turns,
    last_instructions,
    superseded,
    thoughts_of,
    turns_of,
    words_of,
)
from gptexit.writers.how_to import how_to
from gptexit.writers.steps import Sketch, Stepped

THREADS = "threads"
ANY_MODEL = {"id": "*", "engine": "llamacpp"}
"""What Jan itself writes for a thread without a model: it asks for one when you go on."""
_SILENT = "\N{HORIZONTAL ELLIPSIS}"
"""The text of a turn of which Jan would show nothing."""
_SAFE_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_THINKING = re.compile(r"<(/?think)>|<(\|channel\|)>(?=analysis)")
"""Words of a text that Jan takes for the beginning and end of thoughts; of what is in front of them
it shows nothing."""


class Jan(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(
        self, options: CommonOptions, catalog: Catalog, read: Read, *, copies: bool = True
    ) -> None:
        """`copies`: whether files that Jan does not take are put beside the threads."""
        self._branches = options.branches
        self._include = options.include
        self._catalog = catalog if copies else None
        self._read = read
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Write the two files of a thread, and copy the files that it only names."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        beside = Beside(self._catalog)
        turns = turns_of(conversation, self._include)
        thread = thread_id(conversation)
        messages = _messages(conversation, turns, thread, beside, Inline(self._read))
        about = _thread(conversation, turns, thread, self._include)
        folder, key = f"{THREADS}/{thread}", conversation["id"]
        lines = b"".join(dump_line(message) for message in messages)
        done.files += [
            File(f"{folder}/messages.jsonl", lines, f"messages/{key}"),
            File(f"{folder}/thread.json", dump_line(about), f"conversation/{key}"),
        ]
        beside.add_to(done)
        done.messages = turns.messages
        done.hidden += turns.hidden
        return Sketch(done)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Remember the files of the conversation."""
        self._unmentioned.see(conversation)
        return sketch.done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the app has no place for them."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """Tell where the threads go."""
        return Rendered(files=[how_to("jan")])


def thread_id(conversation: Conversation) -> str:
    """Return the id of the thread, which is also the name of its folder."""
    key = conversation["id"]
    return key if _SAFE_ID.fullmatch(key) else str(uuid.uuid5(uuid.NAMESPACE_URL, key))


def _thread(conversation: Conversation, turns: Turns, thread: str, include: frozenset[str]) -> Raw:
    roots = [turn.id for turn in turns.by_id.values() if turn.parent is None]
    created = milliseconds(conversation["created"])
    updated = milliseconds(conversation["updated"])
    system = last_instructions(conversation) if "instructions" in include else ""
    origin = {
        "id": conversation["id"],
        "project": conversation["project"],
        "gpt": conversation["assistant"],
        "archived": conversation["archived"],
    }
    metadata: Raw = {"chatgpt": {name: value for name, value in origin.items() if value}}
    if is_pinned(conversation):
        metadata["is_favorite"] = True
    if len(roots) > 1:
        metadata["activeRootId"] = _active(roots, _current_path(turns))
    assistant = {"id": "model-only", "name": "Model", "model": ANY_MODEL}
    return {
        "id": thread,
        "object": "thread",
        "title": title_of(conversation),
        "created": (created or updated or 0) // 1000,
        "updated": (updated or created or 0) // 1000,
        "assistants": [{**assistant, "instructions": system} if system else assistant],
        "metadata": metadata,
    }


def _messages(
    conversation: Conversation, turns: Turns, thread: str, beside: Beside, inlined: Inline
) -> list[Raw]:
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    later, path = superseded(turns), _current_path(turns)
    times = _times(conversation, turns)
    messages = []
    for turn in turns.by_id.values():
        images: list[Raw] = []

        def place(asset: Asset, turn: Turn = turn, images: list[Raw] = images) -> str | None:
            entry = inlined.entry(asset, turn.role)
            if entry is None:
                return beside.place(asset)
            image = {"type": "image_url", "image_url": {"url": entry["url"], "detail": "auto"}}
            if image not in images:
                images.append(image)
            return None

        words = words_of(turn.parts, ChatStyle(assets, place, superseded=later.get(turn.id, {})))
        content = [_text("reasoning", thought) for thought in thoughts_of(turn.parts)]
        if words.strip():
            content.append(_text("text", _as_text(words)))
        content += images
        metadata: Raw = {"parentId": turn.parent}
        if len(turn.children) > 1:
            metadata["activeChildId"] = _active(turn.children, path)
        model = turn.model or conversation["model"]
        if turn.role != USER and model:
            metadata["model"] = model
        messages.append(
            {
                "id": turn.id,
                "object": "thread.message",
                "thread_id": thread,
                "role": turn.role,
                "status": "ready",
                "created_at": times[turn.id],
                "completed_at": times[turn.id],
                "content": content or [_text("text", _SILENT)],
                "metadata": metadata,
            }
        )
    return messages


def _text(kind: str, words: str) -> Raw:
    return {"type": kind, "text": {"value": words, "annotations": []}}


def _as_text(words: str) -> str:
    """Put a space into what Jan would take for a mark of thoughts."""
    return _THINKING.sub(lambda mark: f"<{mark[1] or mark[2]} >", words)


def _current_path(turns: Turns) -> set[str]:
    """Return the ids of the turns of the branch that the user saw last."""
    path = set()
    at = turns.current
    while at is not None:
        path.add(at)
        at = turns.by_id[at].parent
    return path


def _active(siblings: list[str], path: set[str]) -> str:
    """Return the version to show: the one that the user saw last, else the newest."""
    return next((key for key in siblings if key in path), siblings[-1])


def _times(conversation: Conversation, turns: Turns) -> dict[str, int]:
    """Return the time of each turn in milliseconds; a turn without one has that of its parent.

    Jan hangs an answer that is a first message below the question before it in time, as a repair of
    a fault of its own. So such an answer is dated before all questions.
    """
    times: dict[str, int] = {}
    begun = milliseconds(conversation["created"]) or milliseconds(conversation["updated"]) or 0
    for turn in turns.by_id.values():
        above = begun if turn.parent is None else times[turn.parent]
        times[turn.id] = milliseconds(turn.created) or above
    asked = [times[turn.id] for turn in turns.by_id.values() if turn.role == USER]
    for turn in turns.by_id.values():
        if turn.parent is None and turn.role != USER and asked:
            times[turn.id] = min(times[turn.id], min(asked) - 1)
    return times
