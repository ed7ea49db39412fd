"""Codes and their sentences: the list in the code, in the schema and in the document is one."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from gptexit import codes, model, schemas
from gptexit.codes import HIDDEN_VALUES, Hidden, Lost, NotKept, Oddity, Passed, Reason, Repair
from support.exports import ROOT

DEFS = schemas.load("report")["$defs"]
LISTED = {
    Lost: DEFS["lost"]["enum"],
    Passed: DEFS["passed"]["enum"],
    Repair: DEFS["repairs"]["propertyNames"]["enum"],
    Oddity: DEFS["oddities"]["propertyNames"]["enum"],
    NotKept: DEFS["not_kept"]["propertyNames"]["enum"],
    Hidden: DEFS["hidden"]["propertyNames"]["enum"],
}
SECTIONS = {
    Lost: "read.unreadable",
    Passed: "source.passed_over",
    Repair: "read.repairs",
    Oddity: "read.oddities",
    NotKept: "targets[].not_kept",
    Hidden: "targets[].hidden",
}
PAGE = (ROOT / "docs/report.md").read_text(encoding="utf-8")
KINDS = pytest.mark.parametrize("kind", SECTIONS, ids=lambda kind: kind.__name__)


def test_every_kind_is_looked_at() -> None:
    assert set(codes.Code.__subclasses__()) == set(LISTED) == set(SECTIONS)


@KINDS
def test_the_schema_lists_every_code(kind: type[Any]) -> None:
    assert LISTED[kind] == [code.value for code in kind]


@KINDS
def test_the_document_lists_every_code_with_its_sentence(kind: type[Any]) -> None:
    section = PAGE.partition(f"\n## `{SECTIONS[kind]}`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \| (.+) \|$", section, re.M)
    assert [(code, sentence) for code, sentence, _ in rows] == [
        (code.value, re.sub(r"\{\w+\}", "…", code.sentence)) for code in kind
    ]


@KINDS
def test_codes_are_short_plain_and_sentences_are_not_twice(kind: type[Any]) -> None:
    for each in kind:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", each.value), each
    sentences = Counter(code.sentence for code in kind)
    same = {sentence for sentence, times in sentences.items() if times > 1}
    assert same <= {"{error}", "cannot be read ({error})"}


@pytest.mark.slow
@KINDS
def test_every_code_is_used(kind: type[Any]) -> None:
    modules = (ROOT / "src/gptexit").rglob("*.py")
    used = "".join(module.read_text(encoding="utf-8") for module in modules)
    unused = [code for code in kind if not re.search(rf"\b{kind.__name__}\.{code.name}\b", used)]
    assert unused in ([], [Hidden.OTHER])  # it stands for what an archive from elsewhere says


def test_a_reason_has_its_details() -> None:
    assert Lost.ENDS_EARLY.say(at=5, size=9) == Reason(
        Lost.ENDS_EARLY, "it ends after 5 of 9 bytes; what follows in this file is lost"
    )
    # Words of a file are put in as they are.
    assert Lost.NOT_JSON.say(error="{at} {0}").sentence == "it cannot be read as JSON ({at} {0})"


def test_the_words_that_archives_hold_stay() -> None:
    assert list(HIDDEN_VALUES.values()) == [
        "marked as hidden",
        "system message",
        "context",
        "tool call",
        "tool result",
    ]
    message = schemas.load("conversation")["$defs"]["message"]
    assert message["properties"]["hidden"]["examples"] == list(HIDDEN_VALUES.values())
    assert all(f"`{value}`" in " ".join(PAGE.split()) for value in HIDDEN_VALUES.values())
    assert [Hidden.of(value) for value in HIDDEN_VALUES.values()] == list(HIDDEN_VALUES)
    assert Hidden.of("a word from elsewhere") is Hidden.OTHER
    assert "hidden" in model.Message.__annotations__


@KINDS
def test_counts_come_back_as_they_were(kind: Any) -> None:
    counts: Counter[Any] = Counter(dict.fromkeys([*kind], 2))
    text = codes.as_text(counts)
    assert {type(code) for code in text} == {str}
    assert codes.from_text(kind, text) == counts


def test_an_error_tells_why() -> None:
    assert codes.reason_of(OSError("full")) == Reason(Lost.SYSTEM_ERROR, "full")
    assert codes.reason_of(OSError()) == Reason(Lost.SYSTEM_ERROR, "OSError")


def test_a_code_that_is_not_listed_is_no_report() -> None:
    report = schemas.load("report")["examples"][0]
    assert not [*schemas.errors("report", report)]
    report["read"]["oddities"] = {"second root": 1}
    report["read"]["unreadable"][0]["code"] = "gone"
    places = [sentence.partition(":")[0] for sentence in schemas.errors("report", report)]
    assert sorted(places) == ["read.oddities", "read.unreadable[0].code"]
