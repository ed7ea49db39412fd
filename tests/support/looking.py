"""Reads a look back as a person does: its numbers, its tables and what is drawn."""

from __future__ import annotations

import re
from collections import defaultdict
from html.parser import HTMLParser
from typing import Any

VOID = {"br", "hr", "img", "input", "link", "meta"}
"""Elements without an end."""


class Page(HTMLParser):
    """The elements of a page. All of them have to be closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        """The rows of each table below its head, by the caption."""
        self.heads: dict[str, list[str]] = {}
        self.numbers: dict[str, int] = {}
        """The large numbers at the top, by what they count."""
        self.titles: list[str] = []
        """The texts that the switch hides."""
        self.links: dict[str, str] = {}
        self.attributes: list[tuple[str, str, str]] = []
        """Element, name and value."""
        self.drawings: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """The marks of each drawing by its id: their attributes, and the title beside them."""
        self._stack: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self._rows: list[list[str]] = []
        self._term = self._caption = self._drawing = self._href = ""
        self.feed(html)
        self.close()
        assert not self._stack

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        assert len(attributes) == len(pairs), f"an attribute twice in <{tag}>"
        self.attributes += [(tag, name, value) for name, value in attributes.items()]
        if tag not in VOID:
            self._stack.append((tag, attributes))
            self._texts.append("")
        if tag == "tr":
            self._rows.append([])
        elif tag == "table":
            self._rows = []
        elif tag == "svg":
            self._drawing = attributes.get("aria-labelledby", "")
        elif tag == "rect" and self._drawing:
            self.drawings[self._drawing].append({**attributes, "title": ""})
        elif tag == "a":
            self._href = attributes["href"]

    def handle_startendtag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, pairs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._texts:
            self._texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        opened, attributes = self._stack.pop()
        assert opened == tag, (opened, tag)
        text = self._texts.pop()
        if tag == "span" and attributes.get("class") == "title-of":
            self.titles.append(text)
            self.links[text] = self._href
        elif tag == "caption":
            self._caption = text
        elif tag in ("th", "td"):
            self._rows[-1].append(text.strip())
        elif tag == "table":
            self.heads[self._caption], *self.tables[self._caption] = self._rows
        elif tag == "dt":
            self._term = text
        elif tag == "dd" and re.fullmatch(r"[\d,]+", text):
            self.numbers[self._term] = number(text)
        elif tag == "title" and self._stack[-1][0] == "rect":
            self.drawings[self._drawing][-1]["title"] = text
        if tag in ("span", "a", "small") and self._texts:
            self._texts[-1] += text


def number(text: str) -> int:
    """A number as the page writes it."""
    return int(text.replace(",", ""))
