"""A server's entry goes into a configuration, and nothing else there changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.mcp.config_file import Refused, Taken, added, parsed, without_comments
from support.build import JSON

ENTRY = {"command": "/opt/py/bin/python", "args": ["-P", "-m", "gptexit", "mcp", "/ä/chats"]}


def put(before: str) -> str:
    return added(before, "chats", ENTRY).text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{\n  "theme": "dark"\n}\n',
            '{\n  "theme": "dark",\n  "mcpServers": {\n    "chats": {\n      "command": "c"\n'
            "    }\n  }\n}\n",
        ),
        (
            '{\n\t"mcpServers": {\n\t\t"a": {} // mine\n\t}\n}',
            '{\n\t"mcpServers": {\n\t\t"a": {}, // mine\n\t\t"chats": {\n\t\t\t"command": "c"\n'
            "\t\t}\n\t}\n}",
        ),
        ('{"mcpServers":{}}', '{"mcpServers":{"chats": {"command": "c"}}}'),
        ('{"a":1,"b":2}', '{"a":1,"b":2,"mcpServers": {"chats": {"command": "c"}}}'),
        (
            '{ "mcpServers": { "a": 1 } }',
            '{ "mcpServers": { "a": 1, "chats": {"command": "c"} } }',
        ),
        (
            '{\r\n    "mcpServers": {\r\n    }\r\n}\r\n',
            '{\r\n    "mcpServers": {\r\n        "chats": {\r\n            "command": "c"\r\n'
            "        }\r\n    }\r\n}\r\n",
        ),
        (
            "\ufeff{ // all mine\n}",
            '\ufeff{ // all mine\n  "mcpServers": {\n    "chats": {\n      "command": "c"\n    }\n'
            "  }\n}",
        ),
        ("", '{\n  "mcpServers": {\n    "chats": {\n      "command": "c"\n    }\n  }\n}\n'),
    ],
    ids=["new", "tabs", "empty", "one line", "airy line", "crlf", "mark", "nothing"],
)
def test_it_looks_like_what_stands_around_it(before: str, after: str) -> None:
    assert added(before, "chats", {"command": "c"}).text == after


SPACE = st.text(" \t\n\r", max_size=3)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
COMMENT = st.one_of(
    WORDS.map(lambda text: "//" + re.sub(r"[\r\n]", "", text) + "\n"),
    WORDS.map(lambda text: "/*" + text.replace("*/", "") + "*/"),
    st.just("/**/"),
    st.just('// "mcpServers": {\n'),
)
GAP = st.lists(SPACE | COMMENT, max_size=2).map("".join)


@st.composite
def jsonc(draw: Callable[..., Any], value: Any) -> str:
    """A value as a person may write it: with comments and space wherever there may be some."""

    def gap() -> str:
        return str(draw(GAP))

    if isinstance(value, dict):
        inner = [
            f"{gap()}{json.dumps(key, ensure_ascii=draw(st.booleans()))}{gap()}:{gap()}"
            f"{draw(jsonc(item))}{gap()}"
            for key, item in value.items()
        ]
        return "{" + (",".join(inner) or gap()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(f"{gap()}{draw(jsonc(item))}{gap()}" for item in value)) + "]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


NAMES = st.text(max_size=6).filter(lambda name: name != "chats")
SETTINGS = st.dictionaries(
    st.text(max_size=6).filter(lambda n: n != "mcpServers"), JSON, max_size=3
)
SERVERS = st.none() | st.dictionaries(NAMES, JSON, max_size=3)


@st.composite
def configurations(draw: Callable[..., Any]) -> tuple[str, dict[str, Any]]:
    """The text of a configuration, and what is in it."""
    value = draw(SETTINGS)
    servers = draw(SERVERS)
    if servers is not None:
        value = dict(draw(st.permutations([*value.items(), ("mcpServers", servers)])))
    written = st.sampled_from([None, 1, 2, 4, "\t"]).map(
        lambda indent: json.dumps(value, indent=indent)
    )
    text = draw(written | jsonc(value))
    mark, before, after = draw(st.sampled_from(["", "\ufeff"])), draw(GAP), draw(GAP)
    return mark + before + text + after, value


@pytest.mark.slow
@given(configurations())
def test_nothing_else_changes_whatever_is_there(configuration: tuple[str, dict[str, Any]]) -> None:
    before, value = configuration
    result = added(before, "chats", ENTRY)
    assert result.changed
    assert_only_added(before, result.text)
    servers = {**value.get("mcpServers", {}), "chats": ENTRY}
    plain = json.loads(without_comments(result.text.removeprefix("\ufeff")))
    expected = {**value, "mcpServers": servers}
    assert plain == expected
    assert (list(plain), list(plain["mcpServers"])) == (list(expected), list(servers))
    assert not added(result.text, "chats", ENTRY).changed


def shared(one: str, other: str) -> int:
    """How many characters they have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def assert_only_added(before: str, after: str) -> None:
    """All of `before` is there in its place: one piece is new, and a comma in front of it, with at
    most the comments of that line between the two."""
    begins = shared(before, after)
    ends = shared(before[begins:][::-1], after[begins:][::-1])
    between = before[begins : len(before) - ends]
    assert after[begins:].startswith(f",{between}" if between else "")
    assert not without_comments(between).strip()


