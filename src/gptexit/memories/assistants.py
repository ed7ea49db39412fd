"""Assistants that a memory page is made for, and the headings that Gemini's import asks for.

The words for a person are in templates/memory. No assistant states a maximum for the text that is
pasted (looked up on 2026-11-25), so `MOST` is a bound of our own: short enough to be read through
before it is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 20_000
"""Characters of one block."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """An assistant, and the form of a block for it."""

    name: str
    headings: bool = False
    """True if the block has the five headings of `HEADINGS`; else it is one list."""
    ending: str = ""
    """The last line of a block."""


ASSISTANTS = {
    "claude": Assistant("Claude"),
    "gemini": Assistant("Gemini", headings=True, ending="Imported from: ChatGPT"),
    "text": Assistant("your new assistant"),
}
"""By the name that `--for` takes, which is also that of a template in templates/memory. `text`
serves Le Chat, Grok, Copilot and all others."""

DEMOGRAPHICS = "Demographics Information"
INTERESTS = "Interests & Preferences"
RELATIONSHIPS = "Relationships"
EVENTS = "Dated Events, Projects & Plans"
INSTRUCTIONS = "Instructions"

HEADINGS = (DEMOGRAPHICS, INTERESTS, RELATIONSHIPS, EVENTS, INSTRUCTIONS)
"""In the order in which the prompt asks for them."""
GENERAL = INTERESTS
"""The heading of an entry without a word of `WORDS`."""

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
"""Words that point to a heading, as patterns between commas; the first row that fits counts."""
_PATTERNS = [
    (heading, re.compile(rf"(?<!\w)(?:{words.replace(', ', '|')})(?!\w)"))
    for heading, words in WORDS
]
LONGEST = 2_000
"""Characters of an entry that are searched for these words."""


def heading_of(text: str) -> str:
    """Return the heading that fits an entry, by the first row of `WORDS` with a word of it."""
    words = " ".join(text[:LONGEST].casefold().replace("’", "'").split())
    return next((heading for heading, pattern in _PATTERNS if pattern.search(words)), GENERAL)
