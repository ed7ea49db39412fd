from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gptexit.archive.files import Rendered
from gptexit.archive.manifest import Catalog, Entry
from gptexit.codes import Hidden
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.markdown import MarkdownOptions
from gptexit.writers.markdown.writer import Markdown, front_matter
from support.build import ROOT, add, chain, conversation, message, raw_conversations
from support.exports import seen_texts, word_runs

FILES = {"file_1": AssetInfo("file_1.dat", "fox.png", "image/png", 3)}


def render(raw: dict[str, Any], catalog: Catalog | None = None, **options: Any) -> Rendered:
    account = Account(lambda key: FILES.get(key, AssetInfo()))
    neutral = read_conversation(deepcopy(raw), account, ReadStats())
    target = Markdown(MarkdownOptions(timezone=UTC, **options), catalog or Catalog())
    return target.render(neutral)


def note(raw: dict[str, Any], **options: Any) -> str:
    return render(raw, **options).files[0].data.decode()


def body(raw: dict[str, Any], **options: Any) -> str:
    """The note without front matter and title."""
    return note(raw, **options).split("\n---\n\n", 1)[1].split("\n", 2)[2].strip("\n")


def test_an_ordinary_note() -> None:
    raw = conversation(
        chain(
            message("user", "Hi there"),
            message("assistant", "# Hello", metadata={"model_slug": "gpt-5"}),
        )
    )
    assert note(raw) == (
        "---\n"
        "title: A title\n"
        "id: c0ffee00-0000-4000-8000-000000000001\n"
        "created: 2025-02-19T21:20:00Z\n"
        "updated: 2025-02-19T21:21:40Z\n"
        "model: gpt-5\n"
        'url: "https://chatgpt.com/c/c0ffee00-0000-4000-8000-000000000001"\n'
        'source: "https://chatgpt.com/c/c0ffee00-0000-4000-8000-000000000001"\n'
        "messages: 2\n"
        "tags: [chatgpt]\n"
        "---\n\n"
        "# A title\n\n"
        "## You, 19 February 2025, 21:20\n\n"
        "Hi there\n\n"
        "## ChatGPT, 21:20\n\n"
        "### Hello\n"
    )
    assert render(raw).files[0].path == "2025/2025-02-19-a-title.md"


def test_each_cited_source_is_a_footnote() -> None:
    words = (
        "It will do\ue200cite\ue202turn0search1\ue201. So\ue200cite\ue202turn0search1\ue201 [^1]"
    )
    entry = {
        "ref_id": {"turn_index": 0, "ref_type": "search", "ref_index": 1},
        "title": "Uses [of] it",
        "url": "https://x.example/a_(b)?utm_source=chatgpt.com",
    }
    metadata = {"search_result_groups": [{"entries": [entry]}]}
    assert body(conversation(chain(message("assistant", words, metadata=metadata)))) == (
        "## ChatGPT, 19 February 2025, 21:20\n\n"
        "It will do[^1]. So[^1] [\\^1]\n\n"
        "[^1]: [Uses \\[of\\] it](<https://x.example/a_(b)>)"
    )


def test_reasoning_is_folded_and_joined_with_its_recap() -> None:
    thoughts = {
        "content_type": "thoughts",
        "thoughts": [{"summary": "Weighing", "content": "One\n# Two"}],
    }
    recap = {"content_type": "reasoning_recap", "content": "Thought for 7s"}
    raw = conversation(
        chain(
            message("assistant", thoughts),
            message("assistant", recap),
            message("assistant", "Done."),
        )
    )
    assert body(raw) == (
        "## ChatGPT, 19 February 2025, 21:20\n\n"
        "> [!note]- Thought for 7 seconds\n>\n> **Weighing**\n>\n> One\n> ### Two\n\n"
        "Done."
    )
    assert body(raw, include=frozenset()) == "## ChatGPT, 19 February 2025, 21:20\n\nDone."


def image(pointer: str, **metadata: dict[str, str]) -> dict[str, Any]:
    return {
        "content_type": "multimodal_text",
        "parts": [
            {
                "content_type": "image_asset_pointer",
                "asset_pointer": f"sediment://{pointer}",
                "metadata": metadata,
            },
            "Look",
        ],
    }


