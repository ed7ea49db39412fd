"""A folder for Claude.

START-HERE.md                          what to do with it, in which order
memory.md                              a text to paste as memory
contents.csv                           what is in, what is not, and why
projects/tram-strike-67a1b2c3/         for each ChatGPT project
    01-tram-strike-2026-02.md          conversations, as knowledge of a project of Claude
    contents.md  instructions.md
gpts/…  topics/…  recent/              for each custom GPT, each topic, and all others
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.codes import Hidden, NotKept, sentences
from gptexit.memories.collect import Collector, remembered
from gptexit.memories.text import memory_text, why_more
from gptexit.model import Asset, Conversation
from gptexit.names import names_in
from gptexit.templates import render
from gptexit.text.markdown import line
from gptexit.writers.base import SECRETS, Unmentioned, WriterSetting
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.packs import ClaudeOptions
from gptexit.writers.packs.contents import MEMORY, START_HERE, called, page, table, text_file
from gptexit.writers.packs.conversation import (
    PackedChat,
    PackLimits,
    as_values,
    chat_of,
    from_values,
)
from gptexit.writers.packs.placement import Knowledge, KnowledgeFile
from gptexit.writers.packs.spool import Spool
from gptexit.writers.packs.topics import Topic, telling
from gptexit.writers.steps import Sketch, Stepped

INSTRUCTIONS = "instructions.md"
RECENT = "recent"
_SHORT = 8
"""Characters of an id in a name."""


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """A folder that becomes a project of Claude."""

    key: str
    """Its name in the spool: `projects/g-p-…`, `gpts/g-…`, `topics/tax`, `recent`."""
    name: str
    path: str
    file_key: str
    """The key of its `instructions.md` in the catalog."""

    @property
    def kind(self) -> str:
        """`projects`, `gpts`, `topics` or `recent`."""
        return self.key.partition("/")[0]

    @property
    def id(self) -> str:
        """ChatGPT's id of the project or custom GPT, or the name of the topic."""
        return self.key.partition("/")[2]


def belongs(
    conversation: Conversation, chat: PackedChat, topics: Sequence[Topic]
) -> Iterator[tuple[str, str]]:
    """Find the folders of a conversation, each with the reason."""
    elsewhere = False
    for kind, named, noun in (
        ("projects", conversation["project"], "project"),
        ("gpts", conversation["assistant"], "custom GPT"),
    ):
        if named is not None:
            elsewhere = True
            yield f"{kind}/{named['id']}", f"{noun} {called(named)}"
    texts = [piece.data.decode("utf-8", "replace") for piece in chat.pieces] if topics else []
    for topic in topics:
        if reason := topic.mention(chat.title, texts):
            elsewhere = True
            yield f"topics/{topic.name}", reason
    if not elsewhere:
        yield RECENT, "in no project, custom GPT or topic"


def folders(spool: Spool, catalog: Catalog, names: Mapping[str, str]) -> Iterator[ProjectFolder]:
    """List the folders of a pack, the one of all other conversations last.

    `names`: of projects and custom GPTs, by their ids. A folder keeps the path that it had in an
    earlier run, unless the user gives it a name.
    """
    for key in sorted(spool.folders(), key=lambda key: (key == RECENT, key)):
        if key == RECENT:
            yield ProjectFolder(key, "Other conversations", RECENT, f"folder/{RECENT}")
            continue
        kind, _, own_id = key.partition("/")
        given = own_id if kind == "topics" else names.get(own_id)
        file_key = f"folder/{key}" + (f"/{given}" if given else "")
        short = readable(own_id.removeprefix("g-p-").removeprefix("g-"))[:_SHORT].strip("-")
        words = given or telling(chat.title for chat in spool.members(key))
        mark = "" if given else short
        path = catalog.name(file_key, kind, words or "untitled", mark, f"/{INSTRUCTIONS}")
        noun = {"projects": "Project", "gpts": "Custom GPT"}.get(kind, "")
        name = given or f"{noun} {short}" + (f" ({words})" if words else "")
        yield ProjectFolder(key, name, path.rpartition("/")[0], file_key)


WINDOW = 150_000
"""Tokens of files that Claude can be expected to read whole: three quarters of its window, so that
instructions, questions and answers have room."""
WINDOW_FILES = 12
"""Files of which a project reads all; from 13 on it was seen to look passages up instead."""
FILE_TOKENS = 37_500
"""Tokens of one file: four fill `WINDOW`, so that the user can choose."""
FILE_BYTES = 30 * 10**6
FILES = 400
TOKENS = 1_800_000
"""Of a project on a paid plan: ten times a window of 200,000, less a tenth, since a pack can only
estimate tokens. On other plans, the first files of the project are meant to be enough."""
FEWEST_TOKENS = 20_000


