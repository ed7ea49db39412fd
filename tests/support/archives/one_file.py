"""Faults that change one file of an archive, at a place that a seed chooses."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path

Fault = Callable[[Path, random.Random], bool]
"""Changes one place of the archive in a folder; False where there is no such place."""
Change = Callable[[str, random.Random], str | None]
"""Takes the text of a file and returns another one; None where it has no such place."""
OTHERS = {"You": "ChatGPT", "ChatGPT": "You"}
FOREIGN = "Zebras graze beyond the aqueduct."


def changed(files_in: Callable[[Path], Iterable[Path]], change: Change) -> Fault:
    """Return a fault that changes the first of the files, in any order, that has such a place."""

    def fault(root: Path, rng: random.Random) -> bool:
        files = sorted(files_in(root))
        for path in rng.sample(files, len(files)):
            text = path.read_text(encoding="utf-8")
            other = change(text, rng)
            if other is not None and other != text:
                path.write_text(other, encoding="utf-8")
                return True
        return False

    return fault


def one_match(pattern: str, replace: Callable[[re.Match[str], random.Random], str]) -> Change:
    """Return a change of one match of a pattern."""

    def change(text: str, rng: random.Random) -> str | None:
        found = list(re.finditer(pattern, text, re.MULTILINE))
        if not found:
            return None
        match = rng.choice(found)
        return text[: match.start()] + replace(match, rng) + text[match.end() :]

    return change