def test_images_and_what_is_missing() -> None:
    raw = conversation(
        chain(
            message("user", image("file_1", dalle={"prompt": "a [red]\nfox"})),
            message("user", image("file_2")),
        )
    )
    done = render(raw)
    assert body(raw).split("\n\n")[1:] == [
        "![a \\[red\\] fox](../assets/2025/fox-0bf0.png)".replace(
            "0bf0", done.copies[0].path[-8:-4]
        ),
        "Look",
        "*Not in the export: image “file_2”*",
        "Look",
    ]
    assert [copy.member for copy in done.copies] == ["file_1.dat"]


def call(recipient: str, words: str) -> dict[str, Any]:
    content = {"content_type": "code", "language": "unknown", "text": words}
    return message("assistant", content, recipient=recipient)


def test_only_the_last_version_of_a_canvas_document_is_shown_whole() -> None:
    create = '{"name":"Letter","type":"document","content":"Dear Ann\\n# Why"}'
    update = '{"updates":[{"pattern":"Ann","multiple":false,"replacement":"Bob"}]}'
    raw = conversation(
        chain(call("canmore.create_textdoc", create), call("canmore.update_textdoc", update))
    )
    assert body(raw).split("\n\n")[1:] == [
        "*Canvas “Letter”, version 1; its last version stands below.*",
        "> [!abstract] Canvas “Letter”, version 2\n>\n> Dear Bob\n> ### Why",
    ]
    code = '{"name":"a.py","type":"code/python","content":"x = 1"}'
    assert body(conversation(chain(call("canmore.create_textdoc", code)))).endswith(
        "**Canvas “a.py”**\n\n```python\nx = 1\n```"
    )


def test_code_output_memory_and_errors() -> None:
    raw = conversation(
        chain(
            call("python", "print('```')"),
            message("tool", {"content_type": "execution_output", "text": "```"}, name="python"),
            message("assistant", "Keeps bees", recipient="bio"),
            message("tool", {"content_type": "system_error", "name": "Timeout", "text": "late"}),
        )
    )
    assert body(raw).split("\n\n")[1:] == [
        "````python\nprint('```')\n````",
        "Output:",
        "````text\n```\n````",
        "> [!tip] Memory updated\n>\n> Keeps bees",
    ]
    assert "> [!failure] Timeout\n>\n> late" in body(raw, include=frozenset({"tools"}))


def test_hidden_messages_are_left_out_and_counted() -> None:
    raw = conversation(
        chain(
            message("system", "You are ChatGPT"),
            message("user", "Hi"),
            call("web.run", '{"query":"tides"}'),
            message("tool", "raw results", name="web.run"),
            message("assistant", "Hello"),
        )
    )
    done = render(raw)
    assert done.hidden == {Hidden.SYSTEM: 1, Hidden.TOOL_CALL: 1, Hidden.TOOL_RESULT: 1}
    assert done.messages == 2
    shown = body(raw, include=frozenset({"hidden", "tools"}))
    assert "## System, 19 February 2025, 21:20\n\nYou are ChatGPT" in shown
    assert "Searched for: “tides”" in shown
    assert "## Tool web.run, 21:20\n\n```\n" in shown
    assert "\n\nraw results\n\n## ChatGPT" in shown


def test_other_branches() -> None:
    mapping = chain(message("user", "Hi"), message("assistant", "one"))
    add(mapping, "m3", "m1", message("assistant", "two"))
    add(mapping, "m4", ROOT, message("user", "Hey"))
    raw = conversation(mapping, current_node="m3")
    assert "one" not in body(raw)
    assert render(raw).hidden[Hidden.OTHER_BRANCH] == 2
    shown = body(raw, branches="all")
    assert "## Other version 1, instead of ChatGPT, 19 February 2025, 21:20\n\n### ChatGPT" in shown
    assert shown.endswith("### You, 19 February 2025, 21:20\n\nHey")


