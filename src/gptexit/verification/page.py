"""Read a note as plain text: its turns, their words, and where its links lead."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from urllib.parse import unquote

from gptexit.text.front_matter import properties, value_of
from gptexit.verification.compare_text import essence, key_of_address
from gptexit.verification.raw import inner_json
from gptexit.verification.redacted_text import TextFinder
from gptexit.verification.words import is_web

_UPDATED = re.compile(r"^updated: (\S+)$", re.MULTILINE)
_ID = re.compile(r'^id: +(".*"|.*?)[ \t]*$', re.MULTILINE)
_TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
_SIMPLE_TITLE = re.compile(r"title: (\w(?:[\w ]{0,200}\w)?)\n(?=\w|---)")
"""A title of words alone, which everybody reads alike."""
_BEGINNING = 4_096
"""Bytes in which nearly all front matter ends."""
_LONGEST = 10 << 20
"""Bytes of front matter that are read."""
_DEFINED = re.compile(r"^\[\^([^\]\s]{1,100})\]:[ \t]*(.*)$", re.MULTILINE)
_MARK = re.compile(r"\[\^(?<!\\\[\^)([^\]\s]{1,100})\]")
"""A footnote that a text names. It begins with its own signs: looking back first takes longer."""
_LINK = re.compile(r"\]\((?:<([^<>\n]*)>|((?:[^\s()\\]+|\\.|\([^\s()]*\)){0,4000}))")
_CUT = "\ufdd3"
"""Stands between parts of a text; Unicode keeps it free for such uses."""
_BESIDE = (">", "*", "\xa0", "## ", "### ")
"""Beginnings of lines that are no words of a message: quotes, remarks, headings of messages."""
_EMBED = re.compile(
    r"(?<!\\)!\[(?:[^\[\]\n\\]|\\.){0,1000}\]"
    r"\((?:<[^<>\n]*>|(?:[^\s()\\]+|\\.|\([^\s()]*\)){0,4000})\)?"
)
_BARE = re.compile(r"(?<=<)(?i:https?)://[^<>\n]+(?=>)|(?i:https?)://[^\s<>\"]+")
_AUTOLINK = re.compile(r"<((?i:https?)://[^<>\s]+)>")
_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)*(`{3,}|~{3,})([^\n]*)")
_FENCES = ("```", "~~~")
_ITEM = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$))+")
_CODE = 4
"""Columns of indentation from which on a line opens and closes no fence (CommonMark 4.5)."""
_VOICE = re.compile(r"## (You|ChatGPT|Tool)\b(?: \([^\n]*\))?(?:,[^\n]*\d\d:\d\d)?[ \t]*\Z")
_SPAN = re.compile(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)")
_FOOTNOTE = re.compile(r"(?<!\\)\[\^(\d{1,9})\](?!:)")
_SUMMARY = re.compile(r"<summary>(.*)</summary>\Z")
_FOLDS = ("<details>", "<details open>")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_HIDES = re.compile(r"(?<!\\)<!--|(?<![\\%])%%(?!%)")


def updated_in(text: str) -> str | None:
    """Return when the conversation changed last, by the front matter of a note."""
    end = text.find("\n---\n") % (len(text) + 1)
    match = _UPDATED.search(text, 0, end)
    return match[1] if match else None


def id_in(path: Path) -> str | None:
    """Return the id of the conversation in the front matter of a note, if it can be read."""
    with path.open("rb", buffering=_BEGINNING) as stream:
        data = stream.read(_BEGINNING)
        if not data.startswith((b"---\n", b"---\r\n", b"\xef\xbb\xbf---")):
            return None
        if b"\n---" not in data:  # an id or title of any length
            data += stream.read(_LONGEST)
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    match = _ID.search(data.partition(b"\n---\n")[0].decode("utf-8", "replace"))
    return _scalar(match[1]) if match else None


def title_in(front: str) -> str:
    """Return the title in the front matter of a note; an empty one if it has none."""
    match = _TITLE.search(front)
    if match and (simple := _SIMPLE_TITLE.match(front, match.start())):
        return simple[1]
    found = properties(front.removeprefix("---\n").removesuffix("---\n")) or {}
    value = value_of(found.get("title", ""))
    if isinstance(value, str) and value:
        return value
    return (_scalar(match[1]) if match else None) or ""


def _scalar(written: str) -> str | None:
    """Return a string that YAML has on one line; None if it cannot be read."""
    if written[:1] == written[-1:] == "'" and len(written) > 1:
        return written[1:-1].replace("''", "'")
    if not written.startswith('"'):
        return written
    # In double quotes; its \xNN is the only escape that JSON lacks here.
    value = inner_json(re.sub(r"\\x(..)", r"\\u00\1", written))
    return None if value is None else str(value)


def _holds(text: str, sign: str) -> bool:
    """Tell whether a text holds a sign; looking for its first character, a rare one, is faster."""
    return sign[0] in text and sign in text


def _lines_with(signs: tuple[str, ...], text: str, begin: int) -> list[int]:
    """Return where each line of a text begins, from `begin` on, that holds one of some signs."""
    starts = set()
    for sign in signs:
        at = text.find(sign, begin) if sign[0] in text else -1
        while at >= 0:
            starts.add(text.rfind("\n", begin, at) + 1 or begin)
            end = text.find("\n", at)
            at = text.find(sign, end) if end >= 0 else -1
    return sorted(starts)


def _code_in(text: str, begin: int) -> list[int]:
    """Return where code begins and where it ends, in turn, in a note from `begin` on.

    It begins with the line that opens a fence, and ends behind the line that closes it.
    """
    bounds: list[int] = []
    fence = ""
    items, prose, read = [0], list[str](), begin
    for at in _lines_with(_FENCES, text, begin):
        match = _FENCE.match(text, at)
        if not match:
            continue
        before, end = text[at : match.start(1)], match.end()
        if not before.strip() and (columns := _columns(before + "`")) >= _CODE:
            if not fence:
                prose.append(text[read:end])
                read = end + 1
            for line in "\n".join(prose).split("\n"):
                _enter_items(line, items)
            prose.clear()
            if columns - items[-1] >= _CODE:
                continue  # an indented line is code of its own, or goes on with its paragraph
        if not fence and not (match[1][0] == "`" and "`" in match[2]):
            fence = match[1]
            bounds.append(at)
            prose.append(text[read:end])
        elif fence and match[1].startswith(fence) and not match[2].strip():
            fence = ""
            read = end + 1
            bounds.append(read)
    return bounds


def _lines_of(text: str, begin: int) -> Iterator[tuple[int, str, bool]]:
    """Yield each line of a note from `begin` on: its position, its text, whether it is code."""
    code = _code_in(text, begin)
    at = begin
    for line in text[begin:].split("\n"):
        yield at, line, bisect_right(code, at) % 2 == 1
        at += len(line) + 1


def _columns(line: str) -> int:
    """Return how far a line is indented."""
    if line[:1] not in " \t":
        return 0
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip(" "))


def _enter_items(line: str, items: list[int]) -> None:
    """Change `items`, the columns where the texts of the list items around a line begin."""
    if not line.strip():
        return
    while _columns(line) < items[-1]:
        items.pop()
    if match := _ITEM.match(line):
        items.append(len(match[0].expandtabs(4)))


def _with_quotes(text: str, begin: int) -> tuple[str, bool]:
    """Return a note with a quote for each folded block of HTML, and whether one is broken.

    One that is not closed folds away what follows; without its blank lines it shows no Markdown.
    """
    if not any(_holds(text, sign) for sign in ("<details", "<summary>", "</details>")):
        return text, False
    lines = [(line, code) for _, line, code in _lines_of(text, begin)]
    signs = ["", *("code" if code else line for line, code in lines), ""]
    shown: list[str] = []
    broken = inside = False
    for before, sign, after, (line, _) in zip(signs, signs[1:], signs[2:], lines, strict=False):
        if sign in _FOLDS:
            broken |= inside or not _SUMMARY.match(after)
            inside = True
            shown.append(">")
        elif summary := _SUMMARY.match(sign):
            broken |= before not in _FOLDS or after != ""
            shown.append("> " + _PUNCTUATION.sub(r"\\\1", html.unescape(summary[1])))
        elif sign == "</details>":
            broken |= not inside or before + after != ""
            inside = False
            shown.append("")
        else:
            if inside and sign.startswith("## "):
                broken, inside = True, False
            shown.append(f"> {line}" if inside else line)
    return text[:begin] + "\n".join(shown), broken or inside


def footnotes_in(text: str, begin: int) -> set[str]:
    """Return the numbers of the footnotes that a note names, outside of code."""
    if "[^" not in text:
        return set()
    code = _code_in(text, begin)
    numbers = set[str]()
    for at in _lines_with(("[^",), text, begin):
        if bisect_right(code, at) % 2 == 0 and not text.startswith("    ", at):
            line = text[at : text.find("\n", at) % (len(text) + 1)][:4_000]
            numbers.update(_FOOTNOTE.findall(_SPAN.sub("", line) if "`" in line else line))
    return numbers


def _headings_in(text: str, begin: int) -> Iterator[int]:
    """Yield where each heading of the second level begins in a note, from `begin` on."""
    if text.startswith("## ", begin):
        yield begin
    at = text.find("\n## ", begin)
    while at >= 0:
        yield at + 1
        at = text.find("\n## ", at + 1)


def _hides_in(text: str, begin: int) -> str | None:
    """Return the first sign of a note that hides text, if there is one.

    It is that of a comment: of HTML, or of Obsidian outside of formulas.
    """
    if not (_holds(text, "<!--") or _holds(text, "%%")):
        return None
    formula = False
    for _, line, code in _lines_of(text, begin):
        if code:
            continue
        formula ^= "$$" in line and line.count("$$") % 2 == 1
        if ("<!--" in line or "%%" in line) and line[:4] != "    ":
            sign = _HIDES.search(_SPAN.sub("", line[:4_000]))
            if sign and not (sign[0] == "%%" and formula):
                return sign[0]
    return None


def _voice_of(line: str) -> bool | None:
    """Tell whether a line is the heading of the user; None if it is no speaker's."""
    match = _VOICE.match(line)
    return match[1] == "You" if match else None


