"""What an app has, held against what the export holds.

A test brings what its app has to `AppConversation`, and hands it to `add_row` with its `App`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.apps.source import Expected, Said, totals

COLUMNS = (
    "conversations",
    "messages",
    "branches",
    "images",
    "files",
    "dates",
    "models",
    "reasoning",
    "citations",
)
TURNS = "messages of one answer (thoughts, calls of tools, results, words) are one turn"
NO_CHANGE = "a version that differs in nothing that is shown is no branch"
ONE_DATE = "a turn has one date, that of its first message"
ONE_MODEL = "a turn has one model, that of its last message that names one"


@dataclass
class AppMessage:
    """A message of an app."""

    id: str | None
    """That of the first message of the export in it; None where the app has no ids of its own."""
    parent: int | None
    """The place in `AppConversation.messages` of the message above."""
    user: bool
    text: str
    when: int | None = None
    """Seconds since 1970; None where the app has no such date."""
    model: str | None = None
    reasoning: str = ""
    images: Sequence[str] = ()
    """SHA-256, as are `files`."""
    files: Sequence[str] = ()
    cited: Sequence[str] = ()
    """URLs."""


@dataclass
class AppConversation:
    """A conversation of an app, or one branch of it."""

    id: str
    """That of the export."""
    title: str | None
    """None where the app has none."""
    created: int | None
    updated: int | None
    messages: list[AppMessage] = field(default_factory=list)
    """A message is behind the one above it."""
    current: str | None = None
    """The id of the message that is shown last; None where the app cannot say."""
    text: str | None = None
    """All of it, for an app whose notes have no messages; `messages` is then empty."""
    images: Sequence[str] = ()
    """With `text`: the SHA-256 of each image of the note, as in `files`."""
    files: Sequence[str] = ()


@dataclass(frozen=True)
class App:
    """What is to be known of an app."""

    name: str
    notes: Mapping[str, str]
    """By column: why its cell may differ."""
    turns: bool = True
    """Whether consecutive messages of one speaker are one message of the app."""
    rising: bool = False
    """Whether a message that is not later than the one above it is moved behind that."""
    by_branch: bool = False
    """Whether each branch is a conversation of the app."""
    merges: bool = False
    """Whether versions of a question with the same words are one message of the app."""
    elsewhere: str | None = "in your archive, files/"
    """The words by which a message names a file that the app does not have. None for no such."""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    app: App
    export: str
    source: Counter[str]
    found: Counter[str]


ROWS: list[Row] = []
"""The lines of the table that the tests end with."""


def add_row(
    app: App, export: Path, expected: dict[str, Expected], found: Iterable[AppConversation]
) -> None:
    """Compare, and add a line. Fails where a cell differs and the app has no footnote for it."""
    row = Row(app, export.stem, totals(expected), compare(app, expected, found))
    ROWS.append(row)
    differing = {column for column in COLUMNS if row.source[column] != row.found[column]}
    unexplained = sorted(differing - app.notes.keys())
    assert not unexplained, f"{app.name}, {export.stem}: no footnote for {unexplained} in {row}"


def normal(words: str) -> str:
    """Without white space, the signs of a quotation, and null characters, which apps remove."""
    return re.sub(r"[\s>\0]", "", words)


def compare(
    app: App, export: dict[str, Expected], found: Iterable[AppConversation]
) -> Counter[str]:
    """The app's side of a line. Fails where something is missing, doubled or elsewhere."""
    count: Counter[str] = Counter()
    by_id: dict[str, list[AppConversation]] = {}
    for talk in found:
        by_id.setdefault(talk.id, []).append(talk)
    for talks in by_id.values():
        assert app.by_branch or len(talks) == 1, f"a conversation is there twice: {talks[0].title}"
    assert by_id.keys() == export.keys()
    count["conversations"] = len(by_id)
    for key, talks in by_id.items():
        expected = export[key]
        _dates(expected, talks[0], count)
        for talk in talks:
            if talk.title is not None:
                assert normal(talk.title) == normal(title_of(expected))
        if talks[0].text is not None:
            _note(app, expected, talks[0], talks[0].text, count)
        else:
            _tree(app, expected, talks, count)
    return count


def title_of(expected: Expected) -> str:
    return " ".join((expected.title or "").split()) or "Untitled"


def _dates(expected: Expected, talk: AppConversation, count: Counter[str]) -> None:
    for own, theirs in ((expected.created, talk.created), (expected.updated, talk.updated)):
        if own is not None and theirs is not None:
            assert theirs == own, (expected.title, theirs, own)
            count["dates"] += 1


def _note(
    app: App, expected: Expected, talk: AppConversation, text: str, count: Counter[str]
) -> None:
    """A conversation as one text."""
    words = normal(text)
    for said in expected.said.values():
        _words(said, words, text)
        count["messages"] += 1
        count["models"] += said.model is not None and said.model in text
        count["reasoning"] += _thought(said, words)
        count["citations"] += sum(url in text for url in said.cited)
    parents = Counter(said.above for said in expected.said.values())
    count["branches"] += sum(number - 1 for number in parents.values() if number > 1)
    for said in expected.said.values():
        count["images"] += len(set(said.images) & set(talk.images))
        count["files"] += len(set(said.files) & set(talk.files))
        if app.elsewhere and {*said.images, *said.files} - {*talk.images, *talk.files}:
            assert app.elsewhere in text


