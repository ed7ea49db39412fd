"""How large an export may be that another program takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

GB, GIB, MIB = 10**9, 1 << 30, 1 << 20


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """All sizes in bytes, unpacked: what a ZIP takes packed is less."""

    size: int
    """Of everything in one ZIP."""
    member: int
    """Of one file in it."""
    members: int
    """How many files it may hold."""


USUAL = SizeLimits(5 * GB, 4 * GIB, 1_000_000)
"""Gemini takes ZIPs of up to 5 GB (its help page on importing chats, March 2026)."""
FITS = {"librechat": SizeLimits(1 * GIB, 256 * MIB, 20_000)}
"""By program. LibreChat: 1 GiB an upload, 256 MiB a file, 4 GiB and 20,000 files in all
(`archive.ts` and `utils/import.ts` of its `packages/api/src/`, 2026).
What is below 1 GiB unpacked is so packed too."""

MARGIN = 0.98
"""What is left of a limit for the ZIP's own headers and the small tables in it."""
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": GB, "kib": 1 << 10, "mib": MIB, "gib": GIB}
_SIZE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([a-zA-Z]*)\s*")


def size_of(words: str) -> int:
    """Bytes of a size such as `5GB`, `800 MiB`. Raises ValueError."""
    found = _SIZE.fullmatch(words)
    unit = _UNITS.get(found[2].lower()) if found else None
    if not found or unit is None or float(found[1]) * unit < MIB:
        raise ValueError(f"{words!r} is no size of at least 1 MiB; give one such as 5GB or 800MiB")
    return int(float(found[1]) * unit)
