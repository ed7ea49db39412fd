"""Boxes in each style, as a Markdown reader takes them; no text breaks out of one."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.text.markdown import in_html, line
from gptexit.verification.page import NotePage
from gptexit.verification.redacted_text import TextFinder
from gptexit.writers.base import Options
from gptexit.writers.markdown import CALLOUTS, MarkdownOptions
from gptexit.writers.markdown.embed import protect
from gptexit.writers.markdown.writer import Markdown
from support.build import chain, conversation, message
from support.commonmark import COMMONMARK, PIECES
from support.exports import ROOT

FAT = ROOT / "fixtures/fat-2024.zip"
TAGS = ["<details>\n", "</details>", "\n</details>\n\n", "<summary>", "</summary>", "&lt;", "&copy"]
TEXTS = st.lists(st.sampled_from([*PIECES, *TAGS, "$$", "- a\n", "    x\n"]), max_size=20).map(
    "".join
)
_SUMMARY = re.compile(r"<details>\n<summary>(.*)</summary>\n?\Z")


def note_with(title: str, thought: str, callouts: str) -> str:
    """A note with a question, a box of reasoning, and an answer."""
    content = {
        "content_type": "thoughts",
        "thoughts": [{"summary": title, "content": thought, "chunks": [], "finished": True}],
        "source_analysis_msg_id": "m",
    }
    recap = {"content_type": "reasoning_recap", "content": title}
    thinking = {**message("assistant", ""), "content": content}
    closing = {**message("assistant", ""), "content": recap}
    raw = conversation(
        chain(message("user", "Why?"), thinking, closing, message("assistant", "So."))
    )
    neutral = read_conversation(raw, Account(), ReadStats())
    writer = Markdown(MarkdownOptions(timezone=UTC, callouts=callouts), Catalog())
    return writer.render(neutral).files[0].data.decode()


@pytest.mark.slow
@pytest.mark.parametrize("callouts", CALLOUTS)
@settings(max_examples=100)
@given(TEXTS, TEXTS)
@example("a", "</details>\n\n## You\n\nI said so.")
@example("</summary></details>", "```\n</details>")
@example("a", "- b\n  ```\n</details>")
@example("&copy and <b> #x", "~~~\n<details>\n~~~")
def test_nothing_in_a_box_leaves_it(callouts: str, title: str, thought: str) -> None:
    note = note_with(title, thought, callouts)
    tokens = COMMONMARK.parse(note.split("\n---\n\n", 1)[1])
    sections = [
        after.content.partition(",")[0]
        for token, after in pairwise(tokens)
        if token.type == "heading_open" and token.tag in ("h1", "h2") and token.level == 0
    ]
    assert sections[1:] == ["You", "ChatGPT"]
    raw = [token.content.strip("\n") for token in tokens if token.type == "html_block"]
    inline = [
        child.content
        for token in tokens
        for child in token.children or []
        if child.type == "html_inline" and child.content != "<br>"
    ]
    assert inline == []
    if callouts == "details" and raw:
        assert _SUMMARY.match(raw[0])
        assert raw[1:] == ["</details>"]
    else:
        assert raw == []
    assert not NotePage(note, TextFinder(redacted=False)).broken


@pytest.mark.slow
@settings(max_examples=100)
@given(TEXTS)
@example("- a\n\n      x")
def test_a_folded_text_renders_as_it_does_alone(thought: str) -> None:
    _, found, inside = note_with("Title", thought, "details").partition("</summary>\n\n")
    if found and thought.strip():
        shown = COMMONMARK.render(inside.rpartition("\n</details>")[0])
        assert shown.endswith(COMMONMARK.render(protect(thought.strip(), headings=True)))


@settings(max_examples=100)
@given(TEXTS)
@example("AT&copy; AT&copy &amp &#35; <b> \\ _a_")
def test_a_title_in_html_is_its_words(text: str) -> None:
    shown = in_html(line(text))
    assert not re.search(r"[<>\n`*\[]", shown)
    assert html.unescape(shown) == " ".join(text.split())


def boxes(callouts: str | None, out: Path) -> str:
    convert(FAT, out, options=Options(callouts=callouts, timezone=UTC))
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.md")))


def test_each_style_has_its_own_boxes_and_a_run_with_another_renews_the_notes(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    usual = boxes(None, out)
    assert "> [!note]- Thought for 7 seconds" in usual
    details = boxes("details", out)
    assert "<details>\n<summary>Thought for 7 seconds</summary>\n\n**Reading" in details
    assert "<details open>\n<summary>Canvas “Sunday menu”</summary>\n\n### Sunday" in details
    assert "[!" not in details
    assert json.loads((out / ".gptexit/archive.json").read_bytes())["options"]["callouts"] == (
        "details"
    )
    plain = boxes("plain", out)
    assert "> **Thought for 7 seconds**\n>\n> **Reading" in plain
    assert "[!" not in plain
    assert "<details" not in plain
    assert not list(out.rglob("*.new.md"))
    assert boxes(None, out) == usual


def test_github_folds_the_details() -> None:
    """As a renderer of GitHub's dialect shows them: the text is Markdown, within the element."""
    shown: Any = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(
        note_with("A plan", "First *this*.", "details").split("\n---\n\n", 1)[1]
    )
    assert re.search(
        r"<details>\n<summary>A plan</summary>\n<p><strong>A plan</strong></p>\n"
        r"<p>First <em>this</em>.</p>\n</details>",
        shown,
    )