def test_a_backtick_in_a_sandbox_link_opens_no_fence() -> None:
    account = Account(lambda key: AssetInfo("file_csv.dat", "`", "text/csv", 1))
    raw = conversation(chain(message("assistant", "```}(sandbox:/mnt/data/`)\n\n# Not code")))
    done = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(
        read_conversation(raw, account, ReadStats())
    )
    tokens = MarkdownIt("commonmark").parse(done.files[0].data.decode())
    assert "fence" not in {token.type for token in tokens}


def test_sandbox_links_lead_to_the_archive() -> None:
    FILES["file_csv"] = AssetInfo("file_csv.dat", "t.csv", "text/csv", 1)
    rows = [{"file_id": "file_csv", "file_name": "t.csv", "origination_message_id": "m1"}]
    account = Account(lambda key: FILES.get(key, AssetInfo()), lambda thread: rows)
    raw = conversation(chain(message("assistant", "[t](sandbox:/mnt/data/t.csv)")))
    neutral = read_conversation(raw, account, ReadStats())
    done = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral)
    path = done.copies[0].path
    assert f"[t](../{path})" in done.files[0].data.decode()
    assert path.endswith(".csv")


HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("'\":#-[]{}&*!|>%@`\n\r\t\\,?\x85\ufeff"),
    max_size=40,
)


@pytest.mark.slow
@settings(max_examples=100)
@given(HOSTILE)
def test_front_matter_parses_whatever_the_title(title: str) -> None:
    raw = conversation(chain(message("user", "Hi")), title=title)
    text = note(raw)
    assert text.startswith("---\n")
    front = text[4:].split("\n---\n", 1)[0]
    found = yaml.safe_load(front)
    assert found["title"] == (title or "Untitled")
    assert found["messages"] == 1
    assert found["tags"] == ["chatgpt"]


@pytest.mark.parametrize(
    "words", ["yes", "null", "12", "1e3", "~", "", " a", "a: b", "12-34", "on"]
)
def test_strings_stay_strings(words: str) -> None:
    shown = front_matter({"x": words}).removeprefix("---\n").removesuffix("\n---")
    assert yaml.safe_load(shown) == {"x": words}


@pytest.mark.slow
@settings(max_examples=100)
@given(raw_conversations(), st.sampled_from(["current", "all"]))
def test_whatever_the_reader_accepts_is_rendered(raw: dict[str, Any], branches: str) -> None:
    text = note(raw, branches=branches, include=frozenset({"hidden", "tools", "reasoning"}))
    front = text[4:].split("\n---\n", 1)[0]
    assert yaml.safe_load(front)["tags"] == ["chatgpt"]
    tokens = MarkdownIt("commonmark").parse(text[4 + len(front) + 5 :])
    assert [
        token.level for token in tokens if token.type == "heading_open" and token.tag == "h1"
    ] == [0]


