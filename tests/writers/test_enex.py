"""Notes for Evernote, Joplin and Apple Notes: valid, whole, and of a size that the apps take."""

from __future__ import annotations

import io
import json
import tempfile
import tracemalloc
import zipfile
from copy import deepcopy
from datetime import UTC
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.names import Names
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import CommonOptions, Options
from gptexit.writers.enex import writer
from gptexit.writers.enex.enml import enml
from gptexit.writers.enex.writer import LONGEST_TITLE, NOTE, Enex
from gptexit.writers.html.prose import Prose
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.enml import NOTE as RULES
from support.enml import Note, notes
from support.exports import FIXTURES


def no_asset(member: str) -> BinaryIO:
    raise OSError(member)


def note_of(raw: dict[str, Any], folder: Path, **options: Any) -> Note:
    """The note of one conversation."""
    neutral = read_conversation(deepcopy(raw), Account(), ReadStats())
    target = Enex(CommonOptions(timezone=UTC, **options), Catalog(), no_asset)
    done = target.render(neutral)
    files = [*done.files, *done.more, *target.finish().files]
    path = folder / "note.enex"
    path.write_bytes(b"".join(file.data for file in files if file.path.endswith(".enex")))
    [note] = notes(path)
    return note


def test_a_note_says_who_wrote_when_and_with_which_model(tmp_path: Path) -> None:
    answer = message("assistant", "Because of **light**.", metadata={"model_slug": "o3"})
    raw = conversation(chain(message("user", "Why blue?\n  Tell <me>."), answer), title="Sky")
    note = note_of(raw, tmp_path)
    assert note.title == "Sky"
    assert note.tags == ["chatgpt"]
    assert note.url == f"https://chatgpt.com/c/{raw['conversation_id']}"
    assert note.created is not None
    assert note.created.startswith("2025")
    assert note.created.endswith("Z")
    titles = [(element.tag, element.text) for element in note.content.iter("h2")]
    assert titles == [("h2", "You"), ("h2", "ChatGPT")]
    assert ", o3" in note.text
    assert "Why blue?\u00a0\u00a0Tell <me>." in note.text
    assert [element.text for element in note.content.iter("strong")] == ["light"]


