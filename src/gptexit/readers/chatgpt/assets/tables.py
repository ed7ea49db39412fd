"""The two side files that name assets: `library_files.json`, `conversation_asset_file_names.json`.

Both are streamed, since their size is the account's, and read as far as they are well-formed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from gptexit.readers.chatgpt.assets.info import file_id
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.parsing import json_stream as rows

LIBRARY = "library_files.json"
NAMES = "conversation_asset_file_names.json"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

Complain = Callable[[Member, str], None]
"""Told of a member that could not be read, and why."""


@dataclass(slots=True)
class Tables:
    """The rows of both files. Memory follows their number."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Library rows by file id; the first of an id counts."""
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Library rows by the conversation that they come from."""
    names: dict[str, str] = field(default_factory=dict)
    """File id to the original name, or to the path that the asset had in older exports."""

    def read_library(self, member: Member, complain: Complain) -> None:
        """Add the rows of a `library_files.json`; of several exports, that of the newest first."""
        earlier = set(self.rows)
        for row in _streamed(member, rows.items, complain):
            if not isinstance(row, dict):
                continue
            key = row.get("file_id")
            if isinstance(key, str):
                self.rows.setdefault(file_id(key), row)
            thread = row.get("origination_thread_id")
            known = isinstance(key, str) and file_id(key) in earlier
            if isinstance(thread, str) and not known:
                self.threads.setdefault(thread, []).append(row)

    def read_names(self, member: Member, complain: Complain) -> None:
        """Add the entries of a `conversation_asset_file_names.json`; keys may lack `.dat`."""
        for key, value in _streamed(member, rows.pairs, complain):
            if isinstance(value, str) and value:
                self.names.setdefault(file_id(key.removesuffix(".dat")), value)


def _streamed(
    member: Member, way: Callable[[BinaryIO], Iterator[Any]], complain: Complain
) -> Iterator[Any]:
    """What stands in `member`, as far as it can be read."""
    try:
        with closing(member.open()) as stream:
            yield from way(stream)
    except rows.ERRORS as error:
        reason = rows.reason(error)
        complain(member, f"not readable to its end ({reason}); some names of files are missing")


def text(row: dict[str, Any], key: str) -> str | None:
    """A value that is a string with something in it, else None."""
    value = row.get(key)
    return value if isinstance(value, str) and value else None


def size(row: dict[str, Any]) -> int | None:
    """The bytes that a library row tells."""
    value = row.get("file_size_bytes")
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def sha256(row: dict[str, Any]) -> str | None:
    """The digest that a library row tells, as 64 hex digits."""
    value = text(row, "sha256_digest")
    return value.lower() if value and _SHA256.fullmatch(value) else None
