"""A whole conversation: every string of it, and nothing that holds it together."""

from __future__ import annotations

import copy
import csv
import io
import json
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.errors import RedactionFailed
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.redact.detect import secrets
from gptexit.redact.files import Outgoing
from gptexit.redact.redactor import Redactor
from gptexit.schemas import errors
from support.build import chain, message
from support.build import conversation as raw_conversation
from support.planted import planted

ALL = {secret.kind: secret for secret in planted(2)}
TOKEN = ALL["GitHub access token"]
PASSWORD = ALL["password in code"]


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


def read(*messages: dict[str, Any], **rest: str) -> Any:
    account = Account(lambda key: AssetInfo(), lambda key: [])
    return read_conversation(raw_conversation(chain(*messages), **rest), account, ReadStats())


def rows(redactor: Redactor) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(redactor.findings.table()).decode())))


@pytest.mark.slow
def test_a_conversation_without_secrets_is_the_same_object(redactor: Redactor) -> None:
    plain = read(message("user", "Hello"), message("assistant", "Hello yourself"))
    assert redactor.conversation(plain) is plain
    assert rows(redactor) == []


def test_a_secret_is_replaced_wherever_it_stands_however_it_is_spelled(redactor: Redactor) -> None:
    secret = "pa/ss w+rd&" + PASSWORD.secret
    code = f'connect(password="{PASSWORD.secret}")'
    given = read(
        message("user", f"Here: {code}"),
        message("assistant", f"So you use {PASSWORD.secret} there."),
        message(
            "tool",
            {"content_type": "code", "text": json.dumps({"sent": [PASSWORD.secret]})},
            metadata={"args": [quote(PASSWORD.secret, safe="")], PASSWORD.secret: 1},
        ),
        title=f"About {PASSWORD.secret}",
        secret_note=json.dumps(json.dumps(PASSWORD.secret)),
    )
    before = copy.deepcopy(given)
    changed: Any = redactor.conversation(given)
    assert given == before
    assert PASSWORD.secret not in orjson.dumps(changed).decode()
    assert changed["title"] == "About [redacted: password]"
    assert changed["messages"][1]["parts"][0]["text"] == "So you use [redacted: password] there."
    assert list(errors("conversation", changed)) == []
    assert secret not in orjson.dumps(changed).decode()


def test_a_title_is_no_formula_in_the_table(redactor: Redactor) -> None:
    redactor.conversation(read(message("user", TOKEN.text), title="=cmd|x!A1"))
    assert [row["conversation"] for row in rows(redactor)] == ["'=cmd|x!A1"]


def test_characters_that_urls_and_json_escape(redactor: Redactor) -> None:
    secret = "s3cr/t+Wörd&" + ALL["API key in code"].secret
    given = read(
        message("user", f'password = "{secret}"'),
        message("assistant", f"https://h.example/?p={quote(secret, safe='')} {json.dumps(secret)}"),
    )
    changed: Any = redactor.conversation(given)
    text = changed["messages"][1]["parts"][0]["text"]
    assert text == 'https://h.example/?p=[redacted: password] "[redacted: password]"'


def test_what_holds_a_conversation_together_stays(redactor: Redactor) -> None:
    key = TOKEN.secret
    given = read(message("user", f"password = '{key}' and {TOKEN.text}"))
    given["messages"][0]["id"] = given["current"] = key
    given["messages"][0]["extra"]["id"] = key
    changed: Any = redactor.conversation(given)
    assert changed["messages"][0]["id"] == changed["current"] == key
    assert changed["messages"][0]["extra"]["id"] == key
    assert key not in changed["messages"][0]["parts"][0]["text"]


def test_a_word_that_was_once_a_password_stays_a_word_elsewhere(redactor: Redactor) -> None:
    given = read(
        message("user", 'password = "tiger7"'),
        message("assistant", "A tiger7 is a fictional cat."),
    )
    changed: Any = redactor.conversation(given)
    assert changed["messages"][1]["parts"][0]["text"] == "A tiger7 is a fictional cat."


