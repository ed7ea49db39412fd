"""What Gemini and its notebooks take, as looked up on 25 November 2026.

The import of chats: Google's announcement of 26 March 2026 and the help page that it leads to, as
others report them; the page itself could not be read. Sources of a notebook: Google's help page
"Add or discover new sources for your notebook" (gemininotebook/answer/16215270); NotebookLM is
called Gemini Notebook since 2026. Files of a Gem: reported, and the same number as on the help page
"Upload & analyze files in Gemini Apps" (gemini/answer/14903178).
"""

from __future__ import annotations

LOOKED_UP = "25 November 2026"
ZIPS_A_DAY = 5
NOTEBOOK_FILES = 50
"""Sources of one notebook on the free plan; paid plans take more, up to 300 and beyond."""
NOTEBOOK_WORDS = 500_000
"""Of one source."""
GEM_FILES = 10
LARGEST_SOURCE = 100 * 10**6
"""Bytes of one file for a Gem; a notebook takes 200 MB."""
MARGIN = 0.9
"""What is used of a limit on words, since nobody says how they are counted."""
