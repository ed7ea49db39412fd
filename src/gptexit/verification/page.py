"""A note as an independent reader of its text has it: turns, their words, and where they lead."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from gptexit.verification.compare_text import key_of_address
from gptexit.verification.parts import voices_in
from gptexit.verification.redacted_text import TextFinder

_UPDATED = re.compile(r"^updated: (\S+)$", re.MULTILINE)
_ID = re.compile(r'^id: (".*"|.*)$', re.MULTILINE)
_TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
_LONGEST = 10 << 20
"""Bytes of front matter that are looked at."""


def updated_in(text: str) -> str | None:
    """Return when the conversation changed last, by the front matter of a note."""
    found = _UPDATED.search(text.partition("\n---\n")[0])
    return found[1] if found else None


def id_in(path: Path) -> str | None:
    """The conversation's id in the front matter of a note."""
    with path.open("rb") as stream:
        data = stream.read(20_000)
        if not data.startswith(b"---\n"):
            return None
        if b"\n---\n" not in data:  # an id or title of any length
            data += stream.read(_LONGEST)
    found = _ID.search(data.partition(b"\n---\n")[0].decode("utf-8", "replace"))
    if not found:
        return None
    return _scalar(found[1])


def title_in(front: str) -> str:
    """Return the title in the front matter of a note; an empty one where it has none."""
    found = _TITLE.search(front)
    return (_scalar(found[1]) if found else None) or ""


def _scalar(written: str) -> str | None:
    """Return a string as YAML has it on one line; None where it cannot be read."""
    if not written.startswith('"'):
        return written
    try:
        # In double quotes; its \xNN is the only escape that JSON lacks here.
        return str(json.loads(re.sub(r"\\x(..)", r"\\u00\1", written)))
    except ValueError:
        return None


_HEADING = re.compile(r"^## ", re.MULTILINE)
_DEFINED = re.compile(r"^\[\^([^\]\s]{1,100})\]:[ \t]*(.*)$", re.MULTILINE)
_MARK = re.compile(r"(?<!\\)\[\^([^\]\s]{1,100})\]")
_LINK = re.compile(r"\]\((?:<([^<>\n]*)>|((?:[^\s()\\]+|\\.|\([^\s()]*\)){0,4000}))")
_BESIDE = (">", "*", "\xa0", "## ", "### ")
"""Beginnings of lines that are no words of a message: quotes, remarks, headings of messages."""
_EMBED = re.compile(
    r"(?<!\\)!\[(?:[^\[\]\n\\]|\\.){0,1000}\]"
    r"\((?:<[^<>\n]*>|(?:[^\s()\\]+|\\.|\([^\s()]*\)){0,4000})\)?"
)
_BARE = re.compile(r"https?://[^\s<>\"]+")
_AUTOLINK = re.compile(r"<(https?://[^<>\s]+)>")


@dataclass(slots=True)
class PageRegion:
    """Some turns of a note."""

    words: str
    """Their essence."""
    text: str


