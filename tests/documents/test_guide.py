"""What the guide shows of the tools is what they give."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.mcp.guide import GUIDE, SHOWN, renewed

pytestmark = pytest.mark.slow


def test_the_answers_shown_are_real(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert SHOWN.search(text)
    assert text == renewed(text, tmp_path)
