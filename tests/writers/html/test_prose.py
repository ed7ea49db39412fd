"""Markdown as HTML: the same in both ways to render it, safe, and with every word."""

from __future__ import annotations

import re

import pyromark
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gptexit.writers.html.code import code_block
from gptexit.writers.html.events import rendered
from gptexit.writers.html.prose import OPTIONS, Prose, cite, typed
from support.safe_html import judged

_SIGNS = (
    "*¦_¦**¦`¦```¦~~¦#¦\n¦\n\n¦    ¦- ¦1. ¦7) ¦> ¦|¦[¦]¦](¦)¦![¦(http://a.b/c?d=1&e='x')¦(javascript:x)"
    "¦[ ] ¦[x] ¦<http://a.b>¦<a@b.cd>¦\\¦&amp;¦&¦\"¦'¦\n---\n¦\n===\n¦|--|:-:|¦\n|a|b|\n|--:|---|\n|c|d|\n"
    "¦\n```python\nx = 1\n¦ \n¦  \n¦\t¦é¦漢¦[a]: http://x 'y'\n¦[a]¦\0¦\x1b¦שלום¦.¦a¦word ¦http://e.f/(g)h."
)
_RAW = (
    "<b>¦</b>¦<script>alert(1)</script>¦<!-- x -->¦<img src=x onerror=y>¦<br>¦<¦<?php ?>¦<![CDATA["
    "¦]]>¦<style>¦<a href='javascript:x'>¦<details>¦\n<div>\n"
)
_FORMULAS = (
    "\\(¦\\)¦\\[¦\\]¦$¦$$¦x^2¦\\frac{a}{b}¦{¦}¦$5¦\\href{a}{b}¦\ufdd4¦\ufdd5¦\ufdd4m0\ufdd5"
    "¦\ufdd4c0\ufdd5¦$a<b$¦\\(x\\)¦sandbox:/mnt/data/x"
)
SIGNS, RAW, FORMULAS = (st.sampled_from(signs.split("¦")) for signs in (_SIGNS, _RAW, _FORMULAS))


def texts(*strategies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(*strategies), max_size=30).map("".join)


ANYTHING = texts(SIGNS, RAW, FORMULAS, st.text(max_size=3))


@given(texts(SIGNS))
@example("- ```")
@example("```*\t*")
@example("![a *b* [c](d)](e)")
@example("[a](<b c> \"d & 'e'\")")
@example("- a\n\n  b\n- [ ] c")
@example("| a |\n|---|\n| b | c |\n| |")
def test_events_give_what_pyromark_gives(text: str) -> None:
    text = re.sub("<(?=[A-Za-z/!?])(?!http://a|a@b)", "", text)
    whole = pyromark.html(text, options=OPTIONS, highlight=code_block)
    assert rendered(pyromark.events(text, options=OPTIONS), code_block) == whole


@given(ANYTHING)
def test_nothing_in_a_text_becomes_an_element_of_its_own(text: str) -> None:
    assert judged(Prose().html(text)).faults == []


@given(ANYTHING)
def test_what_is_typed_stays_as_it_is(text: str) -> None:
    judge = judged(typed(text))
    assert judge.faults == []
    shown = "".join(judge.text)
    assert (
        shown == text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").replace("\0", "\ufffd")
        or "\0" in text
    )


@given(ANYTHING, st.integers(0, 3))
def test_marks_of_citations_stay_whole(text: str, count: int) -> None:
    text = text.replace("\ufdd4", "")
    cited = [
        f'<sup class="cite"><a href="#s{number}">{number}</a></sup>' for number in range(count)
    ]
    marked = "".join(f"word{cite(number)} " for number in range(count))
    html = Prose(cited=cited).html(f"{marked}\n\n{text}")
    assert judged(html).faults == []
    assert all(one in html for one in cited)