class NotePage:
    """The text of a note below its front matter."""

    def __init__(self, text: str, look: TextFinder) -> None:
        begin = 0
        if text.startswith("---\n"):
            begin = text.find("\n---\n") + 5
        self.text = text
        self.begin = max(begin, 0)
        self.look = look
        starts = [match.start() for match in _HEADING.finditer(text, max(begin, 0))]
        self._raw = [begin, *starts]
        pieces = [
            look.essence(text[start:end])
            for start, end in zip(self._raw, [*starts, len(text)], strict=True)
        ]
        self._at = [0]
        for piece in pieces:
            self._at.append(self._at[-1] + len(piece))
        self.words = "".join(pieces)
        self.first = self._at[1] if starts else 0
        """Where the first turn begins in `words`."""
        found, self.hides = voices_in(text, max(begin, 0))
        self._voices = [found.get(start) for start in self._raw]
        """For each heading whether it is the user's; None where it is no speaker's."""
        self._definitions: dict[str, str] | None = None

    def turn_at(self, at: int) -> int:
        """Return the number of the heading that stands above a place in `words`."""
        return min(bisect_right(self._at, at), len(self._raw)) - 1

    def speaker(self, number: int) -> int | None:
        """Return the nearest heading of a speaker at a heading or above it; None without one."""
        while number > 0 and self._voices[number] is None:
            number -= 1
        return number if self._voices[number] is not None else None

    def is_users(self, number: int) -> bool:
        """Tell whether a heading of a speaker is the user's."""
        return self._voices[number] is True

    def after(self, number: int) -> int:
        """Return the next heading of a speaker behind a heading; the end where there is none."""
        return next((each for each in self.speakers() if each > number), self.turns)

    def heading(self, number: int) -> str:
        """Return a heading as it is written."""
        return self.text[self._raw[number] :].partition("\n")[0]

    def says(self, number: int) -> bool:
        """Tell whether words stand below a heading, beside links, quotes, remarks and headings."""
        region = self.region(number, self.after(number))
        lines = region.text.split("\n")[1:]
        told = [
            line
            for line in lines
            if line.strip() and "](" not in line and not line.lstrip().startswith(_BESIDE)
        ]
        return self.look.essence("\n".join(told)) != ""

    def speakers(self) -> list[int]:
        """Return the headings of speakers."""
        return [number for number, voice in enumerate(self._voices) if voice is not None]

    def next_turn(self, at: int) -> int | None:
        """Return where in `words` the next heading from `at` on stands; None where none does."""
        place = bisect_right(self._at, at - 1)
        return self._at[place] if place < len(self._raw) else None

    def region(self, first: int, last: int) -> PageRegion:
        """Return the turns from heading `first` up to heading `last`, that one not included."""
        last = max(last, first + 1)
        end = self._raw[last] if last < len(self._raw) else len(self.text)
        text = _DEFINED.sub("", self.text[self._raw[first] : end])
        return PageRegion(self.words[self._at[first] : self._at[min(last, len(self._raw))]], text)

    @property
    def turns(self) -> int:
        """How many headings there are, what stands before the first counted as one."""
        return len(self._raw)

    def sources(self, text: str) -> list[tuple[str, str]]:
        """Return each address of the web that a region leads to: its key, and how it is written."""
        found = [angle or to for angle, to in _LINK.findall(text)]
        found += _AUTOLINK.findall(text)
        for label in dict.fromkeys(_MARK.findall(text)):
            found += [angle or to for angle, to in _LINK.findall(self.definitions.get(label, ""))]
        shown = dict.fromkeys(each for each in found if each.startswith(("http://", "https://")))
        return [(key_of_address(each), each) for each in shown]

    def embeds(self, text: str) -> list[str]:
        """Return the links of a region that show what they lead to, as they are written."""
        return [match[0] for match in _EMBED.finditer(text)]

    def addresses(self, text: str) -> set[str]:
        """Return the keys of all addresses in a region, those of plain text too."""
        return {key for key, _ in self.sources(text)} | {
            key_of_address(each) for each in _BARE.findall(text)
        }

    def named(self, text: str) -> list[str]:
        """Return what the footnotes of a region say."""
        labels = dict.fromkeys(_MARK.findall(text))
        return [self.definitions[label] for label in labels if label in self.definitions]

    @property
    def definitions(self) -> dict[str, str]:
        """Its footnotes by their label."""
        if self._definitions is None:
            self._definitions = dict(_DEFINED.findall(self.text))
        return self._definitions


def paths_in(text: str) -> set[str]:
    """Return the relative addresses that a text links to, as written and with escapes undone."""
    found = {angle or to for angle, to in _LINK.findall(text)}
    found = {each for each in found if "://" not in each and not each.startswith("#")}
    return found | {unquote(each) for each in found}
