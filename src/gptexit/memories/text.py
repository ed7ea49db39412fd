"""The memory as Markdown: the blocks to paste, and the facts for the page that they stand on.

The words of the page are in templates/memory. Those of a block are here: an assistant reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

from gptexit.memories.assistants import (
    ASSISTANTS,
    DEMOGRAPHICS,
    HEADINGS,
    INSTRUCTIONS,
    MOST,
    heading_of,
)
from gptexit.memories.model import Mark, Memory, MemoryEntry, Origin, Version
from gptexit.memories.own_list import PROMPT
from gptexit.templates import render
from gptexit.text.dates import moment
from gptexit.text.markdown import line
from gptexit.text.terminal import count, printable

SHOWN = 60
"""Columns of an entry where it is only named."""
_CITATIONS = 4
"""Answers that are named of those which cite a memory: the first, and the last of them."""
_KNOWN = "memories are known because answers cite them"
_NONE = "* Nothing is known."
_DAYS = 6
"""Days that are listed of an entry that was written more often; the first, and the last."""


def memory_text(memory: Memory, assistant: str, zone: tzinfo | None) -> str:
    """A page for a person: for `claude`, `gemini`, or `text` for any other assistant.

    Days are those of `zone`, of this machine's where it is None.
    """
    return _Page(memory, assistant, zone).text()


def tally(memory: Memory) -> str:
    """How much there is, in a sentence."""
    words = (
        f"{count(len(memory.entries), 'memory counts', 'memories count')}, "
        f"{count(len(memory.ended), 'was', 'were')} forgotten or replaced, and there "
        f"{count(len(memory.versions), 'is', 'are').partition(' ')[2]} "
        f"{count(len(memory.versions), 'version')} of your custom instructions."
    )
    if memory.left_out:
        older = count(memory.left_out, "older note or version", "older notes or versions")
        words += f" {older} left out: there are too many."
    if memory.without_words:
        more = count(memory.without_words, "more memory is", "more memories are")
        words += f" {more} cited without words, so that nobody can tell what."
    return words


def why_more(memory: Memory) -> str | None:
    """Why ChatGPT may know more than this; None where nothing says so."""
    if memory.listed or not (memory.slim or memory.is_empty):
        return None
    if not memory.slim:
        return "The export holds no memory. ChatGPT may know things about you all the same."
    come = count(memory.slim, "conversation comes", "conversations come")
    why = f"{come} from an export of the kind that OpenAI has sent since the summer of 2026. It "
    if not memory.cited:
        return f"{why}holds no memories: ChatGPT knows more than is written here."
    known = count(memory.cited, "memory is known because an answer cites it", _KNOWN)
    return (
        f"{why}leaves out what ChatGPT wrote to its memory. {known}: this is not the whole list, "
        "and ChatGPT knows more than is written here."
    )


class _Page:
    def __init__(self, memory: Memory, key: str, zone: tzinfo | None) -> None:
        self._memory = memory
        self._key = key
        self._assistant = ASSISTANTS[key]
        self._zone = zone
        self._by_id = {each.id: each for each in (*memory.entries, *memory.ended)}

    def text(self) -> str:
        memory = self._memory
        return render(
            "memory/memory.md.j2",
            key=self._key,
            assistant=self._assistant,
            conversations=memory.conversations,
            tally=tally(memory),
            why_more=why_more(memory),
            question=_fenced(PROMPT),
            doubtful=sum(bool(entry.marks) for entry in memory.entries),
            blocks=[_fenced(block) for block in self._to_paste()],
            most=MOST,
            ended=[self._ended(entry) for entry in memory.ended],
            versions=[self._version(version) for version in memory.versions],
            entries=[
                {"text": _short(entry.text), "origins": self._origins(entry)}
                for entry in memory.entries
            ],
        )

    def _to_paste(self) -> Iterator[str]:
        """Yield the blocks; none where nothing is known."""
        if not (self._memory.entries or self._memory.versions):
            return
        ending = self._assistant.ending
        sections = self._by_heading() if self._assistant.headings else self._sections()
        for block in _blocks(sections, MOST - len(ending) - 2):
            yield "\n\n".join(filter(None, (block, ending)))

    def _sections(self) -> Iterator[tuple[str, list[str]]]:
        """What goes into the block: a heading, and lines below it."""
        if self._memory.versions:
            now = self._memory.versions[0]
            day = self._day(now.last.time)
            for heading, words in (
                ("How the user wants to be answered", now.response),
                ("What the user told about themselves", now.about),
            ):
                if words:
                    yield heading, [_line(day or "unknown", words)]
        if self._memory.entries:
            lines = [_line(self._slot(each), each.text) for each in self._memory.entries]
            yield "Memories saved about the user, the oldest first", lines

    def _by_heading(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each heading that Gemini's import asks for, with its entries and their evidence."""
        under: dict[str, list[str]] = {heading: [] for heading in HEADINGS}
        if self._memory.versions:
            now = self._memory.versions[0]
            source = f"custom instructions, word for word. Date: [{self._day(now.last.time)}]."
            for heading, opening, words in (
                (INSTRUCTIONS, "The user wants to be answered so:", now.response),
                (DEMOGRAPHICS, "The user wrote about themselves:", now.about),
            ):
                if words:
                    under[heading].append(_evident(f"{opening} “{words}”", source))
        for entry in self._memory.entries:
            doubts = "".join(f" Not certain: {self._mark(mark)}." for mark in entry.marks)
            source = f"ChatGPT's memory. Date: [{self._days(entry)}].{doubts}"
            wish = any(mark.what in ("asks to forget", "may forget") for mark in entry.marks)
            heading = INSTRUCTIONS if wish else heading_of(entry.text)
            under[heading].append(_evident(entry.text, source))
        for heading, lines in under.items():
            yield heading, lines or [_NONE]

    def _slot(self, entry: MemoryEntry) -> str:
        """What stands in brackets before an entry: its days, and what is not certain of it."""
        return "; ".join([self._days(entry), *map(self._mark, entry.marks)])

    def _days(self, entry: MemoryEntry) -> str:
        days = list(dict.fromkeys(filter(None, map(self._day, entry.days))))
        if not days:
            known = self._day(entry.known_by)
            return f"known by {known}" if known else "unknown"
        if len(days) > _DAYS:
            return f"{days[0]} to {days[-1]}, {len(days):,} times"
        return ", ".join(days)

    def _day(self, time: str | None) -> str | None:
        """`2024-03-01`; a day that the source names itself stays as it is."""
        if time is None or len(time) == 10:
            return time
        when = moment(time, self._zone)
        return f"{when:%Y-%m-%d}" if when else None

    def _mark(self, mark: Mark) -> str:
        if mark.what == "asks to forget":
            return "asks to forget something that is not listed in these words"
        if mark.what == "is marked as deleted":
            return "where it was cited last, the export marks it as deleted"
        if mark.what == "corrects something":
            return "corrects something that is not listed in these words"
        if mark.other is None:
            when = self._day(mark.time)
            return (
                f"{mark.what.replace('memory', 'ChatGPT’s memory')} {when}"
                if when
                else "still in ChatGPT’s own list"
            )
        other = self._by_id[mark.other]
        return f"{mark.what} the entry of {self._days(other)}"

    def _ended(self, entry: MemoryEntry) -> dict[str, Any]:
        """Return what became of an entry that was forgotten or replaced."""
        by = entry.by
        return {
            "days": self._days(entry),
            "text": _short(entry.text),
            "how": entry.ended,
            "day": self._day(by.time) if by else None,
            "by": _short(by.text if by else ""),
            "title": _title(by) if by else None,
        }

    def _version(self, version: Version) -> dict[str, Any]:
        """Return what custom instructions said, and when they were in force."""
        return {
            "first_day": self._day(version.first.time),
            "last_day": self._day(version.last.time),
            "first": _title(version.first),
            "last": _title(version.last),
            "about": _fenced(version.about) if version.about else None,
            "response": _fenced(version.response) if version.response else None,
        }

    def _origins(self, entry: MemoryEntry) -> list[dict[str, Any]]:
        """Return each origin of an entry; of many answers that cite it, a few."""
        cited = [origin for origin in entry.origins if origin.how == "cited"]
        left_out = cited[_CITATIONS - 1 : -1] if len(cited) > _CITATIONS else []
        passed = set(map(id, left_out))
        shown: list[dict[str, Any]] = []
        for origin in entry.origins:
            if left_out and origin is left_out[0]:
                shown.append({"how": "left out", "number": len(left_out)})
            if id(origin) not in passed:
                shown.append(
                    {
                        "how": origin.how,
                        "day": self._day(origin.time),
                        "saved": origin.saved,
                        "title": _title(origin),
                    }
                )
        return shown


