"""An HTML archive: what is in it, and what later runs make of it."""

from __future__ import annotations

import hashlib
import html
import re
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.selection import Selection
from gptexit.writers.base import Options
from support.build import chain, conversation, message
from support.exports import FIXTURES, mended, raw_conversations, seen_texts, word_runs
from support.html_archive import HtmlArchive, articles_of
from support.slimming import pack

_OF_NOTES = (
    "Output Image image File text tip Audio Video note abstract failure question "
    "its last stands below version instead Other"
)
"""Words of notes that are none of the export's."""
IN_UTC = Options(timezone=UTC)


def go(source: Path | list[Path], out: Path, **given: Any) -> Any:
    given.setdefault("options", IN_UTC)
    report = convert(source, out, "html", **given)
    return report["targets"][0]


def bytes_of(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in files
        if ".gptexit" not in path.parts
    }


def words_of(text: str) -> list[str]:
    """The words of a text; what an entity stands for, in place of it."""
    return word_runs(html.unescape(text))


def talk(key: str, *words: str, updated: int = 0, **rest: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    said = [message(roles[number % 2], text) for number, text in enumerate(words)]
    raw = conversation(chain(*said), conversation_id=key, id=key, title=key)
    return raw | {"update_time": raw["update_time"] + updated} | rest


def export(folder: Path, name: str, *talks: dict[str, Any], year: int = 2025) -> Path:
    return pack(folder / name, year, {"conversations.json": list(talks)})


@pytest.fixture(scope="module", params=FIXTURES, ids=lambda path: path.stem)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("html")
    convert(request.param, out, ["html", "markdown"], options=IN_UTC)
    return request.param, out


@pytest.mark.slow
def test_no_page_of_a_sample_export_has_what_it_must_not(made: Any) -> None:
    assert HtmlArchive(made[1] / "html").faults() == []


@pytest.mark.slow
def test_every_word_that_was_seen_is_in_its_page_and_in_the_texts(made: Any) -> None:
    source, out = made
    archive = HtmlArchive(out / "html")
    for raw in raw_conversations(source).values():
        # The number of an item is drawn by the browser.
        seen = [re.sub(r"^\d+ ", "", run) for text in seen_texts(raw) for run in words_of(text)]
        title = " ".join(mended(str(raw.get("title") or "")).split()) or "Untitled"
        rows = [row for row in archive.rows() if row[2] == title]
        assert rows, title
        pages = [(out / "html" / row[1]).read_text() for row in rows]
        shown = [
            " ".join(words_of("\n".join([*article.text, *article.notes])))
            for page in pages
            for article in articles_of(page)
        ]
        whole = " ".join(" ".join(shown).split())
        searched = " ".join(
            run for row in rows for _, _, text in archive.texts(row[0]) for run in words_of(text)
        )
        assert [run for run in seen if run not in whole] == [], title
        assert [run for run in seen if run not in searched] == [], title


@pytest.mark.slow
def test_every_word_and_every_file_of_the_markdown_archive_is_in_it(made: Any) -> None:
    _, out = made
    notes, pages = out / "markdown", out / "html"

    def assets(root: Path) -> set[str]:
        files = (path for path in (root / "assets").rglob("*") if path.is_file())
        return {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    assert assets(notes) <= assets(pages)
    for note in notes.rglob("2*/*.md"):
        page = pages / note.relative_to(notes).with_suffix(".html")
        words = set(re.findall(r"[^\W_]{2,}", html.unescape(page.read_text())))
        body = note.read_text().partition("\n---\n")[2]
        lacking = set(re.findall(r"[^\W_]{2,}", html.unescape(body))) - words
        assert lacking <= {*_OF_NOTES.split()}, note.name


@pytest.mark.slow
def test_a_second_run_changes_nothing(made: Any) -> None:
    source, out = made
    before = bytes_of(out / "html")
    target = go(source, out / "html")
    assert target["files_written"] == 0
    assert target["edited"] == []
    assert bytes_of(out / "html") == before


@pytest.mark.slow
def test_the_lists_have_every_conversation_once(made: Any) -> None:
    _, out = made
    archive = HtmlArchive(out / "html")
    rows, index = archive.rows(), archive.value("index")
    assert index["chats"] == len(rows) == len({row[0] for row in rows})
    assert index["messages"] == sum(row[8] for row in rows)
    pages = [path for path, _ in archive.pages() if path[:4].isdigit() or path[:3] == "und"]
    assert sorted(row[1] for row in rows) == sorted(pages)
    dates = [row[3] for row in rows if row[3]]
    assert dates == sorted(dates, reverse=True)
    assert index["last"] == dates[0][:10]
    assert index["first"] == dates[-1][:10]
    for row in rows:
        page = (archive.root / row[1]).read_text()
        assert f'data-chat="{row[0]}"' in page
        anchors = [article.anchor for article in articles_of(page)]
        said = [anchor for anchor, _, _ in archive.texts(row[0])]
        assert said == [anchor for anchor in anchors if anchor in said]


def test_numbers_never_change_and_unchanged_pages_keep_their_bytes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    go(export(tmp_path, "a.zip", talk("one", "Hi"), talk("two", "Hi")), out)
    before = bytes_of(out)
    new = export(tmp_path, "b.zip", talk("zero", "Hi"), talk("two", "Hi"), talk("one", "Hi"))
    go(new, out)
    archive = HtmlArchive(out)
    assert {row[2]: row[0] for row in archive.rows()} == {"one": 1, "two": 2, "zero": 3}
    after = bytes_of(out)
    changed = {path for path in before if after[path] != before[path]}
    assert changed <= {"data/index.js", "data/list-2025.js", "list/2025.html", "index.html"} | {
        path for path in before if path.startswith("data/words/")
    }
    assert archive.faults() == []


def test_what_only_an_earlier_run_brought_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    go(export(tmp_path, "a.zip", talk("one", "Hi"), talk("two", "Hi")), out)
    whole = bytes_of(out)
    target = go(export(tmp_path, "b.zip", talk("two", "Hi")), out)
    assert target["files_written"] == 0
    assert bytes_of(out) == whole
    go(export(tmp_path, "c.zip", talk("one", "Hi"), talk("two", "Hi")), out,
       selection=Selection(title="two"))  # fmt: skip
    assert bytes_of(out) == whole


def test_a_page_is_not_replaced_by_one_that_holds_less(tmp_path: Path) -> None:
    out = tmp_path / "out"
    go(export(tmp_path, "a.zip", talk("one", "Hi", "Hello", "More", "Much more")), out)
    whole = bytes_of(out)
    target = go(export(tmp_path, "b.zip", talk("one", "Hi", "Hello")), out)
    assert target["earlier"]["notes_kept"] == ["2025/2025-02-19-one.html"]
    assert bytes_of(out) == whole
    assert "Much more" in HtmlArchive(out).texts(1)[-1][2]


def test_what_each_of_two_exports_has_alone_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = talk("one", "Hi", "Hello", "Only at first")
    go(export(tmp_path, "a.zip", first), out)
    second = talk("one", "Hi", "Hello", updated=100)
    second["mapping"]["m4"] = {
        "id": "m4",
        "message": {"id": "m4", **message("user", "Only later")},
        "parent": "m2",
        "children": [],
    }
    second["mapping"]["m2"]["children"] = ["m4"]
    go(export(tmp_path, "b.zip", second | {"current_node": "m4"}), out)
    archive = HtmlArchive(out)
    assert "Only later" in archive.page_of("one")
    assert "Only at first" in (out / "2025/2025-02-19-one.older.html").read_text()
    assert "one.older.html" in (out / "list/older.html").read_text()
    assert 'href="list/older.html"' in (out / "index.html").read_text()
    assert archive.faults() == []


def test_a_page_that_the_user_changed_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    go(export(tmp_path, "a.zip", talk("one", "Hi")), out)
    page = out / "2025/2025-02-19-one.html"
    page.write_text("mine")
    target = go(export(tmp_path, "b.zip", talk("one", "Hi", "Hello", updated=9)), out)
    assert page.read_text() == "mine"
    assert "Hello" in (out / "2025/2025-02-19-one.new.html").read_text()
    assert target["edited"] == ["2025/2025-02-19-one.html"]


def test_a_file_that_no_conversation_mentions_is_listed(tmp_path: Path) -> None:
    source = next(path for path in FIXTURES if path.stem == "slim-2026")
    out = tmp_path / "out"
    go(source, out)
    page = (out / "list/files.html").read_text()
    assert page.count("<li>") == len([*(out / "assets/other").iterdir()])


def test_the_title_of_the_archive_stays(tmp_path: Path) -> None:
    out, source = tmp_path / "out", export(tmp_path, "a.zip", talk("one", "Hi"))
    go(source, out, options=Options(timezone=UTC, archive_title="My <years>"))
    go(source, out)
    assert HtmlArchive(out).value("index")["title"] == "My <years>"
    assert '<a href="../index.html">My &lt;years&gt;</a>' in HtmlArchive(out).page_of("one")


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b'archive.piece("text-1",{"t":"!","f":[]})', b'archive.piece("text-1",{"t":1})'],
)
def test_texts_that_somebody_damaged_do_no_harm(tmp_path: Path, data: bytes) -> None:
    out = tmp_path / "out"
    go(export(tmp_path, "a.zip", talk("one", "Hi"), talk("two", "Hi")), out)
    (out / "data/texts/1.js").write_bytes(data)
    go(export(tmp_path, "b.zip", talk("two", "Hi")), out)
    assert [row[2] for row in HtmlArchive(out).rows()] == ["two", "one"]


def test_a_manifest_that_gives_a_number_twice_mixes_no_conversations(tmp_path: Path) -> None:
    out = tmp_path / "out"
    source = export(tmp_path, "a.zip", talk("one", "Hi"), talk("two", "Hi"))
    go(source, out)
    manifest = out / ".gptexit/manifest.jsonl"
    text = manifest.read_text().replace('"number":"2"', '"number":"1"')
    manifest.write_text(text)
    go(source, out)
    archive = HtmlArchive(out)
    numbers = {row[2]: row[0] for row in archive.rows()}
    assert numbers["one"] != numbers["two"]
    assert archive.faults() == []
