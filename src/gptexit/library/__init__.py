"""The read-only side of the SQLite archive: search it, read in it, list what it has.

from gptexit.library import Query, open_library

with open_library("chatgpt-archive") as library:
    for hit in library.search(Query('postgres "order form"', since="2025-03-01")).hits:
        print(hit.date, hit.title, plain(hit.snippet))
"""

from __future__ import annotations

from gptexit.library.library import Library, NoLibrary, open_library
from gptexit.library.query import BadQuery, Query
from gptexit.library.results import Ambiguous, Hit, Page, Place, Said, Span, Unknown, marked, plain
from gptexit.library.running import TooSlow

__all__ = [
    "Ambiguous",
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
    "Unknown",
    "marked",
    "open_library",
    "plain",
]
