"""A conversation that is too large to be parsed: it is kept as it is, in a file of its own.

Parsing it would take more memory than a machine may have, whoever wrote it. Its bytes pass through
in pieces, to whoever keeps them, and it is told as a loss that names the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable

FOLDER = "too-large"
"""The folder of an archive with such files."""
Take = Callable[[bytes], object]
"""Is given the bytes piece by piece; an empty piece is the end."""
Keep = Callable[[str], Take]
"""Is told the path of the file in the archive, and returns what takes its bytes."""
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def path_of(label: str, place: str) -> str:
    """Make the path of the file, from its source's name and the place in it: alike in every run."""
    base = _ODD.sub("-", label.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip(".-")
    return f"{FOLDER}/{base.removesuffix('.json') or 'conversations'}-{place}.json"


def reason(why: str, path: str) -> str:
    """Say why a conversation is not converted, and where a whole archive keeps it."""
    return f"too large to be converted ({why}); a whole archive keeps it as it is in {path}"


def is_kept(reason_of_loss: str) -> bool:
    """Tell whether a loss is a conversation that a whole archive keeps."""
    return reason_of_loss.startswith("too large to be converted") and FOLDER in reason_of_loss
