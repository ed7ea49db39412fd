"""Front matter of a note, joined with what a person and their editor made of it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gptexit.text.front_matter import identity, joined, parted, properties, value_of
from gptexit.writers.markdown.writer import front_matter

BASE = """title: "A: title"
id: 26fa7d1b-f941-41ed-a120-350c087b569e
updated: 2026-07-22T10:00:40Z
url: "https://chatgpt.com/c/1"
starred: true
messages: 2
tags: [chatgpt]
"""
NEW = BASE.replace("messages: 2", "messages: 4").replace("10:00:40", "11:00:00")
OBSIDIAN = """title: "A: title"
id: 26fa7d1b-f941-41ed-a120-350c087b569e
updated: 2026-07-22T10:00:40Z
url: https://chatgpt.com/c/1
starred: true
messages: 2
tags:
  - chatgpt
  - pottery
aliases:
rating: 5
"""


def values(front: str) -> dict[str, object]:
    found: dict[str, object] = yaml.load(front, yaml.BaseLoader)
    return found


def join(theirs: str, new: str = NEW, base: str = BASE) -> dict[str, object]:
    result = joined(base, theirs, new)
    assert result is not None
    return values(result[0])


def test_what_obsidian_writes_in_another_way_is_no_change() -> None:
    result = joined(BASE, OBSIDIAN, NEW)
    assert result is not None
    text, own = result
    assert own == ["aliases", "rating", "tags"]
    wanted = OBSIDIAN.replace("messages: 2", "messages: 4").replace("10:00:40", "11:00:00")
    assert text == wanted


def test_without_news_the_users_lines_stay_as_they_are() -> None:
    assert joined(BASE, OBSIDIAN, BASE) == (OBSIDIAN, ["aliases", "rating", "tags"])


@pytest.mark.parametrize(
    ("before", "after", "name", "value"),
    [
        ('title: "A: title"', "title: Mine", "title", "Mine"),
        ("tags: [chatgpt]", "tags: [mine, chatgpt]", "tags", ["mine", "chatgpt"]),
        ("tags: [chatgpt]", "tags:\n- mine", "tags", ["mine"]),
        ("tags: [chatgpt]", "tags: mine", "tags", "mine"),
        ("messages: 2", "messages: 2\nnested:\n  a:\n    b: c", "nested", {"a": {"b": "c"}}),
        ("messages: 2", "messages: 2\nnote: |\n  two\n  lines", "note", "two\nlines\n"),
        ("messages: 2", "messages: 2\n'a key': yes", "a key", "yes"),
    ],
)
def test_what_the_user_changed_stays(before: str, after: str, name: str, value: object) -> None:
    found = join(BASE.replace(before, after))
    assert found[name] == value
    assert found["messages"] == "4"


def test_a_property_that_the_user_removed_stays_away() -> None:
    assert "url" not in join(BASE.replace('url: "https://chatgpt.com/c/1"\n', ""))


def test_a_property_that_went_goes_unless_the_user_changed_it() -> None:
    without = NEW.replace("starred: true\n", "")
    assert "starred" not in join(OBSIDIAN, without)
    assert join(OBSIDIAN.replace("starred: true", "starred: very"), without)["starred"] == "very"


def test_a_new_property_comes_unless_the_user_has_one_of_that_name() -> None:
    assert join(OBSIDIAN, NEW + "archived: true\n")["archived"] == "true"
    assert join(OBSIDIAN, NEW + "rating: 1\n")["rating"] == "5"


@pytest.mark.parametrize("theirs", ["[mine, a]", "\n  - mine\n  - a", "\n- mine\n- a"])
def test_what_is_new_to_a_list_is_added_to_the_users(theirs: str) -> None:
    base, new = BASE + "models: [a]\n", NEW + "models: [a, gpt-5.2]\n"
    found = join(BASE + f"models: {theirs}\n", new, base)
    assert found["models"] == ["mine", "a", "gpt-5.2"]


def test_comments_stay() -> None:
    theirs = BASE.replace("messages: 2", "# of mine\nmessages: 2").replace("true", "true # yes")
    result = joined(BASE, theirs, NEW)
    assert result is not None
    assert "# of mine\nmessages: 4\n" in result[0]
    assert "starred: true # yes\n" in result[0]


@pytest.mark.parametrize(
    "theirs",
    [
        BASE.replace("26fa", "36fa"),
        BASE.replace("id: ", "no: "),
        BASE + "messages: 3\n",
        BASE + "no property\n",
        BASE + "{a: b}\n",
        "- a\n" + BASE,
    ],
)
def test_in_doubt_nothing_is_joined(theirs: str) -> None:
    assert joined(BASE, theirs, NEW) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"# Title\n", b"---\nid: a\n", b"---\nid: \xff\n---\n", b"---\n" + b"a: b\n" * 300_000],
)
def test_what_has_no_end_is_no_front_matter(data: bytes) -> None:
    assert parted(data) == (None, data)
    assert identity(data) is None


def test_line_ends_of_windows_and_a_mark_of_order_are_read() -> None:
    assert parted(b"\xef\xbb\xbf---\r\nid: a\r\n---\r\nBody\r\n") == ("id: a\n", b"Body\r\n")
    assert identity(b"---\r\ntitle: x\r\nid: 'a'\r\n---\r\n") == "a"


def test_front_matter_may_be_empty() -> None:
    assert parted(b"---\n---\nBody") == ("", b"Body")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_what_is_written_is_read_by_its_value(title: str, tags: list[str]) -> None:
    block = front_matter({"title": title, "tags": tags}).removeprefix("---\n").removesuffix("---")
    found = properties(block)
    assert found is not None
    assert value_of(found["title"]) in (title, None)
    assert value_of(found["tags"]) in (tuple(tags), None)


@given(st.text(max_size=200))
def test_any_front_matter_is_joined_or_left_alone(theirs: str) -> None:
    result = joined(BASE, BASE + theirs, NEW)
    if result is not None:
        for line in theirs.splitlines():
            name = line.partition(": ")[0].strip()
            assert not name or line.rstrip() in result[0]
