"""What is looked at closely only where a cheap look finds a reason: the result is the same."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.chatgpt.tree import build
from gptexit.readers.chatgpt.normalize import markers, message, tools
from gptexit.readers.chatgpt.normalize.citations import resolve
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation

_CITE = "\ue200cite\ue202turn0search0\ue201"
_PIECES = (_CITE, "word", " ", "\n", "\n\n", "\n \n", "`", "``", "\n```\n", "~~~", "[", "](", ")")
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=24).map("".join)
_WORDS = (
    *("word", "Wörter", " ", "\n", ": ", "/", "\ue2f0", "【4:0†notes.txt】", ":::note\n", _CITE),
    *(":contentReference[oaicite:0]{index=0}", "[oaicite", "https://example.org/a"),
    *("[a](sandbox:/mnt/data/a.csv)", "![b](sediment://file_b)", "file-service://file-c"),
    *(':::writing{variant="email"}\n', ":::\n", "\ud800"),
)
_KEYS = (
    *("attachments", "dictation_asset_pointer", "image_gen_title", "targeted_reply"),
    *("targeted_reply_label", "is_visually_hidden", "is_visually_hidden_from_conversation"),
    *("chatgpt_sdk", "venus_widget_state", "content_references", "citations", "model_slug"),
)
_VALUES: tuple[Any, ...] = (None, True, "", "words", {}, [], [{"id": "file_d", "name": "d.txt"}])
_MESSAGES = st.fixed_dictionaries(
    {
        "author": st.sampled_from(("user", "assistant", "tool", "system")).map(
            lambda role: {"role": role}
        ),
        "recipient": st.sampled_from(("all", "python", None)),
        "content": st.lists(st.sampled_from(_WORDS), max_size=5).map(
            lambda words: {"content_type": "text", "parts": ["".join(words)]}
        ),
        "metadata": st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_VALUES), max_size=3),
    }
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(_TEXTS)
def test_the_code_around_a_place_is_found_without_looking_at_other_paragraphs(text: str) -> None:
    found = markers.find(text)
    places = [marker.start for marker in found]

    def around(regions: list[markers.MarkedRegion]) -> list[markers.MarkedRegion]:
        return [
            region
            for region in regions
            if any(region.start <= place < region.end for place in places)
        ]

    near = markers.regions(text, found, places)
    assert around(near) == around(markers.regions(text, found))


def test_a_source_behind_words_stands_before_the_marker_that_follows_at_once() -> None:
    source = {"type": "webpage", "title": "Words", "url": "https://words.example.org"}
    cited = {"type": "webpage", "title": "Cited", "url": "https://cited.example.org"}
    metadata = {
        "content_references": [
            {**cited, "matched_text": _CITE},
            {**source, "matched_text": "well known"},
        ]
    }
    found = resolve(f"It is well known{_CITE}.", metadata, lambda: iter(()), Counter(), Counter())
    assert "https://words.example.org" in found.text
    assert "https://cited.example.org" in found.text


def test_the_name_of_a_tool_is_known_however_long_it_is() -> None:
    for name in ("bio", "python", "python_user_visible", "bi" + "o" * 62, "python" + "x" * 100):
        turn = tools.ToolTurn([], {}, tools.State())
        tools.call(name, turn)
        assert (turn.hidden is None) == any(pattern.match(name) for pattern, _ in tools.CALLS)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(_MESSAGES, min_size=1, max_size=4))
def test_a_message_that_seems_usual_is_read_as_by_all_steps(messages: list[dict[str, Any]]) -> None:
    keys = [f"m{number}" for number in range(len(messages))]
    mapping = {
        key: {"id": key, "message": {"id": key, **raw}, "parent": above}
        for key, above, raw in zip(keys, [None, *keys], messages, strict=False)
    }
    raw = {"conversation_id": "c", "mapping": mapping, "current_node": keys[-1]}
    met, met_by_all_steps = ReadStats(), ReadStats()
    found = read_conversation(copy.deepcopy(raw), Account(), met)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message, "_is_usual", lambda plain, role, metadata: False)
        assert read_conversation(raw, Account(), met_by_all_steps) == found
    assert met == met_by_all_steps


def test_a_tree_of_one_branch_is_the_same_in_any_order_of_its_nodes() -> None:
    chain = {key: {"parent": above} for key, above in zip("abcd", (None, *"abc"), strict=True)}
    mixed = {key: chain[key] for key in "acbd"}
    assert build(chain, Counter()) == build(mixed, Counter())
