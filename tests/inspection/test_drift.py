"""What is unknown is told, and nothing of the user's with it."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.inspection import drift
from gptexit.inspection import drift as known
from gptexit.inspection.attachments import Attachments
from gptexit.inspection.drift import Drift, Location, shown
from gptexit.inspection.output import drift_report
from gptexit.inspection.run import inspect
from gptexit.inspection.survey import Survey
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.normalize.conversation import Account
from support.build import chain, conversation, message
from support.packing import text_of, write, zip_of

SECRETS = st.text(st.sampled_from("qxzQXZ ’–/\\|`<>\n\x1b@:äß長"), min_size=3, max_size=40).map(
    lambda words: f"Se cret {words} 8!"
)
"""Texts that look like nothing that a format would use as a name."""


def planted(secrets: list[str]) -> dict[str, Any]:
    """A conversation with secrets wherever something unknown may stand, as value and as key."""
    a, b, c, d, e, f, g, h = secrets
    answer = message("assistant", "an answer", **{a: b, "status": c})
    answer["metadata"] = {d: e, "model_slug": f, "attachments": [{"id": g, "name": h}]}
    answer["author"][b] = a
    parts = [{"content_type": c, d: e}, {"content_type": "image_asset_pointer", f: g}, {h: a}, 7]
    question = message("user", {"content_type": "multimodal_text", "parts": parts, g: h})
    poem = message("assistant", {"content_type": b, c: d})
    cited = message("assistant", "x", metadata={"content_references": [{"type": e}]})
    who = message(a, "words")
    mapping = chain(
        answer, question, poem, cited, who, message("user", {"content_type": "text", a: b})
    )
    mapping[h] = {"id": h, "message": None, "parent": "m1", e: f}
    return conversation(mapping, **{a: b, "title": c, "gizmo_id": d})


@pytest.mark.slow
@given(st.lists(SECRETS, min_size=8, max_size=8, unique=True))
@settings(max_examples=60)
def test_no_word_of_the_user_is_in_the_report(
    tmp_path_factory: pytest.TempPathFactory, secrets: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("secret")
    members = {
        "My Secret Name/conversations.json": orjson.dumps([planted(secrets)]),
        "My Secret Name/My Secret Diary.json": b"[]",
        "My Secret Name/Photos/Secret picture.jpg": b"x",
    }
    path = write(folder / "Secret Person.zip", zip_of(members))
    with open_export([path]) as export:
        report = drift_report(inspect(export))
    assert not [secret for secret in secrets if secret in report]
    assert "ecret" not in report
    assert "@" not in report and "\x1b" not in report
    for kind in ("message key", "metadata key", "part type", "content type", "reference type"):
        assert kind in report
    for kind in ("role", "author key", "node key", "side file", "file", "conversation key"):
        assert f"| {kind} |" in report


@pytest.mark.slow
@given(st.uuids(), st.integers(10**5, 10**12), st.emails())
def test_ids_numbers_and_addresses_are_told_by_their_shape(
    key: Any, number: int, address: str
) -> None:
    assert shown(str(key)) == "(a UUID)"
    assert shown(f"file_{key.hex}") == "(an id)"
    assert shown(str(number)) == "(a number)"
    assert shown(address).startswith("(")
    assert shown(f"user_{number}") == "(an id)"


def test_names_of_a_format_are_shown() -> None:
    for name in ("mood", "image_v2", "mimeType", "a_key_of_the_future", "canmore.create"):
        assert shown(name) == name
    assert shown(None) == "(nothing)"
    assert shown(["x"]) == "(an array)"


def test_a_million_strange_keys_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "MOST", 5)
    found = Drift()
    for number in range(100):
        found.add("metadata key", "k" + "a" * (number % 50), 2, Location(number + 1, ""))
    assert len(found.strangers()) == 5
    assert sum(stranger.count for stranger in found.strangers()) + found.others == 200


def test_the_same_shape_is_one_stranger() -> None:
    found = Drift()
    for _ in range(1000):
        found.add("metadata key", str(uuid.uuid4()), 1, Location(1, ""))
    [only] = found.strangers()
    assert (only.name, only.count) == ("(a UUID)", 1000)


def test_where_it_was_first_is_told_without_the_name_of_the_file(tmp_path: Path) -> None:
    mapping = chain(message("user", "a", mood="x"))
    data = orjson.dumps(
        [
            conversation(chain(message("user", "b")), conversation_id="1"),
            conversation(mapping, conversation_id="2"),
        ]
    )
    path = write(tmp_path / "Ada L.zip", zip_of({"Ada/conversations-007.json": data}))
    with open_export([path]) as export:
        found = inspect(export).as_json()["drift"]["found"]
    [only] = found
    assert only["first"]["conversation"] == 2
    assert re.fullmatch(r"conversations-007\.json, byte \d+", only["first"]["file"])
    offset = int(only["first"]["file"].split()[-1])
    assert orjson.loads(data[offset:-1])["conversation_id"] == "2"


def test_every_known_name_is_no_drift() -> None:
    survey = Survey(Account(), Attachments())
    messages = []
    for kind, keys in known.CONTENT.items():
        messages.append(message("assistant", dict.fromkeys(keys or ()) | {"content_type": kind}))
    for kind, keys in known.PARTS.items():
        name = "type" if keys and "content_type" not in keys else "content_type"
        part = dict.fromkeys(keys or ()) | {name: kind}
        messages.append(message("user", {"content_type": "multimodal_text", "parts": [part]}))
    for role in known.ROLES:
        messages.append(message(role, "x", metadata=dict.fromkeys(known.METADATA)))
    references = [{"type": kind} for kind in known.REFERENCES]
    messages.append(message("assistant", "x", metadata={"content_references": references}))
    raw = dict.fromkeys(known.KEYS["conversation"]) | {"mapping": chain(*messages)}
    survey.add(raw, "conversations.json, byte 1")
    survey.finish()
    assert survey.drift.strangers() == []


def test_a_side_file_of_the_future_is_named(tmp_path: Path) -> None:
    members = {"conversations.json": text_of("a"), "holograms.json": b"[]", "user.json": b"{}"}
    with open_export([write(tmp_path / "x.zip", zip_of(members))]) as export:
        found = inspect(export).as_json()["drift"]["found"]
    assert [(stranger["kind"], stranger["name"], stranger["first"]) for stranger in found] == [
        ("side file", "holograms.json", None)
    ]
