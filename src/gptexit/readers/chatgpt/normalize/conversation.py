"""A raw ChatGPT conversation in, a neutral one out.

The reader owns the raw object and empties it: see `take`. With `source.nodes` and `extra`, the
neutral conversation holds every field of the source and can be written back as an export.

`extra["mapping"]` holds the nodes that the messages alone do not give back: without a message,
with an odd parent, or with `children` in another order than the tree's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from gptexit.chatgpt import take
from gptexit.chatgpt.names import KIND
from gptexit.chatgpt.tree import Tree, build, newest_leaf
from gptexit.codes import Oddity
from gptexit.model import VERSION, Conversation, Gone, Message, Named, Raw
from gptexit.readers.chatgpt.assets.index import AssetInfo, Lookup
from gptexit.readers.chatgpt.merge.conversation import MADE_UP, made_up
from gptexit.readers.chatgpt.normalize import research, tools
from gptexit.readers.chatgpt.normalize import uploads as library
from gptexit.readers.chatgpt.normalize.asset_book import AssetBook
from gptexit.readers.chatgpt.normalize.message import MessageContext, read_message


@dataclass(slots=True)
class Account:
    """What the export holds beside the conversations, as far as they need it."""

    lookup: Lookup = lambda file_id: AssetInfo()
    library: Callable[[str], list[Raw]] = lambda conversation: []
    """The rows of `library_files.json` for a conversation's id."""
    feedback: dict[str, str] = field(default_factory=dict)
    """Message id to `up` or `down`."""
    gone: Callable[[str], Gone | None] = lambda conversation: None
    """What the newest of several exports lacks of a conversation, by its id."""


@dataclass(slots=True)
class ReadStats:
    """What the reader met and had to decide, summed over conversations, for the report."""

    oddities: Counter[Oddity] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def read_conversation(raw: Raw, account: Account, met: ReadStats) -> Conversation:
    """The neutral conversation of `raw`, which is emptied. Never raises on odd input."""
    own = take.string(raw.get("conversation_id")) or take.string(raw.get("id"))
    identity = own or made_up(raw)
    if own is None:
        met.oddities[Oddity.NO_ID] += 1
    kind = _kind(raw)
    mapping = _mapping(raw, met)
    tree = build(mapping, met.oddities)
    current = _current(raw, mapping, tree, met)
    slim = not any("children" in node for node in mapping.values())
    above = _Above()
    scene = MessageContext(
        AssetBook(account.lookup),
        above.metadata,
        account.feedback,
        met.oddities,
        met.unknown,
    )
    messages = _messages(mapping, tree, scene, above.messages)
    if scene.hosts:
        research.show_once(messages, scene.hosts)
    rows = account.library(identity)
    # First the files that a message links to: only the others need a place.
    library.add_sandbox_files(messages, rows, scene.book, met.oddities)
    if rows:
        library.add_generated(messages, rows, scene.book, current, met.oddities)
    odd_nodes = _odd_nodes(mapping, tree, messages, slim)
    if odd_nodes:
        raw["mapping"] = odd_nodes
    template = _template(raw)
    times = [message["created"] for message in messages if message["created"]]
    created, updated = take.taken(raw, times, met.oddities)
    return {
        "version": VERSION,
        "id": identity,
        "title": take.text(raw, "title"),
        "created": created,
        "updated": updated,
        "source": {
            "provider": "chatgpt",
            "url": _url(own) if kind == "chat" else None,
            "kind": kind,
            "nodes": "slim" if slim else "full",
            "gone": account.gone(identity),
        },
        # "auto" is what the user chose, and names no model.
        "model": None
        if raw.get("default_model_slug") == "auto"
        else take.text(raw, "default_model_slug"),
        "assistant": _named(template, project=False),
        "project": _named(template, project=True),
        "archived": take.flag(raw, "is_archived"),
        "starred": take.flag(raw, "is_starred"),
        "current": current,
        "messages": messages,
        "assets": list(scene.book.assets.values()),
        "extra": raw,
    }


def _url(identity: str | None) -> str | None:
    """Return a conversation's address; None if its id is not ChatGPT's own."""
    if identity is None or identity.startswith(MADE_UP):
        return None
    return f"https://chatgpt.com/c/{identity}"


def _kind(raw: Raw) -> Literal["chat", "codex", "group"]:
    """What kind of conversation it is, as the container marked it."""
    kind = raw.get(KIND)
    if kind not in ("codex", "group"):
        return "chat"
    del raw[KIND]
    return "codex" if kind == "codex" else "group"


