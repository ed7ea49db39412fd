"""The sample exports as the faults find them: whole, and small enough to be read ever again.

A sample that lacks something by intention ends with exit code 1 before any fault, and a loss more
would not show. So what it lacks is taken out of its own list here, and what is no conversation out
of its arrays. Long conversations are cut.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import cache
from typing import Any

from support.exports import FIXTURES

NAMES = [path.stem for path in FIXTURES]
NODES = 60
"""Nodes of a conversation at most."""


@dataclass(slots=True)
class Packed:
    """A member as it will be packed."""

    name: str
    data: bytes


@cache
def _base(name: str) -> tuple[tuple[str, bytes], ...]:
    path = next(path for path in FIXTURES if path.stem == name)
    with zipfile.ZipFile(path) as archive:
        found = [(name, archive.read(name)) for name in archive.namelist()]
    bases = {name.rsplit("/", 1)[-1] for name, _ in found}
    return tuple((name, _whole(name.rsplit("/", 1)[-1], data, bases)) for name, data in found)


def base(name: str) -> list[Packed]:
    """The members of a sample, for the caller to change."""
    return [Packed(*member) for member in _base(name)]


def _whole(base: str, data: bytes, bases: set[str]) -> bytes:
    if base == "export_manifest.json":
        manifest = json.loads(data)
        if "export_files" in manifest:
            rows = manifest["export_files"]
            manifest["export_files"] = [row for row in rows if row["path"] in bases]
            return json.dumps(manifest).encode()
    if base.startswith("conversations") and base.endswith(".json"):
        items = json.loads(data)
        kept = [item for item in items if isinstance(item, dict)]
        if kept != items or any(_is_long(item) for item in kept):
            return json.dumps([_cut(item) for item in kept]).encode()
    return data


def _is_long(raw: dict[str, Any]) -> bool:
    return len(raw.get("mapping") or ()) > NODES


def _cut(raw: dict[str, Any]) -> dict[str, Any]:
    if not _is_long(raw):
        return raw
    nodes = dict(list(raw["mapping"].items())[:NODES])
    for node in nodes.values():
        if "children" in node:
            node["children"] = [child for child in node["children"] if child in nodes]
    leaf = next(reversed(nodes))
    return {**raw, "mapping": nodes, "current_node": leaf}
