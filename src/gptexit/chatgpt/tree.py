"""The tree of a conversation, from a mapping that may be damaged.

A node names its `parent`; older exports also name its `children`. Only `parent` can be relied on:
since mid-2026 exports have no `children`, and mapping keys stand in no meaningful order. So the
tree is built from `parent`; `children` orders siblings and recovers a node whose parent is gone.

Everything here iterates: chains of 40,000 nodes are real.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from gptexit.codes import Oddity
from gptexit.model import Raw


@dataclass(slots=True)
class Tree:
    """A mapping as a forest."""

    order: list[str]
    """Every node id once; a parent stands before its children, siblings in the source's order."""
    parent: dict[str, str | None]
    children: dict[str, list[str]]


def build(mapping: dict[str, Raw], found: Counter[Oddity]) -> Tree:
    """The forest of `mapping`, whose values are nodes; oddities are counted in `found`."""
    parent = _parents(mapping, found)
    children = _children(mapping, parent)
    order: list[str] = []
    roots = [key for key, above in parent.items() if above is None]
    _walk(roots, children, order)
    if len(order) < len(mapping):
        _cut_cycles(mapping, parent, children, order, found)
    elif len(roots) > 1:
        found[Oddity.SECOND_ROOT] += len(roots) - 1
    return Tree(order, parent, children)


def created(node: Raw) -> float:
    """A node's time for comparison, in seconds; minus infinity where it has none."""
    message = node.get("message")
    value = message.get("create_time") if isinstance(message, dict) else None
    return value if isinstance(value, (int, float)) else float("-inf")


def newest_leaf(mapping: dict[str, Raw], tree: Tree) -> str | None:
    """Of the messages that none follows the one with the latest time; of several the last.

    None where no node has a message.
    """
    followed: set[str | None] = set()
    leaves: list[str] = []
    for key in reversed(tree.order):
        if isinstance(mapping[key].get("message"), dict):
            if key not in followed:
                leaves.append(key)
            followed.add(tree.parent[key])
        elif key in followed:
            followed.add(tree.parent[key])
    return max(leaves, key=lambda key: created(mapping[key]), default=None)


def _parents(mapping: dict[str, Raw], found: Counter[Oddity]) -> dict[str, str | None]:
    parent: dict[str, str | None] = {}
    lost = []
    for key, node in mapping.items():
        above = node.get("parent")
        if isinstance(above, str) and above in mapping and above != key:
            parent[key] = above
        else:
            parent[key] = None
            lost.append(key)
    if len(lost) > 1 or (lost and mapping[lost[0]].get("parent") is not None):
        claims = _claims(mapping)
        for key in lost:
            claimed = claims.get(key)
            if claimed is not None:
                parent[key] = claimed
                found[Oddity.PARENT_RECOVERED] += 1
            elif mapping[key].get("parent") is not None:
                found[Oddity.PARENT_MISSING] += 1
    return parent


def _claims(mapping: dict[str, Raw]) -> dict[str, str]:
    """For each node that some other node names as its child: that node, of several the least."""
    claims: dict[str, str] = {}
    for key, node in mapping.items():
        for child in _named_children(node):
            if child != key:
                claims[child] = min(key, claims.get(child, key))
    return claims


def _named_children(node: Raw) -> list[str]:
    named: Any = node.get("children")
    if not isinstance(named, list):
        return []
    return [child for child in named if isinstance(child, str)]


def _children(mapping: dict[str, Raw], parent: dict[str, str | None]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for key, above in parent.items():
        if above is not None:
            children.setdefault(above, []).append(key)
    for above, siblings in children.items():
        if len(siblings) > 1:
            place = {child: n for n, child in enumerate(_named_children(mapping[above]))}
            last = len(place)
            siblings.sort(key=lambda key: (place.get(key, last), created(mapping[key])))
    return children


def _walk(roots: list[str], children: dict[str, list[str]], order: list[str]) -> None:
    """Append to `order` the nodes below `roots`, parents first."""
    stack = roots[::-1]
    while stack:
        key = stack.pop()
        order.append(key)
        below = children.get(key)
        if below:
            stack.extend(reversed(below) if len(below) > 1 else below)


def _cut_cycles(
    mapping: dict[str, Raw],
    parent: dict[str, str | None],
    children: dict[str, list[str]],
    order: list[str],
    found: Counter[Oddity],
) -> None:
    """Reach what no root reaches: cut each cycle above its oldest node, which becomes a root."""
    reached = set(order)
    for start in mapping:
        if start in reached:
            continue
        seen: dict[str, None] = {}
        key = start
        while key not in seen:
            seen[key] = None
            above = parent[key]
            assert above is not None  # a node under a root would have been reached
            key = above
        trail = list(seen)
        cycle = trail[trail.index(key) :]
        root = min(cycle, key=lambda node: (created(mapping[node]), node))
        above = parent[root]
        assert above is not None
        children[above].remove(root)
        if not children[above]:
            del children[above]
        parent[root] = None
        found[Oddity.CYCLE_CUT] += 1
        before = len(order)
        _walk([root], children, order)
        reached.update(order[before:])
