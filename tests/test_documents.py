"""What the documents show is what the commands give; see documents.py."""

import re

import pytest

from documents import DOCUMENTS, ROOT, renewed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_output_shown_is_real(document):
    assert document.read_text(encoding="utf-8") == renewed(document)


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document):
    text = re.sub(r"^>.*$|```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (document.parent / target).exists(), target
