"""What a raw conversation says that an archive must hold.

Written apart from the reader, and claiming less: only what is certain to be shown. What a tool said
to the model, canvas edits that have to be replayed and the like are claimed of jsonl alone, where
every string of the source must be.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gptexit.jsontext import loads_deep
from gptexit.verify.compare import segments

Raw = dict[str, Any]
POINTER = re.compile(r"(?:file-service|sediment)://\S+")
"""All of an asset pointer."""
_POINTED = re.compile(r"(?:file-service|sediment)://[^\s)\]]+")
_SANDBOX = re.compile(r"\(sandbox:(/mnt/data/[^)\n]{1,300})\)")
# Tuples: what is looked for in them may be of any type.
_UNSEEN_ROLES = ("system", "developer", "tool")
_CONTEXT = ("user_editable_context", "model_editable_context", "app_pairing_content")


@dataclass(slots=True)
class Said:
    """One message that the user saw."""

    id: str
    when: str | None
    words: list[str]
    """The essence of its text, in pieces that stand one behind the other."""
    pointers: list[str] = field(default_factory=list)
    """Files that it shows."""


def object_of(value: Any) -> Raw:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def parsed(data: bytes) -> Raw:
    """The object that is written in JSON; an empty one where there is none."""
    try:
        return object_of(json.loads(data))
    except RecursionError:
        return object_of(loads_deep(data))
    except ValueError:
        return {}


def id_of(raw: Raw) -> str | None:
    """A conversation's id; None where it has none."""
    for name in ("conversation_id", "id"):
        value = raw.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def nodes_of(raw: Raw) -> dict[str, Raw]:
    """The nodes of a conversation that are objects."""
    found = object_of(raw.get("mapping"))
    return {key: node for key, node in found.items() if isinstance(node, dict)}


