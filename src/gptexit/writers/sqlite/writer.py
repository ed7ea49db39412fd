"""A conversation as rows of the SQLite archive; all branches unless `--branches current`.

Every message is there with its text. What is not: the bytes of files, and the fields of the export
that have no column; jsonl has those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.codes import NotKept
from gptexit.memories.extract import cited_memories
from gptexit.model import Asset, Conversation, Gone, Message, Named
from gptexit.selection import current_branch
from gptexit.sqlite import CITED, NAME, PLACES, Rows
from gptexit.text.json import dumps
from gptexit.text.markdown import line
from gptexit.writers.base import CommonOptions, Unmentioned, on_branches
from gptexit.writers.chat.part_words import instructions, linked
from gptexit.writers.markdown.embed import fenced

Assets = dict[str, Asset]
Blocks = list[str]


def texts_of(message: Message, assets: Assets) -> tuple[str, str]:
    """What a person saw, and what not: reasoning, and all of a message that is not shown."""
    seen: Blocks = []
    unseen: Blocks = []
    for part in message["parts"]:
        blocks = [each for each in PARTS[part["type"]](part, assets) if each.strip()]
        kept_from_sight = message["hidden"] is not None or part["type"] == "reasoning"
        (unseen if kept_from_sight else seen).extend(blocks)
    return _joined(seen), _joined(unseen)


def _joined(blocks: Blocks) -> str:
    return storable("\n\n".join(blocks))


def storable(text: str) -> str:
    """`text` as SQLite's functions take it: without NUL, where they would stop."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _text(part: Any, assets: Assets) -> Blocks:
    return [part["text"].strip("\n")]


def _code(part: Any, assets: Assets) -> Blocks:
    return [fenced(part["text"], part["language"])] if part["text"].strip() else []


def _output(part: Any, assets: Assets) -> Blocks:
    return [fenced(part["text"], "text")] if part["text"].strip() else []


def _media(part: Any, assets: Assets) -> Blocks:
    asset = assets.get(part["asset"])
    name = asset["name"] if asset else None
    return [f"[{line(name)}]" if name else "", part["title"] or "", part["prompt"] or ""]


def _reasoning(part: Any, assets: Assets) -> Blocks:
    thoughts = [each[key] for each in part["thoughts"] for key in ("summary", "content")]
    return [*thoughts, part["summary"] or ""]


def _document(part: Any, assets: Assets) -> Blocks:
    title, kind = part["title"] or "", part["kind"]
    if kind.startswith("code/"):
        return [title, fenced(part["text"], kind.removeprefix("code/"))]
    return [title, part["text"]]


def _quote(part: Any, assets: Assets) -> Blocks:
    named = part["title"] or part["url"]
    return [part["text"], linked({"title": part["title"], "url": part["url"]}) if named else ""]


def _instructions_text(part: Any, assets: Assets) -> Blocks:
    return [instructions(part)]


def _search(part: Any, assets: Assets) -> Blocks:
    return ["\n".join([*part["queries"], *map(linked, part["results"])])]


def _sources(part: Any, assets: Assets) -> Blocks:
    return ["\n".join(map(linked, part["sources"]))]


def _error(part: Any, assets: Assets) -> Blocks:
    return [part["name"] or "", part["text"]]


PARTS: dict[str, Callable[[Any, Assets], Blocks]] = {
    "text": _text,
    "code": _code,
    "output": _output,
    "image": _media,
    "audio": _media,
    "video": _media,
    "file": _media,
    "transcript": _text,
    "reasoning": _reasoning,
    "document": _document,
    "quote": _quote,
    "memory": _text,
    "instructions": _instructions_text,
    "search": _search,
    "sources": _sources,
    "error": _error,
    "unknown": _text,
}
"""Every part type of the model."""


KEY = "database"
"""What the file is in the manifest."""
_LARGEST = 2**63 - 1
"""SQLite's largest whole number."""


