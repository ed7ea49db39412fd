"""Build the tree of a conversation from a mapping that may be damaged.

A node names its `parent`; older exports also name its `children`. Only `parent` is reliable: since
mid-2026 exports have no `children`, and the order of the keys means nothing. So `parent` makes the
tree; `children` orders siblings and recovers a node whose parent is missing.

Nothing here is recursive: chains of 40,000 nodes exist.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gptexit.codes import Oddity
from gptexit.model import Raw


@dataclass(slots=True)
class Tree:
    """A mapping as a forest."""

    order: list[str]
    """Every node id once: parents before children, siblings in the source's order."""
    parent: dict[str, str | None]
    children: dict[str, list[str]]


def build(mapping: dict[str, Raw], oddities: Counter[Oddity]) -> Tree:
    """Build the forest of `mapping` (node id to node); count what is damaged in `oddities`."""
    keys = list(mapping)
    named = [node.get("parent") for node in mapping.values()]
    if named == [None, *keys[:-1]]:  # as many are: one branch, in its order
        below = {key: [child] for key, child in pairwise(keys)}
        return Tree(keys, dict(zip(keys, named, strict=True)), below)
    parent = _parents(mapping, named, oddities)
    children = _children(mapping, parent)
    order: list[str] = []
    roots = [key for key, above in parent.items() if above is None]
    _walk(roots, children, order)
    if len(order) < len(mapping):
        _cut_cycles(mapping, parent, children, order, oddities)
    elif len(roots) > 1:
        oddities[Oddity.SECOND_ROOT] += len(roots) - 1
    return Tree(order, parent, children)


def created(node: Raw) -> float:
    """Return a node's time in seconds, for comparison; minus infinity if it has none."""
    message = node.get("message")
    value = message.get("create_time") if isinstance(message, dict) else None
    return value if isinstance(value, (int, float)) else float("-inf")


def newest_leaf(mapping: dict[str, Raw], tree: Tree) -> str | None:
    """Return the latest message that no message follows, of equal times the last; None if none."""
    followed: set[str | None] = set()
    leaves: list[str] = []
    for key in reversed(tree.order):
        has_message = isinstance(mapping[key].get("message"), dict)
        if has_message and key not in followed:
            leaves.append(key)
        if has_message or key in followed:
            followed.add(tree.parent[key])
    return max(leaves, key=lambda key: created(mapping[key]), default=None)


def _parents(
    mapping: dict[str, Raw], named: list[Any], oddities: Counter[Oddity]
) -> dict[str, str | None]:
    """Map each node to its parent; `named`: what each node names as such."""
    parent: dict[str, str | None] = {
        key: above if isinstance(above, str) and above in mapping and above != key else None
        for key, above in zip(mapping, named, strict=True)
    }
    lost = [key for key, above in parent.items() if above is None]
    if len(lost) > 1 or (lost and mapping[lost[0]].get("parent") is not None):
        claims = _claims(mapping)
        for key in lost:
            claimed = claims.get(key)
            if claimed is not None:
                parent[key] = claimed
                oddities[Oddity.PARENT_RECOVERED] += 1
            elif mapping[key].get("parent") is not None:
                oddities[Oddity.PARENT_MISSING] += 1
    return parent


def _claims(mapping: dict[str, Raw]) -> dict[str, str]:
    """Map each node that another names as its child to that one; of several to the least id."""
    claims: dict[str, str] = {}
    for key, node in mapping.items():
        for child in _named_children(node):
            if child != key:
                claims[child] = min(key, claims.get(child, key))
    return claims


def _named_children(node: Raw) -> list[str]:
    named: Any = node.get("children")
    return [child for child in named if isinstance(child, str)] if isinstance(named, list) else []


def _children(mapping: dict[str, Raw], parent: dict[str, str | None]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for key, above in parent.items():
        if above in children:
            children[above].append(key)
        elif above is not None:
            children[above] = [key]
    for above, siblings in children.items():
        if len(siblings) > 1:
            rank = {child: n for n, child in enumerate(_named_children(mapping[above]))}
            last = len(rank)
            siblings.sort(key=lambda key: (rank.get(key, last), created(mapping[key])))
    return children


def _walk(roots: list[str], children: dict[str, list[str]], order: list[str]) -> None:
    """Append the nodes below `roots` to `order`, parents first."""
    stack = roots[::-1]
    while stack:
        key = stack.pop()
        order.append(key)
        while below := children.get(key):
            if len(below) > 1:
                stack.extend(reversed(below))
                break
            key = below[0]
            order.append(key)


def _cut_cycles(
    mapping: dict[str, Raw],
    parent: dict[str, str | None],
    children: dict[str, list[str]],
    order: list[str],
    oddities: Counter[Oddity],
) -> None:
    """Cut each cycle above its oldest node, make that a root, and append its nodes to `order`."""
    reached = set(order)
    for start in mapping:
        if start in reached:
            continue
        trail: dict[str, str] = {}
        """Each node above `start`, to its parent."""
        key = start
        while key not in trail:
            above = parent[key]
            assert above is not None  # a node under a root would have been reached
            trail[key] = above
            key = above
        nodes = list(trail)
        cycle = nodes[nodes.index(key) :]
        root = min(cycle, key=lambda node: (created(mapping[node]), node))
        siblings = children[trail[root]]
        siblings.remove(root)
        if not siblings:
            del children[trail[root]]
        parent[root] = None
        oddities[Oddity.CYCLE_CUT] += 1
        before = len(order)
        _walk([root], children, order)
        reached.update(order[before:])
