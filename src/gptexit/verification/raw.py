"""A raw conversation, as a plain reading of its JSON has it: nodes, branches, strings, files.

Written apart from the reader (`chatgpt/`). Nothing here says which messages a person saw; that is
in `expected`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gptexit.text.json import loads_deep

Raw = dict[str, Any]
POINTER = re.compile(r"(?:file-service|sediment)://\S+")
"""All of an asset pointer."""
_POINTED = re.compile(r"(?:file-service|sediment)://[^\s)\]]+")
_SANDBOX = re.compile(r"/{0,2}(/mnt/data/[^\n\"<>|]{1,300})")


def object_of(value: Any) -> Raw:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def strings(*values: Any) -> list[str]:
    """Return those of `values` that are strings."""
    return [value for value in values if isinstance(value, str)]


def objects(value: Any) -> list[Raw]:
    """Return the objects in a list; none where `value` is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


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
    """Return the nodes of a conversation by their key.

    `mapping` may be an object, or a list of nodes (seen in files of browser extensions). The web
    application's own answers of August 2026 hold `messages` instead: one below the other.
    """
    found = raw.get("mapping")
    if isinstance(found, dict) and found:
        return {key: node for key, node in found.items() if isinstance(node, dict)}
    if isinstance(found, list):
        return {_name_of(node, number): node for number, node in enumerate(objects(found))}
    nodes: dict[str, Raw] = {}
    above = None
    for number, message in enumerate(objects(raw.get("messages"))):
        key = _name_of(message, number)
        nodes[key] = {"id": key, "message": message, "parent": above}
        above = key
    return nodes


def _name_of(node: Raw, number: int) -> str:
    for value in (node.get("id"), object_of(node.get("message")).get("id")):
        if isinstance(value, str) and value:
            return value
    return f"{number}"


def leaves(value: Any, *, keys: bool = False) -> Iterator[str]:
    """Yield every string below `value`; with `keys`, those of objects too."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            stack.extend(each.values())
            if keys:
                yield from (key for key in each if isinstance(key, str))
        elif isinstance(each, list):
            stack.extend(each)


def mentioned(raw: Raw) -> tuple[set[str], set[str]]:
    """Every file that a conversation mentions, on whatever branch, shown or not.

    Pointers and attachment ids; and what follows `sandbox:`, paths in the code interpreter's file
    system and what stands behind them on the line.
    """
    pointers: set[str] = set()
    paths: set[str] = set()
    for node in nodes_of(raw).values():
        message = object_of(node.get("message"))
        for leaf in leaves(message):
            if "://" in leaf:
                pointers.update(_POINTED.findall(leaf))
            if "sandbox:" in leaf:
                begun = map(_SANDBOX.match, leaf.split("sandbox:")[1:])
                paths.update(found[1] for found in begun if found)
        attached = object_of(message.get("metadata")).get("attachments")
        for each in attached if isinstance(attached, list) else ():
            pointers.update(strings(object_of(each).get("id")))
    return pointers, paths


def shown(raw: Raw) -> Iterator[str]:
    """A pointer for each file that a message of a conversation shows, on whatever branch."""
    for node in nodes_of(raw).values():
        yield from shown_in(object_of(node.get("message")))


def shown_in(message: Raw) -> Iterator[str]:
    """Yield a pointer for each file that a message shows."""
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
        yield from strings(object_of(each).get("id"))


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


def answered(
    nodes: dict[str, Raw], above: dict[str, str | None] | None = None
) -> dict[str, str | None]:
    """Return for each message the nearest one above it; there are nodes without any between them.

    `above`: what `parents` returns, where it is known.
    """
    above = parents(nodes) if above is None else above
    nearest: dict[str, str | None] = {}
    messages = {key for key, node in nodes.items() if isinstance(node.get("message"), dict)}
    for start in nodes:
        trail = []
        at = above[start]
        while at is not None and at not in messages:
            if at in nearest:
                at = nearest[at]
                break
            trail.append(at)
            at = above[at]
        nearest |= dict.fromkeys(trail, at)
        if start in messages:
            nearest[start] = at
    return {key: nearest[key] for key in nodes if key in messages}


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
    return branch_of(raw, nodes, parents(nodes))


def branch_of(raw: Raw, nodes: dict[str, Raw], above: dict[str, str | None]) -> list[str]:
    """Return the same where the nodes and what is above each are known."""
    at = raw.get("current_node")
    if isinstance(at, str) and at in nodes:
        found = _up_from(at, above)
        if any(isinstance(nodes[key].get("message"), dict) for key in found):
            return found
    return _up_from(_newest_leaf(nodes, above), above)


def _up_from(at: str | None, above: dict[str, str | None]) -> list[str]:
    found = []
    while at is not None:
        found.append(at)
        at = above[at]
    return found[::-1]


def _newest_leaf(nodes: dict[str, Raw], above: dict[str, str | None]) -> str | None:
    """Return the message with the latest time of those that no other message follows.

    Nodes without a message, such as the root, may stand between two messages.
    """
    nearest = answered(nodes, above)
    inner = set(nearest.values())
    leaf = None
    for key in nearest:
        if key not in inner and (leaf is None or _moment(nodes[key]) >= _moment(nodes[leaf])):
            leaf = key
    return leaf


def _moment(node: Raw) -> float:
    value = object_of(node.get("message")).get("create_time")
    return value if isinstance(value, int | float) else float("-inf")
