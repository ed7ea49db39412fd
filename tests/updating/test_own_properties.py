"""A note of which a person changed only the front matter is renewed in its place, with that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gptexit.conversion import convert
from support.build import chain, conversation, message
from support.killing import killed_before_rename

NOTE = "2025/2025-02-19-a-title.md"
OBSIDIAN = """---
title: A title
id: c0ffee00-0000-4000-8000-000000000001
created: 2025-02-19T21:20:00Z
updated: 2025-02-19T21:21:40Z
url: https://chatgpt.com/c/c0ffee00-0000-4000-8000-000000000001
source: https://chatgpt.com/c/c0ffee00-0000-4000-8000-000000000001
messages: 2
tags:
  - pottery
  - chatgpt
aliases:
  - Kiln
---
"""


def export(root: Path, *more: str, title: str = "A title") -> Path:
    said = [
        message("user", "Hi"),
        message("assistant", "Hello"),
        *(message("user", m) for m in more),
    ]
    raw = conversation(chain(*said), update_time=1_740_000_100 + len(more), title=title)
    source = root.parent / "conversations.json"
    source.write_text(json.dumps([raw]), encoding="utf-8")
    return source


def run(root: Path, *more: str, title: str = "A title") -> dict[str, object]:
    source = export(root, *more, title=title)
    target: dict[str, object] = convert(source, root)["targets"][0]
    return target


def notes(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.md"))


@pytest.fixture
def note(tmp_path: Path) -> Path:
    run(tmp_path / "out")
    return tmp_path / "out" / NOTE


def front_and_body(note: Path) -> tuple[dict[str, object], str]:
    front, _, body = note.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
    return yaml.load(front, yaml.BaseLoader), body


def test_what_obsidian_made_of_the_front_matter_is_kept(note: Path) -> None:
    root = note.parents[1]
    _, body = front_and_body(note)
    note.write_text(OBSIDIAN + body, encoding="utf-8")
    assert run(root)["files_written"] == 0
    target = run(root, "More")
    assert target["edited"] == []
    front, body = front_and_body(note)
    assert front["tags"] == ["pottery", "chatgpt"]
    assert front["aliases"] == ["Kiln"]
    assert front["messages"] == "3"
    assert "More" in body
    assert run(root, "More")["files_written"] == 0
    run(root, "More", "and more", title="Renamed")
    front, body = front_and_body(note)
    assert (front["title"], front["messages"], front["tags"]) == (
        "Renamed",
        "4",
        ["pottery", "chatgpt"],
    )
    assert notes(root) == [NOTE, "index.md"]


def test_a_title_of_the_users_stays(note: Path) -> None:
    root = note.parents[1]
    note.write_text(note.read_text().replace("title: A title", "title: Mine", 1))
    run(root, "More", title="Renamed")
    front, body = front_and_body(note)
    assert front["title"] == "Mine"
    assert body.startswith("\n# Renamed\n")


def test_a_word_in_the_text_is_an_edit_as_before(note: Path) -> None:
    _, body = front_and_body(note)
    note.write_text(mine := OBSIDIAN + body + "\nMine.\n", encoding="utf-8")
    target = run(note.parents[1], "More")
    assert note.read_text(encoding="utf-8") == mine
    assert target["edited"] == [NOTE]
    assert "More" in note.with_name("2025-02-19-a-title.new.md").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("id: c0", "id: d0"),
        ("messages: 2\n", "messages: 2\nmessages: 2\n"),
        ("messages: 2\n", "messages: 2\nwords of mine\n"),
        ("tags: [chatgpt]\n---\n", "tags: [chatgpt]\n"),
    ],
)
def test_front_matter_that_is_not_understood_stays(note: Path, before: str, after: str) -> None:
    note.write_text(mine := note.read_text().replace(before, after, 1))
    run(note.parents[1], "More")
    assert note.read_text() == mine
    assert "More" in note.with_name("2025-02-19-a-title.new.md").read_text()


def forget(root: Path) -> None:
    """Make an archive one of a version that did not record what it wrote."""
    manifest = root / ".gptexit/manifest.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for line in lines:
        for name in ("front", "body"):
            line["about"].pop(name, None)
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_an_archive_that_does_not_tell_what_it_wrote_goes_on(note: Path) -> None:
    root = note.parents[1]
    forget(root)
    run(root, "More")  # as it was written: renewed
    assert "More" in note.read_text()
    forget(root)
    note.write_text(note.read_text().replace("tags: [chatgpt]", "tags: [chatgpt, mine]"))
    assert run(root, "More")["files_written"] == 0  # the same conversation: only the tags differ
    run(root, "More", "and more")  # by now it tells
    assert "and more" in note.read_text()
    assert "tags: [chatgpt, mine]" in note.read_text()
    assert notes(root) == [NOTE, "index.md"]
    forget(root)
    note.write_text(mine := note.read_text().replace("chatgpt, mine", "chatgpt"))
    run(root, "More", "and more", "and yet more")  # nobody can tell
    assert note.read_text() == mine
    assert len(notes(root)) == 3


@pytest.mark.slow
def test_tags_that_a_killed_run_was_about_to_keep_are_kept_by_the_next(note: Path) -> None:
    root = note.parents[1]
    note.write_text(note.read_text().replace("tags: [chatgpt]", "tags: [chatgpt, mine]"))
    before = note.read_text()
    source = export(root, "More of it, and at some length, so that the note is longer by far.")
    for _ in range(2):
        killed_before_rename(["convert", str(source), "-o", str(root), "--quiet"], 1)
        assert note.read_text() == before
    convert(source, root)
    assert "More of it" in note.read_text()
    assert "tags: [chatgpt, mine]" in note.read_text()
    assert notes(root) == [NOTE, "index.md"]
