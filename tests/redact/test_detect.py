"""What is found in a text and what is left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gptexit.redact.detect import secrets, suspects
from gptexit.redact.kingfisher import name_of
from gptexit.redact.occurrences import MARK, mark, marked
from support.planted import CODE, KINDS, Planted, Seeds, planted

ALL = list(planted(1))


def without(text: str, language: str | None = None) -> str:
    return marked(text, secrets(text, language))


@pytest.mark.parametrize("each", ALL, ids=[secret.kind for secret in ALL])
def test_each_kind_is_found_whole_and_nothing_else_is_touched(each: Planted) -> None:
    text = f"Before it.\n\n{each.text}\n\nAnd after it."
    changed = without(text)
    for line in each.secret.split("\n"):
        assert line not in changed
    assert changed.startswith("Before it.\n\n")
    assert changed.endswith("\n\nAnd after it.")
    assert MARK.search(changed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_seed_is_found(kind: str) -> None:
    for seed in range(20):
        secret, text = KINDS[kind](Seeds(seed))
        assert secret.split("\n")[0] not in without(text), seed


LEFT_ALONE = [
    "OPENAI_API_KEY=YOUR_API_KEY",
    'api_key = "your-api-key-here"',
    "api_key: <your key>",
    "password = getpass()",
    'password = os.environ["DB_PASSWORD"]',
    "password = input('Password: ')",
    "PASSWORD=$1",
    "PASSWORD=${DB_PASSWORD:-}",
    "DB_PASSWORD=changeme",
    'password="password"',
    '"password": "string"',
    'private_key: "_RSAPrivateKey"',
    '<input type="password" autocomplete="current-password">',
    'id = "550e8400-e29b-41d4-a716-446655440000"',
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    '"integrity": "sha512-7hmmLA9oeeQgJecawbbo1t9kSuEk+l/uNdaTkp/37w4U1j76SNWuVz1d16p9mKg=="',
    "AKIA" + "IOSFODNN7EXAMPLE",
    'passwordPlaceholder: "Enter your password"',
    "postgres://user:password@localhost/db",
    'if line.startswith("-----BEGIN RSA PRIVATE" + " KEY-----"): return True',
    "sk-...",
    'token = response.json()["access_token"]',
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_placeholders_names_and_hashes_are_left_alone(text: str) -> None:
    for language in (None, "yaml"):
        assert without(text, language) == text
    assert without(f"{CODE}bash\n{text}\n{CODE}") == f"{CODE}bash\n{text}\n{CODE}"


def test_a_picture_in_base64_is_left_alone() -> None:
    picture = Seeds(3).of(
        60_000, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
    text = f"![a chart](data:image/png;base64,{picture})"
    assert without(text) == text


def test_a_private_key_without_an_end_is_redacted_as_far_as_it_goes() -> None:
    lines = Seeds(4).key_lines()
    text = "-----BEGIN RSA PRIVATE" + f" KEY-----\n{lines}\nand then it broke off"
    assert without(text) == "[redacted: private key]\nand then it broke off"


def test_several_passwords_on_one_line_are_all_found() -> None:
    first, second, third = (Seeds(seed).of(14) for seed in (5, 6, 7))
    text = f'{{"password": "{first}", "db_password": "{second}", "old": {{"pwd": "{third}"}}}}'
    changed = without(text)
    assert not any(password in changed for password in (first, second, third))
    assert json.loads(changed)["old"]["pwd"] == "[redacted: password]"


def test_a_value_without_quotes_may_be_a_word_outside_of_configuration() -> None:
    secret = Seeds(8).of(16)
    for text in (f"password: {secret}", f"{CODE}ini\npassword: {secret}\n{CODE}"):
        assert secret not in without(text)
    for text in (
        "password: tiger7b is",
        "the token is sha256",
        "Password: 8 characters",
        "pwd: str",
    ):
        assert without(text) == text
    assert without("db_password = tiger7b", "ini") == "db_password = [redacted: password]"


texts = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from([secret.text for secret in ALL]),
        st.sampled_from([*LEFT_ALONE, CODE, "> ", "\n", '"', "[redacted: x y]", "(", "\\n"]),
    ),
    max_size=8,
).map(" ".join)


@given(texts)
def test_a_second_run_finds_nothing(text: str) -> None:
    once = without(text)
    assert without(once) == once


@pytest.mark.slow
@given(texts)
def test_all_that_is_outside_of_the_marks_is_as_it_was(text: str) -> None:
    found = secrets(text)
    at = 0
    rest = marked(text, found)
    for span in found:
        kept = text[at : span.start]
        assert rest.startswith(kept + mark(span.kind))
        rest = rest[len(kept) + len(mark(span.kind)) :]
        at = span.end
    assert rest == text[at:]


@pytest.mark.slow
@given(st.lists(texts, max_size=6))
def test_searching_many_at_once_misses_none(strings: list[str]) -> None:
    suspected = set(suspects(strings))
    assert suspected >= {text for text in strings if secrets(text) or secrets(text, "yaml")}


@given(st.text(max_size=300))
def test_a_text_without_secrets_is_unchanged(text: str) -> None:
    assert without(text) == text


@pytest.mark.parametrize("each", ALL, ids=[secret.kind for secret in ALL])
def test_marks_break_neither_json_nor_fences(each: Planted) -> None:
    changed = without(each.text)
    assert json.loads(without(json.dumps({"text": each.text})))
    if CODE not in each.text:
        tokens = MarkdownIt().parse(f"{CODE}\n{changed}\n{CODE}\n\nAfter.")
        assert [token.type for token in tokens][:2] == ["fence", "paragraph_open"]


def test_every_rule_has_a_name_that_a_mark_can_hold() -> None:
    from kingfisher_sdk import Rules

    for rule in Rules().metadata():
        name = name_of(rule["id"].removeprefix("betterleaks.").removeprefix("veles.secrets/"))
        assert MARK.fullmatch(mark(name))