def test_other_versions_are_in_the_note_if_they_are_wanted(tmp_path: Path) -> None:
    mapping = chain(message("user", "A story."), message("assistant", "Once."))
    add(mapping, "other", "m1", message("assistant", "Twice."))
    add(mapping, "more", "m2", message("user", "More."))
    add(mapping, "less", "m2", message("user", "Less."))
    raw = conversation(mapping, current_node="more")
    only = note_of(raw, tmp_path).text
    assert "Once." in only
    assert "Twice." not in only
    every = note_of(raw, tmp_path, branches="all").text
    for words in ("A story.", "Once.", "Twice.", "More.", "Less."):
        assert every.count(words) == 1
    assert "Version 2" in every


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations(), st.sampled_from(["current", "all"]))
def test_whatever_is_read_is_a_valid_note(raw: dict[str, Any], branches: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        note_of(raw, Path(folder), branches=branches)


@pytest.mark.parametrize(
    "words",
    [
        "<b>raw</b> <script>x</script> </div> ]]> &amp; <!-- not ended",
        "> " * 300 + "deep",
        "- " * 300 + "deep",
        "| a | `b` |\n|--:|---|\n| 1 | `]]>` |",
        "- item\n\n  ```python\n  x = 1\n  ```\n\n1. [link](https://example.org/?a=1&b=2)",
        "nul \0, bell \a, last \uffff, line \u2028",
        "\\(x^2 < y\\) and \\[\\frac{1}{2}\\]",
        "![picture](https://example.org/a.png) [![b](c.png)](javascript:x)",
        '[a](https://x.example "t<i>tle") ~~gone~~ *it* **bo**\n\n***\n\nline  \nbreak',
    ],
)
def test_no_text_breaks_a_note(words: str, tmp_path: Path) -> None:
    raw = conversation(chain(message("user", words), message("assistant", words)), title=words)
    assert note_of(raw, tmp_path).content.tag == "en-note"


@given(st.text())
def test_any_markdown_is_enml(words: str) -> None:
    note = etree.fromstring(f"<en-note>{enml(Prose(coloured=False).html(words))}</en-note>")
    RULES.validate(note)


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_every_note_of_a_sample_is_valid(source: Path, tmp_path: Path) -> None:
    report = convert(source, tmp_path, ["enex"])
    files = sorted(tmp_path.glob("notebooks/*.enex"))
    assert sum(len(notes(path)) for path in files) == report["read"]["conversations"]


def test_each_project_is_a_notebook(tmp_path: Path) -> None:
    talks = [
        conversation(chain(message("user", "?")), title=title, conversation_id=title, gizmo_id=own)
        for title, own in (("Bread", "g-p-1"), ("Soup", "g-2"), ("Trams", None))
    ]
    (tmp_path / "conversations.json").write_text(json.dumps(talks))
    names = Names({"g-p-1": "Bäckerei, Ost", "g-2": "Recipe helper"})
    options = Options(names=names)
    convert(tmp_path / "conversations.json", tmp_path / "out", ["enex"], options=options)
    found = {
        path.stem: {note.title: note.tags for note in notes(path)}
        for path in (tmp_path / "out/notebooks").iterdir()
    }
    assert found == {
        "bäckerei-ost": {"Bread": ["chatgpt", "Bäckerei  Ost"]},
        "chatgpt": {"Soup": ["chatgpt", "Recipe helper"], "Trams": ["chatgpt"]},
    }


def test_a_long_title_is_cut_and_told(tmp_path: Path) -> None:
    raw = conversation(chain(message("user", "?")), title="long " * 100)
    (tmp_path / "conversations.json").write_text(json.dumps([raw]))
    report = convert(tmp_path / "conversations.json", tmp_path / "out", ["enex"])
    [note] = notes(tmp_path / "out/notebooks/chatgpt.enex")
    assert len(note.title) == LONGEST_TITLE
    assert "title-cut" in json.dumps(report)


def with_files(path: Path, sizes: list[int]) -> Path:
    """An export with a conversation for each size, whose question has a file of it."""
    talks = []
    with zipfile.ZipFile(path, "w") as out:
        for number, size in enumerate(sizes):
            key = f"file-{number:022d}"
            about = {"id": key, "name": f"{number}.bin", "mime_type": "application/pdf"}
            told = message("user", f"File {number}", metadata={"attachments": [about]})
            talks.append(conversation(chain(told), conversation_id=str(number), title=str(number)))
            with out.open(f"{key}-{number}.bin", "w") as stream:
                for _ in range(size >> 20):
                    stream.write(bytes([number]) * (1 << 20))
                stream.write(b"%" * (size & ((1 << 20) - 1)))
        out.writestr("conversations.json", json.dumps(talks))
    return path


def test_a_file_that_evernote_does_not_take_is_beside_the_notebooks(tmp_path: Path) -> None:
    source = with_files(tmp_path / "export.zip", [1000, NOTE + 1])
    report = convert(source, tmp_path / "out", ["enex"])
    small, large = notes(tmp_path / "out/notebooks/chatgpt.enex")
    assert [len(data) for _, _, data in small.files.values()] == [1000]
    assert not large.files
    [beside] = (tmp_path / "out/files").iterdir()
    assert beside.stat().st_size == NOTE + 1
    assert f"in your archive, files/{beside.name}" in large.text
    assert "file-not-imported" in json.dumps(report)


@pytest.mark.slow
def test_files_of_the_notebooks_stay_small_and_so_does_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = with_files(tmp_path / "export.zip", [23 << 20] * 8)
    monkeypatch.setattr(writer, "LARGEST", 80 << 20)
    tracemalloc.start()
    convert(source, tmp_path / "out", ["enex"], jobs=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 << 20
    files = sorted((tmp_path / "out/notebooks").iterdir())
    assert [path.name for path in files] == [
        *("chatgpt-2.enex", "chatgpt-3.enex", "chatgpt-4.enex", "chatgpt.enex")
    ]
    assert all(path.stat().st_size < 80 << 20 for path in files)
    assert sum(len(notes(path)) for path in files) == 8


def test_a_secret_in_a_file_is_replaced(tmp_path: Path) -> None:
    key = "file-0000000000000000000001"
    secret = "ghp_" + "".join(chr(97 + number * 7 % 26) for number in range(36))
    about = {"id": key, "name": "notes.env", "mime_type": "text/plain"}
    told = message("user", f"token = {secret}", metadata={"attachments": [about]})
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as out:
        out.writestr("conversations.json", json.dumps([conversation(chain(told))]))
        out.writestr(f"{key}-notes.env", f"GITHUB_TOKEN={secret}\n")
    options = Options(redact="secrets")
    convert(tmp_path / "export.zip", tmp_path / "out", ["enex"], options=options)
    [note] = notes(tmp_path / "out/notebooks/chatgpt.enex")
    assert secret not in note.text
    assert note.files
    for _, _, data in note.files.values():
        assert secret.encode() not in data


def test_the_same_bytes_in_one_note_are_held_once(tmp_path: Path) -> None:
    neutral: Any = read_conversation(
        conversation(chain(message("user", "?"))), Account(), ReadStats()
    )
    part = {"title": None, "prompt": None, "width": None, "height": None, "seconds": None}
    neutral["messages"][0]["parts"] += [
        {"type": "image", "asset": name, "placed": None, **part} for name in ("a", "b", "a")
    ]
    neutral["assets"] = [
        {
            **{"id": name, "name": f"{name}.png", "media_type": "image/png", "size": 3},
            **{"sha256": None, "member": name, "missing": False},
        }
        for name in ("a", "b")
    ]
    target = Enex(CommonOptions(), Catalog(), lambda member: io.BytesIO(b"png"))
    done = target.render(neutral)
    files = [*done.files, *done.more, *target.finish().files]
    data = b"".join(file.data for file in files if file.path.endswith(".enex"))
    (tmp_path / "note.enex").write_bytes(data)
    [note] = notes(tmp_path / "note.enex")
    assert len(note.files) == 1
    assert len(list(note.content.iter("en-media"))) == 3
