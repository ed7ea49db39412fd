from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gptexit.text.markdown import line
from gptexit.writers.markdown.embed import fenced, protect, protect_closely, quoted
from gptexit.writers.markdown.usual import usual
from support.commonmark import COMMONMARK, PIECES, shape, tokens
from support.waiting import at_most

TRAPS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@pytest.mark.slow
@settings(max_examples=300)
@given(TRAPS, st.booleans())
@example("a\n  - ", False)
@example("\u2028\n- ", False)
@example("```\n```\u2028", False)
def test_no_text_breaks_a_note(text: str, headings: bool) -> None:
    assert shape(protect(text, headings=headings)) == (["h2", "h2"], [])


USUAL = r"""
words|# A|## B|### C|   ## D|---|===| -|- a|  - b|1. c|> d||  |    code|```|```python|```tasks|````
  ```|~~~|`x`|``|[a](https://x.example)|[a](b.md)|[a]: b|[^1]|\(x\)|\[|\]|$$|$a$|$1|#tag|a == b|<b>
""".replace("\n", "|")
"""Lines of answers, by which `usual` tells whether there is anything to look at."""


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.lists(st.sampled_from(USUAL.split("|")), max_size=8).map("\n".join) | TRAPS)
@example("word\n  ---")
@example("```\na\n```\n---")
@example("```\na\n``` b\n```")
def test_a_usual_answer_reads_as_if_it_had_been_looked_at_closely(text: str) -> None:
    shown = usual(text, files=False)
    assert shown is None or shown == protect_closely(text, headings=True)


@pytest.mark.slow
@settings(max_examples=80)
@given(TRAPS)
def test_no_code_breaks_a_note(text: str) -> None:
    block = fenced(text, text)
    assert shape(block) == (["h2", "h2"], [])
    assert [token.type for token in tokens(block)].count("fence") == 1
    assert shape(quoted(block)) == (["h2", "h2"], [])


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(st.sampled_from([*PIECES, "&lt;", "&#60;", "&", ";", "_a", "a_"])).map("".join))
@example("___\n___")
def test_a_line_is_its_words(text: str) -> None:
    shown = line(text)
    assert "\n" not in shown
    inline = COMMONMARK.parseInline(shown)[0]
    read = "".join(child.content for child in inline.children or ())
    assert read == " ".join(text.replace("\x00", "\ufffd").split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("# A\n## B", "### A\n#### B"),
        ("### A", "### A"),
        ("a <b>c</b> `<b>`", "a \\<b>c\\</b> `<b>`"),
        ("one<br>two", "one<br>two"),
        ("see <https://x.example>", "see <https://x.example>"),
        ("[[wiki]] and `[[code]]`", "[\\[wiki]] and `[[code]]`"),
        ("x[^1]", "x[\\^1]"),
        ("%%hidden%%", "%\\%hidden%\\%"),
        ("\\(a+b\\) and `\\(c\\)`", "$a+b$ and `\\(c\\)`"),
        ("\\[ x \\]", "$$x$$"),
        ("\\[\nx\n\\]", "$$\nx\n$$"),
        ("```\nopen", "```\nopen\n```"),
        ("```md\n# x\n[[y]]\n```", "```md\n# x\n[[y]]\n```"),
        ("text\n---\nmore", "### text\nmore"),
        ("text\n===", "### text"),
        ("- text\n---\nmore", "- text\n\n---\nmore"),
        ("1. do\n   ```sh\n   ls\n   ```\n2. then", "1. do\n   ```sh\n   ls\n   ```\n2. then"),
        ("- ```\n# x", "- ```\n  ```\n### x"),
        ("a\r\nb", "a\nb"),
        ("```\nx\n> ```\ny", "```\nx\n> ```\ny\n```"),
        ("> ```\n> > ```\n> x", "> ```\n> > ```\n> x\n> ```"),
        ("> ```\n>      ```\n> x", "> ```\n>      ```\n> x\n> ```"),
        ("- ```\n      ```\n# x", "- ```\n      ```\n  ```\n### x"),
        ("- a\n# b\n     ```\n  # c", "- a\n### b\n     \\```\n  ### c"),
        ("> - ```\n> x", "> - \\```\n> x"),
        ("- a\n- b\n  ```\n  c\n  ```", "- a\n- b\n  ```\n  c\n  ```"),
    ],
)
def test_an_answer(text: str, shown: str) -> None:
    assert protect(text, headings=True) == shown


def test_a_users_hash_is_no_heading() -> None:
    assert protect("# include this", headings=False) == "\\# include this"


def test_long_hostile_texts_take_no_time() -> None:
    for text in ("`" * 50_000, "\\(" * 50_000, "> " * 50_000, "<" * 50_000, "- " * 50_000 + "```"):
        with at_most(10):
            shown = protect("[[ " + text, headings=True)
        assert len(shown) > 50_000


@pytest.mark.parametrize(
    "line",
    [
        "* " * 60 + "deep",
        "> " * 130 + "deep",
        ">" * 140 + "deep",
        "1. " * 150 + "deep",
        "- * 1) " * 60 + "deep",
        "   " + "* " * 99 + "deep",
        "* " * 15 + "1. " * 90 + "deep",
    ],
)
def test_no_line_opens_more_than_a_reader_follows(line: str) -> None:
    """markdown-it stops at 100 levels, and would drop what follows."""
    shown = MarkdownIt("js-default").render(protect(line, headings=True) + "\n\nafter it")
    assert "deep" in shown
    assert "after it" in shown


@pytest.mark.parametrize("line", ["- " * 40, "* " * 30, "-" * 80, "-" * 40 + " x", "* a\n* b"])
def test_rules_and_lists_stay(line: str) -> None:
    assert protect(line, headings=True).strip() == line.strip()
