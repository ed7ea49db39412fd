"""What is looked at closely only where a cheap look finds a reason: the result is the same."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.readers.chatgpt.normalize import markers, tools
from gptexit.readers.chatgpt.normalize.citations import resolve

_CITE = "\ue200cite\ue202turn0search0\ue201"
_PIECES = (_CITE, "word", " ", "\n", "\n\n", "\n \n", "`", "``", "\n```\n", "~~~", "[", "](", ")")
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=24).map("".join)


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
