"""Which conversations are left out, and that verifying knows it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.pipeline import conversations
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.selection import Exclusion, Selection
from gptexit.source import open_source
from support.build import chain, conversation, message

MARCH = 1_709_300_000.0  # 2024-03-01
MAY = 1_715_000_000.0


def talk(key: str, title: str, text: str, when: float, **rest: str) -> dict[str, Any]:
    return conversation(
        chain(message("user", text, create_time=when), message("assistant", "Yes.")),
        conversation_id=key,
        title=title,
        create_time=when,
        update_time=when,
        **rest,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "export.zip"
    talks = [
        talk("one", "Divorce papers", "Where do I sign?", MAY),
        talk("two", "Dinner", "What to cook on the day of the DIVORCE hearing?", MAY),
        talk("three", "Old", "In spring.", MARCH),
        talk("four", "Work", "Quarterly figures.", MAY, gizmo_id="g-p-1234567890abcdef"),
        talk("five", "Kept", "How do bees see?", MAY),
    ]
    for each in talks:
        each["mapping"]["m2"]["message"]["create_time"] = each["create_time"]
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("conversations.json", json.dumps(talks))
    return path


def run(source: Path, out: Path, *options: str) -> tuple[dict[str, int], str]:
    report = out / "report.json"
    words = [str(source), "-o", str(out / "archive"), "--timezone", "UTC", "--report", str(report)]
    done = CliRunner().invoke(main, ["convert", *words, *options])
    assert done.exit_code == 0, done.output
    return json.loads(report.read_text())["selected"]["left_out"], done.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        (["title=divorce"], {"--exclude title": 1}),
        (["text=divorce hearing"], {"--exclude text": 1}),
        (["title=divorce", "text=divorce"], {"--exclude text": 1, "--exclude title": 1}),
        (["project=g-p-1234567890abcdef"], {"--exclude project": 1}),
        (["date=2024-03"], {"--exclude date": 1}),
        (["date=2024-03-01..2024-03-01"], {"--exclude date": 1}),
        (["date=2024-02-01..2024-02-29"], {}),
        (["date=2024-05"], {"--exclude date": 4}),
        (["id=one", "id=five"], {"--exclude id": 2}),
    ],
)
def test_each_is_counted_by_its_reason_and_verify_knows_it(
    source: Path, tmp_path: Path, options: list[str], left_out: dict[str, int]
) -> None:
    words = [word for option in options for word in ("--exclude", option)]
    counted, said = run(source, tmp_path, *words)
    assert counted == left_out
    for reason in left_out:
        assert f"by {reason}" in said
    with open_export([source], careful=True) as export:
        result = verify(tmp_path / "archive", export)
    assert result.verdict == "complete"
    assert result.archives[0].left_out == sum(left_out.values())


def test_what_is_missing_without_having_been_excluded_is_missed(
    source: Path, tmp_path: Path
) -> None:
    convert(source, tmp_path, selection=Selection(exclude=Exclusion(titles=frozenset({"dinner"}))))
    record = tmp_path / ".gptexit/archive.json"
    told = json.loads(record.read_text())
    assert told["selection"] == {"exclude": {"titles": ["dinner"]}}
    told["selection"]["exclude"]["titles"] = ["supper"]
    record.write_text(json.dumps(told))
    with open_export([source], careful=True) as export:
        assert verify(tmp_path, export).verdict == "not complete"


@pytest.mark.parametrize("wrong", ["divorce", "author=me", "title=", "date=soon"])
def test_what_is_no_exclusion_is_refused(source: Path, tmp_path: Path, wrong: str) -> None:
    done = CliRunner().invoke(
        main, ["convert", str(source), "-o", str(tmp_path), "--exclude", wrong]
    )
    assert done.exit_code == 2
    assert "--exclude" in done.output
    assert not list(tmp_path.iterdir())


def test_a_word_in_another_branch_counts(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    raw = talk("one", "A", "Hello", MAY)
    raw["mapping"]["m1"]["children"].append("m9")
    other = {"id": "m9", **message("assistant", "About the divorce.")}
    raw["mapping"]["m9"] = {"id": "m9", "message": other, "parent": "m1", "children": []}
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("conversations.json", json.dumps([raw, talk("two", "B", "Bye", MAY)]))
    assert run(path, tmp_path, "--exclude", "text=divorce")[0] == {"--exclude text": 1}


def test_the_first_second_of_a_day_belongs_to_it(source: Path) -> None:
    with open_source([source]) as export:
        first, *_ = conversations(export)
    each: Any = {
        **first,
        "created": "2024-05-01T00:00:00.250000Z",
        "updated": "2024-05-01T00:00:00.25Z",
    }
    assert Selection(since="2024-05-01T00:00:00Z").leaves_out(each) is None
    assert Selection(until="2024-05-01T00:00:00Z").leaves_out(each) == "--until"
