from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson
import pytest

from gptexit.codes import Oddity
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import ROOT, add, chain, conversation, message


def messages(mapping: Any, met: Any = None) -> Any:
    found = read_conversation(conversation(deepcopy(mapping)), Account(), met or ReadStats())[
        "messages"
    ]
    return {shown["id"]: shown for shown in found}


def code(words: Any, language: Any = "json") -> Any:
    return {"content_type": "code", "language": language, "text": words}


def call(recipient: Any, words: Any) -> Any:
    return message("assistant", code(words, "unknown"), recipient=recipient)


def test_a_memory_write_is_a_memory() -> None:
    found = messages(
        chain(
            message("assistant", "User keeps bees.", recipient="bio"),
            message("tool", "Model set context updated.", name="bio"),
        )
    )
    assert found["m1"]["parts"] == [
        {"type": "memory", "text": "User keeps bees.", "snapshot": False}
    ]
    assert found["m1"]["hidden"] is None
    assert found["m2"]["hidden"] == "tool result"


def canvas_reply(textdoc_id: Any = "doc1") -> Any:
    return message("tool", "{}", name="canmore", metadata={"canvas": {"textdoc_id": textdoc_id}})


def test_canvas_is_replayed_on_each_branch() -> None:
    create = orjson.dumps({"name": "Letter", "type": "document", "content": "Dear Ann"}).decode()
    change = '{"updates":[{"pattern":"Ann","multiple":false,"replacement":"%s"}]}'
    mapping = chain(call("canmore.create_textdoc", create), canvas_reply())
    add(mapping, "left", "m2", call("canmore.update_textdoc", change % "Bob"))
    add(mapping, "left2", "left", canvas_reply())
    add(mapping, "right", "m2", call("canmore.update_textdoc", change % "Eve"))
    add(mapping, "wrong", "m2", call("canmore.update_textdoc", change.replace("Ann", "Zoe") % "x"))
    met = ReadStats()
    found = messages(mapping, met)
    assert found["m1"]["parts"][0]["id"] == "doc1"
    assert found["m1"]["parts"][0]["version"] == 1
    assert found["left"]["parts"][0]["text"] == "Dear Bob"
    assert found["right"]["parts"][0]["text"] == "Dear Eve"
    assert found["right"]["parts"][0]["version"] == 2
    assert found["wrong"]["parts"] == [
        {
            "type": "quote",
            "text": "x",
            "title": "Change to the document “Letter”",
            "url": None,
        }
    ]
    assert met.oddities[Oddity.CANVAS_CALL] == 1


def test_a_canvas_comment_is_a_quote() -> None:
    words = '{"comments":[{"pattern":"x","comment":"Too long"}]}'
    found = messages(chain(call("canmore.comment_textdoc", words)))
    assert found["m1"]["parts"][0]["text"] == "Too long"


@pytest.mark.parametrize(
    "recipient", ["dalle.text2im", "t2uay3k.sj1i4kz", "image_gen.text2im", "imagegen.make_image"]
)
def test_a_generated_image_keeps_its_prompt_and_loses_the_filler(recipient: Any) -> None:
    image = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1"}
    found = messages(
        chain(
            call(recipient, '{"prompt":"a red fox","size":"1x1"}'),
            message(
                "tool",
                {"content_type": "multimodal_text", "parts": [image, "From now on, say nothing"]},
                name=recipient,
            ),
            message("tool", "From now on, say nothing", name=recipient),
        )
    )
    assert found["m1"]["hidden"] == "tool call"
    assert [part["type"] for part in found["m2"]["parts"]] == ["image"]
    assert found["m2"]["parts"][0]["prompt"] == "a red fox"
    assert "From now on" in str(found["m2"]["extra"])
    assert found["m3"]["hidden"] == "tool result"


def test_code_and_its_output_are_shown() -> None:
    found = messages(
        chain(
            message("assistant", code("1+1", "unknown"), recipient="python"),
            message("tool", {"content_type": "execution_output", "text": "2"}, name="python"),
            call("container.exec", '{"cmd":["bash","-lc","ls"]}'),
            message("tool", "file.txt", name="container.exec"),
        )
    )
    assert found["m1"]["parts"] == [{"type": "code", "language": "python", "text": "1+1"}]
    assert found["m2"]["parts"] == [{"type": "output", "text": "2"}]
    assert found["m3"]["parts"] == [{"type": "code", "language": "bash", "text": "ls"}]
    assert {found[key]["hidden"] for key in ("m1", "m2", "m3", "m4")} == {None}


