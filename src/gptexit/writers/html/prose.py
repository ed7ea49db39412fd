"""Markdown as HTML that can neither run nor load anything.

Most texts hold no raw HTML: pyromark renders them. For the others, `events.rendered` makes the same
HTML from pyromark's events, with raw HTML as text. Behind either, links, pictures, tables, headings
and formulas get the form that a page has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape, unescape

import pyromark

from gptexit.chatgpt.sandbox import HINT, addresses
from gptexit.writers.html.code import code_block
from gptexit.writers.html.events import rendered
from gptexit.writers.html.kept import whole
from gptexit.writers.html.tex import formula
from gptexit.writers.markdown.fences import Span
from gptexit.writers.markdown.formulas import DOLLAR, found

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)
_RAW = re.compile(r"<[A-Za-z/!?]")
_SAFE = re.compile(r"(?:https?://|mailto:)[^\s<>\"\x00-\x20\x7f]*\Z", re.IGNORECASE)
ABROAD = ' target="_blank" rel="noreferrer noopener"'
"""The attributes of a link that leads out of the archive."""
_MARK = re.compile("\ufdd4([mc])(\\d{1,9})\ufdd5")
_MARK_IN_ADDRESS = re.compile("(?:\ufdd4|%EF%B7%94)([mc])(\\d{1,9})(?:\ufdd5|%EF%B7%95)")
_ADDRESS = r"https?://(?:(?!&[lg]t;)[^\s<>\ufdd4\ufdd5])*(?!&[lg]t;)[^\s<>\ufdd4\ufdd5.,:;!?'\"*_)\]}。，、；：！？）」』]"
_PIECE = re.compile(
    r'<a href="([^"]*)"([^>]*)>(.*?)</a>'
    r'|<img src="([^"]*)" alt="([^"]*)"([^>]*)>'
    rf"|(?:<pre|<code).*?</code>|(?<![A-Za-z0-9]){_ADDRESS}"
    r"|sandbox:/{1,3}mnt/data/(?:(?!&[lg]t;)[^\s<>|\ufdd4\ufdd5\"`\[\]，。、；：）」』])+"
    "|\ufdd4[mc]\\d{1,9}\ufdd5",
    re.DOTALL,
)
_TYPED = re.compile(rf"(?<![A-Za-z0-9]){_ADDRESS}")
_IMG = re.compile(r'<img src="([^"]*)" alt="([^"]*)"([^>]*)>')
_TITLE = re.compile(r' title="([^"]*)"')
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]"
)
_BLOCK = re.compile(r"<(p|li|blockquote|h[2-6]|table)>")
_WITHIN = re.compile(r'(<(?:blockquote|li) dir="auto">\n)<p dir="auto">')
_CELL = re.compile(r'<(t[hd]) style="text-align: (left|right|center)">')
_CLASSES = {"left": "", "right": ' class="r"', "center": ' class="c"'}
_HEADING = re.compile(r"<(/?)h([1-6])>")
_BOX = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>\n')


def is_safe(address: str) -> bool:
    """Tell whether an address is one of the web or a mailbox."""
    return _SAFE.match(address) is not None


def abroad(address: str, words: str, title: str = "") -> str:
    """Return a link to the web around HTML; the address as text behind it if it is not safe.

    `title`: what is shown beside a pointer on the link, as HTML.
    """
    named = f' title="{title}"' if title else ""
    if is_safe(address):
        return f'<a href="{escape(address)}"{named}{ABROAD}>{words}</a>'
    shown = escape(address, quote=False)
    if title:
        return f'{words} ({shown} "{title}")'
    return words if shown in words else f"{words} ({shown})"


def typed(text: str) -> str:
    """Return words as they were typed, with links at their addresses."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    shown = escape(text, quote=False)
    return _TYPED.sub(_bare, shown) if "://" in shown else shown


def _bare(match: re.Match[str]) -> str:
    return abroad(unescape(match[0]), match[0])


