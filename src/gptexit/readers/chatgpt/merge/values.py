"""Two copies of one JSON value into one that holds both, where that can be.

Exports of different years write the same message with more or less of it: since mid-2026 keys are
left out, lists are shortened, rows of search results lose columns. What one copy leaves out is
taken from the other. Only where both say something, and not the same, one has to give way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Raw = dict[str, Any]
OLDER = "older_content"
"""The key of a merged message under which contents stand that had to give way."""
_TEXTS = {"parts", "text", "content", "summary", "result", "output_str"}
"""Keys of what was written. Such a text may be the beginning of the other copy's: an answer that
was exported while it was being written, or one that was cut."""
_END = object()


class Apart(Exception):
    """Two values that exclude each other."""


def join(older: Any, newer: Any, *, text: bool = False) -> Any:
    """One value that holds everything of both. Raises Apart where there is none.

    `text`: whether a string is something that was written.
    """
    if older is None or newer is None:
        return older if newer is None else newer
    if isinstance(older, dict) and isinstance(newer, dict):
        joined = {
            key: join(older[key], value, text=key in _TEXTS) if key in older else value
            for key, value in newer.items()
        }
        return _with_rest(joined, older)
    if isinstance(older, list) and isinstance(newer, list):
        return _lists(older, newer, text)
    if text and isinstance(older, str) and isinstance(newer, str):
        if newer.startswith(older):
            return newer
        if older.startswith(newer):
            return older
    elif older == newer:
        return newer
    raise Apart


def _lists(older: list[Any], newer: list[Any], text: bool) -> list[Any]:
    """The longer list, with each item of the shorter one joined to its own."""
    if len(older) == len(newer):
        return [join(a, b, text=text) for a, b in zip(older, newer, strict=True)]
    longer, rest = (older, iter(newer)) if len(older) > len(newer) else (newer, iter(older))
    wanted = next(rest, _END)
    joined = []
    for item in longer:
        if wanted is _END:
            joined.append(item)
            continue
        try:
            pair = (item, wanted) if longer is older else (wanted, item)
            joined.append(join(*pair, text=text))
        except Apart:
            joined.append(item)
        else:
            wanted = next(rest, _END)
    if wanted is not _END:
        raise Apart
    return joined


def decide(older: Any, newer: Any, *, for_older: bool) -> Any:
    """The same, but never without a value: where two exclude each other, one of them counts."""
    if isinstance(older, dict) and isinstance(newer, dict):
        decided = {
            key: decide(older[key], value, for_older=for_older) if key in older else value
            for key, value in newer.items()
        }
        return _with_rest(decided, older)
    try:
        return join(older, newer)
    except Apart:
        return older if for_older else newer


def _with_rest(found: Raw, older: Raw) -> Raw:
    for key, value in older.items():
        if key not in found:
            found[key] = value
    return found


def unite_messages(older: Any, newer: Any) -> tuple[Any, bool]:
    """The fullest message of both, and whether their contents exclude each other.

    Then the newer content counts, and the older one stands under `older_content`.
    """
    if not (isinstance(older, dict) and isinstance(newer, dict)):
        return (newer if isinstance(newer, dict) or older is None else older), False
    if older == newer:
        return newer, False
    differs = False
    try:
        content = join(older.get("content"), newer.get("content"), text=True)
    except Apart:
        content, differs = newer["content"], True
    # A slim copy of a message never replaces what a full one says.
    for_older = not differs and _keys(older) > _keys(newer)
    united = decide(_but_content(older), _but_content(newer), for_older=for_older)
    if "content" in older or "content" in newer:
        united["content"] = content
    before = list(_older(older, newer, differs))
    if before:
        united[OLDER] = [each for each in before if each != content]
    return united, differs


def _but_content(message: Raw) -> Raw:
    return {key: value for key, value in message.items() if key not in ("content", OLDER)}


def _keys(message: Raw) -> int:
    metadata = message.get("metadata")
    return len(message) + (len(metadata) if isinstance(metadata, dict) else 0)


def _older(older: Raw, newer: Raw, differs: bool) -> Iterator[Any]:
    for message in (older, newer):
        kept = message.get(OLDER, [])
        yield from kept if isinstance(kept, list) else [kept]
    if differs:
        yield older["content"]