def test_what_a_text_shows() -> None:
    cases = {
        "# A": "<h2>A</h2>",
        "###### A": "<h2>A</h2>",
        "a <b>c</b>": "<p>a &lt;b&gt;c&lt;/b&gt;</p>",
        "a<br>b": "<p>a<br />b</p>",
        "- [x] a": "<li>☑ a</li>",
        "It costs $5, not $6.": "<p>It costs $5, not $6.</p>",
        "`$a$ \\(b\\)`": "<code>$a$ \\(b\\)</code>",
        "[a](javascript:b)": "<p>a (javascript:b)</p>",
        "[a](file:///etc/passwd)": "<p>a (file:///etc/passwd)</p>",
        "[a](b.html)": "<p>a (b.html)</p>",
        "![a](data:image/png;base64,AA)": "<p>a (data:image/png;base64,AA)</p>",
        "| a |\n|--:|\n| b |": '<td class="r">b</td>',
        "```\n<b>\n```": '<div class="code"><pre><code>&lt;b&gt;\n</code></pre></div>',
    }
    assert {
        text: wanted for text, wanted in cases.items() if wanted not in Prose().html(text)
    } == {}


def test_headings_begin_below_the_title_and_skip_no_level() -> None:
    html = Prose().html("### A\n# B\n### C\n###### D\n## E")
    assert re.findall(r"<(h\d)>(.)</\1>", html) == [
        *(("h2", "A"), ("h2", "B"), ("h3", "C"), ("h4", "D"), ("h3", "E"))
    ]


ABROAD = 'target="_blank" rel="noreferrer noopener"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](https://b.c)", f'<a href="https://b.c" {ABROAD}>a</a>'),
        ("see https://b.c/d.", f'<a href="https://b.c/d" {ABROAD}>https://b.c/d</a>.'),
        ("![a](https://b.c/d.png)", f'<a href="https://b.c/d.png" {ABROAD}>a</a>'),
        ("![](https://b.c/d.png)", f'<a href="https://b.c/d.png" {ABROAD}>https://b.c/d.png</a>'),
        (
            "[![a](https://b.c/d.png)](https://e.f)",
            f'<a href="https://e.f" {ABROAD}>a</a> '
            f'(<a href="https://b.c/d.png" {ABROAD}>https://b.c/d.png</a>)',
        ),
        ("[![a](https://b.c)](https://b.c)", f'<a href="https://b.c" {ABROAD}>a</a>'),
        ('![a](https://b.c "d")', f'<a href="https://b.c" title="d" {ABROAD}>a</a>'),
        ('[![a](a.svg)](b.html "d")', 'a (a.svg) (b.html "d")'),
    ],
)
def test_links(text: str, shown: str) -> None:
    assert Prose().html(text) == f"<p>{shown if text[0] != 's' else 'see ' + shown}</p>\n"


def test_links_to_files_of_the_code_interpreter() -> None:
    prose = Prose(file={"/mnt/data/a.csv": "../assets/a.csv"}.get)
    assert prose.html("[a](sandbox:/mnt/data/a.csv)") == '<p><a href="../assets/a.csv">a</a></p>\n'
    assert '<a href="../assets/a.csv">' in prose.html("It is at sandbox:/mnt/data/a.csv.")
    assert "<a" not in prose.html("[b](sandbox:/mnt/data/b.csv) and `sandbox:/mnt/data/a.csv`")


@pytest.mark.parametrize("text", [r"\(x^2\)", "$x^2$", r"\[x^2\]", "$$\nx^2\n$$"])
def test_formulas_are_drawn_and_keep_their_source(text: str) -> None:
    html = Prose().html(f"{text}\n")
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html
    assert ">x^2</annotation>" in html
    assert ('display="block"' in html) == (text[:2] in ("\\[", "$$"))


def test_right_to_left_texts_get_their_direction_by_block() -> None:
    html = Prose().html("שלום\n\nHello\n\n> שלום\n\n- אחד\n- two")
    assert html.startswith('<p>שלום</p>\n<p dir="auto">Hello</p>')
    assert '<blockquote dir="auto">\n<p>שלום</p>' in html
    assert html.count('<li dir="auto">') == 2


def test_a_formula_that_was_cut_is_shown_as_its_source() -> None:
    html = Prose().html(r"\(\frac{1\) and \(\frac{1}{2}\)")
    assert r'<code class="tex">\frac{1</code>' in html
    assert html.count("<mfrac>") == 1
    assert "dir" not in Prose().html("héllo 漢字")
