"""HTML as ENML, the language of a note in Evernote: XML with a part of XHTML's elements.

ENML has neither classes nor ids, scripts, forms or folded blocks
(http://xml.evernote.com/pub/enml2.dtd, read in the copy of miurahr/nevernote, `xml/enml2.dtd` of
commit 1b0023f; it lets every element hold every other). An element that it lacks is left out here;
its text is kept. Of what ENML has, this writes the elements below with `style`, `dir`, `href`,
`title` and `start`, and `en-media` with `type` and `hash`.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from html.parser import HTMLParser

DEEPEST = 60
"""Elements that may stand in each other: readers of XML refuse 256, and apps less."""
_ALIGNED = {"r": "text-align: right;", "c": "text-align: center;"}
"""The classes of cells in tables that `html/prose.py` makes."""
_NAMES = (
    "a b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup "
    "table tbody td th thead tr u ul"
)
_KEPT = frozenset(_NAMES.split())
_EMPTY = frozenset(("br", "hr"))
QUIET = "color: #808080;"
CODE = '<div style="-en-codeblock: true;">'
"""The beginning of a block of code, by the mark of Evernote's own."""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have."""


def text(words: str) -> str:
    """Return words as text of XML, or as the value of an attribute."""
    return escape(_NO_XML.sub("\ufffd", words))


class _Builder(HTMLParser):
    """Writes what it is fed as ENML. Each element that it begins is ended."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._open: list[tuple[str, str]] = []
        """For each element of the HTML: its name, and what ends it in the ENML."""
        self._within: Counter[str] = Counter()
        """How many elements of a name are open."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _EMPTY:
            self.out.append(f"<{tag}/>")
        elif tag not in _KEPT or len(self._open) >= DEEPEST:
            self._begin(tag, "", "")
        elif tag == "code":
            self._begin(tag, *self._code())
        elif tag == "pre" and not self._within["li"]:
            self._begin(tag, f"{CODE}<pre>", "</pre></div>")
        else:
            self._begin(tag, f"<{tag}{_attributes(tag, given)}>", f"</{tag}>")

    def _code(self) -> tuple[str, str]:
        """Return the ends of a piece of code.

        Joplin loses what is above where a block of code has an element for code too, or is in a
        list; and it makes no table where a cell has one.
        """
        if self._within["pre"]:
            return "", ""
        if self._within["td"] or self._within["th"]:
            return '<span style="font-family: monospace;">', "</span>"
        return "<code>", "</code>"

    def _begin(self, tag: str, begin: str, end: str) -> None:
        self.out.append(begin)
        self._open.append((tag, end))
        self._within[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within[tag]:
            while True:
                name, end = self._open.pop()
                self.out.append(end)
                self._within[name] -= 1
                if name == tag:
                    return

    def handle_data(self, data: str) -> None:
        self.out.append(text(data))

    def whole(self) -> str:
        """End all that is open, and return the ENML."""
        self.close()
        self.out += (end for _, end in reversed(self._open))
        return "".join(self.out)


def _attributes(tag: str, given: dict[str, str]) -> str:
    kept: dict[str, str] = {}
    if tag == "a":
        kept["href"] = given.get("href", "")
        if "title" in given:
            kept["title"] = given["title"]
    elif given.get("class") == "language":
        kept["style"] = QUIET
    elif tag in ("td", "th") and given.get("class") in _ALIGNED:
        kept["style"] = _ALIGNED[given["class"]]
    elif tag == "ol" and given.get("start", "").isdigit():
        kept["start"] = given["start"]
    if given.get("dir") in ("ltr", "rtl"):
        kept["dir"] = given["dir"]
    return "".join(f' {name}="{text(value)}"' for name, value in kept.items())


def enml(html: str) -> str:
    """Return HTML as ENML, without the element `en-note` around it."""
    builder = _Builder()
    builder.feed(html)
    return builder.whole()
