"""Dialogues for datasets and fine-tuning: one line of JSON for each version of a conversation.

    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}
    {"conversations": [{"from": "human", "value": "…"}, {"from": "gpt", "value": "…"}]}

The first form is that of OpenAI's fine-tuning, and conversational to `trl`: `is_conversational`
looks for `role` and `content`. The second is that of ShareGPT, with the names of speakers that
axolotl's `chat_template` knows without being told. Each line has the same keys, since `datasets`
takes the columns of a file from its first lines.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.codes import TOOLS, Hidden, NotKept, as_text, from_text
from gptexit.model import Asset, Conversation, Message
from gptexit.text.json import dump_line
from gptexit.writers.base import CommonOptions, Draft, Unmentioned, on_branches
from gptexit.writers.chat.turns import (
    ASSISTANT,
    USER,
    ChatStyle,
    Turn,
    Turns,
    speaker,
    turns_of,
    words_of,
)
from gptexit.writers.parts import Blocks, thoughts_in

SYSTEM, TOOL = "system", "tool"
MOST = 32 << 20
"""Bytes of the lines of one conversation, about, beside that of the version that was seen last.
Each line repeats what is above a branch: thousands of branches would fill memory and disk."""
_LINE = 40
"""Bytes that a turn counts for beside its text."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys and the names of speakers in a line."""

    list: str
    speaker: str
    text: str
    names: tuple[tuple[str, str], ...] = ()
    """Pairs of a role and its name, where the two differ."""

    def line(self, dialogue: Sequence[Said]) -> bytes:
        """Return a line."""
        names = dict(self.names)
        said = [{self.speaker: names.get(role, role), self.text: text} for role, text in dialogue]
        return dump_line({self.list: said})


Said = tuple[str, str]
"""A role, and what it says."""
MESSAGES = Shape("messages", "role", "content")
SHAREGPT = Shape("conversations", "from", "value", ((USER, "human"), (ASSISTANT, "gpt")))


@dataclass(slots=True)
class TrainingStyle(ChatStyle):
    """The style of a turn in a dataset: custom instructions are a prompt, and no note."""

    def box(self, kind: str, title: str, blocks: Blocks) -> Blocks:
        """Make a block quote, but of custom instructions."""
        return blocks if kind == "note" else ChatStyle.box(self, kind, title, blocks)


@dataclass(frozen=True, slots=True)
class DialogueDrafter:
    """Makes the lines of a conversation."""

    shape: Shape
    branches: str | None
    include: frozenset[str]

    def __call__(self, conversation: Conversation) -> Draft:
        """Return the lines and their counts."""
        done = Rendered()
        branch = on_branches(conversation, self.branches, done)
        shown = {**branch, "messages": list(map(self._with_prompt, branch["messages"]))}
        turns = turns_of(shown, self.include, _speaker)  # type: ignore[arg-type]
        texts = _texts(turns, conversation, done.not_kept)
        lines = bytearray()
        seen: set[bytes] = set()
        for said in _dialogues(turns, texts, done.not_kept):
            line = self.shape.line(said)
            digest = hashlib.sha256(line).digest()
            if digest not in seen:
                seen.add(digest)
                lines += line
        if lines:
            done.not_kept[NotKept.CONVERSATION_FACTS] += 1
        return {
            "lines": bytes(lines),
            "messages": turns.messages,
            "hidden": as_text(done.hidden + turns.hidden),
            "not_kept": as_text(+done.not_kept),
        }

    def _with_prompt(self, message: Message) -> Message:
        """Return a message with custom instructions as one that is shown, if they are wanted."""
        wanted = "instructions" in self.include and _is_prompt(message)
        return {**message, "hidden": None} if wanted else message


