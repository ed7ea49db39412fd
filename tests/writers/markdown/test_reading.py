"""How a note reads, judged by a Markdown reader that gptexit does not use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from itertools import groupby
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gptexit.archive.manifest import Catalog
from gptexit.codes import Oddity
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.text.markdown import line
from gptexit.writers.markdown import MarkdownOptions
from gptexit.writers.markdown.embed import fenced, protect
from gptexit.writers.markdown.links import is_safe
from gptexit.writers.markdown.typed import typed
from gptexit.writers.markdown.writer import Markdown
from support.build import chain, conversation, message
from support.commonmark import PIECES
from support.waiting import at_most

COMMONMARK = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
MORE = [
    *("[1]: https://x.example/1\n", "[1]", "[a][1]", "[a][]", "![a][1]", "[1]:", "[^1]: x\n"),
    *("[a](javascript:x)", "[a](https://x.example)", "![a](https://x.example/p.png)", "![", "]("),
    *("![a](data:image/png;base64,x)", "<javascript:x>", "<me@x.example>", "$$", "$", "$$\n", "\\"),
    *(
        "- a\n",
        "    x = 1\n",
        "\n\n    <b>\n",
        "| a |\n|---|\n",
        "> q\n",
        "1. x\n",
        "#tag",
        " ^id\n",
    ),
    *(
        "(sandbox:/mnt/data/a.csv)",
        "sandbox:/mnt/data/b (1).csv",
        "<!--",
        "```dataview\n",
        "\ufdd4",
    ),
    *(
        "[a]: javascript:x\n",
        "&#106;avascript:",
        "java\tscript:",
        "FILE:///x",
        "//x.example/p.png)",
    ),
]
TEXTS = st.lists(st.sampled_from([*PIECES, *MORE]), max_size=20).map("".join)


def note_of(*messages: dict[str, Any], **options: Any) -> str:
    raw = conversation(chain(*messages))
    neutral = read_conversation(raw, Account(), ReadStats())
    target = Markdown(MarkdownOptions(timezone=UTC, **options), Catalog())
    return target.render(neutral).files[0].data.decode()


def body(*messages: dict[str, Any], **options: str) -> str:
    return note_of(*messages, **options).split("\n---\n\n", 1)[1].split("\n", 2)[2].strip("\n")


def html_of(text: str) -> Any:
    return COMMONMARK.render(text).strip()


@pytest.mark.slow
@settings(max_examples=80)
@given(st.lists(TEXTS, min_size=1, max_size=4))
@example(["[1]: https://x.example", "[1]"])
@example(["[a`]: `x", "[a`]"])
@example(["```\nopen", "- a", "    x"])
@example(["a", "```a| b |\n|---|\n"])
@example(["```a|\n|---|\n"])
def test_each_message_renders_as_it_does_alone(texts: list[str]) -> None:
    """Nothing in one message changes another, or ends the note."""
    roles = ["user" if number % 2 else "assistant" for number in range(len(texts))]
    note = body(*(message(*said) for said in zip(roles, texts, strict=True)))
    alone = [
        typed(text) if role == "user" else protect(text, headings=True).strip("\n")
        for role, text in zip(roles, texts, strict=True)
        if text.strip()
    ]
    parts = re.split(r"<h2>(?:You|ChatGPT)[^<]*</h2>\n?", html_of(note))[1:]
    # A message without words has no heading, and two of one speaker share theirs.
    shown = [role for role, text in zip(roles, texts, strict=True) if text.strip()]
    groups = [
        [text for _, text in group]
        for _, group in groupby(zip(shown, alone, strict=True), key=lambda pair: pair[0])
    ]
    if any(len(group) > 1 for group in groups) or "sandbox:" in "".join(texts):
        return
    assert [part.strip() for part in parts] == [html_of(group[0]) for group in groups]


def addresses(text: Any) -> Iterator[Any]:
    """Each address that a reader would follow or load, and whether it loads it."""
    for token in COMMONMARK.parse(text):
        for child in token.children or []:
            if child.type == "link_open":
                yield child.attrGet("href"), False
            if child.type == "image":
                yield child.attrGet("src"), True


ANY_SCHEME = MarkdownIt("commonmark").enable("table")
ANY_SCHEME.validateLink = lambda url: True  # type: ignore[method-assign]


@pytest.mark.slow
@settings(max_examples=150)
@given(TEXTS)
@example("[a](java&#115;cript:x)")
@example("[a]( \n javascript:x)")
@example("[a](b`)[c](javascript:x)`")
@example('[a](b ")`")[c](javascript:x)`')
@example("<https://x.example/`>[c](javascript:x)`")
@example("[1]: /x```\n[a][1]`![a][1]\n")
@example("$$x=1 [a](javascript:x)$$ and \\(![a](https://x.example/p.png)\\)")
@example("[a][1]\n\n[1]: file:///etc/passwd")
@example("[![a](https://x.example/p.png)](javascript:x)")
@example("\\\\![a](https://x.example/p.png)")
@example("![a](\\\\server\\share\\x.png)")
def test_no_address_runs_or_loads_anything(text: str) -> None:
    for shown in (protect(text, headings=True), typed(text)):
        for token in ANY_SCHEME.parse(shown):
            for child in token.children or []:
                if child.type == "link_open":
                    assert is_safe(str(child.attrGet("href")))
                if child.type == "image":
                    assert is_safe(str(child.attrGet("src")))
                    assert not re.match("[a-z]+:|//", str(child.attrGet("src")), re.IGNORECASE)


PLAIN = MarkdownIt("commonmark").enable("table")
PLAIN.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
"""Shows an address as it stands, whatever parts it thinks it has."""


def seen_lines(block: str) -> list[str]:
    """The lines that a reader shows, without white space at their ends and blank ones."""
    found = []
    for token in PLAIN.parse(block):
        if token.type in ("fence", "code_block"):
            found += token.content.split("\n")
        elif token.type == "inline":
            words = ""
            for child in token.children or []:
                if child.type in ("hardbreak", "softbreak"):
                    found.append(words)
                    words = ""
                else:
                    assert child.type in ("text", "text_special", "link_open", "link_close"), child
                    words += child.content
            found.append(words)
        else:
            assert token.type in ("paragraph_open", "paragraph_close"), token
    return [each for each in map(str.strip, found) if each]


TYPED = st.lists(
    st.sampled_from([piece for piece in [*PIECES, *MORE] if not re.search(r"```|~~~|\x00", piece)])
    | st.text(max_size=5),
    max_size=20,
).map("".join)


@pytest.mark.slow
@settings(max_examples=220)
@given(TYPED)
@example("def f():\n    return __x__\n\n*a*\n1. b\n# c\n> d\n---")
@example("a\n===\nb|c\n-|-")
@example("see <https://x.example/__a__> or https://x.example/__a__.")
@example("\\\\*\\")
def test_what_was_typed_is_what_is_shown(text: str) -> None:
    if "```" in text or "~~~" in text or "\x00" in text:
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert seen_lines(typed(text)) == [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Roses are red\nViolets are blue", "Roses are red\\\nViolets are blue"),
        (
            "Fix:\n\ndef f():\n    x\n\nclass A:\n  y\n\nok",
            "Fix:\n\n```text\ndef f():\n    x\n\nclass A:\n  y\n```\n\nok",
        ),
        ("`__init__` and *x*", "\\`\\_\\_init\\_\\_\\` and \\*x\\*"),
        ("1. a\n2) b\n- c\n# d\n> e", "1\\. a\\\n2\\) b\\\n\\- c\\\n\\# d\\\n\\> e"),
        ("see https://x.example/a_b, ok", "see https://x.example/a_b, ok"),
        ("see https://x.example/_a_", "see <https://x.example/_a>\\_"),
        ("[1]: https://x.example", "\\[1]: https://x.example"),
        ("```py\n# c\n```\nand\nmore", "```py\n# c\n```\n\nand\\\nmore"),
        ("```dataviewjs\nx\n```", "```text\nx\n```"),
        ("#travel #12 C#x", "\\#travel #12 C#x"),
        ("a\\nb \\* c\\", "a\\nb \\\\\\* c\\\\"),
        ("name\tage\nAnn\t3", "```text\nname\tage\nAnn\t3\n```"),
    ],
)
def test_typed(text: str, shown: str) -> None:
    assert typed(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [docs][1].\n\n[1]: https://x.example/d", "See [docs](https://x.example/d).\n\n"),
        ("[a][] [a]\n\n[A]: /x 'T'", "[a](/x 'T') [a](/x 'T')\n\n"),
        ("x [1]\n\n[2]: https://x.example", "x [1]\n\n\\[2]: https://x.example"),
        ("[a][1]\n\n[1]: javascript:x", "[a][1]\n\n\\[1]: javascript:x"),
        ("- [1]: https://x.example", "- \\[1]: https://x.example"),
        ("[^1]: foot", "\\[\\^1]: foot"),
        ("A price of $5/$6 in $HOME", "A price of \\$5/$6 in $HOME"),
        ("So $e=mc^2$, $x$ and $5", "So $e=mc^2$, $x$ and $5"),
        ("- A: $$\n- B: $$", "- A: \\$\\$\n- B: \\$\\$"),
        ("$$\nx = 1\n\ny", "\\$\\$\nx = 1\n\ny"),
        ("$$\nx\n=\n1\n$$", "$$\nx\n{=}\n1\n$$"),
        ("`$$` and $$", "`$$` and \\$\\$"),
        ("\\\\(group\\\\) C:\\[dir\\] \\[1\\]", "\\\\(group\\\\) C:\\[dir\\] \\[1\\]"),
        ("a \\( \\$5 \\) b", "a $\\$5$ b"),
        ("1. x:\n   \\[\n   y\n   \\]", "1. x:\n   $$\n   y\n   $$"),
        ("Use:\n\n    a<b>[[0]]\n\nok <b>", "Use:\n\n    a<b>[[0]]\n\nok \\<b>"),
        ("- a\n\n    <b>", "- a\n\n    \\<b>"),
        ("A\n==\n\nB\n---\n\n```\n# c\n```\n\n# D", "### A\n\n#### B\n\n```\n# c\n```\n\n### D"),
        ("<me@x.example> <https://x.example> <b>", "<me@x.example> <https://x.example> \\<b>"),
        ("#travel, #fff and issue #12 ^a1", "\\#travel, \\#fff and issue #12 \\^a1"),
        ("https://x.example/#a [b](#c) `#d`", "https://x.example/#a [b](#c) `#d`"),
        ("<% x %> {{y}} `<% x %>`", "<\\% x %> {\\{y}} `<% x %>`"),
        ("```tasks\nnot done\n```", "```text\nnot done\n```"),
        ("- ```dataview\n  x\n  ```", "- ```text\n  x\n  ```"),
        ("> [!note] x", "> \\[!note] x"),
        ("[a](JavaScript:x) [b](mailto:me@x.example)",
         "[a]\\(JavaScript:x) [b](mailto:me@x.example)"),
        ("![a](https://x.example/p.png \"t\")", "[a](https://x.example/p.png \"t\")"),
        ("![](https://x.example/p.png)", "<https://x.example/p.png>"),
        ("[![a](https://x.example/p)](https://y.example)", "[a](https://x.example/p) (<https://y.example>)"),
        ("[![a](https://x.example/$p$)](https://y.example/$q$)",
         "[a](https://x.example/$p$) (<https://y.example/$q$>)"),
        ("[a](<https://x.example/p q>) a <https://x.example/p q>",
         "[a](<https://x.example/p q>) a \\<https://x.example/p q>"),
        ("![a][1]\n\n[1]: https://x.example/p.png", "[a](https://x.example/p.png)\n\n"),
        ("![a](p.png) ![b](file:///p.png)", "![a](p.png) !\\[b]\\(file:///p.png)"),
    ],
)  # fmt: skip
def test_an_answer_reads_as_the_chat_did(text: str, shown: str) -> None:
    assert protect(text, headings=True) == shown


def test_pictures_of_the_web_can_be_kept() -> None:
    said = message("assistant", "![a](https://x.example/p.png)")
    assert "\n[a](https://x.example/p.png)" in body(said)
    assert "\n![a](https://x.example/p.png)" in body(said, web_images="keep")


def test_a_list_does_not_go_on_in_the_next_message() -> None:
    answers = [message("assistant", text) for text in ("- a\n- b", "- c", "1. d")]
    assert html_of(body(*answers)).count("<ul>") == 2


def test_the_model_stands_at_each_answer_where_there_were_several() -> None:
    def said(*models: str) -> list[dict[str, Any]]:
        answers = (message("assistant", "x", metadata={"model_slug": model}) for model in models)
        return [message("user", "Hi"), *answers]

    note = note_of(*said("gpt-4o", "gpt-4o", "o3"))
    assert "\nmodels: [gpt-4o, o3]\n" in note
    assert re.findall(r"^## (.*)", note, re.MULTILINE) == [
        "You, 19 February 2025, 21:20",
        "ChatGPT (gpt-4o), 21:20",
        "ChatGPT (o3), 21:20",
    ]
    alone = note_of(*said("gpt-4o", "gpt-4o"))
    assert "models:" not in alone
    assert "## ChatGPT, 21:20" in alone


def test_a_conversation_without_an_id_has_no_address() -> None:
    raw = conversation(chain(message("user", "Hi")))
    for key in ("id", "conversation_id"):
        raw.pop(key, None)
    neutral = read_conversation(raw, Account(), ReadStats())
    note = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral).files[0].data.decode()
    assert "url:" not in note
    assert "source:" not in note


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Why " + "a" * 300, "undated/why-" + "a" * 76 + ".md"),
        ("计划 " + "字" * 300, "undated/计划-" + "字" * 51 + ".md"),
        ("https://x.example/" + "a" * 300, "undated/https-x-example-" + "a" * 64 + ".md"),
    ],
)
def test_a_title_of_one_long_word_is_cut(title: str, path: str) -> None:
    raw = conversation(chain(), title=title, create_time=None, update_time=None)
    neutral = read_conversation(raw, Account(), ReadStats())
    assert Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral).files[0].path == path


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("[a](sandbox:/mnt/data/Sales (May).csv)", "Sales (May).csv"),
        ("[a](sandbox:/mnt/data/x(1).csv) b", "x(1).csv"),
        ("[a](sandbox:/mnt/data/My%20Table.csv)", "My Table.csv"),
        ("[a](<sandbox:/mnt/data/My Table.csv>)", "My Table.csv"),
        ('[a](sandbox:/mnt/data/t.csv "Get it")', "t.csv"),
        ("[a](sandbox:/mnt/data/t.csv?download=1)", "t.csv"),
        ("[a](sandbox:/mnt/data/out/t.csv)", "t.csv"),
        ("[a](sandbox:/mnt/data/a\\_b.csv)", "a_b.csv"),
        ("It is in sandbox:/mnt/data/t.csv.", "t.csv"),
        ("It is in <sandbox:/mnt/data/t.csv>", "t.csv"),
        ("[`t`](sandbox:/mnt/data/t.csv)", "t.csv"),
    ],
)
def test_a_file_of_the_code_interpreter_is_linked(words: str, name: str) -> None:
    facts = AssetInfo("file_x.dat", None, "text/csv", 3)
    rows = [{"file_id": "file_x", "file_name": name, "origination_message_id": "m1"}]
    account = Account(lambda key: facts if key == "file_x" else AssetInfo(), lambda thread: rows)
    met = ReadStats()
    neutral = read_conversation(conversation(chain(message("assistant", words))), account, met)
    done = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral)
    (copy,) = done.copies
    text = done.files[0].data.decode()
    assert copy.member == "file_x.dat"
    assert text.count(f"(../{copy.path}") == 2
    assert "Not in the export" not in text
    assert not met.oddities[Oddity.FILE_STAYED]


def test_of_files_with_one_name_each_message_links_to_its_own() -> None:
    rows = [
        {"file_id": f"file_{key}", "file_name": "t.csv", "origination_message_id": key}
        for key in ("m1", "m2")
    ]
    account = Account(lambda key: AssetInfo(f"{key}.dat", None, "text/csv", 3), lambda thread: rows)
    said = (message("assistant", f"[{key}](sandbox:/mnt/data/t.csv)") for key in ("x1", "x2"))
    neutral = read_conversation(conversation(chain(*said)), account, ReadStats())
    done = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral)
    paths = {copy.member: copy.path for copy in done.copies}
    text = done.files[0].data.decode()
    assert f"[x1](../{paths['file_m1.dat']})" in text
    assert f"[x2](../{paths['file_m2.dat']})" in text


def test_a_file_that_stayed_behind_is_listed_once_and_not_linked() -> None:
    words = "[a](sandbox:/mnt/data/a%20b.csv) and `sandbox:/mnt/data/code.csv`"
    met = ReadStats()
    neutral = read_conversation(conversation(chain(message("assistant", words))), Account(), met)
    text = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral).files[0].data.decode()
    assert "[a]\\(sandbox:/mnt/data/a%20b.csv)" in text
    assert text.count("Not in the export") == 1
    assert "“a b.csv”" in text
    assert met.oddities[Oddity.FILE_STAYED] == 1


def test_a_title_is_no_tag_no_template_and_no_comment() -> None:
    assert line("Plan #travel <% x %> %%a%% {{b}} $c$ ^d1") == (
        "Plan \\#travel \\<\\% x %\\> %\\%a%\\% {\\{b}} \\$c$ \\^d1"
    )


def test_code_for_a_notes_app_does_not_run() -> None:
    assert fenced("x", "dataviewjs") == "```text\nx\n```"


HOSTILE = (
    *("![", "](", "[a]: x\n", "$", "$$ ", "$a ", "\\(", "\\[\n", "__", "a_", " #", " ^a", "<", "["),
    *("sandbox:/mnt/data/", "(sandbox:/mnt/data/(", "x\n---\n", "  - ", "\t"),
)


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_take_no_time(piece: Any) -> None:
    text = piece * 20_000
    with at_most(10):
        shown = [protect(text, headings=True), typed(text), line(text)]
    assert all(isinstance(words, str) for words in shown)
