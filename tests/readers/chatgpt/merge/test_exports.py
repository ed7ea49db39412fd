"""When an export was made."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gptexit.readers.chatgpt.containers.open import open_volumes
from gptexit.readers.chatgpt.merge.exports import ExportDate, made
from support.exports import ROOT
from support.packing import text_of, unpack, write, zip_of

LONG = "a1" * 32 + "-2026-08-31-10-20-30-" + "b2" * 16


def told(path: Path) -> ExportDate | None:
    return made(open_volumes([path], lambda: path.parent)[0])


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("classic-2023.zip", "2023-"),
        ("fat-2024.zip", "202"),
        ("sharded-2026.zip", "2026-"),
        ("dat-2026.zip", "2026-"),
        ("slim-2026.zip", "2026-"),
    ],
)
def test_every_fixture_tells(name: str, day: str) -> None:
    found = told(ROOT / "fixtures" / name)
    assert found is not None
    assert found.moment.isoformat().startswith(day)


def test_the_name_tells_first(tmp_path: Path) -> None:
    moment = datetime(2026, 8, 31, 10, 20, 30, tzinfo=UTC)
    named = write(tmp_path / f"{LONG}.zip", zip_of({"conversations.json": text_of("a")}))
    inside = write(tmp_path / "x.zip", zip_of({f"{LONG}/conversations.json": text_of("a")}))
    assert told(named) == told(inside) == ExportDate(moment, "name")


def test_then_the_request(tmp_path: Path) -> None:
    sites = b'{"artifacts":[],"requested_at":"2026-07-01T08:00:00+02:00"}'
    members = {"conversations.json": text_of("a"), "sites/export_manifest.json": sites}
    found = told(write(tmp_path / "x.zip", zip_of(members)))
    assert found == ExportDate(datetime(2026, 7, 1, 6, tzinfo=UTC), "request")


def test_then_the_dates_of_the_files(tmp_path: Path) -> None:
    folder = unpack(tmp_path / "x", {"conversations.json": text_of("a")})
    os.utime(folder / "conversations.json", (1_750_000_000, 1_750_000_000))
    assert told(folder) == ExportDate(datetime.fromtimestamp(1_750_000_000, UTC), "files")


def test_nothing_tells(tmp_path: Path) -> None:
    impossible = LONG.replace("08-31", "13-41")
    members = {
        f"{impossible}/conversations.json": text_of("a"),
        "sites/export_manifest.json": b"[]",
    }
    path = write(tmp_path / "x.zip", zip_of(members))
    data = path.read_bytes()
    # 0 in the date fields: the year 1980, the month 0.
    for mark, at in ((b"PK\x03\x04", 10), (b"PK\x01\x02", 12)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            data = data[: start + at] + b"\0\0\0\0" + data[start + at + 4 :]
            start += 4
    path.write_bytes(data)
    assert told(path) is None
