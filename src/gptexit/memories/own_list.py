"""ChatGPT's own list of what it remembers: the question to ask, and its answer read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from gptexit.errors import NotAnAnswer
from gptexit.files.disk import special
from gptexit.memories.model import Origin

PROMPT = """\
I am leaving and want to keep what you know about me. List every memory that you have saved about \
me, and then everything else that you use about me: my custom instructions, and what you have \
learnt from past chats. Put all of it into one code block, an entry a line, in the form \
[date saved, or unknown] - the memory. Use the stored words, do not summarize, merge or leave out \
anything, and add no headings. After the block, say whether that was everything; if not, go on in \
another block."""
"""The form is the one that Claude's import page asks for as well (looked up on 2026-11-25)."""

MOST = 10 << 20
"""Bytes of a file that is read back."""

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_MARK = re.compile(r"\s*(?:[-*+•–]\s+|\d{1,4}[.)]\s+)?")
_SLOT = re.compile(
    r"\[\s*(?P<when>\d{4}-\d\d(?:-\d\d)?[^\]]{0,60}|unknown[^\]]{0,60}|no date|undated|n/?a"
    r"|date (?:unknown|not (?:available|saved))|-)\s*\]\.?\s*(?:[-–—:]\s*)?",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s|\s*\*\*[^*]+\*\*:?\s*$|[^.!?]{1,80}:\s*$")


@dataclass(slots=True)
class OwnList:
    """An answer of ChatGPT, read."""

    entries: list[Origin] = field(default_factory=list)
    headings: int = 0
    """Lines that were taken for headings, and left out."""


def read_own_list(answer: str, time: str | None = None) -> OwnList:
    """Read the entries of ChatGPT's answer: of its code blocks, or of all of it if it has none.

    An entry is a line such as `[2024-03-01] - text`, with a bullet or number in front or not, with
    `[unknown]` or no date; an indented line continues the entry above. `time`: that of the answer,
    RFC 3339 in UTC.
    """
    found = OwnList()
    lines = list(_lines(answer.removeprefix("\ufeff")))
    dated = sum(_slot(line) is not None for line in lines) * 2 > len(lines)
    for line in lines:
        slot = _slot(line)
        mark = _MARK.match(line)
        marked = bool(mark and mark[0].strip())
        if slot is None and not marked and _HEADING.match(line):
            found.headings += 1
        elif slot is None and not marked and found.entries and (dated or line[:2].isspace()):
            last = found.entries[-1]
            found.entries[-1] = replace(last, text=f"{last.text}\n{line.strip()}")
        else:
            text = line[slot.end() :] if slot else line[mark.end() :] if mark else line
            day = _DAY.match(slot["when"]) if slot else None
            if text := text.strip():
                saved = day[0] if day else None
                found.entries.append(Origin(time, None, None, None, "own list", text, saved))
    return found


def _lines(answer: str) -> Iterator[str]:
    """Yield the lines inside of code fences; all lines if there is no fence."""
    lines = answer.splitlines()
    fenced = any(_FENCE.match(line) for line in lines)
    opened: str | None = None
    for line in lines:
        fence = _FENCE.match(line)
        if fence and opened is None:
            opened = fence[1]
        elif fence and opened and fence[1].startswith(opened):
            opened = None
        elif line.strip() and (opened or not fenced):
            yield line


def _slot(line: str) -> re.Match[str] | None:
    mark = _MARK.match(line)
    return _SLOT.match(line, mark.end() if mark else 0)


def open_own_list(path: Path) -> OwnList:
    """Read ChatGPT's answer from a file, which tells its time. Raise NotAnAnswer, OSError."""
    if kind := special(path):
        raise NotAnAnswer(f"{path} is {kind}. Save ChatGPT's answer in a file, and give that.")
    stat = path.stat()
    if stat.st_size > MOST:
        raise NotAnAnswer(
            f"{path} has {stat.st_size >> 20:,} MB: an answer of ChatGPT has a few pages at most."
        )
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # as some editors of Windows save text
    if b"\0" in data and not wide:
        raise NotAnAnswer(f"{path} is not a text file. Save ChatGPT's answer as plain text.")
    text = data.decode("utf-16" if wide else "utf-8", "replace")
    answered = datetime.fromtimestamp(int(stat.st_mtime), UTC).replace(tzinfo=None)
    found = read_own_list(text, f"{answered.isoformat()}Z")
    if not found.entries:
        raise NotAnAnswer(f"{path} has no entries. Save ChatGPT's whole answer in it.")
    return found
