"""Bytes as an export: a ZIP, a conversations.json, a chat.html, or what comes through a pipe.

Whatever is in it is given, or told as a loss, or refused with one sentence; nothing else is raised.
"""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from gptexit.errors import NotAnExport
from gptexit.readers.chatgpt.export_set import AnotherCopy, ExportSet, open_export
from support.faults import plain
from support.faults.bases import Packed
from support.faults.case import zipped
from support.faults.changes import BYTES, MEMBERS, VALUES
from support.faults.nodes import dumped
from support.faults.ride import a_house

KINDS = ("export.zip", "conversations.json", "chat.html", "-")
_ITEM = re.compile(r"where a conversation should be|cannot be read as JSON|larger than")


def check(data: bytes) -> None:
    """Raise AssertionError where something is lost in silence."""
    if not data:
        return
    with a_house() as folder:
        _check(KINDS[data[0] % len(KINDS)], data[1:], folder)


def _check(name: str, data: bytes, folder: Path) -> None:
    source: str | Path = name
    if name != "-":
        source = folder / name
        source.write_bytes(data)
    try:
        with open_export([source], io.BytesIO(data)) as export:
            count = _read(export)
            _look_around(export)
    except NotAnExport as error:
        sentence = str(error)
        assert sentence.endswith(".") and "\n" not in sentence, sentence
        return
    if name != "chat.html":
        _summed(name, data, export, count)


def _read(export: ExportSet) -> int:
    try:
        return sum(isinstance(raw, dict) for _, raw in export.conversations())
    except AnotherCopy:
        export.settle()
        return sum(isinstance(raw, dict) for _, raw in export.conversations())


def _look_around(export: ExportSet) -> None:
    for name in list(export.files.assets())[:50]:
        assert export.size(name) >= 0
        with suppress(OSError), export.open(name) as stream:
            stream.read(10_000_000)
    for name in [*export.files.side_files(), "message_feedback.json"]:
        stream = export.files.side_file(name)
        if stream:
            with suppress(OSError), stream:
                stream.read(10_000_000)
    export.lookup("file-abc")
    export.library("abc")
    export.hash_members()
    list(export.inventory())


def _summed(name: str, data: bytes, export: ExportSet, count: int) -> None:
    try:
        found = plain.read_zip(data) if name == "export.zip" else plain.read_json(data)
    except plain.Unclear as error:
        assert export.losses, f"no plain reading ({error}), and nothing is told"
        return
    assert export.losses or not found.told
    lost = [
        loss
        for loss in export.losses
        if _ITEM.search(loss.reason)
        and not any(f": {path}, byte" in loss.where for path in found.unclear)
    ]
    out = count + export.duplicates + len(lost)
    # What a plain reading cannot read may have been read as far as it goes.
    assert len(found.items) == out or (found.unclear and len(found.items) < out), (found, out)


def mutate(data: bytes, most: int, seed: int) -> bytes | None:
    """Another export like it; None where it is to be mutated as mere bytes."""
    rng = random.Random(seed)
    if rng.random() < 0.4 or not data:
        return None
    if rng.random() < 0.2:
        return rng.choice(BYTES)(data, rng)[:most]
    with suppress(Exception):  # no ZIP, or none that can be read
        with zipfile.ZipFile(io.BytesIO(data[1:])) as archive:
            members = [Packed(each, archive.read(each)) for each in archive.namelist()]
        _change(members, rng)
        made = data[:1] + zipped(members, rng)
        return made if len(made) <= most else None
    return None


def _change(members: list[Packed], rng: random.Random) -> None:
    if rng.random() < 0.4:
        rng.choice(MEMBERS)(members, rng)
        return
    member = rng.choice(members)
    if rng.random() < 0.5:
        member.data = rng.choice(BYTES)(member.data, rng)
    else:
        root: Any = json.loads(member.data)
        rng.choice(VALUES)(root, rng)
        member.data = dumped(root, rng)
