# ruff: noqa: E501 - expressions and samples are easier to read in one line
"""Every kind of secret in every surrounding: a sample of the matrix; `make secrets` tries it all."""

import json
import re
import zipfile
from pathlib import Path

import pytest

import surroundings
from gptexit.conversion import convert
from gptexit.redact.detect import secrets
from gptexit.writers.base import Options

PACKS = ("claude", "gemini", "jsonl")
EACH = 37
"""One cell of so many is tried here; it shares no factor with the number of kinds."""
JUDGE = re.compile(
    "sk-" + r"(?:ant|proj|or)-[\w-]{20}|AK" + r"IA[A-Z2-7]{16}|gh" + r"[opsur]_\w{36}|AI" + r"za[\w-]{35}"
    r"|hf" + r"_[A-Za-z]{34}|gl" + r"(?:pat|rt)-[\w-]{20}|xo" + r"x[bp]-\d{6}|[rs]k_" + r"live_\w{20}|np"
    + r"m_\w{36}|dop_" + r"v1_\w{60}|SG" + r"\.[\w-]{22}\.|eyJ[\w-]{20,}\.eyJ[\w-]{10,}\.[\w-]{20}"
)  # fmt: skip
"""A judge that knows nothing of the detectors: a dozen prefixes that everybody knows."""


def every_byte(folder):
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            yield path.name.encode()
            yield path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as inner:
                    for name in inner.namelist():
                        yield name.encode()
                        yield inner.read(name)


def leaks(cells, folder, formats):
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


JUDGE_BYTES = re.compile(JUDGE.pattern.encode())


def test_no_secret_of_a_sample_is_in_any_byte_of_a_pack(tmp_path):
    cells = list(surroundings.matrix())[::EACH]
    left, judged = leaks(cells, tmp_path, PACKS)
    assert [(cell.core.kind, cell.surrounding, cell.place) for cell in left] == []
    assert judged == set()


def test_there_are_at_least_64_kinds_and_20_surroundings():
    assert surroundings.NUMBER >= 64
    assert len(surroundings.SURROUNDINGS) >= 20


ESCAPED = "-----BEGIN " + "PRIVATE KEY-----{n}{lines}{n}-----END " + "PRIVATE KEY-----{n}"


@pytest.mark.parametrize("escape", ["\n", "\\n", "\\\\n", "\\r\\n", "\n> "])
def test_a_private_key_however_its_line_breaks_are_written(escape):
    lines = surroundings.Seeds(5).key_lines()
    text = '{"private_key": "' + ESCAPED.format(n=escape, lines=lines.replace("\n", escape)) + '"}'
    found = secrets(text)
    assert all(
        any(span.start <= text.index(line) and text.index(line) + 64 <= span.end for span in found)
        for line in lines.split("\n")
    )
