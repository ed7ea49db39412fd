"""Markers in what the assistant wrote become links and words."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.codes import Oddity
from gptexit.readers.chatgpt.normalize.citations import Resolved, may_change, resolve
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.chatgpt.normalize.links import clean_url
from support.build import chain, conversation, message

CITE = "\ue200cite\ue202turn0search3\ue201"
PAGE = {"title": "When to [use]", "url": "https://sqlite.org/whentouse.html?utm_source=chatgpt.com"}
HARBOUR = {"title": "Harbour", "url": "https://example.org/harbour"}
TIDES = {"title": "Tides", "url": "https://example.org/tides"}


def ref(number: int, turn: int = 0, kind: str = "search") -> dict[str, Any]:
    return {"turn_index": turn, "ref_type": kind, "ref_index": number}


def cite(*refs: str) -> str:
    return "\ue200cite" + "".join(f"\ue202{reference}" for reference in refs) + "\ue201"


def marker(kind: str, *args: Any) -> str:
    words = [argument if isinstance(argument, str) else json.dumps(argument) for argument in args]
    return "\ue200" + "\ue202".join([kind, *words]) + "\ue201"


def groups(*entries: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {"search_result_groups": [{"entries": list(entries)}]}


def shown(
    text: str,
    metadata: dict[str, list[dict[str, Any]]] | None = None,
    above: Any = (),
    odd: Counter[Any] | None = None,
    unknown: Counter[Any] | None = None,
) -> Resolved:
    return resolve(
        text,
        metadata or {},
        lambda: iter(above),
        Counter() if odd is None else odd,
        Counter() if unknown is None else unknown,
    )


def text_of(text: str, *references: dict[str, Any], **metadata: Any) -> str:
    return shown(text, {"content_references": list(references), **metadata}).text


def read(*messages: dict[str, Any]) -> list[list[Any]]:
    """The text parts of each message of a chain, and its sources."""
    found = read_conversation(conversation(chain(*messages)), Account(), ReadStats())
    return [
        [part.get("text") or part.get("sources") for part in message["parts"]]
        for message in found["messages"]
    ]


# By matched text, in order, by id.


def test_a_marker_becomes_a_link_by_its_matched_text() -> None:
    found = shown(
        f"SQLite will do.{CITE} Yes.",
        {
            "content_references": [
                {"type": "grouped_webpages", "matched_text": CITE, "items": [PAGE]}
            ]
        },
    )
    assert (
        found.text == r"SQLite will do. ([When to \[use\]](https://sqlite.org/whentouse.html)) Yes."
    )
    (citation,) = found.citations
    assert found.text[citation["start"] : citation["end"]].strip().startswith("([When")
    assert citation["sources"][0]["url"] == "https://sqlite.org/whentouse.html"
    assert found.sources == []


def test_of_equal_markers_each_has_its_source() -> None:
    one = {"type": "grouped_webpages", "matched_text": CITE, "items": [HARBOUR]}
    found = shown(f"A {CITE}. B {CITE}. C {CITE}.", {"content_references": [one, dict(one)]})
    assert [citation["sources"][0]["title"] for citation in found.citations] == ["Harbour"] * 3


def test_slim_references_stand_in_the_order_of_the_markers() -> None:
    hidden = {"type": "hidden"}
    found = text_of(
        f"\ue203The harbour.\ue204\ue206 {cite('turn0search1')} 【7†L1-L2】 {marker('url', 'Map', 'https://example.org/map')}",
        hidden,
        hidden,
        hidden,
        {"type": "grouped_webpages", "items": [HARBOUR]},
        {"type": "attribution"},
        {"type": "webpage_extended", **TIDES},
        {"type": "url", "title": "Map", "alt": "[Map](https://example.org/map)"},
        {"type": "sources_footnote", "sources": [HARBOUR]},
    )
    assert found == (
        "The harbour. ([Harbour](https://example.org/harbour)) "
        "([Tides](https://example.org/tides)) [Map](https://example.org/map)"
    )


def test_where_numbers_of_slim_references_and_markers_differ_none_is_guessed() -> None:
    odd: Counter[Any] = Counter()
    found = shown(
        f"One {cite('turn0search1')}. Two {cite('turn0search2')}.",
        {"content_references": [{"type": "grouped_webpages", "items": [HARBOUR]}]},
        odd=odd,
    )
    assert found.text == "One. Two."
    assert found.sources == [HARBOUR], "it is listed: which marker it belongs to is not known"
    assert odd[Oddity.CITATION_UNEXPLAINED] == 2


def test_a_pair_in_order_that_its_ids_contradict_is_none() -> None:
    found = shown(
        f"One {cite('turn0search1')}.",
        {
            "content_references": [
                {"type": "grouped_webpages", "items": [{**HARBOUR, "refs": [ref(9)]}]}
            ]
        },
    )
    assert found.text == "One." and found.sources == [HARBOUR]


def test_ids_are_the_message_s_own_then_those_above_on_its_branch() -> None:
    own, other = groups({**HARBOUR, "ref_id": ref(3)}), groups({**TIDES, "ref_id": ref(3)})
    assert "harbour" in shown(CITE, own, [other]).text
    assert "tides" in shown(CITE, {}, [{}, other]).text
    assert shown(CITE, {}, []).text == ""


def test_ids_start_again_in_each_answer() -> None:
    first, second = groups({**HARBOUR, "ref_id": ref(3)}), groups({**TIDES, "ref_id": ref(3)})
    found = read(
        message("user", "A?"),
        message("tool", "", name="web", metadata=first),
        message("assistant", f"A {CITE}"),
        message("user", "B?"),
        message("tool", "", name="web", metadata=second),
        message("assistant", f"B {CITE}"),
        message("user", "C?"),
        message("assistant", f"C {CITE}"),
    )
    assert found[2] == ["A ([Harbour](https://example.org/harbour))"]
    assert found[5] == ["B ([Tides](https://example.org/tides))"]
    assert found[7] == ["C"], "never across the user's message"


def test_a_sibling_s_references_are_not_asked() -> None:
    mapping = chain(
        message("user", "A?"),
        message("assistant", "First.", metadata=groups({**TIDES, "ref_id": ref(3)})),
    )
    mapping["m3"] = {
        "id": "m3",
        "parent": "m1",
        "children": [],
        "message": {**message("assistant", f"Second {CITE}"), "id": "m3"},
    }
    mapping["m1"]["children"].append("m3")
    found: Any = read_conversation(conversation(mapping), Account(), ReadStats())
    assert [part["text"] for part in found["messages"][-1]["parts"]] == ["Second"]


# The forms of 2023 to 2025.


def old(number: int, result: int, name: str, **more: Any) -> dict[str, dict[str, Any]]:
    extra = {"cited_message_idx": number, "search_result_idx": result}
    return {"metadata": {"type": "file", "name": name, "extra": extra}, **more}


def test_an_old_marker_is_found_by_both_numbers() -> None:
    citations = [old(4, 0, "manual.pdf"), old(4, 1, "rules.docx")]
    found = shown(
        "A【4:1†x】 B【4:0†x】 C【5:0†plan.txt】 D【6:0†source】", {"citations": citations}
    )
    assert [citation["sources"][0]["title"] for citation in found.citations] == [
        "rules.docx",
        "manual.pdf",
        "plan.txt",
    ]
    assert found.text.endswith(" D")


def test_an_old_marker_is_found_by_its_place() -> None:
    text = "See【4:0†source】"
    citation = {"start_ix": 3, "end_ix": len(text), "metadata": {"type": "webpage", **TIDES}}
    assert "tides" in shown(text, {"citations": [old(4, 0, "x.pdf"), citation]}).text


def test_a_numbered_source_is_of_the_latest_list_before() -> None:
    lists = [{"_cite_metadata": {"metadata_list": [page]}} for page in (HARBOUR, TIDES)]
    assert "tides" in shown("So【0†source】.", {}, lists[::-1]).text
    assert shown("So【1†source】.", {}, lists).text == "So."


def test_a_placeholder_that_was_never_resolved_goes() -> None:
    assert text_of("So :contentReference[oaicite:0]{index=0}.") == "So."


@pytest.mark.parametrize("words", ["【标题】内容", "【1】", "【第3章†注】", "【】"])
def test_brackets_that_are_no_marker_stay(words: str) -> None:
    assert shown(words).text == words


# Sources without a marker.


def test_sources_that_are_only_listed_stand_under_the_answer() -> None:
    found = read(
        message("user", "When?"),
        message(
            "assistant",
            "In 1931. See [Map](https://example.org/map).",
            metadata={
                "content_references": [
                    {"type": "sources_footnote", "matched_text": " ", "sources": [HARBOUR, TIDES]},
                    {"type": "webpage", "title": "Map", "url": "https://example.org/map"},
                ],
                "citations": [{"metadata": TIDES}],
            },
        ),
    )
    assert found[1] == ["In 1931. See [Map](https://example.org/map).", [HARBOUR, TIDES]]


def test_results_whose_ids_were_dropped_are_listed_for_markers_that_mean_them() -> None:
    assert shown(f"So {CITE}.", groups(HARBOUR, TIDES)).sources == [HARBOUR, TIDES]
    assert shown("So.", groups(HARBOUR, TIDES)).sources == []


# Around a marker.


@pytest.mark.parametrize(
    "before,after",
    [
        (f"Inline ({CITE}).", "Inline."),
        (f"Inline [{CITE}, {CITE}] x", "Inline x"),
        (f"全角（{CITE}）。", "全角。"),
        (f"a {CITE}, b", "a, b"),
        (f"**bold {CITE}** x", "**bold** x"),
        (f"a **{CITE}** b", "a b"),
        (f"- one\n- {CITE}\n- two", "- one\n- two"),
        (f"# {CITE}\nx", "x"),
        (f"[words {CITE}](https://example.org)", "[words](https://example.org)"),
        ("f() and [] and （） stay", "f() and [] and （） stay"),
        (f"f() and [] {CITE}", "f() and []"),
        ("oak (\ue206). [\ue203\ue204] x", "oak. x"),
        ("f(\ue203x\ue204)", "f(x)"),
        ("Apple \uf8ff", "Apple \uf8ff"),
        ("x \ue2a5 y", "x y"),
    ],
)
def test_what_taking_a_marker_out_leaves_behind(before: str, after: str) -> None:
    assert shown(before).text == after


def test_brackets_around_a_source_are_its_own() -> None:
    found = shown(f"Inline ({CITE}).", groups({**HARBOUR, "ref_id": ref(3)}))
    assert found.text == "Inline ([Harbour](https://example.org/harbour))."
    (citation,) = found.citations
    assert found.text[: citation["start"]] + found.text[citation["end"] :] == "Inline."


def test_nothing_is_put_into_code_or_the_words_of_a_link() -> None:
    metadata = groups({**HARBOUR, "ref_id": ref(3)})
    link = "([Harbour](https://example.org/harbour))"
    assert shown(f"`x {CITE}` y", metadata).text == f"`x` {link} y"
    assert shown(f"[x {CITE}](https://e.org) y", metadata).text == f"[x](https://e.org) {link} y"
    found = shown(f"```\nx = 1 {CITE}\n```\nDone.", metadata)
    assert (found.text, found.sources) == ("```\nx = 1\n```\nDone.", [HARBOUR])


def test_a_marker_that_is_cut_off_keeps_the_words_behind_it() -> None:
    assert shown("Broken \ue200cite\ue202turn0search1 and more").text == "Broken and more"
    assert shown('A \ue200genui\ue202{"a": {"title": "Two words').text.strip() == "A Two words"
    value = '{"create_shared_list": {"list_id": "x1", "title": "Bread", "items": ["flo'
    assert shown(f"A \ue200genui\ue202{value}").text.strip() == "A Bread: flo"


def test_words_of_a_known_widget_in_an_unknown_place_are_shown() -> None:
    item = {"text": "Flour", "quantity": "two cups", "status": "open", "item_id": "i1"}
    value = {"title": "Bread", "hint": "Sift it", "items": [item, "Salt"], "list_id": "x1"}
    assert text_of(marker("genui", {"create_shared_list": value})) == (
        "**Bread**\n\n- [ ] Flour\n\n- Sift it\n- two cups\n- Salt"
    )


# Markers that carry words.


def test_a_link() -> None:
    assert text_of(marker("url", "Tide [table]", "https://example.org/t")) == (
        r"[Tide \[table\]](https://example.org/t)"
    )
    assert text_of(marker("url", "Bad", "javascript:alert(1)")) == "Bad"


def test_an_entity_keeps_its_words() -> None:
    word = marker("entity", ["city", "Paris", "the capital"])
    assert text_of(f"In {word}.") == "In Paris."
    assert text_of(f"In {word}.", {"type": "hidden"}) == "In Paris."


def test_a_checklist() -> None:
    value = {
        "create_shared_list": {
            "list_id": "5f",
            "title": "Before the trip",
            "items": [
                {"id": "1", "section": "Papers", "text": "Passport", "status": "completed"},
                {"id": "2", "section": "Bag", "text": "Socks", "details": [{"text": "Woollen"}]},
            ],
        }
    }
    unknown: Counter[Any] = Counter()
    found = shown(f"Here:\n\n{marker('genui', value)}\n\nBye.", unknown=unknown).text
    assert found == (
        "Here:\n\n**Before the trip**\n\nPapers:\n\n- [x] Passport\n\nBag:\n\n"
        "- [ ] Socks: Woollen\n\nBye."
    )
    assert not unknown


def test_a_widget_that_nobody_knows_keeps_its_words() -> None:
    unknown: Counter[Any] = Counter()
    value = {"draw_clock": {"widget_id": "a1", "label": "Noon in Lima", "style": "round"}}
    assert shown(marker("genui", value), unknown=unknown).text == "Noon in Lima"
    assert unknown == {"widget: draw_clock": 1}


def test_galleries_lists_and_videos() -> None:
    image = {
        "title": "Nest",
        "url": "https://p.example/1",
        "content_url": "https://i.example/1.jpg",
    }
    gallery = {"type": "image_group", "images": [{"image_result": image}]}
    assert text_of(marker("image_group", {"query": ["nest", "egg"]}), gallery) == (
        "**egg**\n\n[Nest](https://p.example/1) ([picture](https://i.example/1.jpg))"
    )
    assert text_of(marker("image_group", {"query": ["egg"]})) == "**egg**"
    assert (
        text_of(
            marker("navlist", "News", "turn0news1,turn0news2"),
            {
                "type": "nav_list",
                "alt": "- [Paper](https://example.org/p)",
                "items": [HARBOUR, TIDES],
            },
        )
        == "**News**\n\n- [Harbour](https://example.org/harbour)\n- [Tides](https://example.org/tides)"
    )
    video = {"type": "video", "title": "Knots", "url": "https://v.example/1"}
    assert text_of(f"See {marker('video', 'Knots', 'turn0search8')}!", video) == (
        "See [Knots](https://v.example/1)!"
    )
    picture = {"type": "image_v2", "alt": "![A map](https://i.example/m.png)\n"}
    assert text_of('【{"image_fetch": "map"}】 x', picture) == "[A map](https://i.example/m.png) x"


def test_products_prices_and_the_weather() -> None:
    sold = {"title": "Rope", "url": "https://s.example/r", "price": "$9", "merchants": "Shop"}
    assert (
        text_of(
            marker("products", {"selections": [["turn0product1", "Rope"]]}),
            {"type": "products", "products": [sold]},
        )
        == "[Rope](https://s.example/r): $9, Shop"
    )
    assert text_of(f"Buy {marker('products', {'selections': [['turn0product1', 'Rope']]})}.") == (
        "Buy Rope."
    )
    weather = {"type": "forecast", "location": "Oslo", "days": [{"day": "Monday", "high": 4}]}
    assert text_of(marker("forecast", "turn0forecast0"), weather) == (
        "- location: Oslo\n- day: Monday\n- high: 4"
    )


def test_a_card_of_which_the_export_holds_nothing_is_named() -> None:
    odd: Counter[Any] = Counter()
    found = shown(f"Stock: {marker('finance', 'turn0finance0')}", odd=odd)
    assert found.text == "Stock: *Not in the export: a share price*"
    assert odd == {Oddity.CARD_ABSENT: 1}


def test_a_marker_that_nobody_knows_keeps_its_words_and_is_counted() -> None:
    unknown: Counter[Any] = Counter()
    found = shown(f"So {marker('hologram', 'A blue cube', 'turn0holo1')}.", unknown=unknown)
    assert found.text == "So A blue cube."
    assert unknown == {"marker: hologram": 1}
    paired = marker("hologram", {"label": "A blue cube"})
    written = text_of(paired, {"type": "nav_list", "items": [HARBOUR]})
    assert "A blue cube" in written and HARBOUR["url"] in written


def test_a_type_of_reference_that_nobody_knows_is_counted_and_its_source_listed() -> None:
    unknown: Counter[Any] = Counter()
    found = shown("So.", {"content_references": [{"type": "scent", **HARBOUR}]}, unknown=unknown)
    assert found.sources == [HARBOUR] and unknown == {"reference: scent": 1}


# Containers.


def test_containers_keep_what_is_in_them() -> None:
    unknown: Counter[Any] = Counter()
    found = shown(":::contextList\n**Planner**\n:::\nEnd.", unknown=unknown)
    assert found.text == "**Planner**\nEnd." and not unknown
    found = shown(':::stage{id="4" title="Act one"}\nEnter.\n:::\n', unknown=unknown)
    assert found.text == "**Act one**\n\nEnter.\n" and unknown == {"container: stage": 1}


def test_writing_blocks_and_code_keep_their_fences() -> None:
    text = ':::writing{id="1"}\nDear all\n:::\nBye.'
    assert shown(text).text == text
    assert shown("```\n:::note\nx\n:::\n```\n").text == "```\n:::note\nx\n:::\n```\n"


# Ordinary words.


def test_words_that_a_reference_stands_for_stay() -> None:
    alt = {"type": "alt_text", "matched_text": "https://e.org/plain", "alt": "Plain"}
    assert text_of("Visit https://e.org/plain now", alt) == "Visit [Plain](https://e.org/plain) now"
    page = {"type": "webpage", "matched_text": "the harbour", **HARBOUR}
    assert (
        text_of("See the harbour.", page)
        == "See the harbour ([Harbour](https://example.org/harbour))."
    )


def test_what_a_person_typed_is_left_alone() -> None:
    words = f"I paste {CITE} and 【7†source】 and :::note\n\ue203 \uf8ff f() []"
    assert read(message("user", words))[0] == [words]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", None, 3, "/c/1"])
def test_only_web_addresses_are_linked(url: int | str | None) -> None:
    assert clean_url(url) is None


# For any text.

PIECES = st.one_of(
    st.sampled_from(
        [
            *("word", " ", "\n", "\n\n", "(", ")", "[", "]", "](https://e.org)", "`", "```", "**"),
            *("- ", "|", "# ", ":::contextList\n", ":::\n", ":::odd\n", "【1】", "【4:0†a.pdf】"),
            *("【7†source】", "\ue200", "\ue201", "\ue202", "\ue203", "\ue204", "\ue206", "\ue2f0"),
            *("turn0search1", "\ufdd0", cite("turn0search1"), cite("turn9news9")),
            *(marker("entity", ["city", "Paris"]), marker("url", "name", "https://e.org/u")),
            *(marker("finance", "turn0finance0"), marker("odd", "odd words")),
            marker("genui", {"create_shared_list": {"items": [{"text": "item"}]}}),
            marker("odd", {"label": "said", "id": "zz9"}),
            *('【{"image_fetch": "map"}】', ":contentReference[oaicite:0]{index=0}"),
        ]
    ),
    st.text(max_size=5).filter(lambda words: "genui" not in words and "zz9" not in words),
)
METADATA = st.fixed_dictionaries(
    {
        "content_references": st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(
                        ["hidden", "grouped_webpages", "webpage", "odd", None, 3]
                    )
                },
                optional={
                    "matched_text": st.sampled_from([cite("turn0search1"), " ", "word", 7]),
                    "items": st.lists(st.just({**HARBOUR, "refs": [ref(1)]}), max_size=2),
                    "alt": st.sampled_from(["words", "[a](https://e.org/alt)", None, 5]),
                    "url": st.just("https://e.org/own"),
                },
            ),
            max_size=4,
        )
    }
)


@pytest.mark.slow
@given(st.lists(PIECES, max_size=25).map("".join), METADATA)
def test_no_marker_survives_and_the_words_do(
    text: str, metadata: dict[str, list[dict[str, Any]]]
) -> None:
    found = shown(text, metadata)
    assert not re.search("[\ue200-\ue2ff]", found.text)
    assert "genui" not in found.text and "shared_list" not in found.text
    assert "zz9" not in found.text
    for citation in found.citations:
        piece = found.text[citation["start"] : citation["end"]]
        assert all(source["url"] in piece for source in citation["sources"] if source["url"])
    kept = re.sub("[^a-zA-Z]", "", found.text)
    for word in ("word", "Paris", "name", "item", "oddwords", "said"):
        assert kept.count(word) >= (1 if whole(text, word) else 0), word


def whole(text: str, word: str) -> bool:
    """Whether the word stands in the text as words or in a marker that is whole."""
    if word == "word":
        return "word" in text
    carriers = {
        "Paris": marker("entity", ["city", "Paris"]),
        "name": marker("url", "name", "https://e.org/u"),
        "item": marker("genui", {"create_shared_list": {"items": [{"text": "item"}]}}),
        "oddwords": marker("odd", "odd words"),
        "said": marker("odd", {"label": "said", "id": "zz9"}),
    }
    return carriers[word] in text


@pytest.mark.slow
@given(st.lists(PIECES, max_size=25).map("".join))
def test_a_cheap_look_finds_whatever_would_change(text: str) -> None:
    if shown(text).text != text:
        assert may_change(text, {})


@pytest.mark.slow
def test_a_long_text_takes_time_in_proportion() -> None:
    steps = []
    for size in (2_000, 8_000):
        text = ("[" * 5 + "`" + "\ue200" + "【1†" + CITE + "(") * size
        counted: Counter[Any] = Counter()
        result = shown(text, odd=counted)
        steps.append(counted[Oddity.CITATION_UNEXPLAINED])
        assert len(result.text) < len(text)
    assert steps[1] == 4 * steps[0]
