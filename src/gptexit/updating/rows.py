"""Read the rows of a conversation from a database, and join them with those that come.

They hold texts and no raw conversation. So the tree is merged as several exports are (see
`readers.chatgpt.merge`), and of two texts of one message the one that goes on counts; if neither
does, the later one, and the other is appended to the message's hidden text where that lacks words
of it.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

from gptexit.chatgpt.tree import build
from gptexit.readers.chatgpt.merge.conversation import merge, moment
from gptexit.sqlite import ASSET, CONVERSATION, INSTRUCTION, MEMORY, MESSAGE, PLACES, Rows

_NAMES = ("place", "parent", *MESSAGE.split(", "))
_ID, _PARENT = _NAMES.index("id"), _NAMES.index("parent")
_CURRENT = _NAMES.index("current")
_MAY_LACK = [_NAMES.index(name) for name in ("name", "recipient", "created", "model", "feedback")]
"""Columns that a slim export may leave empty."""
_TEXT, _HIDDEN = _NAMES.index("text"), _NAMES.index("hidden_text")
_OWN = CONVERSATION.split(", ")
_UPDATED, _SHOWN, _TITLE = _OWN.index("updated"), _OWN.index("messages"), _OWN.index("title")
_ASSET_ID, _MISSING = 1, -1
_WORDS = re.compile(r"\w+")
_MARKER = re.compile("[\ue200-\ue2ff][^\ue201\n]*\ue201?")
"""A marker of ChatGPT's that an earlier gptexit may have left in a text; see docs/format.md."""


def stored(base: sqlite3.Connection, key: str) -> Rows | None:
    """Return the rows of a conversation, by its id, if the database has them."""
    query = f"SELECT number, {CONVERSATION} FROM conversations WHERE id = ?"
    row = base.execute(query, (key,)).fetchone()
    if row is None:
        return None
    number, *conversation = row
    first = number * PLACES
    messages = base.execute(
        f"SELECT number - ?, parent - ?, {MESSAGE} FROM messages "
        "WHERE number BETWEEN ? AND ? ORDER BY number",
        (first, first, first, first + PLACES - 1),
    )

    def of(table: str, columns: str) -> list[list[object]]:
        query = f"SELECT message - ?, {columns} FROM {table} WHERE conversation = ? ORDER BY rowid"
        return [list(row) for row in base.execute(query, (first, number))]

    def named(table: str, name: str | None) -> list[object] | None:
        row = base.execute(f"SELECT id, name FROM {table} WHERE id = ?", (name,)).fetchone()
        return list(row) if row else None

    models = base.execute(
        "SELECT model FROM conversation_models WHERE conversation = ? ORDER BY model", (number,)
    )
    return {
        "conversation": conversation,
        "project": named("projects", conversation[_OWN.index("project")]),
        "gpt": named("gpts", conversation[_OWN.index("gpt")]),
        "models": [model for (model,) in models],
        "messages": [list(row) for row in messages],
        "assets": of("assets", ASSET),
        "memories": of("memories", MEMORY),
        "instructions": of("instructions", INSTRUCTION),
    }


def united(earlier: Rows, incoming: Rows, *, redacts: bool = False, older: bool = False) -> Rows:
    """Return rows with all of both; `incoming` itself if it holds everything.

    `redacts`: True if secrets were taken out of `incoming` that `earlier` holds: a text that both
    have then comes from `incoming`. `older`: True if `earlier` goes before where both were changed
    at the same time.
    """
    before = {row[_ID]: row for row in earlier["messages"]}
    now = {row[_ID]: row for row in incoming["messages"]}
    now_at, then = (moment(rows["conversation"][_UPDATED]) for rows in (incoming, earlier))
    later = (now_at, not older) >= (then, True)
    both = {
        key: _row(before.get(key), row, later=later, redacts=redacts) for key, row in now.items()
    }
    covered = before.keys() <= now.keys() and both == now
    if later and covered and not _lacks_more(earlier, incoming):
        return incoming
    pair = (earlier, incoming) if later else (incoming, earlier)
    raw = merge(enumerate(map(_as_raw, pair))).raw
    tree = build(raw["mapping"], Counter())
    branch = _branch(raw.get("current_node"), tree.parent)
    places = {key: place for place, key in enumerate(tree.order, 1)}
    messages = []
    for key, place in places.items():
        row = list(both.get(key) or before[key])
        row[0], row[_PARENT] = place, places.get(tree.parent[key] or "")
        row[_CURRENT] = int(key in branch)
        messages.append(row)
    first, last = pair
    own = [
        value if value is not None else other
        for value, other in zip(last["conversation"], first["conversation"], strict=True)
    ]
    own[-1] = last["conversation"][-1]
    own[_SHOWN] = sum(bool(row[_CURRENT] and row[_TEXT].strip()) for row in messages)
    return {
        "conversation": own,
        "project": last["project"] or first["project"],
        "gpt": last["gpt"] or first["gpt"],
        "models": sorted({*earlier["models"], *incoming["models"]}),
        "messages": messages,
        "assets": _assets(earlier, incoming, places),
        "memories": _beside(earlier, incoming, "memories", places),
        "instructions": _beside(earlier, incoming, "instructions", places),
    }