class PageRegion:
    """The turns of a note from one heading up to another."""

    def __init__(self, page: NotePage, first: int, last: int) -> None:
        """`last`: the heading that is not included."""
        self._page, self._first, self._last = page, first, last

    @cached_property
    def words(self) -> str:
        """Their essence."""
        return self._page.look.essence(self._page.written(self._first, self._last))

    @cached_property
    def text(self) -> str:
        """Their text, without the footnotes that are defined there."""
        text = self._page.written(self._first, self._last)
        return _DEFINED.sub("", text) if text.startswith("[^") or "\n[^" in text else text

    @cached_property
    def sources(self) -> list[tuple[str, str]]:
        """The key and the text of each web address that they link to."""
        links = _links_in(self.text)
        links += _AUTOLINK.findall(self.text) if "://" in self.text else []
        for note in self._page.named(self.text):
            links += _links_in(note)
        shown = dict.fromkeys(link for link in links if is_web(link))
        return [(key_of_address(link), link) for link in shown]

    @cached_property
    def addresses(self) -> set[str]:
        """The keys of all addresses in them, those of plain text too."""
        plain = _BARE.findall(self.text) if "://" in self.text else ()
        return {key for key, _ in self.sources} | set(map(key_of_address, plain))


class NotePage:
    """The text of a note, cut at its headings.

    Headings count from 1; 0 is the text above the first. Positions are indexes into `words`.
    """

    def __init__(self, text: str, look: TextFinder, *, marked: bool = True) -> None:
        """`marked`: whether a sign between U+E200 and U+E2FF may be in it, as in a marker."""
        begin = text.find("\n---\n") + 5 if text.startswith("---\n") else 0
        self.text, self.broken = _with_quotes(text, begin)
        self.marked = marked or self.text is not text  # which undoes references of HTML
        text = self.text
        self.begin = begin
        """Where the front matter ends in `text`."""
        self.look = look
        self._raw = [begin, *_headings_in(text, begin), len(text)]
        self.turns = len(self._raw) - 1
        """The number of headings."""
        self.speakers: list[int] = []
        """The headings of speakers."""
        self.above: list[int | None] = []
        """For each heading the nearest of a speaker, there or above it."""
        self.voices: list[tuple[bool | None, bool | None]] = []
        """For each heading the voices that it, or the nearest above it, may give to its text: True
        is the user's. They are two if a fence can be read in two ways: as code up to its end, or as
        none."""
        self._listen()

    def _listen(self) -> None:
        """Find the voices of the headings."""
        code = _code_in(self.text, self.begin)
        outside = anywhere = above = None
        for number, start in enumerate(self._raw[:-1]):
            voice = _voice_of(self.heading(number))
            if voice is not None:
                anywhere = voice
                if not code or bisect_right(code, start) % 2 == 0:
                    outside, above = voice, number
                    self.speakers.append(number)
            self.above.append(above)
            self.voices.append((outside, anywhere))

    @cached_property
    def words(self) -> str:
        """The essence of the text below the front matter."""
        return "".join(self._pieces)

    @cached_property
    def _pieces(self) -> list[str]:
        return self.essences([self.written(turn, turn + 1) for turn in range(self.turns)])

    @cached_property
    def _at(self) -> list[int]:
        return list(accumulate(map(len, self._pieces), initial=0))

    @property
    def first(self) -> int:
        """The position of the first turn."""
        return self._at[1] if self.turns > 1 else 0

    def essences(self, parts: list[str]) -> list[str]:
        """Return the essences of parts of it, each of whole lines."""
        # At once is far faster, and the same: nothing that `plain` takes out goes on over a line.
        whole = "".join(f"\n{_CUT}\n{part}" for part in parts)
        _, *pieces = self.look.essence(whole).split(_CUT)
        return pieces if len(pieces) == len(parts) else list(map(self.look.essence, parts))

    def difference(self, text: str, number: int, *, alone: bool) -> tuple[str, str] | None:
        """Return the lines of a text that are otherwise below a heading, and what is there instead.

        They are otherwise by signs that a writer may change. Return None if this is not so, or
        cannot be told by comparing lines. `alone`: whether nothing is before the text; else it has
        to be as it is, and what is before it is returned.
        """
        heading, _, below = self.written(number, number + 1).partition("\n")
        if "]" in heading or "<" in heading:  # there may be a link
            return None
        text, below = text.strip(), below.strip()
        if below.endswith(text):
            before = below.removesuffix(text)
            return ("", before) if before[-1:] in ("", "\n") else None
        lines, others = text.split("\n"), below.split("\n")
        if not alone or len(lines) != len(others):
            return None
        pairs = [pair for pair in zip(lines, others, strict=True) if pair[0] != pair[1]]
        said, written = map("\n".join, zip(*pairs, strict=True))
        return (said, written) if essence(said) == self.look.essence(written) else None

    def written(self, first: int, last: int) -> str:
        """Return the text from a heading up to another one."""
        return self.text[self._raw[first] : self._raw[last]]

    @cached_property
    def hides(self) -> str | None:
        """The first sign that hides text of it, if there is one."""
        return _hides_in(self.text, self.begin)

    @cached_property
    def may_refer(self) -> bool:
        """True if there may be a link, an address, a footnote or a marker of ChatGPT in it."""
        text = self.text[self.begin :]
        linked = "]" in text and ("](" in text or ("^" in text and "[^" in text))
        return self.marked or linked or ("<" in text and "://" in text) or "【" in text

    def turn_at(self, at: int) -> int:
        """Return the heading above a position."""
        return min(bisect_right(self._at, at), self.turns) - 1

    def turn_of(self, number: int) -> PageRegion:
        """Return the region from a heading of a speaker to the next one."""
        index = bisect_right(self.speakers, number)
        return self.region(number, [*self.speakers, self.turns][index])

    def heading(self, number: int) -> str:
        """Return a heading as it is written."""
        end = self.text.find("\n", self._raw[number])
        return self.text[self._raw[number] : end if end >= 0 else None]

    def says(self, region: PageRegion) -> bool:
        """Tell whether a turn has words beside links, quotes, remarks and headings."""
        words = [
            line
            for line in region.text.split("\n")[1:]
            if line.strip() and "](" not in line and not line.lstrip().startswith(_BESIDE)
        ]
        return self.look.essence("\n".join(words)) != ""

    def next_turn(self, at: int) -> int | None:
        """Return the position of the next heading from a position on, if there is one."""
        number = bisect_right(self._at, at - 1)
        return self._at[number] if number < self.turns else None

    def region(self, first: int, last: int) -> PageRegion:
        """Return the turns from heading `first` up to heading `last`, that one not included."""
        return PageRegion(self, first, min(max(last, first + 1), self.turns))

    def embeds(self, text: str) -> str:
        """Return the links of a region that show their file, as they are written."""
        return "\n".join(match[0] for match in _EMBED.finditer(text))

    def named(self, text: str) -> list[str]:
        """Return the texts of the footnotes of a region."""
        labels = dict.fromkeys(_MARK.findall(text)) if "[^" in text else ()
        return [self.definitions[label] for label in labels if label in self.definitions]

    @cached_property
    def definitions(self) -> dict[str, str]:
        """Its footnotes by their label."""
        first = f"\n{self.text}".find("\n[^")
        return dict(_DEFINED.findall(self.text, first)) if first >= 0 else {}


def paths_in(text: str) -> set[str]:
    """Return the relative addresses that a text links to, as written and with escapes undone."""
    links = {link for link in _links_in(text) if "://" not in link and not link.startswith("#")}
    return links | {unquote(link) for link in links}


def _links_in(text: str) -> list[str]:
    return [angle or to for angle, to in _LINK.findall(text)] if "](" in text else []