_SAID = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n`#*_>[]()$|~-= \\<"),
    min_size=1,
    max_size=60,
)


@st.composite
def talks(draw: Callable[..., Any]) -> dict[str, Any]:
    """A tree of user and assistant messages, with edits and regenerated answers."""
    mapping = chain(message("user", draw(_SAID)))
    for number in range(draw(st.integers(0, 8))):
        parent = draw(st.sampled_from([key for key in mapping if key != ROOT]))
        role = draw(st.sampled_from(["user", "assistant"]))
        add(mapping, f"n{number}", parent, message(role, draw(_SAID)))
    current = draw(st.sampled_from([key for key in mapping if key != ROOT]))
    return conversation(mapping, current_node=current)


@pytest.mark.slow
@given(talks())
def test_all_that_the_user_saw_stands_in_order(raw: dict[str, Any]) -> None:
    texts = seen_texts(raw)
    words = " ".join(re.findall(r"[^\W_]+", note(raw).partition("\n## ")[2]))
    at = 0
    for text in texts:
        for run_of_words in word_runs(text):
            at = words.find(run_of_words, at)
            assert at >= 0, run_of_words
            at += len(run_of_words)


def test_names_are_stable_and_never_collide() -> None:
    catalog = Catalog()
    first = render(conversation(chain(), title="Twin"), catalog).files[0].path
    other = conversation(chain(), title="TWIN", conversation_id="another")
    second = render(other, catalog).files[0].path
    assert first != second
    assert render(conversation(chain(), title="Renamed"), catalog).files[0].path == first
    assert render(other, catalog).files[0].path == second


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("CON", "undated/con.md"),
        ("../../x", "undated/x.md"),
        ("...", "undated/untitled.md"),
        ("🦊", "undated/untitled.md"),
        ("日本語の題", "undated/日本語の題.md"),
        ("a" * 500, "undated/" + "a" * 80 + ".md"),
        ("字" * 500, "undated/" + "字" * 53 + ".md"),
    ],
)
def test_file_names_are_safe(title: str, path: str) -> None:
    raw = conversation(chain(), title=title, create_time=None, update_time=None)
    found = render(raw).files[0].path
    assert found == path or (title == "CON" and found != "undated/con.md")


def test_the_index() -> None:
    catalog = Catalog()
    target = Markdown(MarkdownOptions(timezone=UTC), catalog)
    for number, project in ((1, None), (2, "g-p-1")):
        raw = conversation(
            chain(), title=f"Talk [{number}]", conversation_id=str(number), gizmo_id=project
        )
        (made,) = target.render(read_conversation(raw, Account(), ReadStats())).files
        catalog.put(Entry(made.key, made.path, "a" * 64, len(made.data), made.about))
    (file,) = target.finish().files
    assert file.path == "index.md"
    assert file.data.decode() == (
        "# ChatGPT archive\n\n"
        "2 conversations, from 19 February 2025 to 19 February 2025.\n\n"
        "## Project g-p-1\n\n"
        "- 2025-02-19 [Talk \\[2\\]](2025/2025-02-19-talk-2.md)\n\n"
        "## 2025\n\n"
        "- 2025-02-19 [Talk \\[2\\]](2025/2025-02-19-talk-2.md)\n"
        "- 2025-02-19 [Talk \\[1\\]](2025/2025-02-19-talk-1.md)\n"
    )


def test_a_line_of_reasoning_without_thoughts_is_a_line() -> None:
    for words, shown in (
        ("Worked for 25s", "*Worked for 25s*"),
        ("Thought for 7s", "*Thought for 7 seconds*"),
        ("Pensado un rato", "*Pensado un rato*"),
    ):
        recap = {"content_type": "reasoning_recap", "content": words}
        nothing = {"content_type": "thoughts", "thoughts": []}
        raw = conversation(
            chain(message("assistant", nothing), message("assistant", recap), message("user", "So"))
        )
        assert body(raw).split("\n\n")[1] == shown
        assert ">" not in body(raw)


def test_reasoning_of_a_tool_has_its_own_title_and_a_recap_behind_it_stays() -> None:
    told = {"finished_text": "Reasoned about tides", "finished_duration_sec": 34}
    recap = {"content_type": "reasoning_recap", "content": "Worked for 40s"}
    raw = conversation(
        chain(
            message("tool", "The moon.", name="a8km123", weight=0.0, metadata=told),
            message("assistant", recap),
        )
    )
    assert body(raw).split("\n\n")[1:] == [
        "> [!note]- Reasoned about tides (34 seconds)\n>\n> The moon.",
        "*Worked for 40s*",
    ]


def test_a_file_whose_place_is_not_told_says_so() -> None:
    mapping = chain(message("user", "Draw"), message("assistant", "", create_time=1_740_000_090))
    for created, line in (
        ("2025-02-19T21:20:30Z", "*Placed by the time at which it was made:*"),
        (None, "*Made in this chat; the export does not say where:*"),
    ):
        row = {"file_id": "file_1", "file_name": "Fox", "created_at": created}
        account = Account(lambda key: FILES[key], lambda _: [row])  # noqa: B023
        neutral = read_conversation(conversation(deepcopy(mapping)), account, ReadStats())
        done = Markdown(MarkdownOptions(timezone=UTC), Catalog()).render(neutral)
        assert f"{line}\n\n![Fox](" in done.files[0].data.decode()


def test_the_passage_that_a_reply_is_about_is_quoted_before_it() -> None:
    raw = conversation(chain(message("user", "How long?", metadata={"targeted_reply": "Meuse"})))
    assert body(raw).endswith("> Meuse\n\nHow long?")