def _tree(app: App, expected: Expected, talks: list[AppConversation], count: Counter[str]) -> None:
    messages: dict[str, AppMessage] = {}
    parents: dict[str, str | None] = {}
    for talk in talks:
        ids = _ids(app, expected, talk)
        for key, message in zip(ids, talk.messages, strict=True):
            messages[key] = message
            parents[key] = None if message.parent is None else ids[message.parent]
    turn_of: dict[str | None, str | None] = {None: None}
    joined: dict[str, list[Said]] = {key: [] for key in messages}
    for key, said in expected.said.items():
        turn_of[key] = key if key in messages else turn_of[said.above]
        if app.merges and key not in messages:
            twins = (other for other in expected.said.values() if _is_twin(other, said, turn_of))
            turn_of[key] = next((it.id for it in twins if it.id in messages), turn_of[key])
        turn = turn_of[key]
        assert turn is not None, f"a message is not in the app: {key}"
        joined[turn].append(said)
    for key, message in messages.items():
        parent = parents[key]
        assert joined[key], f"a message is not in the export: {key}"
        assert parent == turn_of[joined[key][0].above]
        _message(app, message, joined[key], expected, count)
        _date(app, message, messages[parent] if parent else None, joined[key][0], count)
    count["messages"] += len(messages)
    below = Counter(parents.values())
    count["branches"] += sum(number - 1 for number in below.values() if number > 1)
    for talk in talks:
        if talk.current is not None:
            assert app.by_branch or talk.current == turn_of[expected.current]


def _is_twin(one: Said, other: Said, turn_of: dict[str | None, str | None]) -> bool:
    """Tell whether two messages are versions of one question that say the same."""
    same = one.user and other.user and one.words == other.words and one.images == other.images
    return same and turn_of.get(one.above, "") == turn_of.get(other.above)


def _ids(app: App, expected: Expected, talk: AppConversation) -> list[str]:
    """Give each message the id of the first message of the export in it.

    Where the app has none: of those below the message above that have the same speaker and whose
    words are all there, one of the same second, or else the one with most words.
    """
    below: dict[str | None, list[Said]] = {}
    for said in expected.said.values():
        below.setdefault(said.above, []).append(said)
    free = set(expected.said)
    ids: list[str] = []
    last: list[str] = []
    """The last message of the export in each message of the app."""
    for message in talk.messages:
        text = normal(message.text)
        above = None if message.parent is None else last[message.parent]
        if message.id in expected.said:
            said = expected.said[message.id]
        elif message.id is not None:
            ids.append(message.id)
            last.append(message.id)
            continue
        else:
            fits = [
                said
                for said in below.get(above, ())
                if said.id in free and said.user == message.user and _has(said, text)
            ]
            assert fits, f"a message is not in the export: {message.text[:200]}"
            when = message.when
            said = max(fits, key=lambda said: (said.second == when, sum(map(len, said.words))))
        free.discard(said.id)
        ids.append(said.id)
        while app.turns and len(under := below.get(said.id, [])) == 1:
            if under[0].user != message.user or not _has(under[0], text):
                break
            said = under[0]
            free.discard(said.id)
        last.append(said.id)
    return ids


def _has(said: Said, text: str) -> bool:
    return all(normal(words) in text for words in said.words)


def _words(said: Said, normalized: str, text: str) -> None:
    for words in said.words:
        assert normal(words) in normalized, (said.id, words, text)


def _thought(said: Said, normalized: str) -> bool:
    """Tell whether there were thoughts, and all are there."""
    return bool(said.thoughts) and all(normal(words) in normalized for words in said.thoughts)


def _message(
    app: App, message: AppMessage, joined: list[Said], expected: Expected, count: Counter[str]
) -> None:
    assert {said.user for said in joined} == {message.user}
    text, reasoning = normal(message.text), normal(message.reasoning)
    for said in joined:
        _words(said, text, message.text)
        count["models"] += said.model is not None and said.model == message.model
        count["reasoning"] += _thought(said, reasoning)
    models = {said.model for said in joined} - {None}
    assert not models or message.model in (*models, None), (expected.title, message.model)
    cited = set().union(*(said.cited for said in joined))
    count["citations"] += len(cited & set(message.cited))
    images = {digest for said in joined for digest in said.images}
    files = {digest for said in joined for digest in said.files} - images
    there = {*message.images, *message.files}
    assert there <= images | files, "a file is not in the export"
    count["images"] += len(there & images)
    count["files"] += len(there & files)
    if app.elsewhere and (images | files) - there:
        assert app.elsewhere in message.text


def _date(
    app: App, message: AppMessage, above: AppMessage | None, said: Said, count: Counter[str]
) -> None:
    if message.when is None or said.second is None:
        return
    if message.when == said.second:
        count["dates"] += 1
        return
    assert app.rising and above and above.when is not None, (said.id, message.when, said.second)
    assert above.when <= message.when <= above.when + 1, (said.id, message.when, above.when)
    assert message.when > said.second


def table(rows: list[Row]) -> str:
    """The rows as text: in the source and in the app, and a note for each cell that differs."""
    used: list[str] = []
    lines = [["app", *COLUMNS]]
    for row in rows:
        line = [f"{row.app.name}, {row.export}"]
        for column in COLUMNS:
            cell = f"{row.source[column]:,}"
            if row.found[column] != row.source[column]:
                note = row.app.notes.get(column, "NOT EXPLAINED")
                if note not in used:
                    used.append(note)
                cell += f" → {row.found[column]:,} ({used.index(note) + 1})"
            line.append(cell)
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(f"{cell:>{width}}" if at else f"{cell:{width}}" for at, (cell, width) in
                  enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]  # fmt: skip
    return "\n".join([*text, "", *(f"({number}) {note}" for number, note in enumerate(used, 1))])
