"""What there is to look at in an HTML archive: kinds of pages, words to find, lines on paper."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from support.html_archive import HtmlArchive
from support.safe_html import VOID

KINDS = {
    "a table": "<table",
    "code": 'class="code"',
    "a formula": "<math",
    "a canvas": 'class="box canvas"',
    "a picture": 'class="picture"',
    "a recording": "<audio",
    "a video": "<video",
    "a missing file": 'class="missing"',
    "thoughts": 'class="fold reasoning"',
    "a tool": 'class="fold tool"',
    "versions": 'class="versions"',
    "sources": 'class="sources"',
    "a hidden message": " hidden",
    "a memory": 'class="box memory"',
    "an error": 'class="box failure"',
}
"""Kinds of pages, and what is in the HTML of each."""
SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "THAI", "HANGUL", "CJK", "HIRAGANA")
CHIPS = {"p": "Pictures", "f": "Files", "c": "Code", "a": "Archived", "s": "Starred"}
"""The buttons of the filter by the mark that a list has."""

_INLINE = frozenset(("b", "code", "del", "em", "i", "small", "span", "strong", "sub", "u", "label"))
_UNSEEN = frozenset(("annotation", "math", "title", "button"))


@dataclass
class Sights:
    """The pages of an archive by what is on them."""

    chats: int
    pages: dict[str, str]
    """A page of each kind that there is."""
    words: dict[str, str]
    """A word of each script that somebody wrote in, by the name of the script."""
    lines: dict[str, list[str]]
    """What has to be on paper, in order, by the path of the page."""
    chips: dict[str, int]
    """The buttons of the filter that apply, and how many conversations they leave."""
    titles: dict[str, str] = field(default_factory=dict)
    """Titles by page."""


def of(archive: HtmlArchive) -> Sights:
    """Find the sights of an archive."""
    rows = archive.rows()
    texts = dict(archive.pages())
    pages: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row[1])):
        for kind, sign in KINDS.items():
            if sign in texts[row[1]]:
                pages.setdefault(kind, row[1])
    printed = list(dict.fromkeys([*pages.values(), *(row[1] for row in rows[:1])]))
    return Sights(
        len(rows),
        pages,
        _words(archive, rows),
        {path: lines_of(texts[path]) for path in printed},
        {
            name: count
            for flag, name in CHIPS.items()
            if (count := sum(flag in row[6] for row in rows))
        },
        {row[1]: row[2] for row in rows},
    )


def _words(archive: HtmlArchive, rows: list[Any]) -> dict[str, str]:
    """The longest word of each script, of at most eight characters."""
    found: dict[str, str] = {}
    for row in rows:
        for _, _, text in archive.texts(row[0]):
            for word in re.findall(r"[^\W\d_]{2,8}", text):
                script = unicodedata.name(word[0], "").partition(" ")[0]
                if script in SCRIPTS and len(word) > len(found.get(script, "")):
                    found[script] = word
    return found


class _Lines(HTMLParser):
    """Collects the lines of the messages that a page shows first."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = [""]
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _INLINE:
            self.lines.append("")
        if tag not in VOID:
            self._open.append((tag, given.get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()
        if tag not in _INLINE:
            self.lines.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over an element without contents."""

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        classes = {name for _, names in self._open for name in names.split()}
        if "article" in tags and not tags & _UNSEEN and not classes & {
            "versions", "by", "player", "hidden", "fold",
        }:  # fmt: skip
            self.lines[-1] += data


def lines_of(page: str) -> list[str]:
    """What the messages that a page shows first say, line by line."""
    parser = _Lines()
    parser.feed(page)
    parser.close()
    return [line for line in map(squeezed, parser.lines) if line]


def squeezed(text: str) -> str:
    """The letters and digits of a text that a PDF holds in their order: no scripts whose letters
    join or run to the left."""
    return "".join(
        character
        for character in unicodedata.normalize("NFKC", text).casefold()
        if character.isalnum() and character < "\u0530"
    )


def missing_lines(wanted: list[str], text: str) -> list[str]:
    """The lines that a text lacks, or has before the ones that they follow."""
    printed, at = squeezed(text), 0
    missing = []
    for line in wanted:
        place = printed.find(line, at)
        if place < 0:
            missing.append(line[:80])
        else:
            at = place + len(line)
    return missing
