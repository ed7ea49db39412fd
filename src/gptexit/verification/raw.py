"""A raw conversation, as a plain reading of its JSON has it: nodes, branches, files and dates.

Written apart from the reader (`readers/chatgpt`). Which messages a person saw is decided in
`expected`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from gptexit.text.json import loads_deep

Raw = dict[str, Any]
Parents = dict[str, str | None]
"""For each node, or each message, the one above it."""
POINTER = re.compile(r"(?:file-service|sediment)://\S+")
"""All of an asset pointer."""
SCHEMES = (b"file-service:", b"sediment:", b"sandbox:")
"""How the address of a file begins."""
SAME = 1e-5
"""Seconds by which two dates may differ."""
_POINTED = re.compile(r"(?:file-service|sediment)://[^\s)\]]+")
_SANDBOX = re.compile(r"/{0,2}(/mnt/data/[^\n\"<>|]{1,300})")
_YEAR_1, _YEAR_9999 = -62_135_596_800, 253_402_300_799


def object_of(value: Any) -> Raw:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def strings(*values: Any) -> list[str]:
    """Return those of `values` that are strings."""
    return [value for value in values if isinstance(value, str)]


def objects(value: Any) -> list[Raw]:
    """Return the objects in a list; none if `value` is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def parsed(data: bytes) -> Raw:
    """Return the object that is written in JSON; an empty one if there is none."""
    try:
        return object_of(json.loads(data))
    except RecursionError:
        return object_of(loads_deep(data))
    except ValueError:
        return {}


def names(words: str) -> frozenset[str]:
    """Return the names in a table that is written as one string."""
    return frozenset(words.split())


def inner_json(text: str) -> Any:
    """Return the value of JSON that stands in a string; None if it cannot be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def mended(text: str) -> str:
    """Return a text as UTF-8 can hold it: surrogates in pairs are joined, others replaced."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def leaves(value: Any, *, keys: bool = False) -> list[str]:
    """Return every string below `value`; with `keys`, also the keys of objects."""
    found: list[str] = []
    stack = [value]
    while stack:
        node = stack.pop()
        kind = type(node)  # JSON has no other kinds, and this is faster than isinstance
        if kind is str:
            found.append(node)
        elif kind is dict:
            stack += node.values()
            if keys:
                found += node
        elif kind is list:
            stack += node
    return found


def keyed_leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every string below `value` with the nearest key above it; `key` is that of `value`."""
    stack: list[tuple[str, Any]] = [(key, value)]
    while stack:
        above, node = stack.pop()
        if isinstance(node, str):
            yield above, node
        elif isinstance(node, dict):
            stack += node.items()
        elif isinstance(node, list):
            stack += [(above, item) for item in node]


def objects_below(value: Any) -> Iterator[Raw]:
    """Yield `value` and everything below it that is an object."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack += node.values()
        elif isinstance(node, list):
            stack += node


def id_of(raw: Raw) -> str | None:
    """Return the id of a conversation, if it has one."""
    return next(filter(None, strings(raw.get("conversation_id"), raw.get("id"))), None)


def title_of(raw: Raw) -> str | None:
    """Return the title of a conversation, if it is a string."""
    return next(iter(strings(raw.get("title"))), None)


def nodes_of(raw: Raw) -> dict[str, Raw]:
    """Return the nodes of a conversation by their key.

    `mapping` may be an object, or a list of nodes (seen in files of browser extensions). The web
    application's own answers of August 2026 hold `messages` instead: one below the other.
    """
    mapping = raw.get("mapping")
    if isinstance(mapping, dict) and mapping:
        return {key: node for key, node in mapping.items() if isinstance(node, dict)}
    if isinstance(mapping, list):
        return {_name_of(node, number): node for number, node in enumerate(objects(mapping))}
    nodes: dict[str, Raw] = {}
    above = None
    for number, message in enumerate(objects(raw.get("messages"))):
        key = _name_of(message, number)
        nodes[key] = {"id": key, "message": message, "parent": above}
        above = key
    return nodes


def _name_of(node: Raw, number: int) -> str:
    ids = strings(node.get("id"), message_of(node).get("id"))
    return next(filter(None, ids), f"{number}")


