"""Keep when an archive was last verified, and with what verdict: `.gptexit/checked.json`.

No manifest lists the file, and no verification looks at it: an archive is as whole without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from gptexit.errors import Unusable
from gptexit.files.disk import HOUSE, need_plain_house, read_bytes, write_whole
from gptexit.text.dates import stamp

PART = "part of an export"
"""The verdict, beside those of `verification.result.Verdict`, for an export that is not whole."""
_NAME = "checked.json"
_LARGEST = 1 << 16
"""Bytes of a file of ours at most."""


@dataclass(frozen=True, slots=True)
class LastCheck:
    """The last verification of an archive."""

    time: str
    """When it ended, in UTC, as RFC 3339."""
    verdict: str
    """As `verification.result.Verdict`, or PART."""
    source: str | None
    """The name of the export that it was compared with; None for its own manifest alone."""


def note_check(roots: Iterable[Path], verdict: str, source: str | None) -> None:
    """Record in archives that they were verified just now, where their folders can be written."""
    time = stamp(datetime.now(UTC))
    data = orjson.dumps(
        asdict(LastCheck(time, verdict, source)),
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    for root in roots:
        with suppress(OSError, Unusable):
            need_plain_house(root)
            if (root / HOUSE).is_dir():
                write_whole(root / HOUSE / _NAME, data)


def last_check(root: Path) -> LastCheck | None:
    """Return the last verification of an archive, if one is recorded that can be read."""
    path = root / HOUSE / _NAME
    try:
        if os.lstat(path).st_size > _LARGEST:
            return None
        found = orjson.loads(read_bytes(path) or b"")
        checked = LastCheck(str(found["time"]), str(found["verdict"]), found["source"])
        datetime.fromisoformat(checked.time)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return checked if isinstance(checked.source, str | None) else None
