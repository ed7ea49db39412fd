"""What the documents show is what the commands give; see support/documents.py."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.documents import DOCUMENTS, renewed
from support.exports import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_output_shown_is_real(document: Any) -> None:
    assert document.read_text(encoding="utf-8") == renewed(document)


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document: Any) -> None:
    text = re.sub(r"^>.*$|```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (document.parent / target).exists(), target


def test_each_promise_names_a_test_that_is_there() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rows = [row for row in re.findall(r"^\| (.+) \| (.+) \|$", page, re.M) if row[1] != "test"]
    assert rows
    for promise, tests in rows:
        named = re.findall(r"`([^`]+)`", tests)
        assert named, promise
        for name in named:
            if name.startswith("make "):
                assert re.search(rf"^{name[5:]}:", makefile, re.M), name
                continue
            file, _, function = name.partition("::")
            text = (ROOT / file).read_text(encoding="utf-8")
            assert not function or f"\ndef {function}(" in text, name
