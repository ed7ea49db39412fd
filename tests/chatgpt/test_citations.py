from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.chatgpt.citations import References, clean_url, resolve

CITE = "\ue200cite\ue202turn0search3\ue201"
PAGE = {"title": "When to [use]", "url": "https://sqlite.org/whentouse.html?utm_source=chatgpt.com"}


def references(**metadata):
    known = References()
    known.learn(metadata)
    return known


def test_a_marker_becomes_a_link_by_its_matched_text():
    metadata = {
        "content_references": [{"type": "grouped_webpages", "matched_text": CITE, "items": [PAGE]}]
    }
    text, citations = resolve(f"SQLite will do.{CITE} Yes.", metadata, References, Counter())
    assert text == r"SQLite will do. ([When to \[use\]](https://sqlite.org/whentouse.html)) Yes."
    assert text[citations[0]["start"] : citations[0]["end"]].strip().startswith("([When")
    assert citations[0]["sources"][0]["url"] == "https://sqlite.org/whentouse.html"


def test_a_marker_is_found_in_the_search_results_of_another_message():
    known = references(
        search_result_groups=[
            {
                "entries": [
                    {**PAGE, "ref_id": {"turn_index": 0, "ref_type": "search", "ref_index": 3}}
                ]
            }
        ]
    )
    assert "https://sqlite.org/whentouse.html" in resolve(CITE, {}, lambda: known, Counter())[0]


def test_a_slim_reference_without_matched_text_is_used_in_order():
    metadata = {"content_references": [{"type": "webpage", **PAGE}]}
    assert "https://sqlite.org" in resolve(CITE, metadata, References, Counter())[0]


def test_an_old_marker_is_found_by_its_number():
    metadata = {"citations": [{"metadata": {**PAGE, "extra": {"cited_message_idx": 31}}}]}
    assert "sqlite.org" in resolve("So.【31†L27-L35】", metadata, References, Counter())[0]


def test_an_unexplained_marker_goes_and_is_counted():
    found: Counter[str] = Counter()
    assert resolve(f"a{CITE}b \ue203c\ue204【9†source】", {}, References, found) == ("ab c", [])
    assert found["citation that nothing explains"] == 2


def test_an_entity_keeps_its_words():
    marker = '\ue200entity\ue202["city","Paris","the capital"]\ue201'
    assert resolve(f"In {marker}.", {}, References, Counter())[0] == "In Paris."


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", None, 3, "/c/1"])
def test_only_web_addresses_are_linked(url):
    assert clean_url(url) is None


@given(st.text(st.sampled_from("ab \ue200\ue201\ue202cite【】†1"), max_size=60))
def test_no_marker_survives_and_the_words_do(text):
    shown, _ = resolve(text, {}, References, Counter())
    assert not set("\ue200\ue201\ue202") & set(shown)
