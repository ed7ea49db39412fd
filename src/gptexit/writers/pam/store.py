"""The memory as a Portable AI Memory store: `memory-store.json`, version 1.0.

A memory has the type `custom` (`saved_memory`): the format's own types are topics, and the topic of
a sentence would be a guess. Custom instructions are `instruction` and `identity`. A forgotten
memory is `retracted`, a replaced one `superseded`. Each has its conversation and message; further
ones, and doubts, are in its `metadata`. There is no confidence: it is unknown. Field names and
rules are those of the schema and the validator of the SDK 1.0.0 on PyPI (looked up on 2026-11-25).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import asdict

import orjson

from gptexit.memories.model import Memory, MemoryEntry, Origin, Version
from gptexit.model import Raw
from gptexit.writers.pam.conversation import (
    PLATFORM,
    TOOL,
    UNKNOWN,
    VERSION,
    exact,
    first_of,
    known,
    later,
)

_SPACE = uuid.UUID("5b0a7c44-8a41-5d52-9d0e-2f6f9c4d1b18")
"""The namespace of the ids of custom instructions and relations."""
_STATUS = {None: "active", "forgotten": "retracted", "replaced": "superseded"}


def memories(memory: Memory) -> list[Raw]:
    """Return all memory objects: valid ones, ended ones, and each version of the instructions."""
    entries = sorted((*memory.entries, *memory.ended), key=lambda entry: entry.dated)
    return [*map(_memory, entries), *_instructions(memory.versions)]


def relations(memory: Memory) -> list[Raw]:
    """Return which memory replaced which, and which may belong together."""
    by_id = {entry.id: entry for entry in (*memory.entries, *memory.ended)}
    all_of_them = [
        _relation("supersedes", entry.by_entry, entry.id, entry.by.time)
        for entry in by_id.values()
        if entry.ended and entry.by_entry in by_id and entry.by
    ] + [
        _relation("related_to", entry.id, mark.other, entry.known_by)
        for entry in by_id.values()
        for mark in entry.marks
        if mark.what in ("may repeat", "may replace", "may forget") and mark.other in by_id
    ]
    return list({relation["id"]: relation for relation in all_of_them}.values())


def integrity(objects: list[Raw]) -> Raw:
    """Return the checksum over all memories in canonical JSON (RFC 8785).

    They have no fractions and no keys beyond ASCII, so sorted keys are enough.
    """
    rows = sorted(objects, key=lambda memory: memory["id"])
    data = orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)
    return {
        "canonicalization": "RFC8785",
        "checksum": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "total_memories": len(objects),
    }


def head(checksum: str, owner: str) -> Raw:
    """Return the fields before the memories. They have no time: equal memories give equal bytes."""
    return {
        "schema": "portable-ai-memory",
        "schema_version": VERSION,
        "spec_uri": "https://portable-ai-memory.org/spec/v1.0",
        "export_id": str(uuid.uuid5(_SPACE, checksum)),
        "exported_by": TOOL,
        "owner": {"id": owner},
        "export_type": "full",
    }


def content_hash(text: str) -> str:
    """Return the format's hash for repeats: of the text without case and white space."""
    words = unicodedata.normalize("NFC", text.strip().lower())
    words = re.sub(r"\s+", " ", words)
    return f"sha256:{hashlib.sha256(words.encode()).hexdigest()}"


def _memory(entry: MemoryEntry) -> Raw:
    first = next((origin for origin in entry.origins if origin.conversation), entry.origins[0])
    created = first_of(min(entry.days, default=None), entry.known_by)
    last = max((origin.time for origin in entry.origins if origin.time), default=None)
    temporal = {
        "created_at": created,
        "updated_at": later(last, created) if len(entry.origins) > 1 else None,
        "valid_until": later(entry.by.time, created) if entry.ended and entry.by else None,
        "superseded_by": entry.by_entry if entry.ended == "replaced" else None,
    }
    about = {
        "origins": [_origin(origin) for origin in entry.origins],
        "ended_by": _origin(entry.by) if entry.by else None,
        "marks": [known(asdict(mark)) for mark in entry.marks] or None,
        "time_unknown": created == UNKNOWN or None,
    }
    kind, status = ("custom", "saved_memory"), _STATUS[entry.ended]
    return _object(entry.id, kind, status, entry.text, temporal, first, about)


def _instructions(versions: list[Version]) -> Iterable[Raw]:
    """Make objects of both halves of `versions`, the last first: each was replaced by the next."""
    for field, kind in (("response", "instruction"), ("about", "identity")):
        last: dict[str, tuple[Version, str, str | None]] = {}
        newer = None
        for version in versions:
            if text := getattr(version, field):
                own_id = str(uuid.uuid5(_SPACE, f"{field}\n{text}"))
                last.setdefault(own_id, (version, text, newer))
                newer = own_id
        for own_id, (version, text, newer) in last.items():
            active = text == getattr(versions[0], field)
            status = "active" if active else "superseded" if newer else "archived"
            created = first_of(version.first.time)
            temporal = {
                "created_at": created,
                "updated_at": later(version.last.time, created),
                "superseded_by": None if active else newer,
            }
            about = {
                "custom_instructions": field,
                "origins": [_origin(version.first), _origin(version.last)],
            }
            yield _object(own_id, (kind, None), status, text, temporal, version.first, about)


def _object(
    own_id: str,
    kind: tuple[str, str | None],
    status: str,
    text: str,
    temporal: Raw,
    origin: Origin,
    about: Raw,
) -> Raw:
    """Make a memory as the SDK writes it, with every default: the checksum is over that form."""
    provenance = {
        "platform": PLATFORM,
        "conversation_ref": origin.conversation,
        "message_ref": origin.message,
        "extraction_method": "manual" if origin.how == "own list" else "api_export",
        "extractor": TOOL,
    }
    return known(
        {
            "id": own_id,
            "type": kind[0],
            "custom_type": kind[1],
            "status": status,
            "content": text,
            "content_hash": content_hash(text),
            "tags": [],
            "temporal": known(temporal),
            "provenance": known(provenance),
            "metadata": known(about),
        }
    )


def _origin(origin: Origin) -> Raw:
    return known({**asdict(origin), "text": origin.text or None})


def _relation(kind: str, one: str | None, other: str, time: str | None) -> Raw:
    return {
        "id": str(uuid.uuid5(_SPACE, f"{kind}\n{one}\n{other}")),
        "from": one,
        "to": other,
        "type": kind,
        "created_at": exact(time) or UNKNOWN,
    }
