"""Where each assistant takes a memory, and how much of it at a time.

No maximum is stated anywhere for the text that is pasted (looked up on 2026-11-25), so `MOST` is a
bound of our own: short enough to be read through before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

LOOKED_UP = "25 November 2026"
MOST = 20_000
"""Characters of one block."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """A line of the table."""

    name: str
    """As a person writes it."""
    steps: tuple[str, ...]
    """What to do with a block, as Markdown."""
    note: str = ""
    """What to know of it."""
    headings: bool = False
    """True where the block has the five headings of `memory.headings`; else it is one list."""
    ending: str = ""
    """The last line of a block."""


ASSISTANTS = {
    # https://support.claude.com/en/articles/12123587-import-and-export-your-memory-from-claude
    "claude": Assistant(
        "Claude",
        (
            "Copy the block below. Read it through first, and take out what Claude need not know.",
            "In Claude, on the web or in the desktop app, open **Settings > Capabilities**, and "
            "under **Memory** choose **Start import**. (Some accounts show it under **Settings > "
            "Memory**, or as a card on the home screen.)",
            "Paste the block into the text field and choose **Add to memory**.",
            "Look at what Claude made of it, after up to 24 hours: **Settings > Capabilities > "
            "Memory**. Claude takes the text apart itself, leans to what concerns work, and calls "
            "the import experimental.",
        ),
    ),
    # Google's announcement of 26 March 2026, and several copies of the prompt that the page offers:
    # see `memory.headings`.
    "gemini": Assistant(
        "Gemini",
        (
            "Copy the block below. Read it through first, and take out what Google need not know.",
            "Open <https://gemini.google.com/import> on a computer, or in Gemini **Settings & "
            "help > Import memory to Gemini**.",
            "Gemini offers a prompt for your old assistant. You need not use it: paste the block "
            "where the answer goes, and choose **Add memory**.",
            "Ask Gemini in a new chat what it knows about you.",
        ),
        "The block has the five headings and the form that this prompt asks for. Which heading an "
        "entry stands under was guessed by its words: move what stands under a wrong one. The "
        "import is for personal accounts of adults, and not to be had in the European Economic "
        "Area, Switzerland and the United Kingdom. There, paste the block into **Settings & help > "
        "Saved info**, or into the instructions of a Gem.",
        headings=True,
        ending="Imported from: ChatGPT",
    ),
    "text": Assistant(
        "your new assistant",
        (
            "Copy the block below. Read it through first, and take out what it need not know.",
            "Look in the assistant's settings for **memory**, **personalization** or **custom "
            "instructions** and paste the block there. Where there is no such place, begin a chat "
            "with “Remember this about me:” and paste it.",
            "In a new chat, ask what it knows about you.",
        ),
    ),
}
"""By the name that `--for` takes. `text` serves Le Chat, Grok, Copilot and all others."""
