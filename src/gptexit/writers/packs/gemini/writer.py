"""A folder for Gemini.

START-HERE.md            what to do with it, in which order
memory.md                what ChatGPT remembered, to paste
upload/1-of-2.zip        chats for *Import chats*
sources/01-tram-….md     chats as text for Gems and notebooks, the newest first
sources/contents.md      which of them is in which file
contents.csv             which conversations are in it, and where
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from gptexit.archive.files import File, Rendered
from gptexit.memories.collect import Collector
from gptexit.memories.text import memory_text, why_more
from gptexit.model import Asset, Conversation
from gptexit.writers.base import WriterSetting, no_place_for
from gptexit.writers.chatgpt import ChatGPTOptions, ZipOptions
from gptexit.writers.chatgpt.writer import ChatGPT
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.packs.contents import page, table
from gptexit.writers.packs.conversation import chat_of
from gptexit.writers.packs.gemini.start_here import MEMORY, PAGE, SOURCES, GeminiPack, start_here
from gptexit.writers.packs.placement import Knowledge
from gptexit.writers.packs.spool import Spool

UPLOADS = "upload"


class GeminiUploads:
    """Let the writer of chatgpt do the work."""

    def __init__(self, options: ZipOptions) -> None:
        own = {each.name: getattr(options, each.name) for each in fields(options)}
        self._chats = ChatGPT(ChatGPTOptions(**own), _working_name)
        self._ends: list[File] = []

    def add(self, conversation: Conversation) -> tuple[Rendered, int]:
        """What has to be written for a conversation, and the number of its ZIP."""
        done = self._chats.render(conversation)
        return self._held_back(done), len(self._ends) + 1

    def finish(self) -> tuple[Rendered, list[str]]:
        """The end of the last ZIP, and every ZIP's name, in order."""
        done = self._held_back(self._chats.finish())
        names = [name_of(number, len(self._ends)) for number in range(1, len(self._ends) + 1)]
        done.files += [
            replace(end, place=name) for end, name in zip(self._ends, names, strict=True)
        ]
        return done, names

    def _held_back(self, done: Rendered) -> Rendered:
        """The same without the ends of ZIPs, which come when their names are known."""
        self._ends += [file for file in done.files if file.path.endswith(".zip")]
        done.files = [file for file in done.files if not file.path.endswith(".zip")]
        return done


def _working_name(number: int) -> str:
    return f"{UPLOADS}/{number}.zip"


def name_of(number: int, of: int) -> str:
    """The path of a ZIP of so many, so that a list by name is in order."""
    width = len(str(of))
    return f"{UPLOADS}/{number:0{width}}-of-{of}.zip"


FOLDER = "sources"
NAME = "My chats"


class Gemini:
    """The writer. All branches in the ZIPs unless `--branches current`; one in the sources unless
    `--branches all`.
    """

    def __init__(self, options: ZipOptions, setting: WriterSetting) -> None:
        self._options = options
        self._why = setting.why
        self._uploads = GeminiUploads(options)
        self._spool = Spool()
        self._memory = Collector()
        self._count = 0

    def render(self, conversation: Conversation) -> Rendered:
        """What its ZIP gets; its text waits, since what comes first is known at the end."""
        done, number = self._uploads.add(conversation)
        # Nothing is lost by what the text leaves out: the ZIP has it.
        chat = replace(chat_of(conversation, self._options, SOURCES, Rendered()), upload=number)
        project = conversation["project"]
        why = self._why
        if project:
            name = f" “{project['name']}”" if project["name"] else ""
            why = f"{why}; project {project['id']}{name}"
        self._spool.add(chat, [(FOLDER, why)])
        self._memory.add(conversation)
        self._count += 1
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """They stay at home: Gemini imports chats."""
        return no_place_for(assets)

    def finish(self) -> Rendered:
        """The last ZIP, the sources, and what is put together from all conversations."""
        done, zips = self._uploads.finish()
        done.more = self._files(zips)
        return done

    def _files(self, zips: list[str]) -> Iterator[File]:
        sources = Knowledge(self._spool, FOLDER, NAME, FOLDER, SOURCES)
        yield from sources.files()
        if sources.count:
            yield page(sources)
        yield from table([sources], zips, "words")
        memory = self._memory.memory()
        yield _page(MEMORY, memory_text(memory, "gemini", self._options.timezone))
        asks = why_more(memory) is not None
        pack = GeminiPack(zips, sources.made, self._count, len(memory.entries), asks=asks)
        yield _page(PAGE, start_here(pack))
        self._spool.close()


def _page(name: str, text: str) -> File:
    return File(name, encoded(text), name)
