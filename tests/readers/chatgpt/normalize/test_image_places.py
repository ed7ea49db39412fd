"""Generated images of slim exports, which only the library knows."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.chatgpt.normalize.mentions import mentioned

START = 1_770_000_000.0  # 2026-02-02T02:40:00Z


def at(second: int) -> str:
    return f"2026-02-02T02:{40 + second // 60:02}:{second % 60:02}+00:00"


def slim(*said: tuple[Any, ...]) -> dict[str, Any]:
    """A chain of (role, words, second, parent_id) as a slim export has it."""
    mapping, above = {}, None
    for number, (role, words, second, *parent) in enumerate(said, 1):
        key = f"m{number}"
        metadata: dict[str, Any] = (
            {"content_references": [], "parent_id": parent[0]} if parent else {}
        )
        mapping[key] = {
            "id": key,
            "parent": above,
            "message": {
                "id": key,
                "author": {"role": role, "name": None},
                "create_time": START + second + 0.5,
                "content": {"content_type": "text", "parts": [words]},
                "metadata": metadata,
            },
        }
        above = key
    return {"conversation_id": "c1", "title": "Fox", "mapping": mapping, "current_node": above}


def row(
    key: str,
    second: int | None = None,
    origin: str | None = None,
    name: str = "Fox in snow",
    **rest: Any,
) -> dict[str, Any]:
    return {
        "file_id": f"file_{key}",
        "file_name": name,
        "mime_type": "image/png",
        "library_artifact_type": "image",
        "image_gen_generation_id": f"s_{key}",
        "origination_message_id": origin,
        "origination_thread_id": "c1",
        "created_at": None if second is None else at(second),
        **rest,
    }


def shown(raw: dict[str, Any], *rows: dict[str, Any]) -> dict[str, Any]:
    """For each message with files: its id, and each file with how it was placed."""
    account = Account(lambda key: AssetInfo(member=f"{key}.dat"), lambda thread: list(rows))
    met = ReadStats()
    neutral: Any = read_conversation(deepcopy(raw), account, met)
    mentions = mentioned(deepcopy(raw), "c1", [], account)
    assert [mention.asset["id"] for mention in mentions] == [
        asset["id"] for asset in neutral["assets"]
    ]
    assert all(mention.shown_as for mention in mentions)
    return {
        message["id"]: [
            (part["asset"], part["placed"]) for part in message["parts"] if "asset" in part
        ]
        for message in neutral["messages"]
        if any("asset" in part for part in message["parts"])
    }


TWO_WISHES = (
    ("user", "A fox.", 0),
    ("assistant", "", 60, "gone1"),
    ("user", "At night.", 120),
    ("assistant", "", 180, "gone2"),
    ("user", "Thank you.", 240),
    ("assistant", "You are welcome.", 250),
)


def test_an_image_stands_at_the_answer_whose_parent_is_gone() -> None:
    found = shown(slim(*TWO_WISHES), row("b", 172, "gone2"), row("a", 52, "gone1"))
    assert found == {"m2": [("file_a", None)], "m4": [("file_b", None)]}


def test_an_image_that_names_a_message_stands_there() -> None:
    assert shown(slim(*TWO_WISHES), row("a", 52, "m6")) == {"m6": [("file_a", None)]}


def test_an_image_stands_before_the_words_of_an_answer_below_it() -> None:
    raw = slim(("user", "A fox.", 0), ("assistant", "Here it is.", 60, "gone"))
    account = Account(library=lambda thread: [row("a", 50, "gone"), row("b", 51, "gone")])
    neutral = read_conversation(raw, account, ReadStats())
    parts = neutral["messages"][1]["parts"]
    assert [part.get("asset") for part in parts] == ["file_a", "file_b", None]


def test_where_no_id_fits_the_time_tells() -> None:
    found = shown(slim(*TWO_WISHES), row("b", 172, "other"), row("a", 52))
    assert found == {"m2": [("file_a", "time")], "m4": [("file_b", "time")]}


def test_a_guess_takes_no_answer_that_another_image_names() -> None:
    raw = slim(("user", "Two.", 0), ("assistant", "", 60, "gone"), ("assistant", "", 61))
    found = shown(raw, row("a", 50), row("b", 52, "gone"))
    assert found == {"m2": [("file_b", None)], "m3": [("file_a", "time")]}


def test_several_images_of_one_wish_find_their_own_answers() -> None:
    raw = slim(
        ("user", "Three foxes.", 0),
        ("assistant", "", 60),
        ("assistant", "", 61),
        ("assistant", "", 90),
    )
    found = shown(raw, row("c", 80), row("a", 50), row("b", 52), row("d", 53))
    assert found["m2"] == [("file_a", "time")]
    assert found["m3"] == [("file_b", "time")]
    assert sum(map(len, found.values())) == 4


def test_an_image_is_never_placed_across_the_next_wish() -> None:
    raw = slim(
        ("user", "A fox.", 0),
        ("assistant", "I drew it.", 60),
        ("user", "At night.", 120),
        ("assistant", "", 180),
        ("user", "Thank you.", 240),
    )
    assert shown(raw, row("a", 52)) == {"m5": [("file_a", "chat")]}
    assert shown(raw, row("a")) == {"m5": [("file_a", "chat")]}


def test_empty_thoughts_are_no_empty_answer() -> None:
    raw = slim(("user", "A fox.", 0), ("assistant", "", 55), ("assistant", "", 60))
    raw["mapping"]["m2"]["message"]["content"] = {"content_type": "thoughts", "thoughts": []}
    assert shown(raw, row("a", 50)) == {"m3": [("file_a", "time")]}


def test_a_thumbnail_is_no_file_of_the_users() -> None:
    thumbnail = row("x", 52) | {"file_id": "ab12#file_a#thumbnail_fit_256x256"}
    assert shown(slim(*TWO_WISHES), thumbnail, row("a", 52, "gone1")) == {"m2": [("file_a", None)]}


def test_a_name_that_is_a_title_is_the_images_title() -> None:
    rows = [row("a", 52, "gone1"), row("b", 172, "gone2", "image-gen-1(6).png", mime_type=None)]
    neutral: Any = read_conversation(
        slim(*TWO_WISHES), Account(library=lambda thread: rows), ReadStats()
    )
    first, second = neutral["messages"][1]["parts"][0], neutral["messages"][3]["parts"][0]
    assert (first["type"], first["title"]) == ("image", "Fox in snow")
    assert (second["type"], second["title"]) == ("image", None)


@pytest.mark.slow
def test_many_images_and_answers_take_no_long_time() -> None:
    said = [("user", "Foxes.", 0)] + [("assistant", "", 60)] * 4000
    assert len(shown(slim(*said), *(row(str(number), 50) for number in range(4000)))) >= 1000


def test_a_picture_of_a_message_that_nobody_saw_stands_in_the_answer_below_it() -> None:
    raw = slim(("user", "A fox", 0), ("assistant", "{}", 5), ("assistant", "There.", 9))
    raw["mapping"]["m2"]["message"]["recipient"] = "image_gen.text2im"
    assert shown(raw, row("a", 6, "m2"))["m3"] == [("file_a", None)]


def test_a_row_names_a_message_by_its_own_id_and_not_by_its_nodes() -> None:
    raw = slim(("user", "A fox", 0), ("assistant", "One", 5), ("assistant", "Two", 9))
    first, second = raw["mapping"]["m2"]["message"], raw["mapping"]["m3"]["message"]
    first["id"], second["id"] = "m3", "m2"
    assert shown(raw, row("a", 6, "m3"))["m2"] == [("file_a", None)]
