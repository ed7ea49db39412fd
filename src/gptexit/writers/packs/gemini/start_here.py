"""The limits of a pack, and the facts of its START-HERE.md; the words are in templates/gemini."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gptexit.templates import render
from gptexit.writers.packs.conversation import PackLimits
from gptexit.writers.packs.placement import Made

ZIPS_A_DAY = 5
NOTEBOOK_FILES = 50
"""Sources of one notebook on the free plan; paid plans take more, up to 300 and beyond."""
NOTEBOOK_WORDS = 500_000
"""Of one source."""
GEM_FILES = 10
LARGEST_SOURCE = 100 * 10**6
"""Bytes of one file for a Gem; a notebook takes 200 MB."""
WORDS = NOTEBOOK_WORDS * 9 // 10
"""Of one source here: nobody says how they are counted, so a tenth is left over."""
BYTES = 10 * 10**6
"""Of one source here, which is made in memory. So many words are a third of it or less."""
FILES = 100_000
"""Sources of a pack: whoever has more than a notebook takes makes several, or takes the first."""
_ONE_BY_ONE = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters that count as words of their own: their scripts have no spaces."""
_BEGINNINGS = bytes((*range(0xE3, 0xEE), 0xEF, 0xF0))
"""First bytes of these in UTF-8. Most texts have none, which is seen faster than read."""


def words_in(data: bytes) -> int:
    """Words as a notebook may count them; of scripts without spaces, every character is one."""
    text = data.decode("utf-8", "replace")
    spaceless = len(data.translate(None, _BEGINNINGS)) < len(data)
    return len(text.split()) + (len(_ONE_BY_ONE.findall(text)) if spaceless else 0)


SOURCES = PackLimits(BYTES, WORDS, FILES, FILES * WORDS, words_in)
"""The limits of `sources`, in words."""


PAGE = "START-HERE.md"
MEMORY = "memory.md"


@dataclass(frozen=True, slots=True)
class GeminiPack:
    """What there is to say something about."""

    zips: list[str]
    """Their paths, in order."""
    sources: list[Made]
    """In order."""
    conversations: int
    memories: int = 0
    asks: bool = False
    """Whether `memory.md` has a question to ask ChatGPT."""


def start_here(pack: GeminiPack) -> str:
    """The page."""
    zips = pack.zips
    return render(
        "gemini/START-HERE.md.j2",
        conversations=pack.conversations,
        memories=pack.memories,
        asks=pack.asks,
        zips_a_day=ZIPS_A_DAY,
        days=[zips[at : at + ZIPS_A_DAY] for at in range(0, len(zips), ZIPS_A_DAY)],
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
