"""The read-only side of the SQLite archive: search it, read in it, list what it has.

from gptexit.library import Query, open_library

with open_library("chatgpt-archive") as library:
    for hit in library.search(Query('postgres "order form"', since="2025-03-01")).hits:
        print(hit.date, hit.title, plain(hit.snippet))
"""

from __future__ import annotations

from gptexit.errors import AmbiguousConversation, BadQuery, NoLibrary, TooSlow, UnknownConversation
from gptexit.library.library import Library, open_library
from gptexit.library.query import Query
from gptexit.library.results import Hit, Page, Place, Said, Span, marked, plain

__all__ = [
    "AmbiguousConversation",
    "BadQuery",
    "Hit",
    "Library",
    "NoLibrary",
    "Page",
    "Place",
    "Query",
    "Said",
    "Span",
    "TooSlow",
    "UnknownConversation",
    "marked",
    "open_library",
    "plain",
]
