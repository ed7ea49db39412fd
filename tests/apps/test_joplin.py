"""The format enex, and notes in Markdown, in Joplin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gptexit import convert
from gptexit.writers.base import Options
from support.apps import demo, joplin
from support.apps.compare import add_row
from support.exports import ROOT

ALL = Options(branches="all")


def test_notes_of_a_notebook_hold_what_the_export_holds(
    export: Any, held: Any, tmp_path: Path
) -> None:
    convert(export, tmp_path / "out", ["enex", "jsonl"], options=ALL)
    joplin.bring_notebooks(tmp_path / "joplin", tmp_path / "out/enex/notebooks")
    known = joplin.ids(tmp_path / "out/jsonl/conversations.jsonl")
    found = joplin.conversations(tmp_path / "joplin", known)
    add_row(joplin.ENEX, export, joplin.spelled(held(export)), found)


def test_a_note_reads_well(tmp_path: Path) -> None:
    convert(demo.export(tmp_path / "demo.zip"), tmp_path / "out", ["enex"])
    joplin.bring_notebooks(tmp_path / "joplin", tmp_path / "out/notebooks")
    [(body,)] = joplin.rows(tmp_path / "joplin", "SELECT body FROM notes")
    assert body.count("\n## ") + body.startswith("## ") == 4
    assert "**ferns**" in body
    assert "| fern | 50 cm | 12 |" in " ".join(body.replace("|", " | ").split())
    assert "```\narea = 3.0 * 1.0\n" in body
    assert "[object Object]" not in body
    assert joplin.tags(tmp_path / "joplin") == {demo.TITLE: {"chatgpt"}}


def test_nothing_of_a_hard_note_is_lost(tmp_path: Path) -> None:
    convert(ROOT / "fixtures/fat-2024.zip", tmp_path / "out", ["enex"])
    joplin.bring_notebooks(tmp_path / "joplin", tmp_path / "out/notebooks")
    bodies = joplin.rows(tmp_path / "joplin", "SELECT body FROM notes")
    assert not [body for (body,) in bodies if "[object Object]" in body]
    books = {title for (title,) in joplin.rows(tmp_path / "joplin", "SELECT title FROM folders")}
    assert books == {path.stem for path in (tmp_path / "out/notebooks").iterdir()}


def test_notes_in_markdown_come_with_their_files(held: Any, tmp_path: Path) -> None:
    source = ROOT / "fixtures/slim-2026.zip"
    convert(source, tmp_path / "notes", ["markdown"])
    joplin.bring_markdown(tmp_path / "joplin", tmp_path / "notes")
    there = dict(joplin.rows(tmp_path / "joplin", "SELECT title, user_created_time FROM notes"))
    expected = {joplin.titled(talk.title): talk.created for talk in held(source).values()}
    assert there.keys() >= expected.keys()
    dated = {title: when for title, when in expected.items() if when is not None}
    assert {title: there[title] // 1000 for title in dated} == dated
    [(files,)] = joplin.rows(tmp_path / "joplin", "SELECT count(*) FROM resources")
    assert files
