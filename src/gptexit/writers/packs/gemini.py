"""A folder for Gemini.

START-HERE.md            what to do with it, in which order
memory.md                what ChatGPT remembered, to paste
upload/1-of-2.zip        chats for *Import chats*
sources/01-tram-….md     chats as text for Gems and notebooks, the newest first
sources/contents.md      which of them is in which file
contents.csv             which conversations are in it, and where
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from gptexit.archive.files import File, Rendered
from gptexit.memories.collect import Collector, remembered
from gptexit.memories.text import memory_text, why_more
from gptexit.model import Asset, Conversation
from gptexit.templates import render
from gptexit.writers.base import WriterSetting, no_place_for
from gptexit.writers.chatgpt import ChatGPTOptions, ZipOptions
from gptexit.writers.chatgpt.writer import ChatGPT
from gptexit.writers.packs.contents import MEMORY, START_HERE, called, page, table, text_file
from gptexit.writers.packs.conversation import PackLimits, as_values, chat_of, from_values
from gptexit.writers.packs.placement import Knowledge, KnowledgeFile
from gptexit.writers.packs.spool import Spool
from gptexit.writers.steps import Sketch, Stepped

ZIPS_A_DAY = 5
NOTEBOOK_FILES = 50
"""Sources of one notebook on the free plan; paid plans take more, up to 300 and beyond."""
NOTEBOOK_WORDS = 500_000
"""Words of one source."""
GEM_FILES = 10
LARGEST_SOURCE = 100 * 10**6
"""Bytes of one file for a Gem; a notebook takes 200 MB."""
WORDS = NOTEBOOK_WORDS * 9 // 10
"""Words of one source of a pack: nobody says how they are counted, so a tenth is left over."""
BYTES = 10 * 10**6
"""Bytes of one source of a pack, which is made in memory. `WORDS` take a third of it or less."""
FILES = 100_000
"""Sources of a pack: whoever has more than a notebook takes makes several, or takes the first."""
_ONE_BY_ONE = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters that count as words, since their scripts have no spaces."""
_BEGINNINGS = bytes((*range(0xE3, 0xEE), 0xEF, 0xF0))
"""First bytes of these characters in UTF-8: a fast test for texts without them."""


def words_in(data: bytes) -> int:
    """Count words as a notebook may count them: in scripts without spaces, each character."""
    text = data.decode("utf-8", "replace")
    spaceless = len(data.translate(None, _BEGINNINGS)) < len(data)
    return len(text.split()) + (len(_ONE_BY_ONE.findall(text)) if spaceless else 0)


SOURCES = PackLimits(BYTES, WORDS, FILES, FILES * WORDS, words_in)
"""The limits of `sources`, in words."""


@dataclass(frozen=True, slots=True)
class GeminiPack:
    """The facts of START-HERE.md."""

    zips: list[str]
    """Paths of the ZIPs, in order."""
    sources: list[KnowledgeFile]
    conversations: int
    memories: int = 0
    asks: bool = False
    """Whether `memory.md` has a question to ask ChatGPT."""
    export: str = "EXPORT"
    """The paths of the export, as a command takes them."""


def start_here(pack: GeminiPack) -> str:
    """Return the text of START-HERE.md."""
    zips = pack.zips
    return render(
        "gemini/START-HERE.md.j2",
        conversations=pack.conversations,
        memories=pack.memories,
        asks=pack.asks,
        export=pack.export,
        zips_a_day=ZIPS_A_DAY,
        days=[zips[first : first + ZIPS_A_DAY] for first in range(0, len(zips), ZIPS_A_DAY)],
        gem_files=GEM_FILES,
        gem_megabytes=LARGEST_SOURCE // 10**6,
        notebook_files=NOTEBOOK_FILES,
        notebook_words=NOTEBOOK_WORDS,
        sources=[
            {
                "name": source.name,
                "conversations": source.conversations,
                "words": source.tokens,
                "megabytes": f"{source.bytes / 1e6:,.1f}",
            }
            for source in pack.sources
        ],
    )


UPLOADS = "upload"


class GeminiUploads:
    """The ZIPs of a pack, made by the chatgpt writer."""

    def __init__(self, options: ZipOptions) -> None:
        own = {option.name: getattr(options, option.name) for option in fields(options)}
        self._chats = ChatGPT(ChatGPTOptions(**own), _working_name)
        self._ends: list[File] = []

    def draft(self, conversation: Conversation) -> Sketch:
        """Make what goes into a ZIP of a conversation."""
        return self._chats.draft(conversation)

    def add(self, conversation: Conversation, sketch: Sketch) -> tuple[Rendered, int]:
        """Add a conversation; return the files to write, and the number of its ZIP."""
        done = self._chats.settle(conversation, sketch)
        return self._held_back(done), len(self._ends) + 1

    def finish(self) -> tuple[Rendered, list[str]]:
        """End the last ZIP; return the files to write, and the names of all ZIPs in order."""
        done = self._held_back(self._chats.finish())
        names = [name_of(number, len(self._ends)) for number in range(1, len(self._ends) + 1)]
        done.files += [
            replace(end, place=name) for end, name in zip(self._ends, names, strict=True)
        ]
        return done, names

    def _held_back(self, done: Rendered) -> Rendered:
        """Keep the ends of ZIPs back until the names of the ZIPs are known."""
        self._ends += [file for file in done.files if file.path.endswith(".zip")]
        done.files = [file for file in done.files if not file.path.endswith(".zip")]
        return done


def _working_name(number: int) -> str:
    return f"{UPLOADS}/{number}.zip"


def name_of(number: int, of: int) -> str:
    """Return the path of a ZIP: a list sorted by name is in the order of the numbers."""
    width = len(str(of))
    return f"{UPLOADS}/{number:0{width}}-of-{of}.zip"


FOLDER = "sources"
NAME = "My chats"


class Gemini(Stepped):
    """The writer.

    The ZIPs have all branches unless `--branches current`; the sources have the current branch
    unless `--branches all`.
    """

    def __init__(self, options: ZipOptions, setting: WriterSetting) -> None:
        self._options = options
        self._why = setting.why
        self._export = setting.export
        self._uploads = GeminiUploads(options)
        self._spool = Spool()
        self._memory = Collector()
        self._count = 0

    def draft(self, conversation: Conversation) -> Sketch:
        """Make what goes into a ZIP, and the text."""
        sketch = self._uploads.draft(conversation)
        # The ZIP has everything, so losses of the text are not counted.
        chat = chat_of(conversation, self._options, SOURCES, Rendered())
        sketch.facts |= {"chat": as_values(chat), "memory": remembered(conversation)}
        return sketch

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Add the conversation to a ZIP, and keep its text until the order is known."""
        done, number = self._uploads.add(conversation, sketch)
        chat = replace(from_values(sketch.facts["chat"]), upload=number)
        project = conversation["project"]
        why = self._why
        if project:
            why = f"{why}; project {called(project)}"
        self._spool.add(chat, [(FOLDER, why)])
        self._memory.take(sketch.facts["memory"])
        self._count += 1
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: Gemini imports chats."""
        return no_place_for(assets)

    def finish(self) -> Rendered:
        """End the last ZIP, and return the sources and the pages."""
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
        words = memory_text(memory, "gemini", self._options.timezone, self._export)
        yield text_file(MEMORY, words)
        asks = why_more(memory) is not None
        known = len(memory.entries)
        pack = GeminiPack(zips, sources.made, self._count, known, asks=asks, export=self._export)
        yield text_file(START_HERE, start_here(pack))
        self._spool.close()
