"""What a note says of its conversation above its text: id, title, when it changed last."""

from __future__ import annotations

import json
import re
from pathlib import Path

_UPDATED = re.compile(r"^updated: (\S+)$", re.MULTILINE)
_ID = re.compile(r'^id: (".*"|.*)$', re.MULTILINE)
_TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
_LONGEST = 10 << 20
"""Bytes of front matter that are looked at."""


def updated_in(text: str) -> str | None:
    """Return when the conversation changed last, by the front matter of a note."""
    found = _UPDATED.search(text.partition("\n---\n")[0])
    return found[1] if found else None


def id_in(path: Path) -> str | None:
    """The conversation's id in the front matter of a note."""
    with path.open("rb") as stream:
        data = stream.read(20_000)
        if not data.startswith(b"---\n"):
            return None
        if b"\n---\n" not in data:  # an id or title of any length
            data += stream.read(_LONGEST)
    found = _ID.search(data.partition(b"\n---\n")[0].decode("utf-8", "replace"))
    if not found:
        return None
    return _scalar(found[1])


def title_in(front: str) -> str:
    """Return the title in the front matter of a note; an empty one where it has none."""
    found = _TITLE.search(front)
    return (_scalar(found[1]) if found else None) or ""


def _scalar(written: str) -> str | None:
    """Return a string as YAML has it on one line; None where it cannot be read."""
    if not written.startswith('"'):
        return written
    try:
        # In double quotes; its \xNN is the only escape that JSON lacks here.
        return str(json.loads(re.sub(r"\\x(..)", r"\\u00\1", written)))
    except ValueError:
        return None