class Sqlite:
    """The writer."""

    def __init__(self, options: CommonOptions) -> None:
        self._branches = options.branches
        self._unmentioned = Unmentioned()

    def render(self, conversation: Conversation) -> Rendered:
        """The conversation's rows, as JSON."""
        done = Rendered()
        self._unmentioned.see(conversation)
        conversation = on_branches(conversation, self._branches, done)
        messages = conversation["messages"][: PLACES - 1]
        if len(messages) < len(conversation["messages"]):
            beyond = len(conversation["messages"]) - len(messages)
            done.not_kept[NotKept.MESSAGE_OVER_MILLION] += beyond
        done.messages = len(messages)
        files = sum(not each["missing"] for each in conversation["assets"])
        if files:
            done.not_kept[NotKept.FILE_BYTES] += files
        data = dumps(_rows(conversation, messages))
        key = f"conversation/{_safe(conversation['id'])}"
        done.files.append(File(NAME, data, key, append=True))
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """It holds no files."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """The end of the file, also where no conversation came."""
        return Rendered(files=[File(NAME, b"", KEY)])


def _rows(each: Conversation, messages: list[Message]) -> Rows:
    assets = {asset["id"]: asset for asset in each["assets"]}
    places = {message["id"]: place for place, message in enumerate(messages, 1)}
    branch = {message["id"] for message in current_branch(each)}
    made: list[list[Any]] = []
    shown = 0
    for message in messages:
        text, hidden_text = texts_of(message, assets)
        current = message["id"] in branch
        shown += current and bool(text.strip())
        made.append(
            [
                places[message["id"]],
                None if message["parent"] is None else places.get(message["parent"]),
                *(_safe(message[key]) for key in ("id", "role", "name", "to")),
                message["created"],
                _safe(message["model"]),
                message["hidden"],
                int(current),
                message["feedback"],
                text,
                hidden_text,
            ]
        )
    models = Counter(message["model"] for message in messages if message["model"])
    return {
        "conversation": [
            _safe(each["id"]),
            _safe(each["title"]),
            each["created"],
            each["updated"],
            _safe(each["project"]["id"]) if each["project"] else None,
            _safe(each["assistant"]["id"]) if each["assistant"] else None,
            _safe(models.most_common(1)[0][0] if models else each["model"]),
            shown,
            _flag(each["archived"]),
            _flag(each["starred"]),
            _safe(each["source"]["url"]),
            _gone(each["source"]["gone"]),
        ],
        "project": _named(each["project"]),
        "gpt": _named(each["assistant"]),
        "models": sorted({storable(model) for model in models if model}),
        "messages": made,
        "assets": _assets(each, messages, places),
        "memories": [*_memories(messages, places), *_cited(messages, places)],
        "instructions": _instructions(messages, places),
    }


def _assets(each: Conversation, messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    shown_by: dict[str, int] = {}
    for message in messages:
        for part in message["parts"]:
            if part["type"] in ("image", "audio", "video", "file"):
                shown_by.setdefault(part["asset"], places[message["id"]])
    return [
        [
            shown_by.get(asset["id"]),
            *(_safe(asset[key]) for key in ("id", "name", "media_type")),
            _whole(asset["size"]),
            _safe(asset["sha256"]),
            _safe(asset["member"]),
            int(asset["missing"]),
        ]
        for asset in each["assets"]
    ]


def _memories(messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    return [
        [
            places[message["id"]],
            message["created"],
            int(part["snapshot"]),
            storable(part["text"]),
        ]
        for message in messages
        for part in message["parts"]
        if part["type"] == "memory"
    ]


def _cited(messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    """Return a row for each memory that an answer cites; it is no snapshot, but has `CITED`."""
    return [
        [places[message["id"]], message["created"], CITED, storable(memory.text)]
        for message in messages
        for memory in cited_memories(message)
        if memory.text
    ]


def _instructions(messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    return [
        [
            places[message["id"]],
            message["created"],
            _safe(part["about"]),
            _safe(part["response"]),
        ]
        for message in messages
        for part in message["parts"]
        if part["type"] == "instructions"
    ]


def _named(thing: Named | None) -> list[Any] | None:
    return [_safe(thing["id"]), _safe(thing["name"])] if thing else None


def _safe(value: str | None) -> str | None:
    return storable(value) if value else value


def _flag(value: Any) -> int | None:
    return None if value is None else int(bool(value))


def _whole(value: Any) -> int | None:
    """A size; None where it is none, or larger than any file."""
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None


def _gone(gone: Gone | None) -> str | None:
    if gone is None:
        return None
    return "conversation" if gone["conversation"] else f"{len(gone['messages'])} messages"
