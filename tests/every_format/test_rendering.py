"""Whatever the reader accepts, each format renders; a new one joins by its line in the table."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from datetime import UTC
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, note, settings
from hypothesis import strategies as st

from gptexit.archive.files import Copy, File
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.schemas import errors, validate_lines
from gptexit.text.json import loads_deep
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message, raw_conversations

pytestmark = pytest.mark.slow

INCLUDE = st.sets(st.sampled_from(["hidden", "reasoning", "tools"])).map(frozenset)
OPTIONS = st.fixed_dictionaries(
    {
        "branches": st.sampled_from([None, "current", "all"]),
        "include": INCLUDE,
        "timezone": st.just(UTC),
    }
)
FILES = {"file_0123abcd": AssetInfo("a/b.png", "b.png", "image/png", 3)}


def made_of(name: str, options: Options) -> Any:
    return FORMATS[name].make(options, WriterSetting(Catalog(), lambda member: io.BytesIO(b"png")))


def neutral(raw: dict[str, Any]) -> Any:
    account = Account(lambda key: FILES.get(key, AssetInfo()))
    return read_conversation(deepcopy(raw), account, ReadStats())


def paths_are_safe(files: list[Copy | File]) -> None:
    for file in files:
        parts = file.path.split("/")
        assert file.path
        assert not {"", ".", ".."} & set(parts)
        assert not set(file.path) & set('\\:*?"<>|\0\n')


@settings(max_examples=30)
@given(st.lists(raw_conversations(), max_size=3), OPTIONS)
def test_whatever_is_read_is_rendered(raws: list[dict[str, Any]], options: Options) -> None:
    conversations = list(map(neutral, raws))
    before = deepcopy(conversations)
    for name in FORMATS:
        note(name)
        target = made_of(name, options)
        written = []
        for talk in conversations:
            done = target.render(talk)
            assert done.messages <= len(talk["messages"])
            written += [*done.files, *done.copies]
        assert conversations == before
        done = target.finish()
        written += [*done.files, *done.more]
        assert written or not raws
        paths_are_safe(written)


@settings(max_examples=30)
@given(raw_conversations(), OPTIONS)
def test_every_line_validates(raw: dict[str, Any], options: Options) -> None:
    done = made_of("jsonl", options).render(neutral(raw))
    assert list(validate_lines(file.data for file in done.files)) == []


@settings(max_examples=30)
@given(raw_conversations(), OPTIONS)
def test_every_front_matter_is_that_of_the_conversation(
    raw: dict[str, Any], options: Options
) -> None:
    made = neutral(raw)
    done = made_of("markdown", options).render(made)
    text = done.files[0].data.decode()
    front = yaml.safe_load(text.removeprefix("---\n").partition("\n---\n")[0])
    assert front["id"] == made["id"]
    assert front["title"] == (made["title"] or "Untitled")
    assert front["messages"] == done.messages


def deep(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("depth", [250, 260, 700])
@pytest.mark.parametrize("name", FORMATS)
def test_what_nests_deep_is_rendered(name: str, depth: int) -> None:
    raw = conversation(chain(message("user", "Hi", odd=deep(depth))))
    del raw["id"], raw["conversation_id"]
    made = read_conversation(raw, Account(), ReadStats())
    target = made_of(name, Options(timezone=UTC))
    first, end = target.render(made), target.finish()
    file = [*first.files, *end.files, *end.more][0]
    assert file.data
    if name == "jsonl":
        assert loads_deep(file.data)["messages"][0]["extra"]["odd"] == deep(depth)
        assert list(validate_lines([file.data])) == []


def test_the_text_of_deep_json_is_that_of_shallow() -> None:
    from gptexit.text.json import _piece_by_piece, dumps

    value = {
        "b": [2**64 - 1, -(2**63), [], {}, {"x": None, "é": "\n"}, [2.5, True]],
        "a": "z",
        "": [[[]]],
    }
    for sort_keys in (False, True):
        assert _piece_by_piece(value, sort_keys) == dumps(value, sort_keys=sort_keys)
    assert json.loads(dumps(value)) == value
    assert loads_deep(dumps(value)) == value
    assert orjson.loads(dumps(value)) == value


def test_a_deep_line_that_is_no_conversation_is_told() -> None:
    line = b'{"id": ' + b"[" * 2000 + b"]" * 2000 + b"}"  # more than orjson reads
    assert list(validate_lines([line]))
    assert [error.sentence[:10] for error in validate_lines([line[:-1]])] == ["not JSON: "]
    assert list(errors("conversation", loads_deep(line)))