def test_citations_still_stand_for_the_same_words(redactor: Redactor) -> None:
    text = f"{TOKEN.text} See the source, and {TOKEN.text} once more the source."
    given = read(message("assistant", text))
    part = given["messages"][0]["parts"][0]
    part["citations"] = [
        {"start": at, "end": at + len("the source"), "sources": []}
        for at in (text.index("the source"), text.rindex("the source"))
    ]
    part["citations"].append({"start": 0, "end": text.index(TOKEN.secret) + 3, "sources": []})
    changed: Any = redactor.conversation(given)["messages"][0]["parts"][0]
    cited = [
        changed["text"][citation["start"] : citation["end"]] for citation in changed["citations"]
    ]
    assert cited == ["the source", "the source", "Use this one: [redacted: GitHub access token]"]


def test_findings_say_what_and_where_and_never_the_secret(redactor: Redactor) -> None:
    given = read(message("user", TOKEN.text), title=f"On {TOKEN.secret}")
    redactor.conversation(given)
    assert rows(redactor) == [
        {
            "kind": "GitHub access token",
            "conversation_id": given["id"],
            "conversation": "On [redacted: GitHub access token]",
            "message_id": "",
            "date": "",
            "place": "title",
        },
        {
            "kind": "GitHub access token",
            "conversation_id": given["id"],
            "conversation": "On [redacted: GitHub access token]",
            "message_id": "m1",
            "date": given["messages"][0]["created"],
            "place": "text",
        },
    ]
    report = redactor.findings.as_json()
    assert (report["secrets"], report["messages"], report["conversations"]) == (2, 1, 1)
    assert TOKEN.secret[4:12] not in json.dumps(report)


def test_a_file_name_with_a_secret_is_changed_and_the_file_is_still_found(
    redactor: Redactor,
) -> None:
    given = read(message("user", "Look"))
    member = f"file-abc-{TOKEN.secret}.txt"
    given["assets"] = [
        {
            "id": "file-abc",
            "name": f"{TOKEN.secret}.txt",
            "media_type": "text/plain",
            "size": 3,
            "sha256": None,
            "member": member,
            "missing": False,
        }
    ]
    asset = redactor.conversation(given)["assets"][0]
    assert asset["name"] == "redacted-GitHub-access-token.txt"
    assert asset["member"] == "file-abc-redacted-GitHub-access-token.txt"
    assert redactor.member(asset["member"]) == member


def test_what_fails_does_not_say_on_what(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: str | None) -> None:
        raise ValueError(f"cannot handle {TOKEN.secret}")

    monkeypatch.setattr("gptexit.redact.redactor.secrets", broken)
    for call in (
        lambda: redactor.conversation(read(message("user", TOKEN.text))),
        lambda: redactor.text(TOKEN.text, "a file"),
    ):
        with pytest.raises(RedactionFailed) as raised:
            call()
        assert "ValueError" in str(raised.value)
        assert TOKEN.secret not in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


def test_nesting_of_any_depth(redactor: Redactor) -> None:
    deep: Any = TOKEN.text
    for _ in range(5000):
        deep = {"in": [deep]}
    given = read(message("user", "Hello"))
    given["extra"]["deep"] = deep
    changed: Any = redactor.conversation(given)["extra"]["deep"]
    for _ in range(5000):
        changed = changed["in"][0]
    assert changed == "Use this one: [redacted: GitHub access token] please."


@pytest.mark.parametrize("size", [-1, 1 << 16])
@pytest.mark.parametrize("last", ["the end", TOKEN.text])
def test_a_long_text_in_utf_16_goes_along_whole(size: int, last: str) -> None:
    text = "A line like any other.\n" * 2000 + last
    with Outgoing(lambda name: io.BytesIO(text.encode("utf-16"))).open("notes.txt") as stream:
        gone = b"".join(iter(lambda: stream.read(size), b""))
    assert gone.decode("utf-16") == text.replace(TOKEN.secret, "[redacted: GitHub access token]")


words = st.sampled_from([secret.text for secret in ALL.values()]) | st.text(max_size=20)
values = st.recursive(
    words | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.lists(words, min_size=1, max_size=4), values, words)
def test_a_second_run_finds_nothing_anywhere(texts: list[str], extra: Any, title: str) -> None:
    given = read(*(message("user", text) for text in texts), title=title)
    given["extra"]["more"] = extra
    redactor = Redactor()
    once: Any = redactor.conversation(given)
    assert redactor.conversation(once) is once
    assert [message["id"] for message in once["messages"]] == [
        message["id"] for message in given["messages"]
    ]
    found: Any = once
    if found is not given:
        assert all(
            not secrets(message["parts"][0]["text"])
            for message in found["messages"]
            if message["parts"]
        )
