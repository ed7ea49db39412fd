"""What the export knows of one asset, and the id that pointers and members have in common.

A leaf: the reader of conversations asks through `Lookup` and sees nothing else of the container.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# `file-` with about 22 letters and digits, or `file_` with up to 32 hex digits; the id ends at a
# `-` or `.`. In `sediment://<hex>#file_…#p_0.jpg` it follows a `#`.
_ID = re.compile(r"(?:^|[#/])(file[-_][A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)")
_PAGE = re.compile(r"#(p_\d+)")


TELLS_NOTHING = frozenset(
    ("application/octet-stream", "binary/octet-stream", "application/x-unknown", "")
)
"""Media types that say of a file that nobody knows what it is."""


def file_id(pointer: str) -> str:
    """The file id in an asset pointer, attachment id or member's base name; else its tail.

    A rendition of one page of a document keeps its page: `file_…#p_0`.
    """
    tail = pointer.split("://", 1)[-1]
    match = _ID.search(tail)
    if not match:
        return tail
    page = _PAGE.search(tail, match.end())
    return f"{match[1]}#{page[1]}" if page else match[1]


@dataclass(slots=True)
class AssetInfo:
    """What the export knows of an asset: its member, and what the name tables say."""

    member: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    """In bytes: the member's own, else what `library_files.json` says."""
    sha256: str | None = None
    """64 hex digits, from `library_files.json`; not recomputed."""


Lookup = Callable[[str], AssetInfo]
"""From a file id (as `file_id` gives it) to what the export knows."""
