"""A folder for Gemini.

START-HERE.md            what to do with it, in which order
memory.md                what ChatGPT remembered, to paste
upload/1-of-2.zip        chats for *Import chats*
sources/2025.md          chats as text, for Gems and notebooks
contents.csv             which conversations are in it, and where
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gptexit.memory.collect import Collector
from gptexit.memory.text import memory_text
from gptexit.model import Asset, Conversation
from gptexit.targets.base import OTHERS, File, Options, Rendered
from gptexit.targets.gemini import contents
from gptexit.targets.gemini.sources import Sources
from gptexit.targets.gemini.start_here import MEMORY, PAGE, Pack, start_here
from gptexit.targets.gemini.uploads import Uploads


class Gemini:
    """The target. All branches in the ZIPs unless `--branches current`; the last in the sources."""

    def __init__(self, options: Options) -> None:
        self._uploads = Uploads(replace(options, fit=None))
        self._sources = Sources(options.timezone, options.include)
        self._zone = options.timezone
        self._why = options.why
        self.restart()

    def restart(self) -> None:
        """Begin again."""
        self._uploads.restart()
        self._sources.restart()
        self._memory = Collector()
        self._count = 0

    def render(self, conversation: Conversation) -> Rendered:
        """What the pack gets of a conversation."""
        done, number = self._uploads.add(conversation)
        files, source, size = self._sources.add(conversation)
        self._memory.add(conversation)
        if not self._count:
            done.files.append(contents.head())
        row = contents.row(conversation, done.messages, size, number, source, self._why)
        done.files += [*files, row]
        self._count += 1
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """They stay at home: Gemini imports chats."""
        return Rendered(not_kept=Counter({OTHERS: len(assets)} if assets else {}))

    def finish(self) -> Rendered:
        """The ends of what was appended to, and what is put together from all conversations."""
        done, names = self._uploads.finish()
        memory = self._memory.memory()
        pack = Pack(
            names, self._sources.made, self._count, len(memory.entries), slim=memory.slim > 0
        )
        pages = {
            MEMORY: memory_text(memory, "gemini", self._zone),
            PAGE: start_here(pack),
        }
        done.files += [*self._sources.finish(), *([contents.end()] if self._count else [])]
        done.files += [
            File(name, page.encode("utf-8", "replace"), name) for name, page in pages.items()
        ]
        return done