def _line(slot: str, text: str) -> str:
    """An entry; the lines of a long one stay apart, indented so that none reads as another."""
    return f"[{slot}] - {_indented(text)}"


def _evident(text: str, source: str) -> str:
    """Return an entry in the form that Gemini's prompt asks for, with its evidence below it."""
    return f"* {_indented(text)}\n    * Evidence: {source}"


def _indented(text: str) -> str:
    """Return a text with all of its lines but the first indented."""
    return re.sub(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", "\n  ", text)


def _blocks(sections: Iterable[tuple[str, list[str]]], most: int) -> Iterator[str]:
    """The sections as blocks of at most `most` characters; no entry is cut, however long."""
    parts: list[str] = []
    size = 0
    for heading, lines in sections:
        first = True
        for each in lines:
            if parts and size + len(each) + len(heading) > most:
                yield "\n".join(parts)
                parts, size = [], 0
            if first or not parts:
                again = "" if first else ", continued"
                parts += [*([""] if parts else []), f"{heading}{again}:"]
                first = False
            parts.append(each)
            size += len(each) + 1
            size += len(heading) if len(parts) <= 2 else 0
    if parts:
        yield "\n".join(parts)


def _fenced(text: str) -> str:
    """A code block that no backticks in `text` can end."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _short(text: str) -> str:
    return f"“{line(printable(text, SHOWN))}”"


def _title(origin: Origin) -> str:
    """The conversation, as a person and as a program knows it."""
    title = line(printable(origin.title or "Untitled", SHOWN))
    return f"“{title}” (`{printable(origin.conversation or '').replace('`', '')}`)"