def without(rows: Rows, redact: Callable[[str], str]) -> Rows:
    """Send the texts of rows through `redact`; ids, times and types stay."""

    def some(row: list[Any], *columns: int) -> list[Any]:
        places = {column % len(row) for column in columns}
        return [
            redact(value) if place in places and isinstance(value, str) else value
            for place, value in enumerate(row)
        ]

    return {
        **rows,
        "conversation": some(rows["conversation"], _TITLE),
        "messages": [some(row, _TEXT, _HIDDEN) for row in rows["messages"]],
        "assets": [some(row, _ASSET_ID + 1) for row in rows["assets"]],
        "memories": [some(row, -1) for row in rows["memories"]],
        "instructions": [some(row, -1, -2) for row in rows["instructions"]],
    }


def _as_raw(rows: Rows) -> dict[str, Any]:
    """Return the tree of a conversation as `merge` takes it."""
    ids = {row[0]: row[_ID] for row in rows["messages"]}
    mapping = {
        row[_ID]: {"id": row[_ID], "parent": ids.get(row[_PARENT]), "message": {"id": row[_ID]}}
        for row in rows["messages"]
    }
    current = [row[_ID] for row in rows["messages"] if row[_CURRENT]]
    return {"mapping": mapping, **({"current_node": current[-1]} if current else {})}


def _branch(key: Any, parents: dict[str, str | None]) -> set[str]:
    branch: set[str] = set()
    while isinstance(key, str) and key in parents and key not in branch:
        branch.add(key)
        key = parents[key]
    return branch


def _row(before: list[Any] | None, now: list[Any], *, later: bool, redacts: bool) -> list[Any]:
    """Join two rows of a message: the one that comes, and what only the other says.

    `later`: whether the text of the one that comes is the newer one.
    """
    if before is None:
        return now
    row = list(now)
    for column in _MAY_LACK:
        row[column] = now[column] if now[column] is not None else before[column]
    if redacts:
        return row
    older, newer = (before, now) if later else (now, before)
    fuller = older[_TEXT].startswith(newer[_TEXT]) and newer[_HIDDEN] in older[_HIDDEN]
    shown, other = (older, newer) if fuller else (newer, older)
    words = _counted(shown[_TEXT] + "\n" + shown[_HIDDEN])
    left = [text for text in (other[_TEXT], other[_HIDDEN]) if _counted(text) - words]
    row[_TEXT] = shown[_TEXT]
    row[_HIDDEN] = "\n\n".join(filter(None, [shown[_HIDDEN], *left]))
    return row


def _counted(text: str) -> Counter[str]:
    return Counter(_WORDS.findall(_MARKER.sub(" ", text)))


def _lacks_more(earlier: Rows, incoming: Rows) -> bool:
    """Tell whether something beside the messages is only in the database."""
    known = {row[_ASSET_ID] for row in incoming["assets"] if not row[_MISSING]}
    return (
        any(row[_ASSET_ID] not in known for row in earlier["assets"] if not row[_MISSING])
        or bool(_texts_in(earlier["memories"]) - _texts_in(incoming["memories"]))
        or bool(_texts_in(earlier["instructions"]) - _texts_in(incoming["instructions"]))
    )


def _texts_in(table: list[list[Any]]) -> set[tuple[Any, ...]]:
    """Return the rows of a table without the places of the messages."""
    return {tuple(row[1:]) for row in table}


def _moved(rows: Rows, row: list[Any], places: dict[str, int]) -> list[Any]:
    """Return a row with the new place of its message."""
    ids = {message[0]: message[_ID] for message in rows["messages"]} if row[0] is not None else {}
    return [places.get(ids.get(row[0], "")), *row[1:]]


def _assets(earlier: Rows, incoming: Rows, places: dict[str, int]) -> list[list[Any]]:
    assets: dict[Any, list[Any]] = {}
    for rows in (incoming, earlier):
        for row in rows["assets"]:
            known = assets.get(row[_ASSET_ID])
            if known is None or (known[_MISSING] and not row[_MISSING]):
                assets[row[_ASSET_ID]] = _moved(rows, row, places)
    return list(assets.values())


def _beside(earlier: Rows, incoming: Rows, table: str, places: dict[str, int]) -> list[list[Any]]:
    texts: dict[tuple[Any, ...], list[Any]] = {}
    for rows in (incoming, earlier):
        for row in rows[table]:  # type: ignore[literal-required]
            texts.setdefault(tuple(row[1:]), _moved(rows, row, places))
    return sorted(texts.values(), key=lambda row: row[0] or 0)
