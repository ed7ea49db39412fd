from __future__ import annotations

from typing import Any

import pytest

from gptexit.readers.chatgpt.normalize.canvas import Canvas, payload, update, writing_blocks
from gptexit.readers.chatgpt.normalize.content import text

DOC = Canvas("d", "Plan", "document", "one two one", 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"pattern": ".*", "multiple": False, "replacement": "all\nnew"}, "all\nnew"),
        ({"pattern": "one", "multiple": False, "replacement": "1"}, "1 two one"),
        ({"pattern": "one", "multiple": True, "replacement": "1"}, "1 two 1"),
        ({"pattern": "(two)", "multiple": True, "replacement": r"<\1>"}, "one <two> one"),
        ({"pattern": "two", "multiple": True, "replacement": r"C:\new\q"}, r"one C:\new\q one"),
    ],
)
def test_updates_are_replayed(change: dict[str, Any], expected: str) -> None:
    after = update(DOC, {"updates": [change]})
    assert after is not None
    assert (after.text, after.version) == (expected, 2)


@pytest.mark.parametrize(
    "change",
    [{"pattern": "(", "replacement": ""}, {"pattern": "zzz", "replacement": ""}, {"pattern": 3}],
)
def test_an_update_that_cannot_be_replayed(change: dict[str, Any]) -> None:
    assert update(DOC, {"updates": [change]}) is None


@pytest.mark.slow
def test_a_hostile_pattern_and_a_blow_up_are_stopped() -> None:
    long = Canvas("d", None, "document", "a" * 40 + "b", 1)
    assert update(long, {"updates": [{"pattern": "^(a|aa|a?)+$", "replacement": ""}]}) is None
    huge = Canvas("d", None, "document", "a" * 100_000, 1)
    blow = {"pattern": "a", "multiple": True, "replacement": "x" * 100_000}
    assert update(huge, {"updates": [blow]}) is None


def test_a_cut_payload_is_mended() -> None:
    assert payload('{"updates":[{"pattern":".*","replacement":"x"}') == {
        "updates": [{"pattern": ".*", "replacement": "x"}]
    }
    assert payload("nonsense") is None
    assert payload("[1]") is None


def test_writing_blocks_become_documents() -> None:
    words = (
        'Here:\n:::writing{variant="email" id="5" subject="Hi"}\nDear Ann\n:::\n'
        'Good?\n:::writing{id="6"}\nopen'
    )
    parts: Any = writing_blocks(text(words))
    assert [(part["type"], part["text"].strip()) for part in parts] == [
        ("text", "Here:"),
        ("document", "Dear Ann"),
        ("text", "Good?"),
        ("document", "open"),
    ]
    assert parts[1]["title"] == "Hi"
    assert parts[1]["kind"] == "email"