def _mapping(raw: Raw, met: ReadStats) -> dict[str, Raw]:
    """The nodes; what is no node stays in `raw`, and is counted."""
    found = raw.get("mapping")
    if not isinstance(found, dict):
        met.oddities[Oddity.NO_MAPPING] += 1
        return {}
    del raw["mapping"]
    odd = [key for key, node in found.items() if not isinstance(node, dict)]
    for key in odd:
        met.oddities[Oddity.NODE_NO_OBJECT] += 1
        raw.setdefault("odd_nodes", {})[key] = found.pop(key)
    return found


class _Above:
    """The metadata of the messages above a message, for its citations; made when asked for.

    Most conversations cite nothing, so the messages are indexed only then.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        """Those that were read, a parent before its children; grows."""
        self._by_id: dict[str, Message] = {}

    def metadata(self, key: str | None) -> Iterator[Raw]:
        """Yield the metadata of message `key` and of those above, back to the user's message."""
        for number in range(len(self._by_id), len(self.messages)):
            self._by_id[self.messages[number]["id"]] = self.messages[number]
        while key is not None:
            message = self._by_id[key]
            if message["role"] == "user":
                return
            yield take.mapping(message["extra"].get("metadata"))
            key = message["parent"]


def _messages(
    mapping: dict[str, Raw], tree: Tree, scene: MessageContext, messages: list[Message]
) -> list[Message]:
    """Append each message of the tree to `messages`, a parent before its children."""
    holder: dict[str | None, str | None] = {None: None}
    """For each node: itself where it has a message, else the nearest above that has one."""
    start = tools.State()
    states: dict[str | None, tools.State] = {None: start}
    parent = tree.parent
    turn = tools.ToolTurn([], {}, start, found=scene.oddities)
    for key in tree.order:
        above = parent[key]
        message = mapping[key].get("message")
        if not isinstance(message, dict):
            holder[key] = holder[above]
            states[key] = states[above]
            continue
        turn.state = states[above]
        recipient = message.get("recipient")
        if recipient != "all" and isinstance(recipient, str) and recipient.startswith("canmore"):
            turn.replies = [
                take.mapping(take.mapping(mapping[child].get("message")).get("metadata"))
                for child in tree.children.get(key, ())
            ]
        messages.append(read_message(key, holder[above], message, turn, scene))
        holder[key] = key
        states[key] = turn.state
    return messages


def _current(raw: Raw, mapping: dict[str, Raw], tree: Tree, met: ReadStats) -> str | None:
    """The leaf that the user saw last; what `current_node` says stays in `raw` where it differs."""
    said = raw.get("current_node")
    at = said if isinstance(said, str) and said in mapping else None
    while at is not None and not isinstance(mapping[at].get("message"), dict):
        at = tree.parent[at]
    if at is None:
        at = newest_leaf(mapping, tree)
        if mapping:
            met.oddities[Oddity.NO_CURRENT_NODE] += 1
    if at is not None and at == said:
        del raw["current_node"]
    return at


def _odd_nodes(
    mapping: dict[str, Raw], tree: Tree, messages: list[Message], slim: bool
) -> dict[str, Raw]:
    """The nodes that cannot be told from the messages, in tree order: see the module.

    Beside one without a message all are odd, so that their order can be told.
    """
    odd: dict[str, Raw] = {}
    said = {message["id"]: message["parent"] for message in messages}
    has_message = said.__contains__
    keys = 2 if slim else 3
    among_odd: set[str] = set()
    if len(mapping) > len(messages):
        roots = [key for key in tree.order if tree.parent[key] is None]
        among_odd.update(roots if len(roots) > 1 else _NONE)
    for key in tree.order:
        node = mapping[key]
        below = tree.children.get(key, _NONE)
        whole = all(map(has_message, below))
        if not whole:
            among_odd.update(below)
        if key not in said:
            odd[key] = node
            continue
        del node["message"]
        if (
            len(node) != keys
            or node.get("id") != key
            or not (node.get("parent", 0) == said[key] == tree.parent[key])
            or not (slim or node.get("children") == below)
            or not whole
            or key in among_odd
        ):
            odd[key] = node
    return odd


_NONE: list[str] = []


def _template(raw: Raw) -> str | None:
    """The id of the custom GPT (`g-…`) or project (`g-p-…`) that the conversation belongs to."""
    for key in ("gizmo_id", "conversation_template_id"):
        found = take.string(raw.get(key))
        if found:
            return found
    return None


def _named(template: str | None, *, project: bool) -> Named | None:
    if template is None or template.startswith("g-p-") != project:
        return None
    return {"id": template, "name": None}