@pytest.mark.parametrize(
    "words",
    [
        'search("tide times")',
        '{"search_query":[{"q":"tide times"}]}',
        '{"queries":["tide times"]}',
        '{"query":"tide times"}',
    ],
)
def test_searches(words: Any) -> None:
    metadata = {
        "search_result_groups": [{"entries": [{"title": "Tides", "url": "https://t.example"}]}]
    }
    found = messages(
        chain(call("web", words), message("tool", "", name="web.run", metadata=metadata))
    )
    assert found["m1"]["parts"][-1]["queries"] == ["tide times"]
    assert found["m2"]["parts"][0]["results"] == [{"title": "Tides", "url": "https://t.example"}]
    assert found["m1"]["hidden"] == "tool call"
    assert found["m2"]["hidden"] == "tool result"


def test_a_tool_without_a_reader_shows_its_words_and_pictures_and_not_its_json() -> None:
    image = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1"}
    found = messages(
        chain(
            call("somebody.else", "{}"),
            message("tool", '{"ok": true}', name="somebody.else"),
            message("tool", "For the model.", name="somebody.else", recipient="assistant"),
            message("tool", "High tide is at noon.", name="somebody.else"),
            message("tool", {"content_type": "multimodal_text", "parts": [image]}, name="x"),
        )
    )
    assert [found[f"m{number}"]["hidden"] for number in range(1, 6)] == [
        "tool call",
        "tool result",
        "tool result",
        None,
        None,
    ]
    assert found["m4"]["parts"] == [
        {"type": "quote", "text": "High tide is at noon.", "title": "somebody.else", "url": None}
    ]


def test_a_research_report_in_a_widget_is_shown() -> None:
    report = {
        "content": {"content_type": "text", "parts": ["# Report \ue200cite\ue202x\ue201"]},
        "metadata": {
            "content_references": [
                {
                    "matched_text": "\ue200cite\ue202x\ue201",
                    "items": [{"title": "S", "url": "https://s.example"}],
                }
            ]
        },
    }
    sdk = {"chatgpt_sdk": {"widget_state": orjson.dumps({"report_message": report}).decode()}}
    found = messages(chain(message("tool", "", name="api_tool", metadata=sdk)))
    assert found["m1"]["parts"][-1]["text"] == "# Report ([S](https://s.example))"
    assert found["m1"]["hidden"] is None


@pytest.mark.parametrize("state", ["nonsense", 7, None, "{}"])
def test_a_damaged_widget_is_nothing(state: Any) -> None:
    found = messages(
        chain(message("tool", "", name="x", metadata={"chatgpt_sdk": {"widget_state": state}}))
    )
    assert found["m1"]["parts"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (message("system", "x"), "system message"),
        (message("user", "x", weight=0.0), None),
        (message("user", "x", metadata={"is_visually_hidden": True}), "marked as hidden"),
        (
            message("user", "x", metadata={"is_visually_hidden_from_conversation": True}),
            "marked as hidden",
        ),
        (message("user", {"content_type": "user_editable_context"}), "context"),
        (message("user", "x"), None),
    ],
)
def test_why_a_message_is_hidden(each: Any, reason: Any) -> None:
    assert messages(chain(each))["m1"]["hidden"] == reason


def test_uploads_that_are_also_parts_count_once() -> None:
    image = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Ab1"}
    attachments = [
        {"id": "file-Ab1", "name": "form.png", "mime_type": "image/png"},
        {"id": "file-Cd2", "name": "app.ts", "mime_type": "video/mp2t", "size": 12},
        {"name": "no id"},
    ]
    found = messages(
        chain(
            message(
                "user",
                {"content_type": "multimodal_text", "parts": [image, "Look"]},
                metadata={"attachments": attachments},
            )
        )
    )
    kinds = [(part["type"], part.get("asset")) for part in found["m1"]["parts"]]
    assert kinds == [("image", "file-Ab1"), ("text", None), ("file", "file-Cd2")]


def test_dictated_turns_keep_their_recording() -> None:
    metadata = {"dictation_asset_pointer": "sediment://file_7", "dictation_asset_format": "webm"}
    found = messages(chain(message("user", "Hi", metadata=metadata)))
    assert [part["type"] for part in found["m1"]["parts"]] == ["text", "audio"]


def test_pointers_in_text_become_images() -> None:
    words = "Page: ![image](sediment://a1#file_9#p_0.jpg) end"
    found = messages(chain(message("user", words)))
    assert [part["type"] for part in found["m1"]["parts"]] == ["text", "image", "text"]
    assert found["m1"]["parts"][1]["asset"] == "file_9#p_0"


def test_feedback() -> None:
    raw = conversation(chain(message("assistant", "Hi")))
    account = Account(feedback={"m1": "down"})
    assert read_conversation(raw, account, ReadStats())["messages"][0]["feedback"] == "down"


def test_root_is_not_a_message() -> None:
    assert ROOT not in messages(chain(message("user", "Hi")))
