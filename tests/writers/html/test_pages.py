"""A conversation as a page."""

from __future__ import annotations

import io
from copy import deepcopy
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.html.parts import PARTS
from gptexit.writers.parts import PARTS as IN_MARKDOWN
from gptexit.writers.registry import FORMATS
from support.build import ROOT, add, chain, conversation, message, raw_conversations
from support.html_archive import articles_of
from support.marked import marked_conversations
from support.safe_html import judged

FILES = {"file_0123abcd": AssetInfo("a/b.png", "b.png", "image/png", 3)}
INCLUDE = st.sets(st.sampled_from(["hidden", "reasoning", "tools"])).map(frozenset)


def page(raw: dict[str, Any], **given: Any) -> str:
    account = Account(lambda key: FILES.get(key, AssetInfo()))
    setting = WriterSetting(Catalog(), lambda member: io.BytesIO(b"png"))
    target = FORMATS["html"].make(Options(timezone=UTC, **given), setting)
    done = target.render(read_conversation(deepcopy(raw), account, ReadStats()))
    return done.files[0].data.decode()


def test_every_type_of_part_is_shown() -> None:
    assert PARTS.keys() == IN_MARKDOWN.keys()


@pytest.mark.slow
@settings(max_examples=60)
@given(raw_conversations(), INCLUDE)
def test_nothing_of_an_export_becomes_an_element_of_its_own(raw: Any, include: Any) -> None:
    html = page(raw, include=include)
    judge = judged(html)
    assert judge.faults == []
    articles = articles_of(html)
    anchors = [article.anchor for article in articles]
    assert len({*anchors}) == len(anchors)
    assert {article.parent for article in articles} <= {"", *anchors}


@pytest.mark.slow
@settings(max_examples=30)
@given(marked_conversations())
def test_the_shapes_of_real_exports_are_safe_too(marked: Any) -> None:
    assert judged(page(marked.raw)).faults == []


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title></main><iframe src=//a.b>",
    "<!-- --><![CDATA[ ]]><?php ?>",
    '[a](javascript:alert(1)) ![b](http://a.b/c.png) <a href="data:text/html,x">',
    "\x00\x1b[31m\u2028\u202e\ufffe",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words_wherever_they_are(words: str) -> None:
    mapping = chain(
        message("user", words),
        message("assistant", words, metadata={"model_slug": words}),
        message("tool", {"content_type": "execution_output", "text": words}, name=words),
        message("assistant", {"content_type": "code", "text": words, "language": words}),
        message("assistant", {"content_type": words, "parts": [words]}),
        message("assistant", {"content_type": "thoughts", "thoughts": [
            {"summary": words, "content": words}]}),
        message("tool", {"content_type": "tether_quote", "url": words, "title": words,
                         "text": words}, name="browser"),
    )  # fmt: skip
    raw = conversation(mapping, title=words, gizmo_id=words, default_model_slug=words)
    html = page(raw, include=frozenset({"hidden", "reasoning", "tools"}))
    assert judged(html).faults == []
    assert len(articles_of(html)) >= 6
    assert "\x1b" not in html


def test_versions_stand_behind_the_message_that_they_are_an_alternative_to() -> None:
    mapping = chain(message("user", "one"), message("assistant", "two"))
    add(mapping, "m3", "m1", message("assistant", "two again"))
    add(mapping, "m4", "m3", message("user", "three"))
    add(mapping, "m5", ROOT, message("user", "another beginning"))
    add(mapping, "m6", "m3", message("user", "three again"))
    html = page(conversation(mapping, current_node="m4"))
    found = [(article.own, article.parent, article.version) for article in articles_of(html)]
    assert found == [
        ("m1", "", "1/2"),
        ("m5", "", "2/2"),
        ("m3", "m-m1", "2/2"),
        ("m2", "m-m1", "1/2"),
        ("m4", "m-m3", "1/2"),
        ("m6", "m-m3", "2/2"),
    ]
    assert html.count("<summary>1 other version from here</summary>") == 3
    main = html.partition('<main id="chat"')[2]
    outside = main.split("<details")[0].count("<article")
    assert outside == 1
    assert 'aria-label="Version 1 of 2"' in html


def test_only_the_current_branch_on_request() -> None:
    mapping = chain(message("user", "one"), message("assistant", "two"))
    add(mapping, "m3", "m1", message("assistant", "two again"))
    html = page(conversation(mapping, current_node="m2"), branches="current")
    assert [article.own for article in articles_of(html)] == ["m1", "m2"]


def test_versions_of_versions_do_not_nest_without_end() -> None:
    mapping = chain(message("user", "0"))
    above = "m1"
    for number in range(2, 2000, 2):
        add(mapping, f"m{number}", above, message("user", str(number)))
        add(mapping, f"m{number + 1}", above, message("user", str(number + 1)))
        above = f"m{number}"
    html = page(conversation(mapping, current_node="m1"))
    judge = judged(html)
    assert judge.faults == []
    assert len(articles_of(html)) == 1999
    depth = most = 0
    for piece in html.split("<")[1:]:
        depth += piece.startswith("section") - piece.startswith("/section")
        most = max(most, depth)
    assert most < 100


def test_ids_that_are_no_names_get_others() -> None:
    mapping = chain(message("user", "one"), message("assistant", "two"))
    mapping["m1"]["message"]["id"] = 'a" onclick="x'
    mapping["m2"]["message"]["id"] = "2"
    html = page(conversation(mapping))
    judge = judged(html)
    assert judge.faults == []
    assert len(articles_of(html)) == 2


def test_a_message_says_who_when_and_with_which_model() -> None:
    mapping = chain(
        message("user", "Hi"), message("assistant", "Hello", metadata={"model_slug": "o3"})
    )
    html = page(conversation(mapping))
    assert '<span class="who">ChatGPT</span> <span class="model">o3</span>' in html
    assert '<time datetime="2025-02-19T21:20:00Z">19 February 2025, 21:20</time>' in html
    assert '<a class="when" href="#m-m2">' in html
    assert "<title>A title</title>" in html
    assert '<p class="facts">19 February 2025 · 2 messages · o3 · ' in html


def test_what_a_person_typed_keeps_its_lines_and_signs() -> None:
    typed = "a\n   - *b*\n\nsee https://c.d/e, <f>"
    html = page(conversation(chain(message("user", typed))))
    assert (
        '<div class="typed" dir="auto">a\n   - *b*\n\nsee <a href="https://c.d/e" '
        'target="_blank" rel="noreferrer noopener">https://c.d/e</a>, &lt;f&gt;</div>'
    ) in html


def test_reasoning_is_folded_with_the_line_of_its_recap() -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "S", "content": "C"}]}
    recap = {"content_type": "reasoning_recap", "content": "Thought for 7s"}
    mapping = chain(
        message("user", "Hi"),
        message("assistant", thoughts),
        message("assistant", recap, metadata={"finished_duration_sec": 7}),
        message("assistant", "Hello"),
    )
    html = page(conversation(mapping))
    assert (
        '<details class="fold reasoning"><summary>Thought for 7 seconds</summary>\n'
        "<p><strong>S</strong></p>\n"
    ) in html
    assert html.count("Thought for") == 1
    assert "Thought" not in page(conversation(mapping), include=frozenset())


def test_code_has_colours_unless_they_are_not_wanted() -> None:
    raw = conversation(chain(message("user", "?"), message("assistant", "```python\nif a: b\n```")))
    assert '<span class="k">if</span>' in page(raw)
    assert "<code>if a: b\n</code>" in page(raw, highlight="no")
