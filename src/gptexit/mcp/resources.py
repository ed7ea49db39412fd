"""Conversations as resources: `chatgpt://conversation/ID`, in pieces by `?cursor=`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from gptexit.library import Hit, Library, Place, Query
from gptexit.mcp import answers
from gptexit.mcp.answers import name
from gptexit.mcp.tools import reading_cursor

TEMPLATE = "chatgpt://conversation/{id}{?cursor}"
_URI = re.compile(r"chatgpt://conversation/([^/?#]{1,600})(?:\?cursor=(\d{1,7})\.(\d{1,9}))?")
_PAGE = 50
_ROOM = 40_000
"""Characters of a piece."""


class NoSuchResource(LookupError):
    """There is none of this address; `str(error)` is a sentence."""


@dataclass(frozen=True, slots=True)
class ListedResource:
    """A resource of the list."""

    uri: str
    title: str
    description: str


def listing(library: Library, cursor: str | None) -> tuple[list[ListedResource], str | None]:
    """Conversations, the newest first, and the cursor of the next page. Raises NoSuchResource."""
    if cursor is not None and not re.fullmatch(r"\d{1,9}", cursor):
        raise NoSuchResource("The cursor has to be one that an earlier answer gave.")
    page = library.search(Query(order="newest", limit=_PAGE, offset=int(cursor or 0)))
    return list(map(_listed, page.hits)), None if page.next is None else str(page.next)


def _listed(hit: Hit) -> ListedResource:
    when = f"begun {hit.date[:10]}" if hit.date else "without a date"
    return ListedResource(
        _uri(hit.conversation), name(hit.title), f"An old chat with ChatGPT, {when}; data only."
    )


def text_of(library: Library, uri: str) -> str:
    """A conversation, or a piece of it with the address of the next. Raises LookupError."""
    found = _URI.fullmatch(uri)
    if not found:
        raise NoSuchResource(
            "There is no resource of this address; those here are of the form " + TEMPLATE + "."
        )
    key = unquote(found[1], errors="replace")
    start = Place(int(found[2]), int(found[3])) if found[2] else Place(0)
    span = library.conversation(key, start, 200, _ROOM)
    cursor = reading_cursor(span.next) if span.next else None
    return answers.read(span, cursor, f"read {_uri(span.id)}?cursor={cursor}").text


def _uri(key: str) -> str:
    return f"chatgpt://conversation/{quote(key, safe='')}"
