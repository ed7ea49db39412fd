"""Knowledge files: within every limit, and nothing of a conversation gone without being told."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.archive.files import Rendered
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import CommonOptions
from gptexit.writers.packs.contents import page, table
from gptexit.writers.packs.conversation import (
    SMALLEST_BYTES,
    SMALLEST_TOKENS,
    PackLimits,
    chat_of,
    estimate,
)
from gptexit.writers.packs.placement import Knowledge
from gptexit.writers.packs.spool import Spool
from support.build import chain, conversation, message

LIMITS = st.builds(
    PackLimits,
    st.integers(SMALLEST_BYTES, 40_000),
    st.integers(SMALLEST_TOKENS, 12_000),
    st.integers(1, 6),
    st.integers(4 * SMALLEST_TOKENS, 40_000),
)
ROOMY = PackLimits(1 << 20, 40_000, 100, 1_000_000)


def talk(number: int | str, texts: list[str], title: str | None = None, **rest: int) -> Any:
    """A conversation of so many messages; each word of it occurs nowhere else."""
    mapping = chain(
        *(message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts))
    )
    key = f"id-{number}"
    raw = conversation(
        mapping, title=title or f"Talk {number}", conversation_id=key, id=key, **rest
    )
    return read_conversation(raw, Account(), ReadStats())


def packed(
    conversations: list[Any], limits: PackLimits, options: Any = None
) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """The files by name, and the rows of the table."""
    spool = Spool()
    for each in conversations:
        chat = chat_of(each, options or CommonOptions(), limits, Rendered())
        spool.add(chat, [("recent", "all")])
    folder = Knowledge(spool, "recent", "My *work*", "recent", limits)
    files = {file.path: file.data for file in folder.files()}
    files |= {(file := page(folder)).path: file.data}
    text = b"".join(file.data for file in table([folder])).decode()
    return files, list(csv.DictReader(io.StringIO(text)))


WORDS = [
    "alpha",
    "Béta",
    "漢字かな",
    "x\ny",
    "\n```python\nprint(1)\n```\n",
    "Ω≈ç√∫",
    "0123456789",
    "🙂",
]


def prose(seed: int, size: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"{rng.choice(WORDS)} w{seed}x{at}" for at in range(size))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    LIMITS,
    st.lists(
        st.lists(st.sampled_from([1, 30, 200, 1500]), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    ),
)
def test_every_limit_is_kept_and_every_word_is_in_or_told(
    limits: PackLimits, sizes: list[list[int]]
) -> None:
    number = itertools.count()
    texts = [[prose(next(number), size) for size in row] for row in sizes]
    files, rows = packed([talk(*text) for text in enumerate(texts)], limits)
    knowledge = {path: data for path, data in files.items() if not path.endswith("contents.md")}
    assert len(knowledge) <= limits.files
    assert sum(map(estimate, files.values())) <= limits.tokens
    for data in files.values():
        assert len(data) <= limits.file_bytes
        assert estimate(data) <= limits.file_tokens
        data.decode()
    assert sorted(row["id"] for row in rows) == [f"id-{at}" for at in range(len(texts))]
    held = re.findall(r"w\d+x\d+", b"".join(knowledge[name] for name in sorted(knowledge)).decode())
    assert len(held) == len(set(held))
    for row in rows:
        said = texts[int(row["id"][3:])]
        wanted = [re.findall(r"w\d+x\d+", text) for text in said]
        if row["in"] == "yes":
            assert [word for words in wanted for word in words if word not in held] == []
            assert row["why"] == "all"
        elif row["in"] == "in part":
            first = re.search(r"first (\d+) message", row["why"])
            assert first is not None
            gone = int(first[1])
            assert not set(itertools.chain(*wanted[:gone])) & set(held)
            assert set(itertools.chain(*wanted[gone:])) <= set(held)
        else:
            assert not set(itertools.chain(*wanted)) & set(held)
            assert "no room" in row["why"]
    assert packed([talk(*text) for text in enumerate(texts)], limits)[0] == files


def test_a_file_reads_like_this() -> None:
    made = talk(
        1,
        ["How do I *bake* bread?", "# Bread\n\nMix, wait, bake."],
        title="Bread",
        create_time=1_740_000_000,
        update_time=1_740_100_000,
    )
    files, rows = packed([made], ROOMY)
    assert list(files) == ["recent/01-bread-2025-02.md", "recent/contents.md"]
    assert files["recent/01-bread-2025-02.md"].decode() == (
        "*My \\*work\\*, file 1. Conversations with ChatGPT, from its data export; “You” is the "
        "user.*\n\n"
        "# Bread\n\n"
        "*19 February 2025 to 21 February 2025, gpt-4o*\n\n"
        "## You, 19 February 2025, 21:20\n\n"
        "How do I \\*bake\\* bread?\n\n"
        "## ChatGPT, 21:20\n\n"
        "### Bread\n\n"
        "Mix, wait, bake.\n"
    )
    assert "- Bread (19 February 2025 to 21 February 2025, gpt-4o), 2 messages" in (
        files["recent/contents.md"].decode()
    )
    assert rows[0]["file"] == "01-bread-2025-02.md"


def test_a_long_conversation_goes_on_in_the_next_file() -> None:
    limits = PackLimits(1 << 20, 4_000, 100, 1_000_000)
    files, rows = packed([talk(1, [prose(at, 200) for at in range(4)])], limits)
    names = rows[0]["file"].split("; ")
    assert len(names) > 1
    assert "*“Talk 1” continues in file 2.*" in files[f"recent/{names[0]}"].decode()
    assert "continued from file 1*" in files[f"recent/{names[1]}"].decode()


def test_a_code_block_that_is_cut_is_one_in_both_files() -> None:
    code = "```python\n" + "\n".join(f"print({at})" for at in range(3000)) + "\n```\n\nDone."
    files, _ = packed([talk(1, ["Go", code])], PackLimits(1 << 20, 6_000, 100, 1_000_000))
    parts = [data.decode() for path, data in files.items() if "contents" not in path]
    assert len(parts) > 2
    for part in parts:
        assert len(re.findall("^```", part, re.M)) in {2, 4}
        assert part.index("```python") < part.index("print(")
    assert re.findall(r"print\((\d+)\)", "".join(parts)) == list(map(str, range(3000)))


def test_the_newest_and_longest_lived_come_first() -> None:
    day = 86_400
    start = 1_700_000_000
    brief = talk("new", ["Hi"], create_time=start + 60 * day, update_time=start + 60 * day)
    old = talk("old", ["Hi"], create_time=start, update_time=start)
    mapping = chain(*(message("user", "again", create_time=start + at * day) for at in range(8)))
    raw = conversation(mapping, title="Long", conversation_id="long", id="long",
                       create_time=start, update_time=start + 7 * day)  # fmt: skip
    long = read_conversation(raw, Account(), ReadStats())
    brief["messages"][0]["created"] = "2024-01-13T00:00:00Z"
    old["messages"][0]["created"] = "2023-11-14T00:00:00Z"
    _, rows = packed([old, brief, long], ROOMY)
    assert [row["id"] for row in rows] == ["long", "id-new", "id-old"]


def test_a_title_is_no_formula_in_a_spreadsheet() -> None:
    _, rows = packed([talk(1, ["Hi"], title='=HYPERLINK("http://x")')], ROOMY)
    assert rows[0]["conversation"] == '\'=HYPERLINK("http://x")'