def message_of(node: Any) -> Raw:
    """Return the message of a node; an empty one if it has none."""
    return object_of(object_of(node).get("message"))


def has_message(node: Any) -> bool:
    """Tell whether a node has a message."""
    return isinstance(node, dict) and isinstance(node.get("message"), dict)


def messages_of(raw: Raw) -> list[Raw]:
    """Return a message, which may be empty, for each node of a conversation."""
    return [message_of(node) for node in nodes_of(raw).values()]


def parents(nodes: dict[str, Raw]) -> Parents:
    """Return for each node the one above it; by `children` if it names none that exists.

    A circle is cut above its oldest node, so that whoever follows this comes to an end.
    """
    above: Parents = {}
    for key, node in nodes.items():
        parent = node.get("parent")
        usable = isinstance(parent, str) and parent in nodes and parent != key
        above[key] = parent if usable else None
    lost = [key for key, parent in above.items() if parent is None]
    # One beginning, and no node that looks for its parent: nothing is to be recovered.
    if len(lost) > 1 or any(nodes[key].get("parent") is not None for key in lost):
        claimed = _claimed(nodes)
        above |= {key: claimed.get(key) for key in lost}
    _cut_circles(above, nodes)
    return above


def _claimed(nodes: dict[str, Raw]) -> dict[str, str]:
    """Return for each node the one that names it as its child, the first by name."""
    claimed: dict[str, str] = {}
    for key, node in nodes.items():
        below = node.get("children")
        for child in below if isinstance(below, list) else ():
            if isinstance(child, str) and child != key:
                claimed[child] = min(key, claimed.get(child, key))
    return claimed


def _cut_circles(above: Parents, nodes: dict[str, Raw]) -> None:
    followed: set[str] = set()
    for key in nodes:
        parent = above[key]
        if parent is not None and parent not in followed:
            break
        followed.add(key)
    else:
        return  # each is below one that comes before it, as nearly always
    for start in nodes:
        trail: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in followed and at not in trail:
            trail[at] = None
            at = above[at]
        if at in trail:
            walked = list(trail)
            circle = walked[walked.index(at) :]
            above[min(circle, key=lambda key: (_time_of(nodes[key]), key))] = None
        followed.update(trail)


def answered(nodes: dict[str, Raw], above: Parents) -> Parents:
    """Return for each message the nearest one above it, skipping nodes without a message.

    `above`: the result of `parents`.
    """
    nearest: Parents = {}
    messages = {key for key, node in nodes.items() if has_message(node)}
    for start in nodes:
        at = above[start]
        if at in messages or at is None:  # nearly always
            nearest[start] = at
            continue
        trail = []
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


def branch(raw: Raw, nodes: dict[str, Raw], above: Parents) -> list[str]:
    """Return the keys of the nodes from the beginning to the one that the user saw last.

    `nodes` and `above`: the results of `nodes_of` and `parents`.
    """
    current = raw.get("current_node")
    if isinstance(current, str) and current in nodes:
        path = _up_from(current, above)
        if any(has_message(nodes[key]) for key in path):
            return path
    return _up_from(_newest_leaf(nodes, above), above)


def _up_from(at: str | None, above: Parents) -> list[str]:
    path = []
    while at is not None:
        path.append(at)
        at = above[at]
    return path[::-1]


def _newest_leaf(nodes: dict[str, Raw], above: Parents) -> str | None:
    """Return the message with the latest time of those that no other message follows.

    Nodes without a message, such as the root, may stand between two messages.
    """
    nearest = answered(nodes, above)
    inner = set(nearest.values())
    leaf = None
    for key in nearest:
        if key not in inner and (leaf is None or _time_of(nodes[key]) >= _time_of(nodes[leaf])):
            leaf = key
    return leaf


def _time_of(node: Raw) -> float:
    value = message_of(node).get("create_time")
    return value if isinstance(value, int | float) else float("-inf")


def attached(message: Raw) -> list[str]:
    """Return the ids of the files that a message lists as its attachments."""
    listed = object_of(message.get("metadata")).get("attachments")
    return strings(*(item.get("id") for item in objects(listed))) if listed else []


