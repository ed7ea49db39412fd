"""Names of files in an export, and ids in them."""

from __future__ import annotations

import re

LIBRARY = "library_files.json"
NAMES = "conversation_asset_file_names.json"
CONVERSATIONS = re.compile(
    r"(?:^|/)conversations(?:[-_](\d+))?(?P<copy>(?:[-_ ]+(?:copy|\d+|\(\d+\)))*)\.json$",
    re.IGNORECASE,
)
"""A member with conversations: the one file of 2023 to 2026, or a shard of a hundred; with the
number that a browser or file manager gives to a copy."""
KIND = "gptexit_kind"
"""The key that marks a raw conversation that is no ordinary chat: `codex` or `group`."""

# `file-` with about 22 letters and digits, or `file_` with up to 32 hex digits; the id ends at a
# `-` or `.`. In `sediment://<hex>#file_…#p_0.jpg` it follows a `#`.
_ID = re.compile(r"(?:^|[#/])(file[-_][A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)")
_PAGE = re.compile(r"#(p_\d+)")


def file_id(pointer: str) -> str:
    """Return the file id in an asset pointer, attachment id or base name of a member; else its end.

    A rendition of one page of a document keeps its page: `file_…#p_0`.
    """
    tail = pointer.split("://", 1)[-1]
    match = _ID.search(tail)
    if not match:
        return tail
    page = _PAGE.search(tail, match.end())
    return f"{match[1]}#{page[1]}" if page else match[1]


def key_in_export(asset: str, conversation: str | None) -> str:
    """Return a key for the asset id that no other file of the export has.

    Each conversation has its own file system: many have a `sandbox:/mnt/data/chart.png`.
    """
    return f"{conversation}: {asset}" if asset.startswith("sandbox:") else asset
