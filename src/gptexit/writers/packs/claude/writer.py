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
from collections.abc import Iterator, Sequence

from gptexit.archive.files import File, Rendered
from gptexit.codes import NotKept
from gptexit.memories.collect import Collector
from gptexit.memories.text import memory_text, why_more
from gptexit.model import Asset, Conversation
from gptexit.names import names_in
from gptexit.templates import render
from gptexit.text.markdown import line
from gptexit.writers.base import SECRETS, Unmentioned, WriterSetting
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.packs import ClaudeOptions
from gptexit.writers.packs.claude.projects import INSTRUCTIONS, ProjectFolder, belongs, folders
from gptexit.writers.packs.claude.start_here import PAGE, ClaudePack, Filled, limits, start_here
from gptexit.writers.packs.contents import page, table
from gptexit.writers.packs.conversation import chat_of
from gptexit.writers.packs.placement import Knowledge
from gptexit.writers.packs.spool import Spool


def instructions(folder: ProjectFolder) -> File:
    """The page."""
    text = render(
        "claude/instructions.md.j2",
        name=line(folder.name),
        kind=folder.kind,
        id=line(folder.id),
    )
    return File(f"{folder.path}/{INSTRUCTIONS}", encoded(text), folder.file_key)


MEMORY = "memory.md"


class Claude:
    """The writer. The current branch unless `--branches all`."""

    def __init__(self, options: ClaudeOptions, setting: WriterSetting) -> None:
        """Raise ValueError where `options.tokens` are too few."""
        self._options = options
        self._catalog = setting.catalog
        self._limits = limits(options.tokens)
        self._spool = Spool()
        self._memory = Collector()
        self._unmentioned = Unmentioned()
        self._names: dict[str, str] = {}
        self._pack = ClaudePack(0, options.redact or SECRETS, setting.why)

    def render(self, conversation: Conversation) -> Rendered:
        """Nothing yet: what comes first is known when all have been seen."""
        done = Rendered()
        chat = chat_of(conversation, self._options, self._limits, done)
        self._spool.add(chat, belongs(conversation, chat, self._options.topics))
        self._memory.add(conversation)
        self._names.update(names_in(conversation))
        self._pack.conversations += 1
        self._unmentioned.see(conversation)
        self._pack.hidden += done.hidden
        self._pack.not_kept += done.not_kept
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """They stay at home: a project takes files, and you choose which."""
        done = self._unmentioned.left(assets)
        self._pack.not_kept += done.not_kept
        return done

    def finish(self) -> Rendered:
        """The files, one at a time."""
        made = [
            (each, Knowledge(self._spool, each.key, each.name, each.path, self._limits))
            for each in folders(self._spool, self._catalog, self._names)
        ]
        self._pack.unknown = list(self._options.names.unused)
        out, in_part = self._spool.left_out()
        lost = +Counter({NotKept.CONVERSATION_NO_ROOM: out, NotKept.CONVERSATION_IN_PART: in_part})
        self._pack.not_kept += lost
        return Rendered(more=self._files(made), not_kept=lost)

    def _files(self, made: list[tuple[ProjectFolder, Knowledge]]) -> Iterator[File]:
        for folder, knowledge in made:
            yield from knowledge.files()
            yield page(knowledge)
            yield instructions(folder)
            inside, all_of_them = self._spool.inside(folder.key)
            self._pack.folders.append(Filled(folder, knowledge.made, inside, all_of_them - inside))
        yield from table(knowledge for _, knowledge in made)
        memory = self._memory.memory()
        self._pack.asks = why_more(memory) is not None
        text = memory_text(memory, "claude", self._options.timezone)
        yield File(MEMORY, encoded(text), MEMORY)
        yield File(PAGE, encoded(start_here(self._pack)), PAGE)
        self._spool.close()
