"""Where each assistant takes a memory, and how much of it at a time.

No maximum is stated anywhere for the text that is pasted (looked up on 2026-11-25), so `MOST` is a
bound of our own: short enough to be read through before it is sent.
"""

from __future__ import annotations

import re
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


DEMOGRAPHICS = "Demographics Information"
INTERESTS = "Interests & Preferences"
RELATIONSHIPS = "Relationships"
EVENTS = "Dated Events, Projects & Plans"
INSTRUCTIONS = "Instructions"

HEADINGS = (DEMOGRAPHICS, INTERESTS, RELATIONSHIPS, EVENTS, INSTRUCTIONS)
"""In the order in which the prompt asks for them."""
GENERAL = INTERESTS
"""The heading of an entry in which no word is known."""

WORDS = (
    (
        INSTRUCTIONS,
        "answers?, replies, reply, respond, responds, responses?, explanations?, chatgpt, "
        "the assistant, tone, emojis?, bullet points?, bullets, bulleted, formatting, formatted, "
        "concise, concisely, verbose, step by step, code examples?, code snippets?, "
        "code comments, citations?, sources, metric units, imperial units, em dash, em dashes, "
        "do not use, don't use, avoid using, never use, always use, never say, always say, "
        "do not mention, don't mention, to be called, to be addressed, call (?:me|them|him|her)",
    ),
    (
        RELATIONSHIPS,
        "wife, husband, spouse, partner, girlfriend, boyfriend, fiancée?, married, mother, "
        "father, mom, mum, dad, parents?, sisters?, brothers?, siblings?, sons?, daughters?, "
        "child, children, kids?, baby, twins, grandmother, grandfather, grandparents, grandson, "
        "granddaughter, aunts?, uncles?, cousins?, nephews?, nieces?, friends?, colleagues?, "
        "coworkers?, co-workers?, boss, mentor, roommates?, flatmates?, neighbou?rs?, "
        "(?:mother|father|sister|brother)-in-law",
    ),
    (
        EVENTS,
        "projects?(?! manage), plans?, planned, planning, preparing, prepares, working on, "
        "works on, is writing, is building, building a, is developing, is creating, is making, "
        "is launching, is organi[sz]ing, is starting, started a, trip, vacation, journey, "
        "deadline, exams?, goals?, aims to, hopes to, intends to, "
        "wants to (?:build|write|move|visit|buy|start), is saving for, is looking for, "
        "is applying, applied (?:to|for), training for, wedding, conference, interviews?, "
        "appointment, marathon, upcoming, scheduled, thesis, "
        "next (?:week|month|year|spring|summer|autumn|fall|winter)",
    ),
    (
        DEMOGRAPHICS,
        "name is, named is, goes by, lives? (?:in|near|on|at|with), living in, based in, "
        "resides?, moved (?:to|from|back), comes from, is from, grew up, born, birthday, "
        "years? old, age, pronouns, nationality, citizen, native (?:language|speaker), "
        "mother tongue, speaks?, profession, occupation, jobs?, career, "
        "works? (?:as|at|for|in|from), employed, self-employed, freelancer?, retired, "
        "unemployed, teaches, studies, studied, studying, "
        "is an? (?:[\\w-]+ ){0,3}(?:engineer|developer|programmer|teacher|doctor|nurse|lawyer|"
        "designer|architect|scientist|researcher|professor|manager|founder|consultant|"
        "artist|writer|student|citizen|native|freelancer|accountant|analyst|technician), "
        "graduated, degree, bachelor's?, master's, phd, university, college, school, timezone, "
        "time zone, driving licen[cs]e, driver's license",
    ),
    (
        EVENTS,
        "19\\d\\d, 20\\d\\d, january, february, march, april, june, july, august, september, "
        "october, november, december, tomorrow, yesterday, recently, this (?:week|month|year)",
    ),
)
"""Words that point to a heading, as patterns between commas; the first row in which one fits."""


def _pattern(words: str) -> re.Pattern[str]:
    """Compile a row: any of its words, as a whole word."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.split(', ', words))})(?!\w)")


_PATTERNS = [(heading, _pattern(words)) for heading, words in WORDS]
LONGEST = 2_000
"""Characters of an entry that are looked at."""


def heading_of(text: str) -> str:
    """Return the heading that fits an entry, by the first row of `WORDS` with a word of it."""
    words = " ".join(text[:LONGEST].casefold().replace("’", "'").split())
    return next((heading for heading, pattern in _PATTERNS if pattern.search(words)), GENERAL)
