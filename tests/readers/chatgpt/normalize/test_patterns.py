from __future__ import annotations

import tracemalloc

import pytest
import regex

from gptexit.readers.chatgpt.normalize.canvas import Canvas, may_compile, update

LARGE = [
    "(((a{1000}){1000}){1000})",
    "((a{1000}){1000}){1000}",
    "a{1000000}",
    "(?:ab{1000}){1000}",
    "(?:[a-z]{1000}){1000,}",
    "(?:[a]b[]]{1000}){1000}",
    "a{50000}b{50000}c{50000}",
    "a{1000}{1000}",
    "(?P<name>x{99}){ 9999 }",
    r"(\({1000}){1000}",
    "((a{400})b{400}|(c{300})){300}",
    "a{" + "9" * 19 + "}",
    "(" * 200 + ")" * 200,
    "x" * 60_000,
    "(a{1000}(?#()){1000}",
    "(?x)( # )\n a{1000}) {1000}",
    "(?iV1)([[a])]a{1000}){1000}",
    "([[:alpha:])]a{1000}){1000}",
    "([" + "b" * 300 + ")]a{1000}){1000}",
    "[" * 40_000,
]
FINE = [
    "",
    ".*",
    r"\bword\b",
    r"(?s)def f\(.*?\):\n(    .*\n)+",
    "a{1000}",
    "(a{1000}){50}",
    r"\{1000\}\{1000\}\{1000\}",
    "[{1000}]{3}[{1000}]",
    "{1000}",
    ")))((",
    r"[([{]\s*[^\]]+[)\]}]",
    "x" * 20_000,
    "(a{,1000}){,1000}",
]


@pytest.mark.parametrize("pattern", LARGE, ids=range(len(LARGE)))
def test_a_pattern_that_would_fill_memory_is_not_compiled(pattern: str) -> None:
    assert not may_compile(pattern)


@pytest.mark.parametrize("pattern", FINE, ids=range(len(FINE)))
def test_what_takes_little_memory_is(pattern: str) -> None:
    assert may_compile(pattern)


def test_an_update_with_such_a_pattern_leaves_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regex, "compile", lambda *_: pytest.fail("it was compiled"))
    before = Canvas("d", "Letter", "document", "a" * 50, 1)
    changes = {"updates": [{"pattern": LARGE[0], "replacement": "b", "multiple": True}]}
    assert update(before, changes) is None
    tracemalloc.start()
    assert update(before, changes) is None
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