class Dialogues:
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions, file: str, shape: Shape) -> None:
        """`file`: the name of the one file."""
        self.drafter = DialogueDrafter(shape, options.branches, options.include)
        self._file = file
        self._unmentioned = Unmentioned()

    def render(self, conversation: Conversation) -> Rendered:
        """Write the lines of a conversation."""
        return self.settle(conversation, self.drafter(conversation), lambda: conversation)

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """Append the lines of a conversation; one that shows nothing has none."""
        self._unmentioned.see(conversation)
        lines: bytes = draft["lines"]
        return Rendered(
            files=[File(self._file, lines, self._file, append=True)] if lines else [],
            messages=draft["messages"],
            hidden=from_text(Hidden, draft["hidden"]),
            not_kept=from_text(NotKept, draft["not_kept"]),
        )

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: a line holds text."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """Write an empty file if there was no conversation."""
        return Rendered(files=[File(self._file, b"", self._file, append=True, last=True)])


def _is_prompt(message: Message) -> bool:
    """Tell whether a message holds custom instructions."""
    return any(part["type"] == "instructions" for part in message["parts"])


def _speaker(message: Message) -> str:
    """Return the role of a message in a dataset.

    What a tool shows to the user is part of the answer; what it only told the model is the tool's.
    """
    if message["role"] == "system" or _is_prompt(message):
        return SYSTEM
    return TOOL if message["role"] == "tool" and message["hidden"] in TOOLS else speaker(message)


def _texts(
    turns: Turns, conversation: Conversation, not_kept: Counter[NotKept]
) -> dict[str, tuple[str, str]]:
    """Return the thoughts and the words of each turn, by its id.

    Count in `not_kept` the files that are only named, and what is said of thoughts that ChatGPT
    does not give.
    """
    named: set[str] = set()

    def place(asset: Asset) -> str:
        named.add(asset["id"])
        return "not part of this text"

    style = TrainingStyle({asset["id"]: asset for asset in conversation["assets"]}, place)
    texts = {}
    for turn in turns.by_id.values():
        thoughts, silent = _thoughts(turn)
        texts[turn.id] = thoughts, words_of(turn.parts, style).strip()
        not_kept[NotKept.THOUGHT_LINE] += silent
    not_kept[NotKept.FILE_NAMED] += len(named)
    return texts


def _thoughts(turn: Turn) -> tuple[str, int]:
    """Return the thoughts of a turn, and how many lines say only for how long it thought."""
    parts: list[Any] = [part for part in turn.parts if part["type"] == "reasoning"]
    blocks = [block for part in parts for block in thoughts_in(part, str)]
    return "\n\n".join(blocks).strip(), sum(bool(part["summary"]) for part in parts)


def _dialogues(
    turns: Turns, texts: dict[str, tuple[str, str]], not_kept: Counter[NotKept]
) -> Iterator[list[Said]]:
    """Return each version of a conversation, the one that was seen last first.

    Count in `not_kept` the versions for which there is no room.
    """
    length: dict[str | None, int] = {None: 0}
    for turn in turns.by_id.values():
        length[turn.id] = length[turn.parent] + _LINE + sum(map(_size, texts[turn.id]))
    leaves = [turn for turn in turns.by_id.values() if not turn.children]
    leaves.sort(key=lambda turn: turn.id != turns.current)
    room = MOST
    for number, leaf in enumerate(leaves):
        if number and length[leaf.id] > room:
            not_kept[NotKept.VERSION_NO_ROOM] += 1
            continue
        room -= length[leaf.id] if number else 0
        if dialogue := _dialogue(turns, leaf, texts):
            yield dialogue


def _size(text: str) -> int:
    return len(text.encode())


def _dialogue(turns: Turns, leaf: Turn, texts: dict[str, tuple[str, str]]) -> list[Said]:
    """Return the way from the first turn to `leaf`: the prompt first, then each speaker in turn."""
    path: list[Turn] = []
    turn: Turn | None = leaf
    while turn is not None:
        path.append(turn)
        turn = turns.by_id[turn.parent] if turn.parent is not None else None
    prompts: dict[str, None] = {}
    spoken: list[tuple[str, list[str], list[str]]] = []
    for turn in reversed(path):
        thoughts, words = texts[turn.id]
        if turn.role == SYSTEM:
            prompts |= dict.fromkeys([words] if words else [])
        elif thoughts or words:
            if not spoken or spoken[-1][0] != turn.role:
                spoken.append((turn.role, [], []))
            spoken[-1][1].extend([thoughts] if thoughts else [])
            spoken[-1][2].extend([words] if words else [])
    said = [(role, _text(thoughts, words)) for role, thoughts, words in spoken]
    return [(SYSTEM, "\n\n".join(prompts)), *said] if said and prompts else said


def _text(thoughts: list[str], words: list[str]) -> str:
    """Return words with the thoughts in front, as models that reason are trained to give them."""
    inner = "\n\n".join(thoughts)
    return "\n\n".join([*([f"<think>\n{inner}\n</think>"] if inner else []), *words])
