"""Writes `fuzz/corpus`, where fuzzing begins: small pieces of the sample exports.

python fuzz/corpus.py
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.exports import FIXTURES, leaves, raw_conversations  # noqa: E402
from support.faults.bases import Packed  # noqa: E402
from support.faults.case import zipped  # noqa: E402

LARGEST = 1900
"""Bytes of a file at most."""
MOST = 8
"""Files for a target and sample at most."""


def _small(path: Path) -> list[dict[str, Any]]:
    """Conversations, cut to their first messages."""
    found = []
    for raw in raw_conversations(path).values():
        mapping = raw.get("mapping")
        for count in (8, 5, 3, 2):
            nodes = dict(list(mapping.items())[:count]) if isinstance(mapping, dict) else mapping
            cut = {**raw, "mapping": nodes}
            if len(json.dumps(cut)) < LARGEST - 100:
                found.append(cut)
                break
    return found[:: max(1, len(found) // MOST)][:MOST]


def container(path: Path) -> Iterator[bytes]:
    small = _small(path)[:3]
    for raw in small:
        text = json.dumps([raw]).encode()
        members = [Packed("conversations.json", text), Packed("file_0.png", b"\x89PNG\r\n\x1a\n")]
        members.append(Packed("export_manifest.json", b'{"export_files":[{"path":"file_0.png"}]}'))
        yield b"\0" + zipped(members, None)
        yield b"\1" + text
        yield b"\2<script>\nvar jsonData = " + text + b';\nvar assetsJson = {"a": "b"};'
        yield b"\3" + text
    halves = [json.dumps(small[:1]).encode(), json.dumps(small[1:2]).encode()]
    names = ("x/conversations-000.json", "x/conversations-001.json")
    shards = [Packed(*each) for each in zip(names, halves, strict=False)]
    yield b"\0" + zipped([*shards, Packed("x/library_files.json", b'[{"file_id":"file-a"}]')], None)


def splitter(path: Path) -> Iterator[bytes]:
    small = _small(path)
    for number, raw in enumerate(small):
        yield bytes([number % 9]) + json.dumps([{"mapping": {}}, raw]).encode()
    yield bytes([3]) + json.dumps({"conversations": [{"mapping": {}}, 7, None, "x"]}).encode()


def reader(path: Path) -> Iterator[bytes]:
    for raw in _small(path):
        yield json.dumps(raw).encode()


def markdown(path: Path) -> Iterator[bytes]:
    raws = raw_conversations(path).values()
    texts = sorted({leaf for raw in raws for leaf in leaves(raw) if "\n" in leaf}, key=len)
    for number, text in enumerate(texts[:: max(1, len(texts) // MOST)]):
        yield bytes([number % 15]) + text.encode("utf-8", "replace")


def main() -> None:
    folder = ROOT / "fuzz/corpus"
    shutil.rmtree(folder, ignore_errors=True)
    for make in (container, splitter, reader, markdown):
        (folder / make.__name__).mkdir(parents=True)
        for path in FIXTURES:
            for number, data in enumerate(make(path)):
                if len(data) <= LARGEST:
                    (folder / make.__name__ / f"{path.stem}-{number:02}").write_bytes(data)


if __name__ == "__main__":
    main()
