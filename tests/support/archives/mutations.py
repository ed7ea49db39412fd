"""Faulty writers and damages by the hundred: `python tests/run_mutations.py` tries 20 places each.

One archive a format is made once; each fault is put into a copy in memory.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.archives import damage
from support.archives.damage import HOUSE, promise_anew
from support.archives.faulty import FAULTS
from support.archives.one_file import Fault
from support.exports import ROOT

SAMPLES = ("slim-2026", "fat-2024")


@dataclass(frozen=True)
class Kind:
    """One kind of fault in one format."""

    format: str
    name: str
    change: Fault
    agrees: bool
    """Whether the manifest agrees with it, so that only reading can find it."""


def _flipped_in(name: str) -> Fault:
    def fault(root: Path, rng: random.Random) -> bool:
        path = root / HOUSE / name
        data = bytearray(path.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        return True

    return fault


def _some(root: Path, rng: random.Random) -> Path:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and HOUSE not in path.parts]
    return rng.choice([path for path in files if path.stat().st_size])


def _gone(root: Path, rng: random.Random) -> bool:
    _some(root, rng).unlink()
    return True


def _zeroed(root: Path, rng: random.Random) -> bool:
    path = _some(root, rng)
    path.write_bytes(bytes(path.stat().st_size))
    return True


def _cut(root: Path, rng: random.Random) -> bool:
    path = _some(root, rng)
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])
    return True


def _flipped(root: Path, rng: random.Random) -> bool:
    return damage.flipped_bit(root, rng) is not None


def _lost_promise(root: Path, rng: random.Random) -> bool:
    return damage.lost_promise(root, rng) is not None


DAMAGES: dict[str, Fault] = {
    "file gone": _gone,
    "file zeroed": _zeroed,
    "file cut": _cut,
    "bit flipped": _flipped,
    "bit flipped in the record": _flipped_in("archive.json"),
    "bit flipped in the manifest": _flipped_in("manifest.jsonl"),
    "line of the manifest lost": _lost_promise,
}
KINDS = [
    Kind(name, kind, change, agrees)
    for name, faults in FAULTS.items()
    for kinds, agrees in ((faults, True), (DAMAGES, False))
    for kind, change in kinds.items()
]


@contextmanager
def archives(*, whole: bool = True) -> Iterator[list[tuple[Path, Path]]]:
    """Exports, and the folder of the archives in every format that was made of each.

    `whole`: with all their conversations but the longest, or the dozen with the most in them.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="gptexit-mutations-", dir=memory) as folder:
        made = []
        for name in SAMPLES:
            source, root = Path(folder) / f"{name}.zip", Path(folder) / name
            _smaller(ROOT / f"fixtures/{name}.zip", source, 999 if whole else 8)
            convert(source, root, list(FAULTS))
            made.append((source, root))
        yield made


_LARGEST = 20_000
"""Bytes of a conversation that is taken: long ones take long to verify, and add no kind."""


def _smaller(source: Path, target: Path, most: int) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            base = name.rpartition("/")[2]
            if base == "chat.html":
                continue
            if base.startswith("conversations") and base.endswith(".json"):
                items = json.loads(data)
                small = [item for item in items if len(json.dumps(item)) < _LARGEST]
                small.sort(key=lambda item: len(json.dumps(item)), reverse=True)
                data = json.dumps(small[:most]).encode()
            new.writestr(name, data)


def tried(kind: Kind, made: list[tuple[Path, Path]], places: int) -> tuple[int, list[str]]:
    """How many places a fault was put into, and which of them were not found out."""
    done, missed = 0, []
    for place in range(places):
        for number in range(len(made)):  # one sample after the other; where one has no such place
            source, root = made[(place + number) % len(made)]
            copy = root.with_name("copy")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(root / kind.format, copy)
            with damage.as_a_disk_does(copy):
                changed = kind.change(copy, random.Random(f"{kind.format} {kind.name} {place}"))
            if not changed:
                continue
            if kind.agrees:
                promise_anew(copy)
            done += 1
            with open_export([source], careful=True) as export:
                if not verify(copy, export).problems:
                    missed.append(f"{kind.format}: {kind.name}, place {place} of {source.stem}")
            break
    return done, missed
