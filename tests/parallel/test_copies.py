"""Two copies of a conversation in one export: file names do not tell how the run met them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gptexit.conversion import convert
from gptexit.writers.registry import FORMATS
from support.build import Raw, chain, conversation, message

pytestmark = pytest.mark.slow

NAMED = [name for name in FORMATS if name != "html"]  # pages get numbers: copies are counted first
COUNT = 40
PLACES = [(36, COUNT), (0, 1), (3, 20), (39, 0)]
"""Number of the conversation, and the place of its second copy."""


def talk(number: int, title: str, length: int, updated: float) -> Raw:
    """Return one that fills a good part of a worker's batch."""
    words = f"{number} " + "word " * 8_000
    turns = [message(("user", "assistant")[at % 2], f"{at} {words}") for at in range(length)]
    return conversation(chain(*turns), conversation_id=f"c{number}", title=title) | {
        "id": f"c{number}",
        "update_time": updated,
    }


def export(folder: Path, number: int, place: int) -> Path:
    talks = [talk(each, f"Title {each // 4}", 2, 1.7e9) for each in range(COUNT)]
    talks.insert(place, talk(number, "Another", 3, 1.8e9))
    path = folder / "conversations.json"
    path.write_text(json.dumps(talks))
    return path


def files(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "times.jsonl" and not path.is_relative_to(out / "html")
    }


@pytest.mark.parametrize(("number", "place"), PLACES)
def test_each_number_of_processes_names_files_alike(
    number: int, place: int, tmp_path: Path
) -> None:
    source = export(tmp_path, number, place)
    for jobs in (1, 2):
        convert(source, tmp_path / str(jobs), NAMED, jobs=jobs)
    convert(source, tmp_path / "counted", [*NAMED, "html"], jobs=1)
    found = files(tmp_path / "1")
    assert files(tmp_path / "2") == found
    assert files(tmp_path / "counted") == found
    [note] = [data for path, data in found.items() if path.endswith("-another.md")]
    assert b"# Another" in note
    assert f"2 {number} word".encode() in note
    assert sum(path.startswith("markdown/2") for path in found) == COUNT


@pytest.mark.parametrize("stop", [5, 38, 44, 79])
def test_a_run_that_was_ended_leaves_no_name_behind(stop: int, tmp_path: Path) -> None:
    source = export(tmp_path, 36, COUNT)
    convert(source, tmp_path / "calm", NAMED)
    met = 0

    def progress(conversations: int, bytes_read: int) -> None:
        nonlocal met
        met += 1
        if met == stop:
            raise OSError("the disk is full")

    out = tmp_path / "out"
    with pytest.raises(OSError, match="disk is full"):
        convert(source, out, NAMED, progress=progress)
    convert(source, out, NAMED)
    assert files(out) == files(tmp_path / "calm")
