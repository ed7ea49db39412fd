"""One measured piece of work, in a process of its own: `python benchmarks/work.py PIECE ZIP`.

Prints the seconds that the piece took, start-up and imports not counted.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import ijson
import orjson

from gptexit.files.background import collector_off
from gptexit.inspection.run import inspect
from gptexit.readers.chatgpt.export_set import open_export

CHUNK = 1 << 20


def members(path: Path) -> Iterator[tuple[zipfile.ZipFile, str]]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            base = name.rpartition("/")[2]
            if base.startswith("conversations") and base.endswith(".json"):
                yield archive, name


def ends(path: Path) -> dict[str, list[int]]:
    """Where each conversation ends in each member; worked out once and kept beside the ZIP."""
    kept = path.with_suffix(".ends.json")
    if not kept.exists():
        found: dict[str, list[int]] = {}
        for archive, name in members(path):
            offsets = found[name] = []
            with archive.open(name) as stream:
                for event_offset in _ends_of(stream.read()):
                    offsets.append(event_offset)
        kept.write_bytes(orjson.dumps(found))
    return orjson.loads(kept.read_bytes())


def _ends_of(data: bytes) -> Iterator[int]:
    decoder = json.JSONDecoder()
    text = data.decode("latin-1")  # one character a byte: its positions are byte offsets
    at = text.index("{")
    while at >= 0:
        _, at = decoder.raw_decode(text, at)
        yield at
        at = text.find("{", at)


def floor(path: Path) -> int:
    """Decompress, and parse each conversation where it is known to end: nobody can do less."""
    count = 0
    boundaries = ends(path)
    started = time.perf_counter()
    with collector_off():
        for archive, name in members(path):
            with archive.open(name) as stream:
                held, base, start = b"", 0, 0
                for end in boundaries[name]:
                    while base + len(held) < end:
                        held, base = held[max(0, start - base) :], max(base, start)
                        more = [held]
                        wanted = end - base - len(held)
                        while wanted > 0:
                            more.append(stream.read(CHUNK))
                            wanted -= len(more[-1])
                        held = b"".join(more)
                    begin = held.index(b"{", start - base)
                    orjson.loads(memoryview(held)[begin : end - base])
                    start = end
                    count += 1
    return _done(started, count)


def read(path: Path) -> int:
    """gptexit's reading: split and parsed, nothing else."""
    started = time.perf_counter()
    with collector_off(), open_export([path]) as export:
        count = sum(1 for _ in export.conversations())
    return _done(started, count)


def inspection(path: Path) -> int:
    """gptexit's inspection: reading, and what it says of an export."""
    started = time.perf_counter()
    with open_export([path]) as export:
        count = inspect(export).as_json()["conversations"]["total"]
    return _done(started, count)


def ijson_items(path: Path) -> int:
    count = 0
    started = time.perf_counter()
    for archive, name in members(path):
        with archive.open(name) as stream:
            count += sum(1 for _ in ijson.items(stream, "item"))
    return _done(started, count)


def json_load(path: Path) -> int:
    count = 0
    started = time.perf_counter()
    for archive, name in members(path):
        with archive.open(name) as stream:
            count += len(json.load(stream))
    return _done(started, count)


def _done(started: float, count: int) -> int:
    print(time.perf_counter() - started)
    return count


PIECES: dict[str, Callable[[Path], int]] = {
    "floor": floor,
    "read": read,
    "inspect": inspection,
    "ijson.items": ijson_items,
    "json.load": json_load,
}


if __name__ == "__main__":
    gc.collect()
    PIECES[sys.argv[1]](Path(sys.argv[2]))
