"""Searching an archive with the browser's script, run by node, and a plain judge of its answers."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gptexit.writers import html
from gptexit.writers.html.words import WordIndex, words_of

Texts = list[tuple[str, str, str]]
"""Anchor, role and text of each message."""


@dataclass(frozen=True)
class Chat:
    """A conversation to search."""

    number: int
    title: str
    texts: Texts
    created: str | None = None


def archive_of(chats: Sequence[Chat], folder: Path) -> Path:
    """Write the files that the search reads."""
    for name in ("data/texts", "data/words", "static"):
        (folder / name).mkdir(parents=True)
    with WordIndex() as index:
        for chat in chats:
            index.add(chat.number, words_of(chat.title, chat.texts))
            packed = zlib.compress(json.dumps(chat.texts).encode(), wbits=-15)
            value = {"t": base64.b64encode(packed).decode(), "f": {}}
            name = f"text-{chat.number}"
            (folder / f"data/texts/{chat.number}.js").write_text(_piece(name, value))
        for path, data in index.pieces():
            (folder / path).write_bytes(data)
        directory = {"words": index.directory()}
    (folder / "data/index.js").write_text(_piece("index", directory))
    rows: list[list[object]] = [
        [chat.number, "", chat.title, chat.created, None, None, "", [], len(chat.texts)]
        for chat in sorted(chats, key=lambda chat: (chat.created or "", -chat.number), reverse=True)
    ]
    (folder / "data/rows.json").write_text(json.dumps(rows))
    for name in ("static/words.js", "static/search.js"):
        shutil.copy(Path(html.__file__).parent / name, folder / name)
    return folder


def _piece(name: str, value: object) -> str:
    return f"archive.piece({json.dumps(name)}, {json.dumps(value)})\n"


def ask(folder: Path, questions: Iterable[Sequence[object]]) -> list[Any]:
    """Let the script answer; searching.js tells the questions that it takes.

    Skips where there is no node.
    """
    node = shutil.which("node")
    if not node:
        pytest.skip("there is no node")
    done = subprocess.run(
        [node, str(Path(__file__).with_suffix(".js")), str(folder)],
        input="\n".join(map(json.dumps, questions)),
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


_UNSPACED = (
    "THAI", "LAO", "MYANMAR", "KHMER", "HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA",
)  # fmt: skip


@cache
def runs_of(text: str) -> list[tuple[bool, str]]:
    """Cut a text into runs of letters and digits, and tell whether their script has no spaces."""
    runs: list[tuple[bool, str]] = [(False, "")]
    for character in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()):
        kind = unicodedata.category(character)
        vowel = kind[0] == "M" and unicodedata.name(character, "").split()[0] in (
            "DEVANAGARI", "THAI", "LAO", "MYANMAR", "KHMER",
        )  # fmt: skip
        if kind[0] in "LN" or vowel:
            unspaced = unicodedata.name(character, "").split(" ")[0] in _UNSPACED
            if runs[-1][1] and runs[-1][0] != unspaced:
                runs.append((unspaced, ""))
            runs[-1] = (unspaced, runs[-1][1] + character)
        elif kind[0] != "M" and kind != "Cf":
            runs.append((False, ""))
    return [run for run in runs if run[1]]


@dataclass(frozen=True)
class Term:
    """A word, or several in their order."""

    typed: str
    begins: bool = False
    without: bool = False

    @property
    def query(self) -> str:
        words = f'"{self.typed}"' if " " in self.typed else self.typed
        return "-" * self.without + words + "*" * self.begins

    def in_text(self, text: str) -> bool:
        """Tell whether the words are in a text, one after the other."""
        wanted, runs = runs_of(self.typed), runs_of(text)
        count = len(wanted)
        return any(
            all(self._fits(at, wanted, run) for at, run in enumerate(runs[first : first + count]))
            for first in range(len(runs) - count + 1)
        )

    @property
    def _open(self) -> bool:
        """Whether a longer word is one too: particles hang on Korean words."""
        korean = " " not in self.typed and all(
            "\u1100" <= letter <= "\u11ff" for _, run in runs_of(self.typed) for letter in run
        )
        return self.begins or korean

    def _fits(self, at: int, wanted: list[tuple[bool, str]], run: tuple[bool, str]) -> bool:
        unspaced, word = wanted[at]
        first, last = at == 0, at == len(wanted) - 1
        if unspaced and run[0]:
            if first and last:
                return word in run[1]
            return run[1].endswith(word) if first else run[1].startswith(word)
        return run[1] == word or (last and self._open and run[1].startswith(word))

    def in_index(self, texts: Sequence[str]) -> bool:
        """Tell whether the index knows all parts of it for these texts, in whatever order."""
        parts = [
            Term(part, self.begins and last)
            for last, (unspaced, word) in _with_last(runs_of(self.typed))
            for part in (_pairs(word) if unspaced else [word])
        ]
        return all(any(part.in_text(text) for text in texts) for part in parts)


def _with_last(runs: list[tuple[bool, str]]) -> list[tuple[bool, tuple[bool, str]]]:
    return [(at == len(runs) - 1, run) for at, run in enumerate(runs)]


def _pairs(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]


Judgement = dict[int, tuple[str | None, list[str]]]
"""By the number of a conversation: the anchor of its message, and the terms that this lacks."""


def judged(
    chats: Sequence[Chat], terms: Sequence[Term], role: str | None
) -> tuple[Judgement, bool]:
    """What a search has to find, and whether these have only some of the terms."""
    wanted = [term for term in terms if not term.without]
    best = {chat.number: found for chat in chats if (found := _best(chat, terms, role)) is not None}
    texts = {chat.number: [chat.title, *(text for *_, text in chat.texts)] for chat in chats}
    whole = {
        number: found
        for number, found in best.items()
        if all(any(term.in_text(text) for text in texts[number]) for term in wanted)
    }
    if whole:
        return whole, False
    counts = {number: sum(term.in_index(texts[number]) for term in wanted) for number in best}
    most = max(counts.values(), default=0)
    return {
        number: found for number, found in best.items() if most and counts[number] == most
    }, bool(most)


def _best(
    chat: Chat, terms: Sequence[Term], role: str | None
) -> tuple[str | None, list[str]] | None:
    wanted = [term for term in terms if not term.without]
    unwanted = [term for term in terms if term.without]
    if any(term.in_text(chat.title) for term in unwanted):
        return None
    titled = [term for term in wanted if not role and term.in_text(chat.title)]
    found: list[tuple[int, int, str | None, list[str]]] = []
    if titled:
        rest = [term.query for term in wanted if term not in titled]
        found.append((len(rest), 0, None, rest))
    for anchor, side, text in chat.texts:
        own = [term for term in wanted if term.in_text(text)]
        if own and side == (role or side) and not any(term.in_text(text) for term in unwanted):
            lacking = [term for term in wanted if term not in own and term not in titled]
            found.append((len(lacking), -len(own), anchor, [term.query for term in lacking]))
    if not found:
        return None
    _, _, best, lacks = min(found, key=lambda entry: entry[:2])
    return best, lacks
