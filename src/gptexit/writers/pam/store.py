"""The memory as a Portable AI Memory store: `memory-store.json`, version 1.0.

A memory has the type `custom` (`saved_memory`): the format's own types are topics, and which one a
sentence has would be a guess. Custom instructions are `instruction` and `identity`. What was
forgotten is `retracted`, what was replaced `superseded`. Each has its conversation and message;
all further ones, and what is not certain, stand in its `metadata`. No confidence is given: none is
known. Field names and rules from the schema and the validator of the SDK 1.0.0 of PyPI (looked up
on 2026-11-25).
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
"""Of the ids of custom instructions and relations."""
_STATUS = {None: "active", "forgotten": "retracted", "replaced": "superseded"}


def memories(memory: Memory) -> list[Raw]:
    """Every memory object: what counts, what ended, and each version of the instructions."""
    entries = sorted((*memory.entries, *memory.ended), key=lambda each: each.dated)
    return [*map(_memory, entries), *_instructions(memory.versions)]


def relations(memory: Memory) -> list[Raw]:
    """Which memory took the place of which, and which may belong together."""
    by_id = {each.id: each for each in (*memory.entries, *memory.ended)}
    found = [
        _relation("supersedes", each.by_entry, each.id, each.by.time)
        for each in by_id.values()
        if each.ended and each.by_entry in by_id and each.by
    ]
    for each in by_id.values():
        for mark in each.marks:
            if mark.what in ("may repeat", "may replace", "may forget") and mark.other in by_id:
                found.append(_relation("related_to", each.id, mark.other, each.known_by))
    return list({each["id"]: each for each in found}.values())


def integrity(objects: list[Raw]) -> Raw:
    """The checksum over all memories in canonical JSON (RFC 8785).

    There is no fraction among their numbers and no key beyond ASCII, so sorted keys are enough.
    """
    data = orjson.dumps(sorted(objects, key=lambda each: each["id"]), option=orjson.OPT_SORT_KEYS)
    return {
        "canonicalization": "RFC8785",
        "checksum": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "total_memories": len(objects),
    }


def head(checksum: str, owner: str) -> Raw:
    """What stands before the memories. Nothing in it tells when it was made."""
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
    """The hash by which the format tells repeats: of the text but for case and white space."""
    words = unicodedata.normalize("NFC", text.strip().lower())
    words = re.sub(r"\s+", " ", words)
    return f"sha256:{hashlib.sha256(words.encode()).hexdigest()}"


def _memory(entry: MemoryEntry) -> Raw:
    first = next((each for each in entry.origins if each.conversation), entry.origins[0])
    created = first_of(min(entry.days, default=None), entry.known_by)
    last = max((each.time for each in entry.origins if each.time), default=None)
    temporal = {
        "created_at": created,
        "updated_at": later(last, created) if len(entry.origins) > 1 else None,
        "valid_until": later(entry.by.time, created) if entry.ended and entry.by else None,
        "superseded_by": entry.by_entry if entry.ended == "replaced" else None,
    }
    about = {
        "origins": [_origin(each) for each in entry.origins],
        "ended_by": _origin(entry.by) if entry.by else None,
        "marks": [known(asdict(each)) for each in entry.marks] or None,
        "time_unknown": created == UNKNOWN or None,
    }
    return _object(
        entry.id,
        ("custom", "saved_memory"),
        _STATUS[entry.ended],
        entry.text,
        temporal,
        first,
        about,
    )


def _instructions(versions: list[Version]) -> Iterable[Raw]:
    """Both halves of the versions, the last first: an older one was replaced by the next."""
    for field, kind in (("response", "instruction"), ("about", "identity")):
        told = [each for each in versions if getattr(each, field)]
        ids = [str(uuid.uuid5(_SPACE, f"{field}\n{getattr(each, field)}")) for each in told]
        last: dict[str, tuple[Version, str | None]] = {}
        for place, (version, name) in enumerate(zip(told, ids, strict=True)):
            last.setdefault(name, (version, ids[place - 1] if place else None))
        for name, (version, newer) in last.items():
            active = version is versions[0] or getattr(version, field) == getattr(
                versions[0], field
            )
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
            text = getattr(version, field)
            yield _object(name, (kind, None), status, text, temporal, version.first, about)


def _object(
    name: str,
    kind: tuple[str, str | None],
    status: str,
    text: str,
    temporal: Raw,
    origin: Origin,
    about: Raw,
) -> Raw:
    """As the SDK itself writes it back, with every default: the checksum is over that."""
    provenance = {
        "platform": PLATFORM,
        "conversation_ref": origin.conversation,
        "message_ref": origin.message,
        "extraction_method": "manual" if origin.how == "own list" else "api_export",
        "extractor": TOOL,
    }
    return known(
        {
            "id": name,
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
