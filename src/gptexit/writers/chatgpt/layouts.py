"""The two layouts: `classic`, which most importers read, and `2026`, which ChatGPT writes now.

classic: one `conversations.json`, nodes with `children` and every key that exports had until early
2026, assets as `file-<id>-<name>`. 2026: shards of a hundred conversations, `<file id>.dat`, and
tables of names; nodes as they were. What LibreChat reads stands between the two: files as in 2026,
since it finds no asset but as `<file id>.dat`, and nodes as in classic.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pathvalidate import sanitize_filename

from gptexit.files.media_types import ending_of
from gptexit.model import Asset, Raw
from gptexit.writers.chatgpt.classic import complete
from gptexit.writers.chatgpt.for_librechat import looked_up

CLASSIC, TODAY, LIBRECHAT = "classic", "2026", "librechat"


@dataclass(frozen=True, slots=True)
class Form:
    """What one layout does."""

    member: Callable[[int], str]
    """The name of a file with conversations, by its number."""
    shard: int | None
    """Conversations in one of them; None for any number."""
    asset: Callable[[Asset, str], str]
    """The name of an asset's file, from the asset and its name in the source."""
    fit: Callable[[Raw], Counter[str]]
    """Makes a raw conversation what this layout has; what had to be replaced for it."""


def _as_it_is(raw: Raw) -> Counter[str]:
    return Counter()


_PLAIN_ID = re.compile(r"file[-_][A-Za-z0-9_]{1,80}")


def _named(asset: Asset, member: str) -> str:
    """`<id>-<name>`; a file that has an old name keeps it."""
    if not (member.endswith(".dat") and _PLAIN_ID.fullmatch(asset["id"])):
        return _safe(member)
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name.removesuffix(ending) if name.endswith(ending) else posixpath.splitext(name)[0]
    return _safe(f"{asset['id']}-{stem[:80] or 'file'}{ending}")


def _numbered(asset: Asset, member: str) -> str:
    """`<id>.dat`; pages of a document, which have no such name, keep theirs."""
    return f"{asset['id']}.dat" if _PLAIN_ID.fullmatch(asset["id"]) else _safe(member)


_PAGE = re.compile(r"file[-_][A-Za-z0-9_]{1,80}#p_[0-9]{1,6}")


def _pointed(asset: Asset, member: str) -> str:
    """`<id>.dat`, for pages of a document too: LibreChat looks for what the pointer says."""
    return f"{asset['id']}.dat" if _PAGE.fullmatch(asset["id"]) else _numbered(asset, member)


def _safe(name: str) -> str:
    """A member's name with which no program that unpacks it leaves its folder."""
    parts = name.replace("\\", "/").split("/")
    parts = [str(sanitize_filename(part, platform="universal")) for part in parts]
    return "/".join(part for part in parts if part.strip(".")) or "file"


def _shard(number: int) -> str:
    return f"conversations-{number:03}.json"


FORMS = {
    CLASSIC: Form(lambda number: "conversations.json", None, _named, complete),
    TODAY: Form(_shard, 100, _numbered, _as_it_is),
    LIBRECHAT: Form(_shard, 100, _pointed, looked_up),
}
"""By name; a person chooses the first two, the third comes with `--fit librechat`."""
