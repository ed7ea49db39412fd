"""`export_manifest.json`: which files an export should have, whoever has all its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import orjson

from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.parsing.weight import heavy

LARGEST = 32 << 20
"""Bytes of a manifest at most."""


def listed(member: Member) -> list[str]:
    """The paths that a manifest names, each once. Raises OSError or ValueError.

    Seen: `export_files: [{path}]` and `logical_files: {name: {files: [path]}}`, either of them
    empty or missing at times. The first part's manifest lists the files of all parts.
    """
    with closing(member.open()) as stream:
        data = whole(stream)
    if heavy(data) or len(data) > LARGEST:
        raise ValueError("too large")
    manifest = orjson.loads(data)
    return list(dict.fromkeys(_paths(manifest)))


def whole(stream: Any) -> bytes:
    """The bytes of a manifest, up to LARGEST of them. Raises OSError."""
    parts, count = [], 0
    while (part := stream.read(1 << 20)) and count <= LARGEST:
        parts.append(part)
        count += len(part)
    return b"".join(parts)


def _paths(manifest: Any) -> Iterator[str]:
    if not isinstance(manifest, dict):
        return
    files = manifest.get("export_files")
    for each in files if isinstance(files, list) else []:
        path = each.get("path") if isinstance(each, dict) else each
        if isinstance(path, str) and path:
            yield path
    logical = manifest.get("logical_files")
    for each in logical.values() if isinstance(logical, dict) else []:
        inner = each.get("files") if isinstance(each, dict) else None
        for path in inner if isinstance(inner, list) else []:
            if isinstance(path, str) and path:
                yield path


def absent(wanted: Iterable[str], members: Iterable[Member]) -> list[str]:
    """The paths of a manifest that no member has, below whatever folder."""
    bases = {member.base for member in members}
    return [path for path in wanted if path.replace("\\", "/").rsplit("/", 1)[-1] not in bases]