def leaves(value: Any) -> Iterator[str]:
    """Every string below `value`, keys not counted."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)


def mentioned(raw: Raw) -> tuple[set[str], set[str]]:
    """Every file that a conversation mentions, on whatever branch, shown or not.

    Pointers and attachment ids; and paths in the code interpreter's file system.
    """
    pointers: set[str] = set()
    paths: set[str] = set()
    for node in nodes_of(raw).values():
        message = object_of(node.get("message"))
        for leaf in leaves(message):
            if "://" in leaf:
                pointers.update(_POINTED.findall(leaf))
            if "(sandbox:" in leaf:
                paths.update(_SANDBOX.findall(leaf))
        attached = object_of(message.get("metadata")).get("attachments")
        for each in attached if isinstance(attached, list) else ():
            pointers.update(_strings(object_of(each).get("id")))
    return pointers, paths


def shown(raw: Raw) -> Iterator[str]:
    """A pointer for each file that a message of a conversation shows, on whatever branch."""
    for node in nodes_of(raw).values():
        message = object_of(node.get("message"))
        stack = [object_of(message.get("content")).get("parts")]
        while stack:
            each = stack.pop()
            if isinstance(each, dict):
                pointer = each.get("asset_pointer")
                if isinstance(pointer, str) and POINTER.fullmatch(pointer):
                    yield pointer
            if isinstance(each, dict | list):
                stack += each.values() if isinstance(each, dict) else each
        attached = object_of(message.get("metadata")).get("attachments")
        for each in attached if isinstance(attached, list) else ():
            yield from _strings(object_of(each).get("id"))


def parents(nodes: dict[str, Raw]) -> dict[str, str | None]:
    """For each node the one above it; by `children` where it names none that is there.

    A circle is cut above its oldest node, so that whoever follows this comes to an end.
    """
    claimed: dict[str, str] = {}
    for key, node in nodes.items():
        below = node.get("children")
        for child in below if isinstance(below, list) else ():
            if isinstance(child, str) and child != key:
                claimed[child] = min(key, claimed.get(child, key))
    above: dict[str, str | None] = {}
    for key, node in nodes.items():
        parent = node.get("parent")
        usable = isinstance(parent, str) and parent in nodes and parent != key
        above[key] = parent if usable else None
    lost = [key for key, parent in above.items() if parent is None]
    # One beginning, and no node that looks for its parent: nothing is to be recovered.
    if len(lost) > 1 or any(nodes[key].get("parent") is not None for key in lost):
        above |= {key: claimed.get(key) for key in lost}
    _cut_circles(above, nodes)
    return above


def _cut_circles(above: dict[str, str | None], nodes: dict[str, Raw]) -> None:
    done: set[str] = set()
    for start in nodes:
        trail: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in done and at not in trail:
            trail[at] = None
            at = above[at]
        if at in trail:
            walked = list(trail)
            circle = walked[walked.index(at) :]
            above[min(circle, key=lambda key: (_moment(nodes[key]), key))] = None
        done.update(trail)


def branch(raw: Raw) -> list[str]:
    """The node ids from the beginning to the one that the user saw last."""
    nodes = nodes_of(raw)
    above = parents(nodes)
    at = raw.get("current_node")
    if not isinstance(at, str) or at not in nodes:
        at = _newest_leaf(nodes, above)
    found = []
    while at is not None:
        found.append(at)
        at = above[at]
    return found[::-1]


def _newest_leaf(nodes: dict[str, Raw], above: dict[str, str | None]) -> str | None:
    inner = set(above.values())
    leaf = None
    for key, node in nodes.items():
        if key not in inner and (leaf is None or _moment(node) >= _moment(nodes[leaf])):
            leaf = key
    return leaf


def _moment(node: Raw) -> float:
    value = object_of(node.get("message")).get("create_time")
    return value if isinstance(value, int | float) else float("-inf")


def said(raw: Raw, *, every_branch: bool, reasoning: bool) -> tuple[list[Said], list[Said]]:
    """What the user saw on the current branch, in order; and on the others, if they are wanted."""
    nodes = nodes_of(raw)
    current = branch(raw)
    edited = _edited_documents(nodes, current)
    shown = [each for key in current if (each := _said(key, nodes[key], reasoning, edited))]
    if not every_branch:
        return shown, []
    on_branch = set(current)
    others = [key for key in nodes if key not in on_branch]
    return shown, [each for key in others if (each := _said(key, nodes[key], reasoning, True))]


def _said(key: str, node: Raw, reasoning: bool, edited: bool) -> Said | None:
    message = object_of(node.get("message"))
    content = object_of(message.get("content"))
    metadata = object_of(message.get("metadata"))
    if _is_hidden(message, content, metadata):
        return None
    texts = _texts(message, content, reasoning, edited)
    pointers = _pointers(message, content, metadata)
    if texts is None:
        return Said(key, _when(message), [], pointers) if pointers else None
    references = metadata.get("content_references")
    replaced = [
        each["matched_text"]
        for each in (references if isinstance(references, list) else ())
        if isinstance(each, dict) and isinstance(each.get("matched_text"), str)
    ]
    words = [piece for text in texts for piece in segments(text, replaced)]
    return Said(key, _when(message), words, pointers)


def _is_hidden(message: Raw, content: Raw, metadata: Raw) -> bool:
    weight = message.get("weight")
    return bool(
        metadata.get("is_visually_hidden_from_conversation") is True
        or content.get("content_type") in _CONTEXT
        or (weight == 0 and weight is not False)
        or "chatgpt_sdk" in metadata  # a research report may stand in its stead
    )


def _texts(message: Raw, content: Raw, reasoning: bool, edited: bool) -> list[str] | None:
    """The texts that are certain to be shown; None where nothing is."""
    author = object_of(message.get("author"))
    role, name, to = author.get("role"), author.get("name"), message.get("recipient")
    kind = content.get("content_type")
    if role == "tool":
        runs_code = isinstance(name, str) and name.startswith(("python", "container."))
        return _strings(content.get("text")) if runs_code and kind == "execution_output" else None
    if role in _UNSEEN_ROLES:
        return None
    if role == "assistant" and to not in (None, "all", "assistant"):
        return _call(str(to), content, edited)
    if kind == "thoughts":
        return _thoughts(content) if reasoning else None
    read = _SHOWN.get(kind) if isinstance(kind, str) else None
    return read(content) if read else None


def _strings(*values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _parts(content: Raw) -> list[str]:
    parts = content.get("parts")
    found: list[str] = []
    for part in parts if isinstance(parts, list) else ():
        spoken = isinstance(part, dict) and part.get("content_type") in _WORDED
        found += _strings(part["text"] if spoken and "text" in part else part)
    return found


_WORDED = ("text", "audio_transcription")


def _text(content: Raw) -> list[str]:
    return _strings(content.get("text"))


_SHOWN = {
    "text": _parts,
    "multimodal_text": _parts,
    "code": _text,
    "tether_quote": _text,
    "system_error": _text,
}
"""For content types that are shown as they are: their texts."""


def _thoughts(content: Raw) -> list[str]:
    listed = content.get("thoughts")
    found: list[str] = []
    for thought in listed if isinstance(listed, list) else ():
        if isinstance(thought, dict):
            found += _strings(thought.get("summary"), thought.get("content"))
    return found


def _call(to: str, content: Raw, edited: bool) -> list[str] | None:
    """What a call of a tool shows: code that was run, a memory, a document never edited since."""
    words = "".join([*_parts(content), *_strings(content.get("text"))])
    if to in ("python", "bio"):
        return [words]
    if to == "canmore.create_textdoc" and not edited:
        try:
            return _strings(object_of(json.loads(words)).get("content"))
        except ValueError:
            return None
    return None


def _edited_documents(nodes: dict[str, Raw], current: list[str]) -> bool:
    """Whether the branch makes more of a canvas document than its first version."""
    calls = Counter(
        str(object_of(nodes[key].get("message")).get("recipient")).partition(".")[0]
        for key in current
    )
    return calls["canmore"] > 1


def _pointers(message: Raw, content: Raw, metadata: Raw) -> list[str]:
    role = object_of(message.get("author")).get("role")
    if role in _UNSEEN_ROLES or content.get("content_type") not in ("text", "multimodal_text"):
        return []
    parts = content.get("parts")
    found = [
        leaf
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and str(part.get("content_type")).endswith("asset_pointer")
        for leaf in _strings(part.get("asset_pointer"))
        if POINTER.fullmatch(leaf)
    ]
    attached = metadata.get("attachments")
    found += [
        key
        for each in (attached if isinstance(attached, list) else ())
        for key in _strings(object_of(each).get("id"))
    ]
    return list(dict.fromkeys(found))


def _when(message: Raw) -> str | None:
    value = message.get("create_time")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 4e9:
        return None
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M}"
