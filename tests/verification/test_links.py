"""No form of a link, and no address, makes an archive that is whole look as if it were not."""

import json
from pathlib import Path

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.build import chain, conversation, message

pytestmark = pytest.mark.slow

ADDRESSES = [
    *("https://x.ai", "http://t.me/", "HTTPS://X.AI/A", "https://example.org/a?b=1&amp;c=2"),
    *("https://example.org/a_(b)", "https://example.org/a b", "https://example.org/ä/日本"),
    *("https://example.org/#!/x~y*z*", "https://例.中国/路", "https://example.org/$x$"),
    *("https://example.org/`a`", "https://example.org/?utm_source=chatgpt.com"),
    *("mailto:a@b.example", "badge.svg", "www.example.org", "javascript:alert(1)", "//x.y/z"),
]
FORMS = [
    *("{}", "<{}>", "**{}**", "{}，中文", "`{}`", "[w]({})", "[w](<{}>)", '[w]({} "title")'),
    *(
        "[{}]({})",
        "![i]({})",
        '![i]({} "title")',
        "![i](<{}>)",
        "[![i]({})]({})",
        "[![i](badge.png)]({})",
    ),
    *("[w][r]\n\n[r]: {}", "[w][]\n\n[w]: {}", "[r]: {} 'x'\n\n[r]", "[^1]: {}\n\nx[^1]"),
    *("[w](\n{})", "[w]( {} )", "[**w**]({})", "[a\\]b]({})", "| a |\n|---|\n| [w]({}) |"),
    *("- {}\n- [w]({})", "> [w]({})", "# [w]({})", '<a href="{}">x</a>', "\\[w]({})"),
]


def test_no_link_makes_a_whole_archive_incomplete(tmp_path: Path) -> None:
    texts = [form.replace("{}", address) for address in ADDRESSES for form in FORMS]
    conversations = []
    for number, text in enumerate(texts):
        around = text if "\n" in text or number % 2 else f"before {text} after"
        turns = [message("user", text), message("assistant", around)]
        raw = conversation(chain(*turns, message("user", "So it is."), message("assistant", text)))
        raw["id"] = raw["conversation_id"] = f"c0ffee00-0000-4000-8000-{number:012d}"
        raw["title"] = f"number {number}"
        conversations.append(raw)
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps(conversations))
    convert(source, tmp_path / "out", ["markdown", "html", "jsonl"])
    with open_export([source], careful=True) as export:
        found = verify(tmp_path / "out", export).problems
    said = [
        f"{problem.file}: {texts[int(problem.title.split()[1])]!r}: {problem.what}"
        for problem in found
        if problem.title
    ]
    assert said == [], "\n".join(said)
    assert found == []
