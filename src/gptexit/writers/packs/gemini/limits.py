"""What Gemini and its notebooks take, looked up on 25 November 2026, and what a pack makes of it.

The import of chats: Google's announcement of 26 March 2026 and the help page that it leads to, as
others report them; the page itself could not be read. Sources of a notebook: Google's help page
"Add or discover new sources for your notebook" (gemininotebook/answer/16215270); NotebookLM is
called Gemini Notebook since 2026. Files of a Gem: reported, and the same number as on the help page
"Upload & analyze files in Gemini Apps" (gemini/answer/14903178).
"""

from __future__ import annotations

import re

from gptexit.writers.packs.pack_limits import PackLimits

LOOKED_UP = "25 November 2026"
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
