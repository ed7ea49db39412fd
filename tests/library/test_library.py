"""The library: what is found, how, and that nothing which is typed makes it fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit import convert
from gptexit.errors import AmbiguousConversation, BadQuery, NoLibrary, TooSlow, UnknownConversation
from gptexit.library import Library, Place, Query, marked, open_library, plain
from gptexit.text.json import dumps
from support.build import chain, conversation, message

SHOP = conversation(
    chain(
        message("user", "Postgres or SQLite for a small shop?", create_time=1740819600.0),
        message("assistant", "SQLite, until two clerks write at once. Café hours matter."),
        message("user", "And the order form? 请用数据库保存订单。"),
        message("assistant", "A form with a foo-bar field; 用Python写 it."),
    ),
    conversation_id="11111111-aaaa",
    title="A shop’s database",
    create_time=1740819600.0,
    update_time=1740823200.0,
    default_model_slug="gpt-4o",
)
TRIP = conversation(
    chain(
        message("user", "Three days in Lisbon", create_time=1750000000.0),
        message(
            "assistant",
            "Trams, tiles, and a form to fill in at the hotel.",
            create_time=1750000050.0,
        ),
    ),
    conversation_id="11111111-bbbb",
    title="Lisbon",
    create_time=1750000000.0,
    update_time=1750000100.0,
    gizmo_id="g-p-0123456789abcdef",
)


def made(folder: Path, *raws: dict[str, Any]) -> Path:
    export = folder / "conversations.json"
    export.write_bytes(dumps(list(raws)))
    out = folder / "archive"
    convert(export, out, ["sqlite"])
    return out


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    out = made(tmp_path_factory.mktemp("library"), SHOP, TRIP)
    with open_library(out) as opened:
        yield opened


def titles(library: Library, words: str = "", **rest: Any) -> list[str | None]:
    return [hit.title for hit in library.search(Query(words, **rest)).hits]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("postgres", 1),
        ("POSTGRES sqlite", 1),
        ("cafe", 1),
        ('"small shop"', 1),
        ('"shop small"', 0),
        ("postg*", 1),
        ("postg", 0),
        ("form", 2),
        ("form -hotel", 1),
        ('field -"foo bar"', 0),
        ("foo-bar", 1),
        ("数据库", 1),
        ("库", 1),
        ("用Python写", 1),
        ("python", 1),
        ("保存 数据", 1),
        ("据数", 0),
        ("lisbon", 1),
        ("tiles AND trams", 1),
        ("form NOT hotel", 0),
    ],
)
def test_words_find(library: Library, words: str, found: int) -> None:
    page = library.search(Query(words))
    assert (0 if page.partial else page.conversations) == found


@pytest.mark.parametrize(
    ("words", "found", "partial"),
    [
        ("postgres zebra", ["A shop’s database"], (1, 2)),
        ("zebra trams tiles quagga", ["Lisbon"], (2, 4)),
        ("postgres trams tiles", ["Lisbon"], (2, 3)),
        ("postgres trams", ["A shop’s database", "Lisbon"], (1, 2)),
        ("lisbon zebra", ["Lisbon"], (1, 2)),
        ("zebra form -hotel", ["A shop’s database"], (1, 2)),
        ('"shop small" lisbon', ["Lisbon"], (1, 2)),
        ("数据库 trams tiles", ["Lisbon"], (2, 3)),
        ("数据库 zebra", ["A shop’s database"], (1, 2)),
        ("zeb* tram*", ["Lisbon"], (1, 2)),
        ("zebra quagga", [], None),
        ("zebra", [], None),
        (" ".join(f"zebra{number}" for number in range(31)) + " tiles", ["Lisbon"], (1, 32)),
    ],
)
def test_where_no_message_has_all_words_those_with_most_are_found(
    library: Library, words: str, found: list[str], partial: tuple[int, int] | None
) -> None:
    page = library.search(Query(words))
    assert sorted({str(hit.title) for hit in page.hits}) == found
    assert page.partial == partial


def test_those_with_most_words_come_in_pages_and_pass_the_filters(library: Library) -> None:
    query = Query("form zebra", limit=1, grouped=False)
    first = library.search(query)
    assert first.next == 1
    rest = library.search(replace(query, limit=100, offset=1))
    assert len(rest.hits) == first.messages - 1
    assert titles(library, "form zebra", since="2025-06") == ["Lisbon"]
    assert titles(library, "form zebra", role="system") == []


def test_a_hit_says_where_and_what(library: Library) -> None:
    (hit,) = library.search(Query("clerks")).hits
    assert (hit.title, hit.conversation, hit.role) == (
        "A shop’s database",
        SHOP["conversation_id"],
        "assistant",
    )
    assert "**clerks**" in marked(hit.snippet)
    assert "until two clerks write" in plain(hit.snippet)
    span = library.conversation(hit.conversation, Place(hit.place), most=1)
    assert span.messages[0].text.startswith("SQLite, until two clerks")
    (hit,) = library.search(Query("数据")).hits
    assert "用**数据**库" in marked(hit.snippet)


def test_filters(library: Library) -> None:
    assert titles(library, "form", since="2025-06") == ["Lisbon"]
    assert titles(library, "form", project="g-p-0123456789abcdef") == ["Lisbon"]
    assert titles(library, "lisbon", role="user") == ["Lisbon"]
    assert titles(library, "tiles", role="user") == []
    assert titles(library, "postgres", until="2025-03-01") == ["A shop’s database"]
    assert titles(library, "postgres", until="2025-02") == []
    assert titles(library, "form", conversation="11111111-b") == ["Lisbon"]
    assert titles(library) == ["Lisbon", "A shop’s database"]
    assert titles(library, order="oldest") == ["A shop’s database", "Lisbon"]
    assert titles(library, since="2025-06-01") == ["Lisbon"]
    for wrong in (
        Query("form", project="x"),
        Query("form", model="x"),
        Query("form", role="x"),
        Query("form", since="x"),
    ):
        with pytest.raises(BadQuery):
            library.search(wrong)


def test_pages_together_are_everything_once(library: Library) -> None:
    found = []
    offset: int | None = 0
    while offset is not None:
        page = library.search(Query("form", grouped=False, limit=1, offset=offset))
        found += [(hit.conversation, hit.place) for hit in page.hits]
        offset = page.next
    assert len(found) == len(set(found)) == page.messages == 3


def test_reading_in_pieces_gives_the_whole(library: Library) -> None:
    whole = library.conversation(SHOP["conversation_id"])
    assert [said.role for said in whole.messages] == ["user", "assistant"] * 2
    pieces = ""
    place: Place | None = Place(0)
    while place is not None:
        span = library.conversation(SHOP["conversation_id"], place, most_characters=7)
        assert sum(len(said.text) for said in span.messages) <= 7
        pieces += "".join(said.text for said in span.messages)
        place = span.next
    assert pieces == "".join(said.text for said in whole.messages)


def test_an_id_may_be_its_beginning(library: Library) -> None:
    assert library.conversation("11111111-a").title == "A shop’s database"
    with pytest.raises(AmbiguousConversation):
        library.conversation("1111")
    for wrong in ("2", "", "%", "11111111-aaaa%", "\0", "\ud800", "x" * 10**6, "../../etc"):
        with pytest.raises(UnknownConversation):
            library.conversation(wrong)


HOSTILE = [
    '"', "'", "*", "-", "--", '""', '"*', "a*b", "^a", "a^2", "{text} : x", "text:x", "NEAR(a b)",
    "a AND", "OR", "NOT", "NOT a", "(((", ")", "a OR OR b", "';--", "') OR 1=1 --", "\0", "a\0b",
    "\ud800", "\ufeff", "+", "a + b", "🙂", "../..", "%", "_", "\\", "a" * 1999, "数" * 30, "-数",
    '-"a" b*', '"a', 'a"b"c', "*a", "a**", "-*", "–x", "ⅷ", "\u0301", "e\u0301", "\ue000", "٣",
]  # fmt: skip


def assert_is_a_search_or_a_sentence(library: Any, words: Any) -> None:
    for hidden in (False, True):
        try:
            library.search(Query(words, hidden=hidden))
        except BadQuery as error:
            assert str(error).endswith(".")


@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_is_typed_is_a_search_or_a_sentence(library: Library, words: str) -> None:
    assert_is_a_search_or_a_sentence(library, words)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40) | st.text('"*-+^:(){}a 数NEARORNOT\0', max_size=40))
def test_any_text_is_a_search_or_a_sentence(library: Library, words: str) -> None:
    assert_is_a_search_or_a_sentence(library, words)


@pytest.mark.parametrize(
    "words", ["x" * 10**6, " ".join(map(str, range(40))), "数" * 33, "aa* bb* cc* dd* ee*"]
)
def test_what_is_too_much_is_told_in_a_sentence(library: Library, words: str) -> None:
    with pytest.raises(BadQuery, match=r"takes up to .*\."):
        library.search(Query(words))


def test_other_lists(library: Library) -> None:
    (project,) = library.projects()
    assert (project.id, project.conversations) == ("g-p-0123456789abcdef", 1)
    assert [period.name for period in library.periods()] == ["2025-06", "2025-03"]
    assert [period.conversations for period in library.periods("year")] == [2]
    assert library.memories() == []


def test_nothing_can_be_written(library: Library) -> None:
    with pytest.raises(sqlite3.OperationalError):
        library._runner.all("DELETE FROM messages")
    with pytest.raises(sqlite3.OperationalError):
        library._runner.all("CREATE TABLE x (y)")


def test_what_is_no_library_is_told_with_what_to_do(tmp_path: Path) -> None:
    odd = tmp_path / "odd.sqlite"
    odd.write_bytes(b"no database" * 100)
    other = tmp_path / "other.sqlite"
    base = sqlite3.connect(other)
    base.execute("CREATE TABLE x (y)")
    base.close()
    endless = tmp_path / "endless.sqlite"
    base = sqlite3.connect(endless)
    base.execute(
        "CREATE VIEW gptexit AS WITH RECURSIVE e (key, value) AS (SELECT 'x', 1 UNION ALL "
        "SELECT key, value FROM e) SELECT * FROM e WHERE key = 'schema'"
    )
    base.close()
    for wrong in (tmp_path, tmp_path / "gone", odd, other, endless):
        with pytest.raises(NoLibrary, match="--to sqlite"):
            open_library(wrong)


def test_it_opens_by_file_and_by_folder(tmp_path: Path) -> None:
    out = made(tmp_path, TRIP)
    for path in (out, out / "chatgpt.sqlite"):
        with open_library(path) as library:
            assert titles(library, "lisbon") == ["Lisbon"]
    inner = tmp_path / "exit" / "sqlite"
    inner.parent.mkdir()
    out.rename(inner)
    with open_library(inner.parent) as library:
        assert titles(library, "lisbon") == ["Lisbon"]


def test_where_much_is_found_the_conversations_used_last_are_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = [
        conversation(
            chain(*(message("user", f"walnut {at} 数") for at in range(4))),
            conversation_id=f"{number:08}",
            title=f"Talk {number}",
            update_time=1750000000.0 + number * 1000,
        )
        for number in (3, 1, 4, 0, 2)
    ]
    with open_library(made(tmp_path, *raws)) as library:
        whole = library.search(Query("walnut"))
        assert (whole.messages, whole.conversations, whole.ranked) == (20, 5, None)
        assert len(whole.hits) == 5
        monkeypatch.setattr("gptexit.library.search.RANKED", 8)
        some = library.search(Query("walnut"))
        assert (some.messages, some.conversations, some.ranked) == (20, 5, 8)
        assert {hit.title for hit in some.hits} == {"Talk 4", "Talk 3"}
        assert some.next is None
        newest = library.search(Query("walnut", order="newest"))
        assert [hit.title for hit in newest.hits] == [f"Talk {n}" for n in (4, 3, 2, 1, 0)]
        assert newest.ranked is None


def test_a_message_that_two_indexes_find_is_one(tmp_path: Path) -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "", "content": "walnut"}]}
    mapping = chain(message("user", "walnut 数"), message("assistant", thoughts))
    with open_library(made(tmp_path, conversation(mapping, title="Walnut 数"))) as library:
        assert library.search(Query("walnut")).messages == 2  # the title is one
        assert library.search(Query("数")).messages == 2
        assert library.search(Query("walnut", hidden=True)).messages == 3


def test_what_takes_too_long_is_given_up(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gptexit.library.connection._SECONDS", 0.0)
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    with pytest.raises(TooSlow):
        library._runner.all(endless)
