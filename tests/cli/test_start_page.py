"""START-HERE.html, the pages of an exit, and `gptexit view`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from gptexit.cli import main
from gptexit.exit_page import unknown_forms
from gptexit.verification.result import UnknownForm
from gptexit.writers.html.start_page import start_page
from support.exports import FIXTURES

SLIM = next(path for path in FIXTURES if path.stem == "slim-2026")


class Read(HTMLParser):
    """Collects the tags, the attributes and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, tag: str, name: str) -> list[str]:
        return [value for found, attrs in self.tags if found == tag and (value := attrs.get(name))]


def read(page: str) -> Read:
    parser = Read()
    parser.feed(page)
    return parser


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `gptexit exit` wrote."""
    out = tmp_path_factory.mktemp("exit") / "out"
    done = CliRunner().invoke(main, ["exit", str(SLIM), "-o", str(out), "--no-progress"])
    assert done.exit_code == 0, done.output
    return out


def test_the_page_has_the_answer_and_every_box_of_its_markdown(left: Path) -> None:
    notes = (left / "START-HERE.md").read_text(encoding="utf-8")
    page = read((left / "START-HERE.html").read_text(encoding="utf-8"))
    boxes = [
        re.sub(r"[`*]", "", title) for title in re.findall(r"^- \[ \] \*\*(.+?)\*\*", notes, re.M)
    ]
    assert len(boxes) > 10
    assert page.values("input", "data-box") == boxes
    answer = re.search(r"^\*\*(Yes.*)", notes, re.M)
    assert answer
    assert answer[1].replace("**", "") in page.text
    assert "The export was asked for on 30 August 2026" in page.text
    assert "encrypted disk" in page.text


def test_each_link_of_the_page_leads_to_a_file_of_the_exit(left: Path) -> None:
    page = read((left / "START-HERE.html").read_text(encoding="utf-8"))
    links = [link for link in page.values("a", "href") if not link.startswith("https://")]
    links += page.values("link", "href") + page.values("script", "src")
    assert "html/index.html" in links
    assert "markdown/index.md" in links
    missing = [link for link in links if not (left / unquote(unescape(link))).exists()]
    assert missing == []


def test_nothing_of_an_export_can_run_in_the_page() -> None:
    hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))"
    page = read(start_page(f"# Archive\n\n- {hostile}\n", "html/index.html").decode())
    scripts = [attrs for tag, attrs in page.tags if tag == "script"]
    assert all(set(attrs) <= {"src", "defer"} for attrs in scripts)
    assert "alert(1)" in page.text
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not any("javascript" in (attrs.get("href") or "") for _, attrs in page.tags)
    assert "img" not in {tag for tag, _ in page.tags}


def test_an_exit_without_pages(tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["exit", str(SLIM), "-o", str(out), "--without", "html", "--no-progress"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    assert not (out / "html").exists()
    assert not (out / "START-HERE.html").exists()
    notes = (out / "START-HERE.md").read_text(encoding="utf-8")
    assert "html/" not in notes
    assert "written twice" in notes
    assert f"Now open {out}/START-HERE.md." in done.stdout
    assert CliRunner().invoke(main, ["view", str(out)]).exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a browser that is a shell script")
@pytest.mark.parametrize("below", ["", "html"])
def test_view_opens_the_first_page(below: str, left: Path, tmp_path: Path) -> None:
    browser, asked = tmp_path / "browser", tmp_path / "asked"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{asked}"\n')
    browser.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "gptexit", "view", left / below],
        env={**os.environ, "BROWSER": str(browser)},
        check=True,
        capture_output=True,
    )
    assert b"Opened " in done.stdout
    assert asked.read_text().strip() == (left / "html/index.html").as_uri()


def test_what_to_look_at_is_a_click_away_and_so_is_the_way_back(left: Path) -> None:
    text = (left / "START-HERE.html").read_text(encoding="utf-8")
    lacking = text.split("Files that the export lacks")[1].split("<h2>")[0]
    links = read(lacking).values("a", "href")
    pages = [link for link in links if link.startswith("html/2026/")]
    assert len(pages) == 4
    assert len([link for link in links if link.startswith("https://chatgpt.com/c/")]) == 4
    assert all((left / page).is_file() for page in pages)
    assert "this page lists" in text
    assert "html/list/files.html" in read(text).values("a", "href")
    first = read((left / "html/index.html").read_text(encoding="utf-8"))
    assert {"../START-HERE.html", "list/files.html"} <= {*first.values("a", "href")}


def test_a_message_of_an_unknown_form_is_linked_to_and_named_in_plain_words() -> None:
    form = UnknownForm("c", "Odd [one]", "a-1", "content type hologram")
    own = "c0ffee00-0000-4000-8000-000000000001"
    known = UnknownForm(own, None, None, "conversation without messages")
    lines = unknown_forms([form, form, known], {"c": "html/2025/odd one.html"})
    assert lines == [
        r"[Odd \[one\]](html/2025/odd%20one.html#m-a-1): a message of the kind “hologram”",
        f"“Untitled” ([in ChatGPT](https://chatgpt.com/c/{own})): conversation without messages",
    ]
