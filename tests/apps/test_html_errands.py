"""What people do in an HTML archive beside reading: print, hide titles, go from word to word."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from support.apps import demo, house
from support.build import Raw, chain, conversation, message
from support.exports import ROOT

COLUMNS, TERMS = 40, 40
TABLE = "\n".join(
    (
        "|" + "|".join(f" head{number} " for number in range(COLUMNS)) + "|",
        "|" + "---|" * COLUMNS,
        "|" + "|".join(f" cell{number} " for number in range(COLUMNS)) + "|",
    )
)
FORMULA = "$$" + "+".join(rf"\frac{{a}}{{{100 + number}}}" for number in range(TERMS)) + "$$"
LONG = "\n\n".join(
    f"Paragraph {number} of flour" + (" and a needle" if number in (400, 450, 480) else "")
    for number in range(500)
)
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="9"/></svg>'
PICTURES = {
    "file-Drawn1": ("fine.png", demo.picture(60, 40)),
    "file-Empty1": ("empty.png", b""),
    "file-Phone1": ("photo.heic", b"\0\0\0\x18ftypheic"),
    "file-Vector1": ("vector.svg", DRAWING.encode()),
}
COVERED = "rgba(0, 0, 0, 0)"


def chat(number: int, title: str, *messages: Raw) -> Raw:
    own = f"c0ffee00-0000-4000-8000-{number:012}"
    return conversation(chain(*messages), title=title, conversation_id=own, id=own)


def export(path: Path) -> Path:
    shown = [
        {"content_type": "image_asset_pointer", "asset_pointer": f"file-service://{own}"}
        for own in PICTURES
    ]
    thought = {"summary": "Hm", "content": "folded away"}
    chats = [
        chat(
            1, "A wide one", message("user", "wide?"), message("assistant", f"{TABLE}\n\n{FORMULA}")
        ),
        chat(
            2,
            "Thinking",
            message("user", "How much?"),
            message("assistant", {"content_type": "thoughts", "thoughts": [thought]}),
            message("assistant", "That much."),
        ),
        chat(
            3,
            "The needle in the haystack",
            message("user", "Where is it?"),
            message("assistant", LONG),
            message("user", "Thanks"),
        ),
        chat(
            4,
            "Pictures",
            message("user", {"content_type": "multimodal_text", "parts": [*shown, "Look"]}),
            message("assistant", "Nice."),
        ),
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps(chats))
        archive.writestr("file-Nobody1-unseen.txt", "never mentioned")
        for own, (name, data) in PICTURES.items():
            archive.writestr(f"{own}-{name}", data)
    return path


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    browser = house.chromium()
    if browser is None:
        pytest.skip("no Chromium is installed")
    python = house.environment("html-pages", ["playwright==1.65.2", "pypdf==7.1.1"]) / "python"
    folder = tmp_path_factory.mktemp("errands")
    out = folder / "out"
    convert(export(folder / "export.zip"), out, ["html"])
    pages = {
        name: str(next(out.glob(f"20*/*{words}*.html")).relative_to(out))
        for name, words in {"wide": "wide", "folded": "thinking", "pictures": "pictures"}.items()
    }
    asked = {"browser": browser, "root": str(out), "paper": str(folder / "p.pdf"), "pages": pages}
    command = [str(python), str(ROOT / "tests/support/apps/errands.py"), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_paper_has_each_column_and_each_term(seen: dict[str, Any]) -> None:
    paper = "".join(seen["paper"]["wide"].split())
    assert [number for number in range(COLUMNS) if f"head{number}" not in paper] == []
    assert [number for number in range(COLUMNS) if f"cell{number}" not in paper] == []
    assert [number for number in range(TERMS) if str(100 + number) not in paper] == []


def test_paper_has_what_is_folded_only_if_that_is_open(seen: dict[str, Any]) -> None:
    assert "That much." in seen["paper"]["closed"]
    assert "folded away" not in seen["paper"]["closed"]
    assert "folded away" in seen["paper"]["open"]


@pytest.mark.parametrize("colours", ["none", "active"])
def test_hidden_titles_are_nowhere_and_stay_hidden(seen: dict[str, Any], colours: str) -> None:
    titles = seen["titles"]
    for place in ("row", "title", "passage", "passage mark", "next"):
        assert titles[f"{place} {colours}"] == [COVERED, ""], place
    assert titles[f"shown {colours}"][0] != COVERED


def test_a_result_leads_to_the_word_and_on_to_the_next(seen: dict[str, Any]) -> None:
    words, (mark, top) = seen["word"]["first"]
    assert words.split() == ["‹", "1", "of", "3", "›"] or words == "‹1 of 3›"
    assert mark == "needle"
    assert 0 < top < 800
    assert [words.strip("‹›\n ") for words in seen["word"]["way"]] == [
        *("2 of 3", "3 of 3", "1 of 3", "3 of 3"),
    ]
    assert "of 3" not in seen["word"]["paper"]
    assert seen["word"]["cleared"] == ["4 conversations", 0]


def test_a_phone(seen: dict[str, Any]) -> None:
    phone = seen["phone"]
    assert phone == {"menu": "Conversations", "hint": False, "back": 1, "picture": True}


def test_a_picture_that_cannot_be_drawn_is_named(seen: dict[str, Any]) -> None:
    pictures = seen["pictures"]
    assert len(pictures["links"]) == 2
    for (words, address), name in zip(pictures["links"], ("empty", "photo"), strict=True):
        assert words.startswith(f"Your browser cannot show {name}")
        assert address.startswith(f"../assets/2025/{name}")
    assert pictures["drawing"]["width"] > 100
    assert pictures["outline"] == ["solid", "2px"]


def test_files_that_no_page_shows_are_found_from_the_first_page(seen: dict[str, Any]) -> None:
    assert len(seen["unshown"]["files"]) == 1
    assert "unseen" in seen["unshown"]["files"][0]
