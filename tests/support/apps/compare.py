"""What an app has, held against what the export holds."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from support.apps.source import Expected, Said

COLUMNS = ("conversations", "messages", "branches", "images", "files", "dates", "citations")
NOTES = {
    "messages": "messages of one answer (thoughts, calls of tools, results, words) are one turn",
    "branches": "a version that differs in nothing that is shown is no branch",
    "images": "an image beyond 4 MB, or 16 MB a chat, is in the folder `files`, named in the chat",
    "files": "an import file carries images only; others are in the folder `files`, named there",
    "dates": "a turn has one date, that of its first message",
    "citations": "a turn names a source once, however many of its messages cite it",
}
ROWS: list[tuple[str, Counter[str], Counter[str]]] = []
"""The lines of the table that the tests end with: a name, the source, the app."""
Fetch = Callable[[str], bytes]
"""An uploaded file, by its id."""


def normal(words: str) -> str:
    """Without white space, the signs of a quotation, and null characters, which the app removes."""
    return re.sub(r"[\s>\0]", "", words)


def compare(export: dict[str, Expected], chats: list[Any], fetch: Fetch) -> Counter[str]:
    """The app's side of a line of the table. Fails where something is missing or elsewhere."""
    by_id = {chat["meta"]["gptexit"]["id"]: chat for chat in chats}
    assert len(by_id) == len(chats), "a conversation is there twice"
    assert by_id.keys() == export.keys()
    count: Counter[str] = Counter(conversations=len(chats))
    for key, expected in export.items():
        _chat(expected, by_id[key], fetch, count)
    return count


def _chat(expected: Expected, chat: Any, fetch: Fetch, count: Counter[str]) -> None:
    assert chat["title"] == " ".join((expected.title or "").split()) or "Untitled"
    if expected.created is not None:
        assert chat["created_at"] == expected.created
        count["dates"] += 1
    if expected.updated is not None:
        assert chat["updated_at"] == expected.updated
        count["dates"] += 1
    assert "chatgpt" in chat["meta"]["tags"]
    assert chat["archived"] == expected.archived
    assert ("archived" in chat["meta"]["tags"]) == expected.archived
    turns = chat["chat"]["history"]["messages"]
    turn_of: dict[str | None, str | None] = {None: None}
    joined: dict[str, list[Said]] = {key: [] for key in turns}
    for key, said in expected.said.items():
        turn_of[key] = key if key in turns else turn_of[said.above]
        turn = turn_of[key]
        assert turn is not None, f"a message is not in the app: {key}"
        joined[turn].append(said)
    for key, turn in turns.items():
        _turn(turn, joined[key], turn_of, expected, count)
        _files(turn, joined[key], fetch, count)
    count["messages"] += len(turns)
    parents = Counter(turn["parentId"] for turn in turns.values())
    count["branches"] += sum(number - 1 for number in parents.values() if number > 1)
    if turns:
        assert chat["chat"]["history"]["currentId"] == turn_of[expected.current]


def _turn(
    turn: Any, joined: list[Said], turn_of: Any, expected: Expected, count: Counter[str]
) -> None:
    first = joined[0]
    assert first.id == turn["id"]
    assert turn["parentId"] == turn_of[first.above]
    assert {said.user for said in joined} == {turn["role"] == "user"}
    if first.second is not None:
        assert turn["timestamp"] == first.second
        count["dates"] += 1
    content = normal(turn["content"])
    for said in joined:
        for words in said.words:
            assert normal(words) in content, (expected.title, words, turn["content"])
    sources = [source["source"].get("url") for source in turn.get("sources", ())]
    assert set(sources) >= set().union(*(said.cited for said in joined))
    for number in range(1, len(sources) + 1):
        assert f"[{number}]" in turn["content"]
    count["citations"] += len([url for url in sources if url])


def _files(turn: Any, joined: list[Said], fetch: Fetch, count: Counter[str]) -> None:
    """Each file's bytes are those of the export; what the app has not is named in the text."""
    wanted = {digest for said in joined for digest in (*said.images, *said.files)}
    images = {digest for said in joined for digest in said.images}
    found = set()
    for file in turn.get("files", ()):
        url = file["url"]
        if url.startswith("data:"):
            data = base64.b64decode(url.partition(",")[2])
        else:
            data = fetch(file["id"])
        digest = hashlib.sha256(data).hexdigest()
        assert digest in wanted
        found.add(digest)
    for _ in wanted - found:
        assert "in your archive, files/" in turn["content"]
    count["images"] += len(found & images)
    count["files"] += len(found - images)


def table(rows: list[tuple[str, Counter[str], Counter[str]]]) -> str:
    """The rows as text: in the source and in the app, and a note for each cell that differs."""
    used: list[str] = []
    lines = [["target", *COLUMNS]]
    for name, source, app in rows:
        line = [name]
        for column in COLUMNS:
            cell = f"{source[column]:,}"
            if app[column] != source[column]:
                if column not in used:
                    used.append(column)
                cell += f" → {app[column]:,} ({used.index(column) + 1})"
            line.append(cell)
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(f"{cell:>{width}}" if at else f"{cell:{width}}" for at, (cell, width) in
                  enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]  # fmt: skip
    notes = [f"({number}) {NOTES[column]}" for number, column in enumerate(used, 1)]
    return "\n".join([*text, "", *notes])
