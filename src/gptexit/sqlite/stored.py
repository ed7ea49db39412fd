"""A conversation of a database, read back as the rows that were written to it."""

from __future__ import annotations

import sqlite3

from gptexit.sqlite.columns import ASSET, CONVERSATION, INSTRUCTION, MEMORY, MESSAGE, Rows
from gptexit.sqlite.schema import PLACES


def stored(base: sqlite3.Connection, key: str) -> Rows | None:
    """The rows of a conversation by its id; None where the database has none."""
    row = base.execute(
        f"SELECT number, {CONVERSATION} FROM conversations WHERE id = ?", (key,)
    ).fetchone()
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
        return [list(found) for found in base.execute(query, (first, number))]

    def named(table: str, name: str | None) -> list[object] | None:
        found = base.execute(f"SELECT id, name FROM {table} WHERE id = ?", (name,)).fetchone()
        return list(found) if found else None

    models = base.execute(
        "SELECT model FROM conversation_models WHERE conversation = ? ORDER BY model", (number,)
    )
    places = CONVERSATION.split(", ")
    return {
        "conversation": conversation,
        "project": named("projects", conversation[places.index("project")]),
        "gpt": named("gpts", conversation[places.index("gpt")]),
        "models": [model for (model,) in models],
        "messages": [list(found) for found in messages],
        "assets": of("assets", ASSET),
        "memories": of("memories", MEMORY),
        "instructions": of("instructions", INSTRUCTION),
    }
