"""Define the schema of the SQLite archive; docs/sqlite.md describes it for users.

A message's number is its conversation's number times a million, plus its place in the conversation,
counted from 1. So the messages of a conversation are neighbours, a search knows the conversation of
each hit without looking it up, and a conversation that changed keeps its numbers. Place 0 is the
title, in `unspaced_fts` only.

A change to this file, or to the way `spaced` cuts words, needs another VERSION: the indexes store
no text of their own, and can only forget exactly the text that they were given.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, TypedDict

from gptexit.errors import NoFullText


class Rows(TypedDict):
    """One conversation. Each list has the values of a row, in the order of the columns below.

    Before the columns, a message has its place and that of its parent; an asset the place of the
    first message that shows it, or None; a memory and instructions the place of their message.
    """

    conversation: list[Any]
    project: list[Any] | None
    """Id and name, as for `gpt`."""
    gpt: list[Any] | None
    models: list[str]
    messages: list[list[Any]]
    assets: list[list[Any]]
    memories: list[list[Any]]
    instructions: list[list[Any]]


CONVERSATION = (
    "id, title, created, updated, project, gpt, model, messages, archived, starred, url, gone"
)
MESSAGE = "id, role, name, recipient, created, model, hidden, current, feedback, text, hidden_text"
ASSET = "id, name, media_type, size, sha256, member, missing"
MEMORY = "written, snapshot, text"
CITED = 2
"""The value of `snapshot` for a memory that an answer cites; it was written earlier."""
INSTRUCTION = "written, about, response"


_LETTERS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul: particles hang on its words
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Kana
    "\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_ONE = re.compile(f"[{_LETTERS}]")


def has_unspaced(text: str) -> bool:
    """Tell whether `text` has a letter of a script that is written without spaces."""
    return not text.isascii() and _ONE.search(text) is not None


def spaced(text: str) -> str:
    """Put spaces around each letter of such a script."""
    return _ONE.sub(r" \g<0> ", text)


NAME = "chatgpt.sqlite"
"""The file's name in its folder."""
VERSION = 1
"""The value of `schema` in the table `gptexit`."""
PLACES = 1_000_000
"""Numbers for each conversation; it can hold one message fewer."""

