"""Read an HTML archive: its pages by the standard library's parser, its data files as JSON."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from support.safe_html import VOID, Judge, judged

_PIECE = re.compile(r'archive\.piece\("([^"]+)",(.*)\)\n\Z', re.DOTALL)


@dataclass
class Article:
    kind: str
    own: str
    anchor: str
    parent: str
    version: str
    text: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """The text of its boxes, folds and sources."""


class _Articles(HTMLParser):
    """Finds the articles of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Article] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "article":
            kind = given["class"].split()[1]
            own, anchor, parent = (given[name] for name in ("data-id", "id", "data-parent"))
            version = given.get("data-version", "")
            self.found.append(Article(kind, own, anchor, parent, version))
        if tag not in VOID:
            self._open.append((tag, given.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over an element without contents."""

    def handle_data(self, data: str) -> None:
        inside = {tag for tag, _ in self._open}
        classes = {name for _, names in self._open for name in names.split()}
        drawn = "math" in inside and "annotation" not in inside
        if "article" not in inside or "by" in classes or drawn:
            return
        beside = classes & {"fold", "box", "sources", "missing", "cite"}
        article = self.found[-1]
        (article.notes if beside else article.text).append(data)


def articles_of(page: str) -> list[Article]:
    """The articles of a page, in order."""
    parser = _Articles()
    parser.feed(page)
    parser.close()
    return parser.found


def value_in(data: bytes, name: str) -> Any:
    """The value of a data file, which must be a call and nothing else."""
    found = _PIECE.match(data.decode())
    assert found, data[:80]
    assert found[1] == name
    assert "\u2028" not in found[2]
    return json.loads(found[2])


@dataclass(frozen=True)
class HtmlArchive:
    """An archive in a folder."""

    root: Path

    def value(self, name: str) -> Any:
        """The value of `data/….js`."""
        return value_in(
            (self.root / f"data/{name}.js").read_bytes(), name.replace("texts/", "text-")
        )

    def rows(self) -> list[list[Any]]:
        """The rows of all lists, newest first."""
        return [row for name in self.value("index")["lists"] for row in self.value(f"list-{name}")]

    def texts(self, number: int) -> list[list[str]]:
        """The texts of a conversation."""
        data = base64.b64decode(self.value(f"texts/{number}")["t"])
        found: list[list[str]] = json.loads(zlib.decompress(data, -15))
        return found

    def pages(self) -> Iterator[tuple[str, str]]:
        """Each page with its path."""
        for path in sorted(self.root.rglob("*.html")):
            relative = path.relative_to(self.root).as_posix()
            if not relative.startswith("assets/"):
                yield relative, path.read_text(encoding="utf-8")

    def page_of(self, title: str) -> str:
        """The page of the conversation with a title."""
        [path] = [row[1] for row in self.rows() if row[2] == title]
        return Path(self.root, path).read_text(encoding="utf-8")

    def faults(self) -> list[str]:
        """What must not be in a page, and links that lead nowhere."""
        judges = {path: judged(page) for path, page in self.pages()}
        faults = [f"{path}: {fault}" for path, judge in judges.items() for fault in judge.faults]
        for path, judge in judges.items():
            faults += [
                f"{path}: {link}" for link in judge.links if self._is_dead(path, link, judge)
            ]
        return faults

    def _is_dead(self, path: str, link: str, judge: Judge) -> bool:
        if link.startswith(("http", "mailto:")):
            return False
        target, _, anchor = link.partition("#")
        if anchor and not target:
            return anchor not in [*judge.ids, "chat", "list", "look-back"]
        place = (self.root / path).parent / unquote(target)
        missing = place.name in ("list.js", "reading.js")  # scripts that another part brings
        return not place.resolve().is_relative_to(self.root.resolve()) or not (
            place.is_file() or missing
        )