def limits(tokens: int | None) -> PackLimits:
    """Return the limits of a project of at most so many tokens.

    Raise ValueError if they are fewer than `FEWEST_TOKENS`.
    """
    most = TOKENS if tokens is None else tokens
    if most < FEWEST_TOKENS:
        raise ValueError(f"a project has at least {FEWEST_TOKENS:,} tokens")
    return PackLimits(FILE_BYTES, min(FILE_TOKENS, most // 4), FILES, most)


LISTED = 200
"""Folders that START-HERE.md lists."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A folder and its content."""

    folder: ProjectFolder
    files: Sequence[KnowledgeFile]
    inside: int
    """Conversations that are in it, whole or in part."""
    outside: int
    """Conversations that belong in it and are not."""

    @property
    def tokens(self) -> int:
        """Tokens of its knowledge files."""
        return sum(file.tokens for file in self.files)

    @property
    def first(self) -> int:
        """The number of first files that Claude can be expected to read whole."""
        totals = accumulate(file.tokens for file in self.files[:WINDOW_FILES])
        return sum(total <= WINDOW for total in totals)


@dataclass(slots=True)
class ClaudePack:
    """The facts of START-HERE.md."""

    conversations: int
    redact: str
    why: str
    """Why these conversations were chosen, in words."""
    unknown: list[str] = field(default_factory=list)
    """Ids that the user named and no conversation has."""
    folders: list[Filled] = field(default_factory=list)
    asks: bool = False
    """Whether `memory.md` has a question to ask ChatGPT."""
    hidden: Counter[Hidden] = field(default_factory=Counter)
    not_kept: Counter[NotKept] = field(default_factory=Counter)
    export: str = "EXPORT"
    """The paths of the export, as a command takes them."""


def start_here(pack: ClaudePack) -> str:
    """Return the text of START-HERE.md."""
    return render(
        "claude/START-HERE.md.j2",
        conversations=pack.conversations,
        why=line(pack.why),
        redacted=pack.redact == SECRETS,
        asks=pack.asks,
        export=pack.export,
        folders=[_row(filled) for filled in pack.folders[:LISTED]],
        more_folders=max(0, len(pack.folders) - LISTED),
        window=WINDOW,
        unknown=[line(name) for name in pack.unknown],
        not_kept=_absences(NotKept, pack.not_kept),
        hidden=_absences(Hidden, pack.hidden),
    )


def _row(filled: Filled) -> dict[str, Any]:
    """Return a row of the table of folders; `last` is None if all of its files are first ones."""
    numbers = [file.name.partition("-")[0] for file in filled.files[: filled.first]]
    all_of_them = filled.first == len(filled.files)
    return {
        "path": filled.folder.path,
        "name": line(filled.folder.name),
        "inside": filled.inside,
        "outside": filled.outside,
        "files": len(filled.files),
        "tokens": filled.tokens,
        "first": None if all_of_them else numbers[0],
        "last": None if all_of_them else numbers[-1],
    }


def _absences(kind: type[NotKept | Hidden], counts: Mapping[Any, int]) -> list[dict[str, Any]]:
    """Return how many things are not in the pack for each reason, in the order of the sentences."""
    return [
        {"number": number, "reason": line(sentence)}
        for sentence, number in sentences(kind, counts.items())
        if number
    ]


def instructions(folder: ProjectFolder) -> File:
    """Return the text to paste as the instructions of a project of Claude."""
    text = render(
        "claude/instructions.md.j2",
        name=line(folder.name),
        kind=folder.kind,
        id=line(folder.id),
    )
    return File(f"{folder.path}/{INSTRUCTIONS}", encoded(text), folder.file_key)


class Claude(Stepped):
    """The writer. It takes the current branch unless `--branches all`."""

    def __init__(self, options: ClaudeOptions, setting: WriterSetting) -> None:
        """Raise ValueError where `options.tokens` are too few."""
        self._options = options
        self._catalog = setting.catalog
        self._limits = limits(options.tokens)
        self._spool = Spool()
        self._memory = Collector()
        self._unmentioned = Unmentioned()
        self._names: dict[str, str] = {}
        self._pack = ClaudePack(0, options.redact or SECRETS, setting.why, export=setting.export)

    def draft(self, conversation: Conversation) -> Sketch:
        """Make the text of the conversation, and find its folders."""
        done = Rendered()
        chat = chat_of(conversation, self._options, self._limits, done)
        facts = {
            "chat": as_values(chat),
            "folders": list(belongs(conversation, chat, self._options.topics)),
            "memory": remembered(conversation),
        }
        return Sketch(done, facts)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Keep the conversation: the order is known when all have been seen."""
        done, facts = sketch.done, sketch.facts
        self._spool.add(from_values(facts["chat"]), facts["folders"])
        self._memory.take(facts["memory"])
        self._names.update(names_in(conversation))
        self._pack.conversations += 1
        self._unmentioned.see(conversation)
        self._pack.hidden += done.hidden
        self._pack.not_kept += done.not_kept
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: a project takes files, and the user chooses which."""
        done = self._unmentioned.left(assets)
        self._pack.not_kept += done.not_kept
        return done

    def finish(self) -> Rendered:
        """Place the conversations, and return the files one at a time."""
        filled = [
            (folder, Knowledge(self._spool, folder.key, folder.name, folder.path, self._limits))
            for folder in folders(self._spool, self._catalog, self._names)
        ]
        self._pack.unknown = list(self._options.names.unused)
        out, in_part = self._spool.left_out()
        lost = +Counter({NotKept.CONVERSATION_NO_ROOM: out, NotKept.CONVERSATION_IN_PART: in_part})
        self._pack.not_kept += lost
        return Rendered(more=self._files(filled), not_kept=lost)

    def _files(self, filled: list[tuple[ProjectFolder, Knowledge]]) -> Iterator[File]:
        for folder, knowledge in filled:
            yield from knowledge.files()
            yield page(knowledge)
            yield instructions(folder)
            inside, belong = self._spool.inside(folder.key)
            self._pack.folders.append(Filled(folder, knowledge.made, inside, belong - inside))
        yield from table(knowledge for _, knowledge in filled)
        memory = self._memory.memory()
        self._pack.asks = why_more(memory) is not None
        words = memory_text(memory, "claude", self._options.timezone, self._pack.export)
        yield text_file(MEMORY, words)
        yield text_file(START_HERE, start_here(self._pack))
        self._spool.close()
