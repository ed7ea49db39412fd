"""The memory as a Markdown page: its facts, the blocks to paste, and how it is written to disk.

The words of the page are in templates/memory; an assistant reads those of a block, which are here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from itertools import count as numbers
from pathlib import Path
from typing import Any

from gptexit.archive.lock import owning_file
from gptexit.files.disk import read_bytes, special, write_whole
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
"""Columns of an entry or a title that is cut."""
_CITATIONS = 4
"""Answers that are listed of those which cite a memory: the first ones, and the last."""
_KNOWN = "memories are known because answers cite them"
_NONE = "* Nothing is known."
_DAYS = 6
"""Days of an entry that are all listed; of more, only the first and the last are."""
_OPEN_MARKS = {
    "asks to forget": "asks to forget something that is not listed in these words",
    "corrects something": "corrects something that is not listed in these words",
    "is marked as deleted": "where it was cited last, the export marks it as deleted",
}
"""Marks that are about one entry alone, in words."""
_SEAL = re.compile(r"\n<!-- gptexit wrote this page; checksum ([0-9a-f]{64}) -->\n\Z")
"""The last line of a page: the checksum of the rest, to see whether a person changed it."""


def memory_text(memory: Memory, assistant: str, zone: tzinfo | None, export: str = "EXPORT") -> str:
    """Return a page for `claude`, `gemini` or `text`; days are in `zone` (None: this machine's).

    `export`: the paths of the export, as a command takes them.
    """
    return _Page(memory, assistant, zone).text(export)


def tally(memory: Memory) -> str:
    """Count memories and custom instructions, in sentences."""
    words = (
        f"{count(len(memory.entries), 'memory counts', 'memories count')}, "
        f"{count(len(memory.ended), 'was', 'were')} forgotten or replaced, and there "
        f"{'is' if len(memory.versions) == 1 else 'are'} "
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
    """Say why ChatGPT may know more than this; None if nothing shows that it does."""
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
        self._by_id = {entry.id: entry for entry in (*memory.entries, *memory.ended)}

    def text(self, export: str) -> str:
        memory = self._memory
        return render(
            "memory/memory.md.j2",
            key=self._key,
            assistant=self._assistant,
            conversations=memory.conversations,
            tally=tally(memory),
            why_more=why_more(memory),
            question=_fenced(PROMPT),
            export=export,
            doubtful=sum(bool(entry.marks) for entry in memory.entries),
            blocks=[_fenced(block) for block in self._to_paste()],
            most=MOST,
            ended=list(map(self._ended, memory.ended)),
            versions=list(map(self._version, memory.versions)),
            entries=[
                {"text": _short(entry.text), "origins": self._origins(entry)}
                for entry in memory.entries
            ],
        )

    def _to_paste(self) -> Iterator[str]:
        """Yield the blocks; none if nothing is known."""
        if not (self._memory.entries or self._memory.versions):
            return
        ending = self._assistant.ending
        sections = self._by_heading() if self._assistant.headings else self._sections()
        for block in _blocks(sections, MOST - len(ending) - 2):
            yield "\n\n".join(filter(None, (block, ending)))

    def _sections(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the custom instructions in force and the memories: headings and their lines."""
        for now in self._memory.versions[:1]:
            day = self._day(now.last.time) or "unknown"
            if now.response:
                yield "How the user wants to be answered", [_line(day, now.response)]
            if now.about:
                yield "What the user told about themselves", [_line(day, now.about)]
        if self._memory.entries:
            lines = []
            for entry in self._memory.entries:
                slot = "; ".join([self._days(entry), *map(self._mark, entry.marks)])
                lines.append(_line(slot, entry.text))
            yield "Memories saved about the user, the oldest first", lines

    def _by_heading(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each heading that Gemini's import asks for, with its entries and their evidence."""
        under: dict[str, list[str]] = {heading: [] for heading in HEADINGS}
        for now in self._memory.versions[:1]:
            source = f"custom instructions, word for word. Date: [{self._day(now.last.time)}]."
            if now.response:
                words = f"The user wants to be answered so: “{now.response}”"
                under[INSTRUCTIONS].append(_evident(words, source))
            if now.about:
                words = f"The user wrote about themselves: “{now.about}”"
                under[DEMOGRAPHICS].append(_evident(words, source))
        for entry in self._memory.entries:
            doubts = "".join(f" Not certain: {self._mark(mark)}." for mark in entry.marks)
            source = f"ChatGPT's memory. Date: [{self._days(entry)}].{doubts}"
            wish = any(mark.what in ("asks to forget", "may forget") for mark in entry.marks)
            heading = INSTRUCTIONS if wish else heading_of(entry.text)
            under[heading].append(_evident(entry.text, source))
        for heading, lines in under.items():
            yield heading, lines or [_NONE]

    def _days(self, entry: MemoryEntry) -> str:
        days = list(dict.fromkeys(filter(None, map(self._day, entry.days))))
        if not days:
            known = self._day(entry.known_by)
            return f"known by {known}" if known else "unknown"
        if len(days) > _DAYS:
            return f"{days[0]} to {days[-1]}, {len(days):,} times"
        return ", ".join(days)

    def _day(self, time: str | None) -> str | None:
        """Return `2024-03-01` of a time; a day of the source's own stays as it is."""
        if time is None or len(time) == 10:
            return time
        when = moment(time, self._zone)
        return f"{when:%Y-%m-%d}" if when else None

    def _mark(self, mark: Mark) -> str:
        if mark.what in _OPEN_MARKS:
            return _OPEN_MARKS[mark.what]
        if mark.other is not None:
            return f"{mark.what} the entry of {self._days(self._by_id[mark.other])}"
        when = self._day(mark.time)
        if when is None:
            return "still in ChatGPT’s own list"
        return f"{mark.what.replace('memory', 'ChatGPT’s memory')} {when}"

    def _ended(self, entry: MemoryEntry) -> dict[str, Any]:
        """Describe how an entry was forgotten or replaced."""
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
        """Describe custom instructions, and when they were in force."""
        return {
            "first_day": self._day(version.first.time),
            "last_day": self._day(version.last.time),
            "first": _title(version.first),
            "last": _title(version.last),
            "about": _fenced(version.about) if version.about else None,
            "response": _fenced(version.response) if version.response else None,
        }

    def _origins(self, entry: MemoryEntry) -> list[dict[str, Any]]:
        """Describe each origin of an entry; of many answers that cite it, a few."""
        cited = [origin for origin in entry.origins if origin.how == "cited"]
        left_out = cited[_CITATIONS - 1 : -1]
        passed = set(map(id, left_out))
        shown: list[dict[str, Any]] = []
        for origin in entry.origins:
            if left_out and origin is left_out[0]:
                shown.append({"how": "left out", "number": len(left_out)})
            if id(origin) not in passed:
                day, title = self._day(origin.time), _title(origin)
                shown.append({"how": origin.how, "day": day, "saved": origin.saved, "title": title})
        return shown


def _line(slot: str, text: str) -> str:
    """Write an entry, its lines indented so that none reads as another entry."""
    return f"[{slot}] - {_indented(text)}"


def _evident(text: str, source: str) -> str:
    """Write an entry in the form that Gemini's prompt asks for, with its evidence below it."""
    return f"* {_indented(text)}\n    * Evidence: {source}"


def _indented(text: str) -> str:
    """Indent all lines of a text but the first."""
    return re.sub(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", "\n  ", text)


def _blocks(sections: Iterable[tuple[str, list[str]]], most: int) -> Iterator[str]:
    """Divide the sections into blocks of at most `most` characters; no entry is cut."""
    parts: list[str] = []
    size = 0
    for heading, lines in sections:
        first = True
        for entry in lines:
            if parts and size + len(entry) + len(heading) > most:
                yield "\n".join(parts)
                parts, size = [], 0
            if first or not parts:
                again = "" if first else ", continued"
                parts += [*([""] if parts else []), f"{heading}{again}:"]
                first = False
            parts.append(entry)
            size += len(entry) + 1
            size += len(heading) if len(parts) <= 2 else 0
    if parts:
        yield "\n".join(parts)


def _fenced(text: str) -> str:
    """Put `text` into a code block that no backticks in it can end."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _short(text: str) -> str:
    return f"“{line(printable(text, SHOWN))}”"


def _title(origin: Origin) -> str:
    """Name the conversation of an origin, for a person and for a program."""
    title = line(printable(origin.title or "Untitled", SHOWN))
    return f"“{title}” (`{printable(origin.conversation or '').replace('`', '')}`)"


def sealed(page: str) -> str:
    """Add its checksum to a page."""
    return f"{page}\n<!-- gptexit wrote this page; checksum {_checksum(page)} -->\n"


def is_unchanged(page: str) -> bool:
    """Tell whether `page` is as `sealed` returned it."""
    seal = _SEAL.search(page)
    return seal is not None and seal[1] == _checksum(page[: seal.start() + 1])


def _checksum(page: str) -> str:
    return hashlib.sha256(page.rstrip("\n").encode("utf-8", "replace")).hexdigest()


def write_page(path: Path, page: str) -> Path:
    """Write a page, whole or not at all. Return its path.

    A file at `path` stays if it is no page of ours, or if a person changed it: the page goes beside
    it, as `memory.new.md`, or `memory.new2.md` if that one is not ours either. Raise InUse if
    another run writes the page, and OSError.
    """
    words = sealed(page)
    if kind := special(path):
        raise FileExistsError(0, f"this is {kind}, not a file", str(path))
    with owning_file(path):
        for number in numbers():
            suffix = f".new{number if number > 1 else ''}{path.suffix}"
            name = path.with_name(f"{path.stem}{suffix}") if number else path
            before = _read(name)
            if before == words:
                return name
            if before is None or is_unchanged(before):
                write_whole(name, words.encode("utf-8", "replace"))
                return name
    raise AssertionError("there is always a next name")


def _read(path: Path) -> str | None:
    """Return the text of a file; None if it does not exist, "" for a link or a folder."""
    if path.is_symlink():
        return ""
    try:
        data = read_bytes(path)
    except IsADirectoryError:
        return ""
    return None if data is None else data.decode("utf-8", "replace").replace("\r\n", "\n")