_TOKENS = "tokenize = 'unicode61 remove_diacritics 2'"
TABLES = f"""
CREATE TABLE gptexit (  -- what this file is
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    name TEXT  -- only some exports tell it
);
CREATE TABLE gpts (  -- custom GPTs
    id TEXT PRIMARY KEY,
    name TEXT
);
CREATE TABLE conversations (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,  -- the export's own
    title TEXT,
    created TEXT,  -- UTC, RFC 3339, as all times here
    updated TEXT,
    project TEXT REFERENCES projects (id),
    gpt TEXT REFERENCES gpts (id),
    model TEXT,  -- the one that wrote most of the answers
    messages INTEGER NOT NULL,  -- that a person saw, on the current branch
    archived INTEGER,  -- 0 or 1, as starred
    starred INTEGER,
    url TEXT,
    gone TEXT,  -- what the newest of several exports no longer has of it, in words
    digest TEXT NOT NULL  -- of its rows: the same digest, nothing to write
);
CREATE TABLE conversation_models (  -- every model that answered in a conversation
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    model TEXT NOT NULL,
    PRIMARY KEY (conversation, model)
) WITHOUT ROWID;
CREATE TABLE messages (
    number INTEGER PRIMARY KEY,  -- conversation * {PLACES} + place
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    id TEXT NOT NULL,  -- the export's own
    parent INTEGER REFERENCES messages (number),
    role TEXT NOT NULL,  -- user, assistant, tool, system
    name TEXT,  -- which tool spoke
    recipient TEXT,  -- the tool that was called
    created TEXT,
    model TEXT,
    hidden TEXT,  -- why ChatGPT does not show the message; NULL where it does
    current INTEGER NOT NULL,  -- 1 on the branch that was seen last
    feedback TEXT,  -- up or down
    text TEXT NOT NULL,  -- what a person saw, as Markdown
    hidden_text TEXT NOT NULL  -- what a person did not: reasoning, calls of tools, their output
);
CREATE TABLE assets (  -- files that a conversation has or mentions; not their bytes
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    message INTEGER REFERENCES messages (number),  -- the first that shows it
    id TEXT NOT NULL,
    name TEXT,
    media_type TEXT,
    size INTEGER,  -- bytes
    sha256 TEXT,
    member TEXT,  -- its name in the export
    missing INTEGER NOT NULL  -- 1 where the export does not hold it
);
CREATE TABLE memories (  -- what ChatGPT wrote to its memory, and what shows what it held
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    message INTEGER NOT NULL REFERENCES messages (number),
    written TEXT,
    snapshot INTEGER NOT NULL,  -- 1: all that was remembered by then; 2: one that an answer cites
    text TEXT NOT NULL
);
CREATE TABLE instructions (  -- custom instructions, as they stood in a conversation
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    message INTEGER NOT NULL REFERENCES messages (number),
    written TEXT,
    about TEXT,
    response TEXT
);
"""
INDEXES = """
CREATE INDEX conversations_by_created ON conversations (created);
CREATE INDEX conversations_by_project ON conversations (project);
CREATE INDEX conversations_by_gpt ON conversations (gpt);
CREATE INDEX models_by_name ON conversation_models (model);
CREATE INDEX messages_by_conversation ON messages (conversation);
-- All that a search asks of a message before it reads its text.
CREATE INDEX messages_for_search ON messages (number, role, created, hidden, current);
CREATE INDEX assets_by_conversation ON assets (conversation);
CREATE INDEX memories_by_conversation ON memories (conversation);
CREATE INDEX instructions_by_conversation ON instructions (conversation);
"""
SEARCH = f"""
CREATE VIRTUAL TABLE conversations_fts USING fts5 (
    title, content="conversations", content_rowid="number", {_TOKENS}
);
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, content="messages", content_rowid="number", {_TOKENS}
);
CREATE VIRTUAL TABLE hidden_fts USING fts5 (
    hidden_text, content="messages", content_rowid="number", {_TOKENS}
);
CREATE VIRTUAL TABLE unspaced_fts USING fts5 (  -- scripts without spaces, each character a word
    text, hidden_text, content="", {_TOKENS}
);
"""
VIEWS = """
CREATE VIEW reading AS  -- what a person saw, in the order of reading
    SELECT c.id AS conversation_id, c.title, m.number, m.role, m.created, m.model, m.text
    FROM messages AS m JOIN conversations AS c ON c.number = m.conversation
    WHERE m.current AND m.hidden IS NULL AND m.text <> ''
    ORDER BY m.number;
CREATE VIEW months AS
    SELECT substr(created, 1, 7) AS month, count(*) AS conversations, sum(messages) AS messages
    FROM conversations GROUP BY month ORDER BY month DESC;
CREATE VIEW instruction_versions AS  -- each text once, the latest first
    SELECT min(written) AS first_seen, max(written) AS last_seen, count(*) AS conversations,
        about, response
    FROM instructions GROUP BY about, response ORDER BY last_seen DESC;
"""


_NAMES = tuple(re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", TABLES + SEARCH))
"""The tables of a database of this version."""


def need_full_text() -> None:
    """Raise NoFullText if this SQLite has no FTS5."""
    with closing(sqlite3.connect(":memory:")) as probe:
        try:
            probe.execute("CREATE VIRTUAL TABLE probe USING fts5 (x)")
        except sqlite3.OperationalError as error:
            raise NoFullText from error


def create(base: sqlite3.Connection, tool: str) -> None:
    """Make the tables of an empty database; `tool` is the program and its version."""
    base.executescript(TABLES + INDEXES + SEARCH + VIEWS)
    base.executemany(
        "INSERT INTO gptexit VALUES (?, ?)", [("schema", str(VERSION)), ("tool", tool)]
    )


@contextmanager
def readable_errors() -> Iterator[None]:
    """Raise DatabaseError if the message of an SQLite error holds bytes that are no text.

    SQLite quotes a damaged schema byte for byte; Python's module then raises UnicodeDecodeError.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError("its schema has bytes that are not text") from error


@readable_errors()
def version_of(base: sqlite3.Connection) -> int | None:
    """Return the schema's version, or None for a foreign database. Raises DatabaseError."""
    # Not a view with the name of a table: reading it might never end.
    marks = ", ".join("?" * len(_NAMES))
    found = base.execute(
        f"SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ({marks})", _NAMES
    )
    names = {str(name) for (name,) in found}
    if "gptexit" not in names:
        return None
    row = base.execute(
        "SELECT hex(substr(value, 1, 9)) FROM gptexit WHERE key = 'schema'"
    ).fetchone()
    version = bytes.fromhex(row[0]) if row else b""
    if not version.isdigit() or (int(version) == VERSION and names != set(_NAMES)):
        return None
    return int(version)
