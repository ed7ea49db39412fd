"""Notes and assets that a person moves or renames stay where they were put."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gptexit.archive import moved
from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.build import chain, conversation, message

PICTURE = b"\x89PNG\r\n\x1a\n" + b"pixels"
KILN, LOOM = "2025/2025-02-19-kiln.md", "2025/2025-02-19-loom.md"


def talk(title: str, *said: str, picture: bool = False) -> dict[str, Any]:
    content: Any = f"{title} one"
    if picture:
        pointer = {
            "content_type": "image_asset_pointer",
            "asset_pointer": f"file-service://file-{title}",
            "size_bytes": len(PICTURE),
        }
        content = {"content_type": "multimodal_text", "parts": [pointer, content]}
    messages = [message("user", content), message("assistant", f"{title} two")]
    messages += [message("user", words) for words in said]
    raw = conversation(chain(*messages), title=title, id=f"id-{title}")
    return raw | {"conversation_id": f"id-{title}", "update_time": 1_740_000_000 + len(said)}


def export(path: Path, *talks: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("conversations.json", json.dumps(talks))
        for raw in talks:
            if "file-service" in json.dumps(raw):
                packed.writestr(f"file-{raw['title']}-kiln.png", PICTURE + raw["title"].encode())
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    source = export(tmp_path / "1.zip", talk("Kiln", picture=True), talk("Loom"))
    convert(source, tmp_path / "out")
    return tmp_path / "out"


def grown(root: Path, *others: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """Convert an export in which the conversation about a kiln went on."""
    later = export(root.parent / "2.zip", talk("Kiln", "Kiln three", picture=True), *others)
    return later, convert(later, root)["targets"][0]


def notes(root: Path) -> set[str]:
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.md")}
    return {path for path in found if not path.startswith(".")}


def problems(root: Path, *sources: Path) -> list[Any]:
    if not sources:
        return verify(root).problems
    with open_export(sources, careful=True) as opened:
        return verify(root, opened).problems


def move(root: Path, to: str, before: str = KILN) -> Path:
    (root / to).parent.mkdir(parents=True, exist_ok=True)
    return (root / before).rename(root / to)


def linked(root: Path, note: Path) -> list[Path]:
    """The files that the relative links of a note lead to."""
    links = re.findall(r"\]\(([^)]+)\)", note.read_text())
    return [(note.parent / link.replace("%20", " ")).resolve() for link in links]


PLACES = ["2025/Oven.md", "Pottery/glaze/My oven (1).md", "top.md", "2025/2025-02-19-Kiln.md"]


@pytest.mark.parametrize("to", PLACES)
def test_a_note_is_renewed_where_it_was_put(root: Path, to: str) -> None:
    note = move(root, to)
    later, target = grown(root, talk("Loom"))
    assert notes(root) == {"index.md", LOOM, to}
    assert "Kiln three" in note.read_text()
    assert [path.read_bytes() for path in linked(root, note)] == [PICTURE + b"Kiln"]
    assert note in linked(root, root / "index.md") or "%28" in (root / "index.md").read_text()
    assert target["earlier"]["moved"] == {KILN: to}
    assert target["edited"] == []
    assert problems(root, later) == problems(root) == []
    again = convert(later, root)["targets"][0]
    assert (again["files_written"], again["earlier"]["moved"]) == (0, {})


def test_a_note_that_the_export_no_longer_has_leads_to_its_files(root: Path) -> None:
    note = move(root, "a/b/c/Oven.md")
    convert(export(root.parent / "2.zip", talk("Loom")), root)
    assert [path.read_bytes() for path in linked(root, note)] == [PICTURE + b"Kiln"]
    assert problems(root) == []


def test_links_that_an_editor_led_to_the_new_place_are_no_edit(root: Path) -> None:
    note = move(root, "Pottery/glaze/My oven.md")
    (name,) = (path.name for path in (root / "assets/2025").iterdir())
    text = note.read_text()
    note.write_text(text.replace(f"../assets/2025/{name}", f"<../../assets/2025/{name}>"))
    index = root / "index.md"
    index.write_text(index.read_text().replace(KILN, "Pottery/glaze/My%20oven.md"))
    _, target = grown(root, talk("Loom"))
    assert notes(root) == {"index.md", LOOM, "Pottery/glaze/My oven.md"}
    assert target["edited"] == []
    assert "Kiln three" in note.read_text()
    assert [path.name for path in linked(root, note)] == [name]


def test_a_moved_note_with_words_of_the_users_is_not_overwritten(root: Path) -> None:
    note = move(root, "Pottery/Oven.md")
    note.write_text(mine := note.read_text() + "\nMine.\n")
    for _ in range(2):
        _, target = grown(root, talk("Loom"))
        assert note.read_text() == mine
        assert notes(root) == {"index.md", LOOM, "Pottery/Oven.md", "Pottery/Oven.new.md"}
        assert target["edited"] == ["Pottery/Oven.md"]
    # Moved again, without the new text beside it.
    note = note.rename(root / "Oven.md")
    export_3 = export(root.parent / "3.zip", talk("Kiln", "Kiln three", "Kiln four", picture=True))
    convert(export_3, root)
    assert note.read_text() == mine.replace("../assets", "assets")
    assert "Kiln four" in (root / "Pottery/Oven.new.md").read_text()
    assert notes(root) == {"index.md", LOOM, "Oven.md", "Pottery/Oven.new.md"}


def test_a_folder_that_was_moved_takes_all_its_notes_along(root: Path) -> None:
    (root / KILN).write_text((root / KILN).read_text() + "\nMine.\n")
    grown(root, talk("Loom"))
    (root / "ChatGPT").mkdir()
    (root / "2025").rename(root / "ChatGPT/of 2025")
    grown(root, talk("Loom"))
    below = {path.replace("2025/", "ChatGPT/of 2025/", 1) for path in (KILN, LOOM)}
    beside = KILN.replace("2025/", "ChatGPT/of 2025/", 1).replace(".md", ".new.md")
    assert notes(root) == {"index.md", *below, beside}


def test_two_notes_that_changed_their_names_are_told_apart(root: Path) -> None:
    move(root, "aside.md")
    move(root, KILN, LOOM)
    move(root, LOOM, "aside.md")
    (root / LOOM).rename(root / "Oven.md")
    grown(root, talk("Loom", "Loom three"))
    assert notes(root) == {"index.md", "Oven.md", KILN}
    assert "Kiln three" in (root / "Oven.md").read_text()
    assert "Loom three" in (root / KILN).read_text()
    assert problems(root) == []


def test_notes_whose_places_were_changed_in_a_ring_are_followed(tmp_path: Path) -> None:
    source = export(tmp_path / "1.zip", talk("Kiln"), talk("Loom"), talk("Mill"))
    root = tmp_path / "out"
    convert(source, root)
    mill = KILN.replace("kiln", "mill")
    for ring in ([KILN, LOOM], [LOOM, KILN, mill]):
        (root / ring[0]).rename(root / "aside.md")
        for free, path in pairwise(ring):
            (root / path).rename(root / free)
        (root / "aside.md").rename(root / ring[-1])
        with open_export([source]) as opened:
            seen = verify(root, opened)
        assert seen.problems == []
        assert len(seen.moved) == len(ring)
        before = {path: path.read_bytes() for path in root.glob("2025/*.md")}
        convert(source, root)
        assert {path: path.read_bytes() for path in root.glob("2025/*.md")} == before
        with open_export([source]) as opened:
            assert verify(root, opened).problems == []


def test_of_two_copies_the_one_at_its_place_is_the_note(root: Path) -> None:
    copy = Path(shutil.copy(root / KILN, root / "copy.md"))
    before = copy.read_bytes()
    grown(root, talk("Loom"))
    assert copy.read_bytes() == before
    assert "Kiln three" in (root / KILN).read_text()
    # Of two that were moved, the one that reads as it was written.
    shutil.copy(root / KILN, root / "b.md")
    move(root, "c.md").write_text((root / "b.md").read_text() + "\nMine.\n")
    copy.unlink()
    convert(
        export(root.parent / "3.zip", talk("Kiln", "Kiln three", "Kiln four", picture=True)), root
    )
    assert "Kiln four" in (root / "b.md").read_text()
    assert "Mine." in (root / "c.md").read_text()
    assert notes(root) == {"index.md", LOOM, "b.md", "c.md"}


@pytest.mark.parametrize("to", [".trash/kiln.md", ".obsidian/kiln.md"])
def test_a_note_in_a_hidden_folder_was_deleted(root: Path, to: str) -> None:
    move(root, to)
    grown(root, talk("Loom"))
    assert "Kiln three" in (root / KILN).read_text()
    assert (root / to).exists()


def test_an_archive_within_the_archive_keeps_its_notes(root: Path, tmp_path: Path) -> None:
    convert(tmp_path / "1.zip", root / "older")
    (root / KILN).unlink()
    grown(root, talk("Loom"))
    assert "Kiln three" in (root / KILN).read_text()
    assert problems(root / "older") == []


def test_links_and_odd_files_are_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / KILN).rename(outside / "kiln.md")
    (root / "linked").symlink_to(outside)
    (root / "link.md").symlink_to(outside / "kiln.md")
    (root / "a.md").write_bytes(b"---\nid: id-Kiln\n" + b"x" * 3_000_000)
    (root / "b.md").write_bytes(b"---\nid: [id-Kiln\n---\n")
    grown(root, talk("Loom"))
    assert "Kiln three" in (root / KILN).read_text()
    assert "Kiln three" not in (outside / "kiln.md").read_text()


def test_assets_that_were_moved_stay_too(root: Path) -> None:
    before = (root / KILN).read_text()
    (root / "assets").rename(root / "Files of mine")
    convert(root.parent / "1.zip", root)
    assert not (root / "assets").exists()
    assert (root / KILN).read_text() != before
    assert [path.read_bytes() for path in linked(root, root / KILN)] == [PICTURE + b"Kiln"]
    assert problems(root, root.parent / "1.zip") == problems(root) == []


def test_nothing_is_searched_where_nothing_is_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searched(*_: Any) -> Any:
        raise AssertionError("searched")

    monkeypatch.setattr(moved, "_files", searched)
    grown(root, talk("Loom"))


def test_a_run_that_was_killed_after_a_move_goes_on(root: Path, tmp_path: Path) -> None:
    note = move(root, "Pottery/Oven.md")
    manifest = (root / ".gptexit/manifest.jsonl").read_bytes()
    later, _ = grown(root, talk("Loom"))
    (root / ".gptexit/manifest.jsonl").write_bytes(manifest)  # as if it had been killed
    convert(later, root)
    assert notes(root) == {"index.md", LOOM, "Pottery/Oven.md", *_besides(root)}
    assert "Kiln three" in note.read_text()


def _besides(root: Path) -> set[str]:
    return {path for path in notes(root) if path.startswith("index.new")}


def test_a_change_of_case_is_seen_where_it_makes_no_other_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk of Windows or macOS, which says that the old name is still there."""
    note = move(root, to := KILN.replace("kiln", "Kiln"))
    lexists = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: lexists(path) or str(path).endswith(KILN))
    _, target = grown(root, talk("Loom"))
    assert target["earlier"]["moved"] == {KILN: to}
    assert "Kiln three" in note.read_text()


def test_what_was_gone_and_is_written_again_is_named(root: Path) -> None:
    (root / LOOM).unlink()
    _, target = grown(root, talk("Loom"))
    assert target["earlier"]["files_restored"] == [LOOM]
    _, target = grown(root, talk("Loom"))
    assert target["earlier"]["files_restored"] == []
