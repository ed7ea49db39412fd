# ruff: noqa: E501 - an expression is easier to read in one line
"""Convert an export full of planted secrets, and find what is left of them in any byte."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gptexit.conversion import convert
from gptexit.writers.base import Options
from support import surroundings

PACKS = ("claude", "gemini", "jsonl")
JUDGE = re.compile(
    "sk-" + r"(?:ant|proj|or)-[\w-]{20}|AK" + r"IA[A-Z2-7]{16}|gh" + r"[opsur]_\w{36}|AI" + r"za[\w-]{35}"
    r"|hf" + r"_[A-Za-z]{34}|gl" + r"(?:pat|rt)-[\w-]{20}|xo" + r"x[bp]-\d{6}|[rs]k_" + r"live_\w{20}|np"
    + r"m_\w{36}|dop_" + r"v1_\w{60}|SG" + r"\.[\w-]{22}\.|eyJ[\w-]{20,}\.eyJ[\w-]{10,}\.[\w-]{20}"
)  # fmt: skip
"""A judge that knows nothing of the detectors: a dozen prefixes that everybody knows."""
JUDGE_BYTES = re.compile(JUDGE.pattern.encode())


def every_byte(folder: Any) -> Iterator[Any]:
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            yield path.name.encode()
            yield path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as inner:
                    for name in inner.namelist():
                        yield name.encode()
                        yield inner.read(name)


def leaks(cells: Any, folder: Any, formats: Any) -> Any:
    talks, files = surroundings.export(cells)
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("conversations.json", json.dumps(talks))
        for name, data in files.items():
            out.writestr(name, data)
    planted = [json.dumps(talks).encode(), *files.values(), *(name.encode() for name in files)]
    assert len(surroundings.remaining(cells, planted)) > 0.99 * len(cells)
    convert(path, folder / "out", formats, options=Options(redact="secrets"))
    written = list(every_byte(folder / "out"))
    judged = {found.decode() for data in written for found in JUDGE_BYTES.findall(data)}
    return surroundings.remaining(cells, written), judged
