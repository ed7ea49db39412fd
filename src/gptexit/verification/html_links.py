"""Tell where the links of an HTML archive lead, and what in a page may run or load something."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.html_page import HtmlPage

_START = "../START-HERE.html"
"""Where the first page of an archive that belongs to an exit leads."""
_ABROAD = ("https://", "http://", "mailto:")


def file_of(archive: CheckedArchive, page: str, address: str) -> str | None:
    """Return the file of an archive that an address in one of its pages leads to."""
    target = unquote(address.partition("#")[0].partition("?")[0])
    file = normpath(join(dirname(page), target))
    return file if file in archive.found else None


def unsafe(archive: CheckedArchive, path: str, page: HtmlPage) -> Iterator[str]:
    """Yield a sentence for all that may run, load or hide something, or leads nowhere."""
    yield from page.faults
    if not page.policy:
        yield "lacks the policy that keeps a page from loading anything"
    for address in page.loads:
        if not (file_of(archive, path, address) or "").startswith("static/"):
            yield f"loads a file that is none of the archive: {address[:80]}"
    yield from (f"has the id {name[:80]} twice" for name, times in page.ids.items() if times > 1)
    for address in dict.fromkeys(page.links):
        if address.startswith("#"):
            if address[1:] not in page.ids:
                yield f"refers to a place that it does not have: {address[:80]}"
        elif path == "index.html" and address == _START:
            continue
        elif (
            not address[:8].lower().startswith(_ABROAD) and file_of(archive, path, address) is None
        ):
            yield f"leads to a file that the archive does not have: {address[:80]}"
