"""Where the notes of conversations are, if a Markdown archive stands beside the database."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import orjson

from gptexit.files.disk import leads_out, open_plain

_ARCHIVES = (".", "../markdown", "..", "markdown")
"""Where a Markdown archive stands, as seen from the database's folder."""
_MANIFEST = ".gptexit/manifest.jsonl"
_KIND = "conversation/"


def notes_of(database: Path, keys: Collection[str]) -> dict[str, Path]:
    """The note of each of those conversations that has one."""
    found: dict[str, Path] = {}
    wanted = {_KIND + key for key in keys}
    for place in _ARCHIVES:
        archive = database.parent / place
        try:
            for key, path in _listed(archive / _MANIFEST, wanted):
                note = archive / path
                if note.suffix == ".md" and note.is_file():
                    found.setdefault(key.removeprefix(_KIND), _short(note))
        except OSError:
            continue
    return found


def _listed(manifest: Path, wanted: set[str]) -> list[tuple[str, str]]:
    """Key and path of the lines of a manifest with one of the wanted keys. Raises OSError."""
    found = []
    with open_plain(manifest) as lines:
        for line in lines:
            if _KIND.encode() not in line:
                continue
            try:
                entry = orjson.loads(line)
                key, path = entry["key"], entry["path"]
                known = key in wanted
            except (ValueError, TypeError, KeyError):
                continue
            if known and isinstance(path, str) and not leads_out(path):
                found.append((key, path))
    return found


def _short(note: Path) -> Path:
    """The path as a person would write it, without `sqlite/../`."""
    parts: list[str] = []
    for part in note.parts:
        if part == ".." and parts and parts[-1] not in ("..", "/"):
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
