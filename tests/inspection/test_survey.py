"""Whatever stands in an export: inspecting never fails, and counts what the reader counts."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gptexit.chatgpt.names import key_in_export
from gptexit.errors import NotAnExport
from gptexit.inspection import patterns as shapes
from gptexit.inspection.attachments import Attachments
from gptexit.inspection.run import inspect
from gptexit.inspection.survey import Survey
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import JSON, WORDS, chain, conversation, message, raw_conversations

POINTING = st.sampled_from(
    [
        "![image](sediment://file_0123abcd)",
        "see [a](file-service://file-AbC1) and [b](sandbox:/mnt/data/b c.csv)",
        "[b](sandbox:/mnt/data/b.csv) \ue200cite\ue202turn0search0\ue201",
        ":::writing\n[b](sandbox:/mnt/data/c.csv)\n:::",
        "sandbox:/mnt/data/no-link https://example.org",
        "file-id://file-AbC1",
    ]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"file_id": st.sampled_from(["file_0123abcd", "file_other"]) | JSON},
        optional={"file_name": st.sampled_from(["b.csv", "c.csv"]) | JSON},
    ),
    max_size=2,
)


@st.composite
def pointing(draw: Callable[..., Any]) -> Any:
    """Conversations of any shape, with texts and tool results that point to files."""
    raw = draw(raw_conversations())
    mapping = raw.get("mapping")
    for node in mapping.values() if isinstance(mapping, dict) else ():
        inner = node.get("message") if isinstance(node, dict) else None
        if isinstance(inner, dict) and draw(st.booleans()):
            words = draw(POINTING)
            inner["content"] = draw(
                st.sampled_from(
                    [
                        {"content_type": "text", "parts": [words]},
                        {"content_type": "text", "parts": words},
                        {"content_type": "text", "text": words},
                        {"content_type": "multimodal_text", "parts": ["a", words, {"text": words}]},
                        {"content_type": "tether_quote", "url": words, "text": words},
                        {"content_type": "code", "text": words, "language": "json"},
                        {"content_type": "execution_output", "text": words},
                        {"parts": [words]},
                    ]
                )
            )
            if draw(st.booleans()):
                inner["metadata"] = {
                    "aggregate_result": {"messages": [{"image_url": words}]},
                    "dictation_asset_pointer": draw(st.none() | POINTING),
                }
    return raw


def surveyed(raws: list[dict[str, Any]], rows: Any = ()) -> tuple[Survey, Account]:
    account = Account(library=lambda key: copy.deepcopy(list(rows)))
    survey = Survey(account, Attachments())
    for number, raw in enumerate(raws):
        survey.add(copy.deepcopy(raw), f"conversations.json, byte {number}")
    survey.finish()
    return survey, account


@pytest.mark.slow
@given(st.lists(pointing(), max_size=3), ROWS)
@settings(max_examples=100)
@example([conversation(chain(message("assistant", "a", recipient="canmore.update_textdoc")))], [])
def test_the_sums_are_those_of_the_reader(
    raws: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    survey, account = surveyed(raws, rows)
    met = ReadStats()
    read: list[Any] = [read_conversation(copy.deepcopy(raw), account, met) for raw in raws]
    assert survey.conversations == len(read)
    assert survey.messages == sum(len(talk["messages"]) for talk in read)
    assert survey.archived == sum(talk["archived"] is True for talk in read)
    assert survey.starred == sum(talk["starred"] is True for talk in read)
    assert survey.slim + survey.full <= len(read)
    assert survey.years == years(read)
    assert survey.projects == Counter(talk["project"]["id"] for talk in read if talk["project"])
    assert survey.gpts == Counter(talk["assistant"]["id"] for talk in read if talk["assistant"])
    assert survey.patterns.models == Counter(
        message["model"] for talk in read for message in talk["messages"] if message["model"]
    )
    keys = [raw.get("conversation_id") or raw.get("id") for raw in raws]
    named = [key if isinstance(key, str) and key else None for key in keys]
    if None not in named and len(set(named)) == len(named):
        files = {
            key_in_export(asset["id"], talk["id"]) for talk in read for asset in talk["assets"]
        }
        assert survey.attachments.mentioned == len(files)
        assert len(list(survey.attachments.missing())) == len(files)


def years(read: list[dict[str, Any]]) -> dict[str, list[int]]:
    found: dict[str, Any] = {}
    for talk in read:
        year = talk["created"][:4] if talk["created"] else "undated"
        count = found.setdefault(year, [0, 0])
        count[0] += 1
        count[1] += len(talk["messages"])
    return found


@pytest.mark.slow
@given(JSON | st.lists(JSON | raw_conversations(), max_size=3))
@settings(max_examples=60)
def test_any_json_can_be_given_as_conversations(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "conversations.json"
    path.write_bytes(orjson.dumps(value))
    try:
        with open_export([path]) as export:
            found = inspect(export).as_json()
    except NotAnExport:
        return
    assert not any("gptexit failed on it" in loss["reason"] for loss in found["unreadable"])
    items = value if isinstance(value, list) else []
    given_objects = [item for item in items if isinstance(item, dict)]
    assert found["conversations"]["total"] <= max(len(given_objects), 1)


@pytest.mark.parametrize("held", [1, 2, 4096])
def test_patterns_that_are_summed_up_early_count_the_same(
    monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(shapes, "HELD", held)
    talks = [
        conversation(
            chain(
                message("user", f"Question {number}") | {f"key_{number % 7}": 1},
                message("assistant", "Answer", metadata={"model_slug": f"gpt-{number % 5}"}),
            ),
            **{f"new_{number % 3}": None},
        )
        for number in range(40)
    ]
    survey, _ = surveyed(talks)
    assert survey.patterns.roles == {"user": 40, "assistant": 40}
    assert survey.patterns.models == {f"gpt-{number}": 8 for number in range(5)}
    counts = {
        (stranger.kind, stranger.name): (
            stranger.count,
            stranger.first and stranger.first.conversation,
        )
        for stranger in survey.drift.strangers()
    }
    wanted = {("message key", f"key_{n}"): (len(range(n, 40, 7)), n + 1) for n in range(7)} | {
        ("conversation key", f"new_{n}"): (len(range(n, 40, 3)), n + 1) for n in range(3)
    }
    assert counts == wanted


def test_a_file_of_the_code_interpreter_is_one_in_each_conversation() -> None:
    talks = [
        conversation(
            chain(message("assistant", "[x](sandbox:/mnt/data/x.csv) ![y](sediment://file_1)")),
            conversation_id=key,
        )
        for key in ("a", "b")
    ]
    survey, _ = surveyed(talks)
    assert sorted(asset.id for asset in survey.attachments.missing()) == [
        *("file_1", "sandbox:/mnt/data/x.csv", "sandbox:/mnt/data/x.csv")
    ]


def test_a_canvas_is_read_with_all_that_led_to_it() -> None:
    create = '{"name": "n", "type": "document", "content": "[x](sandbox:/mnt/data/x.csv)"}'
    update = '{"updates": [{"pattern": "x", "replacement": "(sandbox:/mnt/data/y.csv)"}]}'
    made = {"canvas": {"textdoc_id": "d"}}
    raw = conversation(
        chain(
            message("assistant", create, recipient="canmore.create_textdoc"),
            message("tool", "{}", name="canmore.create_textdoc", metadata=made),
            message("assistant", update, recipient="canmore.update_textdoc"),
            message("tool", "{}", name="canmore.update_textdoc", metadata=made),
        )
    )
    survey, account = surveyed([raw])
    read = read_conversation(copy.deepcopy(raw), account, ReadStats())
    assert survey.attachments.mentioned == len(read["assets"])


@given(WORDS)
def test_a_lone_text_as_a_title_does_no_harm(title: str) -> None:
    survey, _ = surveyed(
        [conversation(chain(message("assistant", "![y](sediment://f)")), title=title)]
    )
    assert [asset.title for asset in survey.attachments.missing()] == [title or None]
