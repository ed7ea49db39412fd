"""What hides a message is said by the export; all else that a message says or shows is a part."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from gptexit.codes import Oddity
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.chatgpt.restore import restore
from support.build import chain, conversation, message, raw_conversations
from support.exports import FIXTURES
from support.exports import raw_conversations as conversations_of


def read(*said: dict[str, Any], met: Any = None, **rest: Any) -> dict[str, Any]:
    """The messages of a chain, by id; and back from them what was read."""
    raw = conversation(chain(*said), **rest)
    neutral = read_conversation(deepcopy(raw), Account(), met or ReadStats())
    assert restore(neutral)["mapping"] == raw["mapping"]
    return {message["id"]: message for message in neutral["messages"]}


def picture(**metadata: dict[str, str]) -> dict[str, Any]:
    pointer = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "sediment://file_1",
        "metadata": metadata,
    }
    return {"content_type": "multimodal_text", "parts": [pointer]}


def says(raw: dict[str, Any]) -> bool:
    """Whether a raw message has words, or a pointer to a file, among the parts of its content."""
    content = raw.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    for part in parts if isinstance(parts, list) else ():
        words = part.get("text") or part.get("asset_pointer") if isinstance(part, dict) else part
        if isinstance(words, str) and words.strip():
            return True
    return False


def assert_nothing_disappears(raw: dict[str, Any]) -> None:
    neutral = read_conversation(deepcopy(raw), Account(), ReadStats())
    for shown in neutral["messages"]:
        if shown["hidden"] is None and not shown["parts"]:
            calls_canvas = (shown["to"] or "").startswith("canmore")
            assert calls_canvas or not says(raw["mapping"][shown["id"]]["message"])


@pytest.mark.slow
@settings(max_examples=140, deadline=None)
@given(raw_conversations())
def test_no_message_disappears_without_a_reason(raw: dict[str, Any]) -> None:
    assert_nothing_disappears(raw)


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_no_message_of_an_export_disappears_without_a_reason(source: Path) -> None:
    for raw in conversations_of(source).values():
        assert_nothing_disappears(raw)


@pytest.mark.parametrize("weight", [0, 0.0, 1.0, False, None, "0"])
def test_weight_hides_nothing(weight: float | str | None) -> None:
    assert read(message("assistant", "x", weight=weight))["m1"]["hidden"] is None


@pytest.mark.parametrize("weight", [0.0, 1.0])
@pytest.mark.parametrize("name", ["t2uay3k.sj1i4kz", "dalle.text2im", "image_gen", "x9.new"])
def test_a_generated_image_is_shown_with_its_title(name: str, weight: float) -> None:
    told = {"image_gen_title": "A fox at dusk"}
    filler = "GPT-4o returned 1 images. From now on, do not say or show ANYTHING."
    found = read(
        message("tool", picture(dalle={"prompt": ""}), name=name, weight=weight, metadata=told),
        message("tool", filler, name=name, weight=weight),
    )
    part = found["m1"]["parts"][0]
    assert (part["type"], part["title"], part["prompt"]) == ("image", "A fox at dusk", None)
    assert found["m1"]["hidden"] is None
    assert found["m2"]["hidden"] == "tool result"


def test_the_title_of_a_part_is_one_only_where_it_is_a_title() -> None:
    fixed = picture(dalle={"serialization_title": "DALL-E generation metadata"})
    own = picture(generation={"serialization_title": "A fox"})
    found = read(message("assistant", fixed), message("assistant", own))
    assert found["m1"]["parts"][0]["title"] is None
    assert found["m2"]["parts"][0]["title"] == "A fox"


@pytest.mark.parametrize("name", ["file_search", "myfiles_browser", "browser", "api_tool", "x"])
def test_a_quoted_passage_is_shown_whatever_tool_quotes_it(name: str) -> None:
    quote = {"content_type": "tether_quote", "url": "file-id://file-1", "domain": "a.txt"}
    found = read(message("tool", {**quote, "text": "Tides."}, name=name, weight=0.0))
    assert found["m1"]["hidden"] is None
    assert found["m1"]["parts"][0]["text"] == "Tides."


@pytest.mark.parametrize("name", ["bio", "canmore.create_textdoc", "api_tool.call_tool", "web"])
def test_words_to_the_model_are_no_part_of_the_chat(name: str) -> None:
    assert read(message("tool", "Done.", name=name))["m1"]["hidden"] == "tool result"


def test_reasoning_of_a_tool_is_reasoning() -> None:
    told = {"initial_text": "Reasoning", "finished_text": "Reasoned for 34s"}
    found = read(
        message("tool", "**Why**", name="a8km123", weight=0.0,
                metadata={**told, "finished_duration_sec": 34}),
        message("tool", "More", name="a8km123", metadata={"initial_text": "Reasoning"}),
        message("tool", "", name="a8km123", metadata={"initial_text": "Reasoning"}),
    )  # fmt: skip
    assert found["m1"]["parts"] == [
        {
            "type": "reasoning",
            "summary": "Reasoned for 34s",
            "thoughts": [{"summary": "", "content": "**Why**"}],
            "seconds": 34,
        }
    ]
    assert found["m2"]["parts"][0]["summary"] == "Reasoning"
    assert found["m3"]["parts"] == []
    assert {shown["hidden"] for shown in found.values()} == {None}


@pytest.mark.parametrize(
    ("thoughts", "kept"),
    [
        ([], []),
        ([{"summary": "", "content": " "}], []),
        ([{"summary": "Weighing", "content": ""}], [("Weighing", "")]),
        ([{"summary": "", "content": "x"}, {}], [("", "x")]),
        (["A step"], [("", "A step")]),
    ],
)
def test_empty_thoughts_are_no_part(thoughts: Any, kept: Any) -> None:
    content = {"content_type": "thoughts", "thoughts": thoughts}
    parts = read(message("assistant", content))["m1"]["parts"]
    steps = [(step["summary"], step["content"]) for part in parts for step in part["thoughts"]]
    assert steps == kept
    assert bool(parts) == bool(kept)


@pytest.mark.parametrize("words", ["", " \n"])
def test_an_empty_message_or_recap_is_no_part(words: Any) -> None:
    recap = {"content_type": "reasoning_recap", "content": words}
    found = read(
        message("assistant", words, metadata={"is_error": True}), message("assistant", recap)
    )
    assert [shown["parts"] for shown in found.values()] == [[], []]


@pytest.mark.parametrize(
    "told",
    [
        {"targeted_reply": "Meuse"},
        {"targeted_reply": "Meuse", "targeted_reply_label": "Replying to"},
        {"targeted_reply": {"id": "m0", "text": "Meuse"}},
        {"targeted_reply": None, "targeted_reply_label": "Meuse"},
    ],
)
def test_the_passage_that_a_user_replies_to_stands_before_the_reply(told: Any) -> None:
    first, second = read(message("user", "How long?", metadata=told))["m1"]["parts"]
    assert first == {"type": "quote", "text": "Meuse", "title": None, "url": None}
    assert second["text"] == "How long?"


def test_auto_is_no_model() -> None:
    raw = conversation(
        chain(
            message("user", "Hi", metadata={"model_slug": "auto"}),
            message("assistant", "Hi", metadata={"model_slug": "gpt-5"}),
        ),
        default_model_slug="auto",
    )
    neutral = read_conversation(deepcopy(raw), Account(), ReadStats())
    assert neutral["model"] is None
    assert [message["model"] for message in neutral["messages"]] == [None, "gpt-5"]
    back = restore(neutral)
    assert back["default_model_slug"] == "auto"
    assert back["mapping"] == raw["mapping"]


def test_a_conversation_without_an_id_has_no_address() -> None:
    raw = {"title": "x", "mapping": chain(message("user", "Hi"))}
    assert read_conversation(raw, Account(), ReadStats())["source"]["url"] is None


CREATE = '{"name":"page","type":"code/html","content":"<p>\\n  \\u00e9 \\"a\\" \\ud83d\\ude00</p>"}'


def test_an_interrupted_canvas_is_there_as_far_as_it_goes_wherever_it_is_cut() -> None:
    whole = '<p>\n  é "a" \U0001f600</p>'
    for cut in range(CREATE.index('","type'), len(CREATE) - 1):
        call = message("assistant", CREATE[:cut], recipient="canmore.create_textdoc")
        part = read(call)["m1"]["parts"][0]
        assert part["type"] == "document"
        assert part["title"] == "page"
        assert whole.startswith(part["text"])


def test_a_canvas_call_that_begins_and_says_nothing_shows_no_json() -> None:
    call = message("assistant", '{"na', recipient="canmore.create_textdoc")
    assert read(call)["m1"]["parts"] == []


def test_an_interrupted_change_of_a_canvas_is_shown_beside_the_document() -> None:
    change = (
        '{"updates":[{"pattern":"a","replacement":"b"},{"pattern":".*","replacement":"A new\\nte'
    )
    for kind, shown in (("document", "quote"), ("code/html", "code")):
        met = ReadStats()
        create = f'{{"name":"Plan","type":"{kind}","content":"a b"}}'
        found = read(
            message("assistant", create, recipient="canmore.create_textdoc"),
            message("assistant", change, recipient="canmore.update_textdoc"),
            message("assistant", change + '"}]}', recipient="canmore.update_textdoc"),
            met=met,
        )
        assert [(part["type"], part["text"]) for part in found["m2"]["parts"]] == [
            (shown, "b"),
            (shown, "A new\nte"),
        ]
        assert found["m3"]["parts"][0]["text"] == "A new\nte"
        assert found["m3"]["parts"][0]["version"] == 2
        assert met.oddities[Oddity.CANVAS_CALL] == 1


def test_writing_blocks_of_any_variant() -> None:
    words = ':::writing{variant="chat_message" id="1"}\nSee you\n:::\n:::writing{id="2"}\nopen'
    neutral: Any = read_conversation(
        conversation(chain(message("assistant", words))), Account(), ReadStats()
    )
    parts = neutral["messages"][0]["parts"]
    assert [(part["kind"], part["text"]) for part in parts] == [
        ("chat_message", "See you"),
        ("document", "open"),
    ]
