"""Deep-research reports: wherever they are carried, once on each branch."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson
import pytest

from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import add, chain, conversation, message

MARK = "\ue200cite\ue202turn0search0\ue201"


def report(words: str, key: str = "r1") -> dict[str, Any]:
    return {
        "id": key,
        "content": {"content_type": "text", "parts": [f"{words} {MARK}"]},
        "metadata": {
            "content_references": [
                {
                    "matched_text": MARK,
                    "type": "grouped_webpages",
                    "items": [{"title": "Office", "url": "https://o.example"}],
                }
            ]
        },
    }


def state(words: str, key: str = "r1") -> dict[str, Any]:
    return {"status": "completed", "report_message": report(words, key)}


def host(held: Any, words: str = "started", role: str = "tool", **metadata: Any) -> dict[str, Any]:
    told = {"chatgpt_sdk": {"widget_state": held}, **metadata}
    return message(role, words, name="api_tool.call_tool", metadata=told)


def branch(mapping: dict[str, dict[str, Any]], last: str | None = None) -> list[str]:
    """The texts of each message that is shown, from the beginning to `last`."""
    neutral = read_conversation(conversation(deepcopy(mapping)), Account(), ReadStats())
    by_id = {message["id"]: message for message in neutral["messages"]}
    at, found = last or neutral["current"], []
    while at is not None:
        each = by_id[at]
        if each["hidden"] is None:
            found += [part.get("text") for part in reversed(each["parts"])]
        at = each["parent"]
    return found[::-1]


SHOWN = "Grain ([Office](https://o.example))"
TEXT = orjson.dumps(state("Grain")).decode()


@pytest.mark.parametrize(
    "carrier",
    [
        host(TEXT),
        host(state("Grain")),
        host(TEXT, '{"session":"abc"}'),
        host(TEXT, weight=0.0),
        host(TEXT, is_visually_hidden_from_conversation=True),
        host(TEXT, "", role="assistant"),
        host({"state": state("Grain")}),
        message("assistant", "", metadata={"venus_widget_state": state("Grain")}),
        message(
            "assistant",
            "",
            metadata={"chatgpt_sdk": {"tool_response_metadata": {"venus_widget_state": TEXT}}},
        ),
        message("tool", f"The latest state of the widget is: {TEXT}", name="api_tool.widget_state"),
    ],
)
def test_a_report_is_shown_wherever_it_is_carried_and_its_host_is_not(
    carrier: dict[str, Any],
) -> None:
    assert branch(chain(message("user", "Research grain."), carrier)) == ["Research grain.", SHOWN]


def test_what_an_assistant_says_beside_its_report_stays() -> None:
    mapping = chain(host(TEXT, "Here it is.", role="assistant"))
    assert branch(mapping) == ["Here it is.", SHOWN]


@pytest.mark.parametrize("role", ["assistant", "user", "moderator"])
def test_only_a_tool_has_json_beside_its_report_that_is_for_nobody(role: str) -> None:
    assert branch(chain(host(TEXT, '{"session": "s1"}', role=role)))[0] == '{"session": "s1"}'
    assert branch(chain(host(TEXT, '{"session": "s1"}'))) == [SHOWN]


def test_a_report_on_two_hosts_is_shown_once_in_its_longest_form() -> None:
    mapping = chain(
        host(state("Grain, half")), message("user", "Go on."), host(state("Grain, half and whole"))
    )
    assert branch(mapping) == ["Grain, half and whole ([Office](https://o.example))", "Go on."]


def test_two_reports_are_two() -> None:
    mapping = chain(host(state("One", "a")), host(state("Two", "b")))
    assert len(branch(mapping)) == 2


def test_a_report_stands_on_each_branch_that_carries_it() -> None:
    mapping = chain(message("user", "Research."))
    add(mapping, "left", "m1", host(TEXT))
    add(mapping, "right", "m1", host(TEXT))
    add(mapping, "below", "right", host(TEXT))
    assert branch(mapping, "left") == ["Research.", SHOWN]
    assert branch(mapping, "below") == ["Research.", SHOWN]


def test_a_report_that_the_assistant_says_itself_is_not_repeated() -> None:
    metadata = report("Grain")["metadata"]
    mapping = chain(host(TEXT), message("assistant", f"Grain {MARK}", metadata=metadata))
    assert branch(mapping) == [SHOWN]


def test_a_plan_alone_is_no_report() -> None:
    mapping = chain(message("user", "Research."), host('{"status":"waiting","plan":{}}', "x"))
    assert branch(mapping) == ["Research."]


@pytest.mark.slow
def test_many_hosts_take_no_long_time() -> None:
    mapping = chain(*(host(state(f"n{number}", f"r{number}")) for number in range(5000)))
    assert len(branch(mapping)) == 5000