@dataclass(slots=True)
class Prose:
    """Renders the Markdown of one text."""

    file: Callable[[str], str | None] = lambda path: None
    """Takes a path of the code interpreter; returns the address of the file in the archive."""
    coloured: bool = True
    """Whether code has colours."""
    cited: Sequence[str] = ()
    """The HTML of the marks of citations: `marked` puts a number in the text for each."""
    level: int = 1
    """The level of the last heading in the message: none goes more than one deeper."""
    beside: str = ""
    """A folder beside the page, such as `html/`, into which the text may lead."""
    _formulas: list[tuple[str, bool]] = field(default_factory=list)

    def html(self, text: str) -> str:
        """Return a text as HTML. Marks of citations are as `cite` makes them."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\ufdd4" in text:
            text = text.replace("\ufdd4" if not self.cited else "\ufdd4m", "\ufffd")
        if "\\(" in text or "\\[" in text or ("$" in text and text.count("$") > 1):
            text = self._without_formulas(text)
        text = whole(text, OPTIONS, is_safe)
        code = partial(_code, self)
        if _RAW.search(text):
            html = rendered(pyromark.events(text, options=OPTIONS), code)
        else:
            html = pyromark.html(text, options=OPTIONS, highlight=code)
        return self._formed(html, text)

    def _without_formulas(self, text: str) -> str:
        """Replace each formula by a mark."""
        out: list[str] = []
        at = 0
        for start, end, shown in found(text, _code_spans(text)):
            if shown == DOLLAR:
                continue
            out += (text[at:start], f"\ufdd4m{len(self._formulas)}\ufdd5")
            display = shown.startswith("$$")
            self._formulas.append((shown.strip("$"), display))
            at = end
        return "".join([*out, text[at:]])

    def _formed(self, html: str, text: str) -> str:
        """Give the elements of `html` the form that they have in a page."""
        if "<h" in html:
            html = _HEADING.sub(self._heading, html)
        if "<table>" in html:
            html = _CELL.sub(lambda cell: f"<{cell[1]}{_CLASSES[cell[2]]}>", html)
            html = html.replace("<table>", '<div class="table"><table>')
            html = html.replace("</table>", "</table></div>")
        if "<input" in html:
            html = _BOX.sub(lambda box: "☑ " if box[1] else "☐ ", html)
        if "<a " in html or "<img " in html or "://" in html or HINT in html or "\ufdd4" in html:
            html = _PIECE.sub(self._piece, html)
        if not text.isascii() and _RIGHT_TO_LEFT.search(text):
            # A browser takes the direction of an element from the text in it that has none of its
            # own: that of the whole from the first block, that of a quote from its first paragraph.
            html = _BLOCK.sub(r'<\1 dir="auto">', html).replace(' dir="auto"', "", 1)
            html = _WITHIN.sub(r"\1<p>", html)
        return html

    def _heading(self, match: re.Match[str]) -> str:
        """Move a heading below the title of the page, and next to the one before it."""
        if not match[1]:
            self.level = min(int(match[2]) + 1, self.level + 1, 6)
        return f"<{match[1]}h{self.level}>"

    def _piece(self, match: re.Match[str]) -> str:
        found = match[0]
        kind = found[:2]
        if kind == "<a":
            return self._link(match[1], match[2], match[3])
        if kind == "<i":
            return self._image(match[4], match[5], match[6])
        if kind in ("<p", "<c"):
            return self._put_back(found, escape_only=True) if "\ufdd4" in found else found
        if kind[0] == "\ufdd4":
            return self._put_back(found)
        if kind == "sa":
            address = found.rstrip(".,;:!?*_'\\)")
            return self._link(address, "", address) + found[len(address) :]
        return _bare(match)

    def _link(self, href: str, more: str, words: str) -> str:
        """Return a link. `more`: its attributes beside the address."""
        if "\ufdd4" in words:
            words = self._put_back(words)
        address = self._address(href)
        pictures = ""
        if "<img " in words:
            for src, alt, attributes in _IMG.findall(words):
                if self._address(src) != address or _TITLE.match(attributes):
                    picture = self._image(src, "", attributes)
                    pictures += f" ({picture})" if alt else f" {picture}"
            words = _IMG.sub(lambda image: image[2], words)
        if not words.strip():
            words = escape(address, quote=False)
        if address.startswith(HINT):
            path = self._file(address)
            if path is not None:
                return f'<a href="{path}">{words}</a>{pictures}'
        if self.beside and address.startswith(self.beside) and ".." not in address:
            return f'<a href="{escape(address)}">{words}</a>{pictures}'
        title = self._title(more)
        if is_safe(address):
            return abroad(address, words, title) + pictures
        return abroad(address, words + pictures, title)

    def _title(self, more: str) -> str:
        """Return the title among attributes, as HTML."""
        title = _TITLE.match(more)
        return self._put_back(title[1], escape_only=True) if title else ""

    def _image(self, src: str, alt: str, more: str) -> str:
        """Return a link in place of a picture: one of the web would be loaded."""
        address = self._address(src)
        words = self._put_back(alt, escape_only=True) or escape(address, quote=False)
        path = self._file(address) if address.startswith(HINT) else None
        if path is not None:
            return f'<a href="{path}">{words}</a>'
        return abroad(address, words, self._title(more))

    def _file(self, address: str) -> str | None:
        path = next((found.path for found in addresses(f"<{address}>")), None)
        return None if path is None else self.file(path)

    def _address(self, href: str) -> str:
        """Return an address as it was written; marks in it become what they stood for."""
        if "\ufdd4" in href or "%EF%B7%94" in href:
            href = _MARK_IN_ADDRESS.sub(self._source, href)
        return unescape(href)

    def _put_back(self, html: str, *, escape_only: bool = False) -> str:
        """Replace marks. `escape_only`: by plain text, within code or an attribute."""
        return _MARK.sub(self._source if escape_only else self._drawn, html)

    def _drawn(self, mark: re.Match[str]) -> str:
        number = int(mark[2])
        if mark[1] == "c":
            return self.cited[number] if number < len(self.cited) else ""
        if number >= len(self._formulas):
            return "\ufffd"
        source, display = self._formulas[number]
        return formula(source, display=display)

    def _source(self, mark: re.Match[str]) -> str:
        number = int(mark[2])
        if mark[1] == "c":
            return ""
        if number >= len(self._formulas):
            return "\ufffd"
        source, display = self._formulas[number]
        signs = "$$" if display else "$"
        return escape(f"{signs}{source}{signs}")

    def code(self, language: str | None, code: str) -> str:
        """Return a block of code."""
        if "\ufdd4" in code:
            code = _MARK.sub(lambda mark: unescape(self._source(mark)), code)
        return code_block(language, code, coloured=self.coloured)


def _code(prose: Prose, language: str | None, code: str) -> str:
    return prose.code(language, code)


def cite(number: int) -> str:
    """Return the mark of a citation, to be put into a text."""
    return f"\ufdd4c{number}\ufdd5"


def _code_spans(text: str) -> list[Span]:
    """Return the start and end of each piece of code in `text`."""
    if "`" not in text and "    " not in text and "\t" not in text and "~~~" not in text:
        return []
    spans: list[Span] = []
    events = pyromark.events_with_range(text, options=OPTIONS)
    for event, place in events:
        if isinstance(event, dict):
            start = event.get("Start")
            if "Code" in event or (isinstance(start, dict) and "CodeBlock" in start):
                spans.append((place["start"], place["end"]))
    if spans and not text.isascii():
        data = text.encode("utf-8", "replace")
        at = count = 0
        points = []
        for start, end in spans:
            count += len(data[at:start].decode("utf-8", "replace"))
            length = len(data[start:end].decode("utf-8", "replace"))
            points.append((count, count + length))
            at, count = end, count + length
        return points
    return spans
