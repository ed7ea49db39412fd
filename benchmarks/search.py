"""How long a search takes: `python benchmarks/search.py [--messages 50000] [--runs 30]`.

An archive is generated whose words are as unequal as those of a language: the commonest is in
almost every message, most are in a few (Zipf's law, 60,000 words; the same seed, the same text).
Each kind of search is done with other words in every run, on a warm index, in one process; the same
words are looked for in the Markdown archive with ripgrep, where that is installed, which is a
process each time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gptexit import convert
from gptexit.library import Library, Query, open_library

COMMON = (
    *("the", "of", "and", "to", "a", "in", "is", "that", "for", "it", "with"),
    *("as", "on", "be", "this", "are", "you", "can", "not", "from"),
)
VOCABULARY = 60_000
TURNS = 20
"""Messages of a conversation."""
LENGTHS = (30, 250)
"""Words of a question and of an answer."""
FIRST = 1_690_000_000.0
HOURS = 3600.0
RARE = (30_000, 60_000)
MIDDLE = (500, 3_000)
PROJECTS = 6


class Words:
    """Draws words."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        made = dict.fromkeys(COMMON)
        while len(made) < VOCABULARY:
            syllables = range(self.rng.randint(2, 4))
            made["".join(map(self._syllable, syllables))] = None
        self.all = list(made)
        self.weights = list(itertools.accumulate(1 / (n + 3) for n in range(VOCABULARY)))

    def _syllable(self, _: int) -> str:
        return self.rng.choice("bcdfghjklmnprstvz") + self.rng.choice("aeiou")

    def text(self, length: int) -> str:
        return " ".join(self.rng.choices(self.all, cum_weights=self.weights, k=length))

    def one(self, ranks: tuple[int, int]) -> str:
        return self.all[self.rng.randrange(*ranks)]


def conversation(words: Words, number: int) -> dict[str, object]:
    begun = FIRST + number * 8 * HOURS
    mapping: dict[str, object] = {"root": {"id": "root", "message": None, "parent": None}}
    above = "root"
    for turn in range(TURNS):
        key = f"{number:08}-{turn:04}"
        role = ("user", "assistant")[turn % 2]
        message = {
            "id": key,
            "author": {"role": role},
            "create_time": begun + turn * 60,
            "content": {"content_type": "text", "parts": [words.text(LENGTHS[turn % 2])]},
            "metadata": {"model_slug": f"model-{number % 4}"} if turn % 2 else {},
        }
        mapping[key] = {"id": key, "message": message, "parent": above}
        above = key
    return {
        "id": f"{number:08}-0000-4000-8000-000000000000",
        "conversation_id": f"{number:08}-0000-4000-8000-000000000000",
        "title": words.text(5),
        "create_time": begun,
        "update_time": begun + TURNS * 60,
        "mapping": mapping,
        "current_node": above,
        "gizmo_id": f"g-p-{number % PROJECTS:032x}" if number % 2 else None,
    }


def archive(folder: Path, messages: int, words: Words) -> None:
    """The generated account as an SQLite and a Markdown archive in `folder`."""
    export = folder / "conversations.json"
    with export.open("w") as out:
        for number in range(messages // TURNS):
            out.write("[" if number == 0 else ",\n")
            json.dump(conversation(words, number), out)
        out.write("]")
    convert(export, folder, ["sqlite", "markdown"])


PROJECT = f"g-p-{1:032x}"
SEARCHES: dict[str, tuple[Callable[[Words], str], dict[str, str]]] = {
    "a rare word": (lambda w: w.one(RARE), {}),
    "a word": (lambda w: w.one(MIDDLE), {}),
    "two words": (lambda w: f"{w.one(MIDDLE)} {w.one(MIDDLE)}", {}),
    "the beginning of a word": (lambda w: w.one(MIDDLE)[:4] + "*", {}),
    "one of the 20 commonest words": (lambda w: w.rng.choice(COMMON), {}),
    "“the”": (lambda w: "the", {}),
    "“the of and to”": (lambda w: "the of and to", {}),
    "a phrase of common words": (lambda w: '"the of"', {}),
    "“the”, without a word": (lambda w: f"the -{w.one(MIDDLE)}", {}),
    "“the”, by the user": (lambda w: "the", {"role": "user"}),
    "“the”, in three months": (lambda w: "the", {"since": "2024-01", "until": "2024-03"}),
    "“the”, in a project": (lambda w: "the", {"project": PROJECT}),
    "“the”, by a model": (lambda w: "the", {"model": "model-1"}),
    "“the”, the newest first": (lambda w: "the", {"order": "newest"}),
    "“the”, each message": (lambda w: "the", {"grouped": ""}),
}


def ours(library: Library, words: str, filters: dict[str, str]) -> float:
    query = Query(words, **{k: v or False for k, v in filters.items()})  # type: ignore[arg-type]
    started = time.perf_counter()
    library.search(query)
    return time.perf_counter() - started


def ripgrep(notes: Path, words: str) -> float:
    """The notes with the first of the words, as ripgrep lists them."""
    wanted = words.strip('"').split(" -")[0]
    phrase = wanted if words.startswith('"') else wanted.split()[0]
    pattern = rf"\b{phrase[:-1]}" if phrase.endswith("*") else rf"\b{phrase}\b"
    command = ["rg", "--ignore-case", "--files-with-matches", pattern, str(notes)]
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def shown(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
    return f"{statistics.median(ordered) * 1000:.1f} | {late * 1000:.1f}"


def measure(folder: Path, runs: int, words: Words) -> None:
    with_ripgrep = shutil.which("rg") is not None
    print("| search | median ms | p95 ms | ripgrep, median ms | p95 ms |")
    print("|---|---:|---:|---:|---:|")
    with open_library(folder) as library:
        for name, (draw, filters) in SEARCHES.items():
            drawn = [draw(words) for _ in range(runs)]
            ours(library, drawn[0], filters)
            took = shown([ours(library, each, filters) for each in drawn])
            beside = " | "
            if with_ripgrep and not filters:
                ripgrep(folder / "markdown", drawn[0])
                few = drawn[: min(runs, 10)]
                beside = shown([ripgrep(folder / "markdown", each) for each in few])
            print(f"| {name} | {took} | {beside} |")
    command = [sys.executable, "-m", "gptexit", "search", str(folder), "the"]
    started = [time.perf_counter()]
    for _ in range(6):
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        started.append(time.perf_counter())
    whole = [after - before for before, after in itertools.pairwise(started)][1:]
    print(f"\n`gptexit search` as a command, “the”: {statistics.median(whole) * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=30)
    given = parser.parse_args()
    words = Words(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive(folder, given.messages, words)
        database = folder / "sqlite/chatgpt.sqlite"
        print(f"{given.messages:,} messages; {database.stat().st_size / 1e6:.0f} MB of SQLite\n")
        measure(folder, given.runs, words)


if __name__ == "__main__":
    main()
