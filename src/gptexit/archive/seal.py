"""The checksum that an archive's record of itself carries, so that a changed byte shows.

It is the SHA-256 of the whole file, in which 64 zeros stand in the place of the checksum itself.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

_ZEROS = "0" * 64
_FORM = b'"checksum": "%s"'


def sealed(record: dict[str, Any]) -> bytes:
    """Return a record as the bytes of its file, its checksum as the last key."""
    data = orjson.dumps(
        {**record, "checksum": _ZEROS}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
    digest = hashlib.sha256(data).hexdigest()
    head, _, tail = data.rpartition(_FORM % _ZEROS.encode())
    return head + _FORM % digest.encode() + tail