def mentioned(raw: Raw, *, in_words: bool) -> tuple[set[str], set[str]]:
    """Return every file that a conversation mentions, on whatever branch, shown or not.

    First pointers and attachment ids; then paths in the code interpreter's file system, with all
    that follows them on the line. `in_words`: whether one of SCHEMES is in a string of it.
    """
    pointers: set[str] = set()
    paths: set[str] = set()
    for message in messages_of(raw):
        for leaf in leaves(message) if in_words and may_hold(message, SCHEMES) else ():
            if "://" in leaf:
                pointers.update(_POINTED.findall(leaf))
            if "sandbox:" in leaf:
                matches = map(_SANDBOX.match, leaf.split("sandbox:")[1:])
                paths.update(match[1] for match in matches if match)
        pointers.update(attached(message))
    return pointers, paths


def may_hold(value: Any, signs: Iterable[bytes]) -> bool:
    """Tell whether one of `signs`, as JSON spells them, may be in something below `value`.

    A search in its JSON costs less than in each string.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:  # it has what UTF-8 cannot hold, or nests deep
        return True
    return any(sign in text for sign in signs)


def shown(raw: Raw) -> Iterator[str]:
    """Yield a pointer for each file that a message of a conversation shows, on whatever branch."""
    for message in messages_of(raw):
        yield from shown_in(message)


def shown_in(message: Raw) -> Iterator[str]:
    """Yield a pointer for each file that a message shows."""
    for part in objects_below(object_of(message.get("content")).get("parts")):
        pointer = part.get("asset_pointer")
        if isinstance(pointer, str) and POINTER.fullmatch(pointer):
            yield pointer
    yield from attached(message)


def moment(value: Any) -> float | None:
    """Return the seconds since 1970 of a date; None for anything else, and for "unknown" (zero)."""
    # No number has a T.
    seconds = None if isinstance(value, str) and "T" in value else _number(value)
    if seconds is None and isinstance(value, str):
        try:
            date = datetime.fromisoformat(value)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return seconds if seconds is not None and SAME <= seconds <= _YEAR_9999 else None


def settled(
    created: float | None, updated: float | None, times: list[float]
) -> tuple[float | None, float | None]:
    """Return when a conversation was begun and changed last, by what it says and its messages say.

    `times`: those of its messages. All are seconds since 1970. No conversation begins after its
    last message: some exports date conversations by the day of the export.
    """
    if not times:
        return created, updated
    if created is not None and created > max(times):
        updated = updated if updated is not None and updated < created else None
        created = None
    return created or min(times), updated or max(times)


def before_1970(value: Any) -> float | None:
    """Return the seconds of a date before 1970, which no message has: an archive may show it."""
    seconds = _number(value)
    return seconds if seconds is not None and _YEAR_1 <= seconds <= -SAME else None


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def same_date(wanted: Any, held: Any) -> bool:
    """Tell whether a date is that of the source; if the source has none, any is right."""
    expected, actual = moment(wanted), moment(held)
    return expected is None or (actual is not None and abs(expected - actual) < SAME)


def same_time(wanted: Any, held: Any) -> bool:
    """Tell whether the time of a message is that of the source, and none if it has none."""
    if wanted is None:
        return held is None
    if not isinstance(wanted, int | float) or isinstance(wanted, bool):
        return True
    return same_date(wanted, held)


def misdated(dates: Mapping[str, float | None], held: Mapping[str, Any]) -> str | None:
    """Return a sentence if a conversation in an archive has other dates than `dates`."""
    for key, words in (("created", "the date"), ("updated", "the date of the last change")):
        if key not in dates:
            continue
        wanted, actual = dates[key], moment(held.get(key))
        if wanted is not actual and (
            wanted is None or actual is None or abs(wanted - actual) >= SAME
        ):
            return f"{words} is another"
    return None


def changed_since(updated: Any, raw: Raw) -> bool:
    """Tell whether `updated`, as an archive has it in RFC 3339, is later than what `raw` says."""
    known = raw.get("update_time")
    if isinstance(known, bool) or not isinstance(known, int | float | str):
        return False
    try:
        if isinstance(known, str):
            known = datetime.fromisoformat(known).timestamp()
        # Notes tell times to the second.
        return datetime.fromisoformat(str(updated)).timestamp() >= int(known) + 1
    except (ValueError, OverflowError, TypeError):
        return False
