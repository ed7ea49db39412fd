"""A JSON object as a raw conversation: it is read, whatever it holds, and what comes out is valid.

No word of it is lost, and each format renders it.
"""

from __future__ import annotations

import io
import json
import random
from datetime import UTC
from typing import Any

import orjson

from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import (
    Account,
    AssetInfo,
    ReadStats,
    read_conversation,
)
from gptexit.schemas import errors
from gptexit.text.json import dumps, loads_deep
from gptexit.writers.base import WriterSetting
from gptexit.writers.registry import FORMATS
from support.exports import leaves, messages
from support.faults.changes import VALUES
from support.faults.nodes import dumped, in_a_tree

FILES = {"file_0": AssetInfo("file_0.png", "a.png", "image/png", 3)}
ALL = {"branches": "all", "include": frozenset({"hidden", "reasoning", "tools"}), "timezone": UTC}
_TAKEN = {"all", "text"}
"""Words that stand for themselves in the neutral form: the recipient, the kind of a content."""


def check(data: bytes) -> None:
    """Raise AssertionError where a conversation is not read as it should be."""
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError:
        return
    if not isinstance(raw, dict):
        return
    said = {leaf for each in messages(raw) for leaf in leaves(each)}
    account = Account(lambda key: FILES.get(key, AssetInfo()))
    found = read_conversation(raw, account, ReadStats())
    value = loads_deep(dumps(found))
    wrong = list(errors("conversation", value))
    assert not wrong, wrong[:3]
    lost = said - set(leaves(value)) - _TAKEN
    assert not lost, list(lost)[:3]
    for format_ in FORMATS.values():
        target = format_.make(ALL, WriterSetting(Catalog(), lambda member: io.BytesIO(b"png")))
        written = list(target.render(found).files)
        end = target.finish()
        assert [*written, *end.files, *end.more]


def mutate(data: bytes, most: int, seed: int) -> bytes | None:
    """Another conversation like it; None where it is to be mutated as mere bytes."""
    rng = random.Random(seed)
    if rng.random() < 0.1:
        return None
    try:
        raw: Any = json.loads(data)
        for _ in range(rng.choice((1, 1, 2, 4))):
            if rng.random() < 0.3:
                in_a_tree([raw], rng)
            else:
                rng.choice(VALUES)(raw, rng)
    except (ValueError, RecursionError, IndexError):
        return None
    made = dumped(raw, rng) if isinstance(raw, dict) else b""
    return made if 0 < len(made) <= most else None
