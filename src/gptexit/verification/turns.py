"""The messages of a conversation in turns, and the part of a note that each of them is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownMessage
from gptexit.verification.page import NotePage, PageRegion
from gptexit.verification.words import Words


@dataclass(slots=True)
class Turn:
    """Consecutive messages of one voice, and their place in a note."""

    messages: list[ShownMessage]
    leads: bool = False
    """Whether a message without words, such as a picture, comes before the first with words."""
    place: int | None = None
    """The heading above its first words; None if no words of it are found."""
    left: tuple[str, str] | None = None
    """If its last message is there as it was said: the lines of it that have other signs there, and
    what the note has instead of them or before them."""

    @property
    def asked(self) -> list[ShownMessage]:
        """The messages that were looked for by their words."""
        return self.messages if self.left is None else self.messages[:-1]

    @property
    def is_verbatim(self) -> bool:
        """Whether its message is there exactly, and nothing else."""
        return self.left == ("", "") and not self.asked


def are_in_place(page: NotePage, turns: list[Turn]) -> bool:
    """Tell whether each turn is below a heading of its own and its voice, with all its words.

    It is so in nearly all notes, and leaves no question of order. Most messages stand there as they
    were said, so that not even their words have to be compared. If it is so, note the places.
    """
    if page.look.redacted or page.turns != len(turns) + 1:
        return False
    if page.speakers != list(range(1, page.turns)):
        return False
    asked: list[tuple[list[ShownMessage], str]] = []
    differences = []
    for number, turn in enumerate(turns, 1):
        *before, last = turn.messages
        if page.voices[number] != (last.by_user, last.by_user):
            return False
        plain = last.texts[0] if _says_one_text(last) else None
        left = None if plain is None else page.difference(plain, number, alone=not before)
        differences.append(left)
        if left is None:
            asked.append((turn.messages, page.written(number, number + 1)))
        elif before:
            asked.append((before, f"{left[1]}\n"))
    for (messages, _), words in zip(asked, page.essences([text for _, text in asked]), strict=True):
        segments = [segment for shown in messages for segment in shown.words.segments]
        if not segments or page.look.missing(segments, words)[0] is not None:
            return False
    for number, (turn, left) in enumerate(zip(turns, differences, strict=True), 1):
        turn.place, turn.left = number, left
        turn.leads = bool(turn.asked) and not turn.asked[0].words.segments
    return True


def _says_one_text(shown: ShownMessage) -> bool:
    """Tell whether a message shows nothing but a text that refers to nothing."""
    if not shown.plain or shown.pointers or len(shown.texts) != 1:
        return False
    text = shown.texts[0]
    linked = "]" in text and ("](" in text or "]:" in text or "[^" in text)
    return not linked and not ("<" in text and "://" in text)


def turns_of(
    source: SourceConversation, current: list[ShownMessage], files: dict[str, str | None]
) -> list[Turn]:
    """Return the messages of the branch by voice, with the files that the library says they show.

    `files`: the message of each file, if it is known.
    """
    pointers: dict[str | None, list[str]] = {}
    for pointer, shower in files.items():
        pointers.setdefault(shower, []).append(pointer)
    if pointers:
        by_id = {shown.id: shown for shown in current}
        current = [
            by_id.get(key) or ShownMessage(key, None, False, Words())
            for key in source.path
            if key in by_id or key in pointers
        ]
    turns: list[Turn] = []
    before = None
    for shown in current:
        if shown.id in pointers:
            shown.pointers = list(dict.fromkeys([*shown.pointers, *pointers[shown.id]]))
        if shown.by_user == before:
            turns[-1].messages.append(shown)
        else:
            turns.append(Turn([shown]))
        before = shown.by_user
    return turns


class Questions:
    """The branch that opens, cut where the user says something."""

    def __init__(self, source: SourceConversation, current: list[ShownMessage]) -> None:
        by_user = {shown.id for shown in current if shown.by_user}
        self._nodes: list[list[str]] = [[]]
        self._number: dict[str, int] = {}
        for key in source.path:
            if key in by_user:
                self._nodes.append([])
            self._nodes[-1].append(key)
            self._number[key] = len(self._nodes) - 1

    def around(self, messages: list[ShownMessage]) -> list[str]:
        """Return all nodes from the user's messages above some messages on, up to the next."""
        numbers = dict.fromkeys(self._number[shown.id] for shown in messages)
        return [node for number in numbers for node in self._nodes[number]]


def regions_of(page: NotePage, turns: list[Turn]) -> Iterator[tuple[list[Turn], PageRegion]]:
    """Yield turns with the part of the note that they are in.

    A turn without words, such as a picture, is between the one before it and the one behind.
    """
    groups: list[list[Turn]] = []
    for turn in turns:
        if groups and turn.place in (None, groups[-1][0].place):
            groups[-1].append(turn)
        else:
            groups.append([turn])
    for number, group in enumerate(groups):
        first = group[0].place or 0
        if group[0].leads:  # what comes before its words may have a heading of its own
            first = (groups[number - 1][0].place or 0) + 1 if number else 0
        behind = groups[number + 1][0].place if number + 1 < len(groups) else None
        yield group, page.region(first, page.turns if behind is None else behind)
