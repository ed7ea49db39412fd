"""Bytes as a JSON text: what the splitter gives is what is in it, or it tells of a loss.

The judge is the standard library's parser. The first byte chooses how many bytes are read at a
time, so that every part of a text comes to stand at the edge of the window.
"""

from __future__ import annotations

import io
import json
import math
import random
import re
from typing import Any

from gptexit.codes import Lost, Repair
from gptexit.readers.chatgpt.parsing import array_items as splitter
from gptexit.readers.chatgpt.parsing.array_items import NotAnArray, Split, split
from support.exports import mended
from support.faults import plain
from support.faults.changes import BYTES, VALUES
from support.faults.nodes import dumped

CHUNKS = (1, 2, 3, 5, 16, 64, 100, 1000, 1 << 20)


def check(data: bytes) -> None:
    """Raise AssertionError where something is lost in silence, or made up."""
    if not data:
        return
    text = data[1:]
    before = splitter.CHUNK
    splitter.CHUNK = CHUNKS[data[0] % len(CHUNKS)]
    try:
        found = [_split(text, careful) for careful in (False, True)]
    finally:
        splitter.CHUNK = before
    try:
        wanted = plain.read_json(text).items
    except plain.Unclear:
        for said, _ in found:
            assert said is None or said.troubles, "no plain reading is possible, and none is missed"
        return
    for said, items in found:
        assert said is not None, "an array that is not taken for one"
        # What stands behind the items is told too: a plain reading ends before it.
        lost = [trouble for trouble in said.troubles if trouble.why.code is not Lost.TEXT_BEHIND]
        assert len(items) + len(lost) == len(wanted), (len(items), said.troubles)
        if not said.troubles and not said.repairs[Repair.NOT_UTF8]:
            assert _same(items, wanted)


def _split(text: bytes, careful: bool) -> tuple[Split | None, list[Any]]:
    said = Split()
    try:
        return said, [item for _, item in split(io.BytesIO(text), said, careful)]
    except NotAnArray:
        return None, []


def _same(found: Any, wanted: Any) -> bool:
    """Whether a value is what the plain parser says, however deep it nests."""
    stack = [(found, wanted)]
    while stack:
        one, other = stack.pop()
        if other is plain.TOO_DEEP:
            continue
        if isinstance(other, dict):
            if not isinstance(one, dict):
                return False
            one = {_cleaned(key): value for key, value in one.items()}
            other = {_cleaned(key): value for key, value in other.items()}
            if one.keys() != other.keys():
                return False
            stack += [(value, other[key]) for key, value in one.items()]
        elif isinstance(other, list):
            if not isinstance(one, list) or len(one) != len(other):
                return False
            stack += zip(one, other, strict=True)
        elif _cleaned(one) != _cleaned(other):
            return False
    return True


def _cleaned(value: Any) -> Any:
    """A text or number as it has to come out; how many marks stand for odd bytes is no matter."""
    if isinstance(value, str):
        return re.sub("\ufffd+", "\ufffd", mended(value))
    return None if isinstance(value, float) and math.isinf(value) else value


def mutate(data: bytes, most: int, seed: int) -> bytes | None:
    """Another text like it; None where it is to be mutated as mere bytes."""
    rng = random.Random(seed)
    if rng.random() < 0.5 or not data:
        return None
    if rng.random() < 0.3:
        return rng.choice(BYTES)(data, rng)[:most]
    try:
        root = json.loads(data[1:])
        rng.choice(VALUES)(root, rng)
    except (ValueError, RecursionError, IndexError):
        return None
    made = data[:1] + dumped(root if isinstance(root, (list, dict)) else [root], rng)
    return made if len(made) <= most else None