@pytest.mark.slow
@given(JSON | st.dictionaries(st.text(max_size=3), JSON, max_size=2), st.data())
def test_blanking_comments_leaves_the_value_and_every_place(
    value: dict[str, Any] | None, data: Any
) -> None:
    text = data.draw(jsonc(value))
    plain = without_comments(text)
    assert len(plain) == len(text)
    assert json.loads(plain) == value
    assert [at for at, sign in enumerate(text) if sign in "\r\n"] == [
        at for at, sign in enumerate(plain) if sign in "\r\n"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{", "{]", "[]", "null", '"x"', "{} {}", '{"a": 1,}', '{"a": [1,]}', "{'a': 1}", "{a: 1}",
        '{"a": NaN}', '{"a": 1} /* open', '{"a": "open', '{"mcpServers": []}', "/*/ {}",
        '{"mcpServers": null}', '{"mcpServers": {}, "mcpServers": 1}', "{" * 5, "\u00a0{}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "\0", '{"a": "\n"}', "{}x", "//", "/**/",
    ],
    ids=range(25),
)  # fmt: skip
def test_what_is_broken_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        put(text)


@given(st.text('{}[]",:/*\\ \n\t1atmcpServers', max_size=60))
def test_any_text_is_added_to_or_refused(text: str) -> None:
    try:
        after = put(text)
    except (Refused, Taken):
        return
    if text.strip():
        assert_only_added(text, after)
    assert json.loads(without_comments(after))["mcpServers"]["chats"] == ENTRY


def test_the_same_server_changes_nothing() -> None:
    before = put('{"mcpServers": {"a": {}}}')
    assert put(before) == before
    theirs = before.replace('"command"', '"timeout": 5, "command"')
    assert put(theirs) == theirs


@pytest.mark.parametrize(
    "there", ['"x"', "{}", '{"command": "/opt/py/bin/python", "args": []}', "null"]
)
def test_another_server_of_that_name_is_not_touched(there: str) -> None:
    with pytest.raises(Taken):
        put(f'{{"mcpServers": {{"chats": {there}}}}}')


def test_numbers_are_held_against_each_other_as_written() -> None:
    before = '{"a": 1.000000000000000000001, "b": 123456789012345678901234567890, "c": 1e999}'
    assert put(before).startswith(before[:-1])


def test_repeated_names_are_as_the_clients_see_them() -> None:
    after = put('{"mcpServers": {"a": 1}, "mcpServers": {"b": 2}}')
    assert json.loads(after)["mcpServers"] == {"b": 2, "chats": ENTRY}
    with pytest.raises(Refused):
        parsed("{")
