"""A year with one archive: an export each month, and a person who works in the notes meanwhile.

What is judged at the end is read plainly, by nothing that wrote or verified the archive.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from click.testing import CliRunner, Result

from gptexit.cli import main
from support.build import chain, conversation, message
from support.killing import killed_before_rename
from support.slimming import slimmed

pytestmark = pytest.mark.slow

START = 1_735_700_000
MONTH = 30 * 86_400
LOST, KILLED = 7, {4: 3, 9: 11}
"""The month of which a part is lost, and those in which a run is killed, before which rename."""


@dataclass
class Account:
    """An account that goes on from month to month."""

    rng: random.Random
    talks: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, set[str]] = field(default_factory=dict)
    """Every text that was ever exported, by conversation."""
    done: set[str] = field(default_factory=set)
    """What tools said, which full exports alone have."""
    number: int = 0

    def word(self) -> str:
        self.number += 1
        return f"said{self.number:05}"

    def begin(self, month: int) -> None:
        key = f"{len(self.talks):08d}-0000-4000-8000-{month:012d}"
        title = f"About {self.rng.choice(['kilns', 'looms', 'bread'])} {len(self.talks)}"
        raw = conversation(chain(), title=title, id=key, conversation_id=key)
        self.talks[key] = raw | {"create_time": START + month * MONTH + len(self.talks)}
        self.go_on(key, month, picture=self.rng.random() < 0.6)

    def go_on(self, key: str, month: int, *, picture: bool = False) -> None:
        raw = self.talks[key]
        mapping = raw["mapping"]
        question: Any = self.word()
        if picture:
            file = f"file_{len(self.pictures):032x}"
            self.pictures[file] = b"\x89PNG\r\n\x1a\n" + file.encode()
            pointer = {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{file}"}
            question = {"content_type": "multimodal_text", "parts": [pointer, question]}
        ran = message("tool", {"content_type": "execution_output", "text": f"ran{self.word()}"})
        call = message("assistant", {"content_type": "code", "language": "python", "text": "1 + 1"})
        call["recipient"] = "python"
        for each in (message("user", question), call, ran, message("assistant", self.word())):
            node = f"{key[:8]}-{len(mapping)}"
            above = next(reversed(mapping))
            when = START + month * MONTH + len(mapping)
            each |= {"id": node, "create_time": when}
            mapping[node] = {"id": node, "message": each, "parent": above, "children": []}
            mapping[above]["children"].append(node)
        raw |= {"current_node": node, "update_time": START + month * MONTH + 900}

    def live(self, month: int) -> None:
        """What happens in ChatGPT in a month."""
        for key in self.rng.sample(sorted(self.talks), min(3, len(self.talks))):
            self.go_on(key, month)
        if month % 3 == 2:
            key = self.rng.choice(sorted(self.talks))
            self.talks[key] |= {"title": f"Renamed in month {month}"}
            self.talks[key]["update_time"] = START + month * MONTH + 1000
        if month in (6, 10):
            del self.talks[self.rng.choice(sorted(self.talks))]
        for _ in range(3):
            self.begin(month)

    def export(self, folder: Path, month: int) -> list[Path]:
        """Full exports until month 4, slim ones since then; in two parts in one month."""
        raws = [raw if month <= 4 else slimmed(raw) for raw in self.talks.values()]
        half = len(raws) // 2 if month == LOST else len(raws)
        parts = []
        for number, some in enumerate(filter(None, (raws[:half], raws[half:]))):
            parts.append(folder / f"chatgpt-2025-{month:02}-part-{number + 1:04}.zip")
            with zipfile.ZipFile(parts[-1], "w") as packed:
                when = (2025, month, 28, 1, 2, 4)
                name = zipfile.ZipInfo(f"conversations-{number:03}.json", when)
                packed.writestr(name, json.dumps(some))
                for file, data in self.pictures.items():
                    if file in json.dumps(some):
                        packed.writestr(zipfile.ZipInfo(f"{file}-picture.png", when), data)
        for raw in raws[:half] if month == LOST else raws:
            texts = re.findall(r"(?<!ran)said\d{5}", json.dumps(raw))
            self.said.setdefault(raw["id"], set()).update(texts)
            self.done |= set(re.findall(r"ransaid\d{5}", json.dumps(raw)))
        return parts[:1] if month == LOST else parts


@dataclass
class Person:
    """Somebody who works in the notes, and what they may expect to find again."""

    rng: random.Random
    root: Path
    places: dict[str, str] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    properties: dict[str, dict[str, str]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def notes(self) -> dict[str, Path]:
        found = {}
        for path in sorted(self.root.rglob("*.md")):
            if not re.search(r"\.(new|older)\d*\.md$", path.name):
                key = id_of(path)
                if key:
                    found[key] = path
        return found

    def work(self, month: int) -> None:
        notes = self.notes()
        keys = self.rng.sample(sorted(notes), min(6, len(notes)))
        ways = [self.move, self.rename, self.tag, self.describe, self.tag, self.write]
        for key, way in zip(keys, ways, strict=False):
            way(key, notes[key], month)
        mine = self.root / f"My notes/Month {month}.md"
        mine.parent.mkdir(exist_ok=True)
        mine.write_text(f"---\ntags: [mine]\n---\nThoughts of month {month}.\n")
        self.files[mine.relative_to(self.root).as_posix()] = mine.read_bytes()
        if month == 8:  # a whole folder, in a file manager
            folder = next(path for path in sorted(self.root.iterdir()) if path.name[:2] == "20")
            to = self.root / "ChatGPT/by year" / folder.name
            to.parent.mkdir(parents=True)
            folder.rename(to)
            for key, place in self.places.items():
                if place.startswith(f"{folder.name}/"):
                    self.places[key] = f"ChatGPT/by year/{place}"

    def move(self, key: str, note: Path, month: int) -> None:
        """In Obsidian, which leads links to the new place, or in a file manager."""
        to = self.root / f"Topics/{month % 4}" / ("deep/deeper" if month % 2 else "") / note.name
        to.parent.mkdir(parents=True, exist_ok=True)
        if month % 2 and key not in self.words:
            text = note.read_text()
            relative = os.path.relpath(self.root / "assets", to.parent).replace(os.sep, "/")
            note.write_text(re.sub(r"\]\([./]*assets", f"]({relative}", text))
            index = self.root / "index.md"
            before = note.relative_to(self.root).as_posix()
            after = to.relative_to(self.root).as_posix()
            index.write_text(index.read_text().replace(f"({before})", f"(<{after}>)"))
        note.rename(to)
        self.places[key] = to.relative_to(self.root).as_posix()

    def rename(self, key: str, note: Path, month: int) -> None:
        note = note.rename(note.with_name(f"My {month} ({key[:8]}) ü.md"))
        self.places[key] = note.relative_to(self.root).as_posix()

    def tag(self, key: str, note: Path, month: int) -> None:
        """As Obsidian does it: a list becomes a block, quotes go."""
        tag = f"tag-{month}-{key[:8]}"
        _, front, body = note.read_text().split("---\n", 2)
        tags = [*yaml.load(front, yaml.BaseLoader)["tags"], tag]
        block = "tags:\n" + "".join(f"  - {each}\n" for each in tags)
        front = re.sub(r"tags:(?: .*\n|\n(?:  - .*\n)*)", block, front)
        front = re.sub(r'^url: "(.*)"$', r"url: \1", front, flags=re.MULTILINE)
        note.write_text(f"---\n{front}---\n{body}")
        self.tags.setdefault(key, []).append(tag)

    def describe(self, key: str, note: Path, month: int) -> None:
        text = note.read_text().replace("---\n", f"---\nrating{month}: {month}\n", 1)
        note.write_text(text)
        self.properties.setdefault(key, {})[f"rating{month}"] = str(month)

    def write(self, key: str, note: Path, month: int) -> None:
        words = f"My own words of month {month} on {key[:8]}."
        note.write_text(note.read_text() + f"\n{words}\n")
        self.words.setdefault(key, []).append(words)


def id_of(path: Path) -> str | None:
    head = path.read_text(encoding="utf-8")[:1000]
    found = re.search(r"^id: (\S+)$", head, re.MULTILINE) if head.startswith("---\n") else None
    return found[1] if found else None


def gptexit(*words: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), catch_exceptions=False)


def test_after_a_year_nothing_of_either_side_is_lost(tmp_path: Path) -> None:
    rng = random.Random(12)
    out = tmp_path / "out"
    account, person = Account(rng), Person(rng, out / "markdown")
    for month in range(1, 13):
        account.live(month)
        sources = account.export(tmp_path, month)
        words = ["exit", *map(str, sources), "-o", str(out), "--for", "mcp", "--quiet"]
        if month % 4 == 3:
            formats = [word for name in ("markdown", "jsonl", "sqlite") for word in ("--to", name)]
            words = ["convert", *map(str, sources), "-o", str(out), *formats, "--quiet"]
        if month in KILLED:
            killed_before_rename(words, KILLED[month])
        done = gptexit(*words)
        told = gptexit("verify", *sources, out).output
        assert done.exit_code in ((0, 1) if month == LOST else (0,)), (month, told)
        if month < 12:
            person.work(month)
            if (page := out / "START-HERE.md").exists():
                page.write_text(page.read_text().replace("- [ ]", "- [x]", 1))
    judge_export(account, out)
    judge_person(account, person)
    assert [path.name for path in out.rglob("index.new*.md")] == []
    done = gptexit("verify", *sources, out)
    assert done.exit_code == 0, done.output
    edited = [key for key, words in person.words.items() if words]
    shown = gptexit("verify", *sources, out, "--json").output
    listed = {*json.loads(shown)["edited"], *json.loads(shown)["changed"]}
    notes = person.notes()
    for key in edited:
        assert f"markdown/{notes[key].relative_to(person.root).as_posix()}" in listed
    assert gptexit("verify", out).exit_code == 1
    done = gptexit("verify", "--accept", out)
    assert done.exit_code == 0, done.output
    judge_person(account, person)


def judge_export(account: Account, out: Path) -> None:
    lines = (out / "jsonl/conversations.jsonl").read_text()
    base = sqlite3.connect(out / "sqlite/chatgpt.sqlite")
    rows = json.dumps(base.execute("SELECT text, hidden_text FROM messages").fetchall())
    base.close()
    pages: dict[str, str] = {}
    for path in (out / "markdown").rglob("*.md"):
        if key := id_of(path):
            pages[key] = pages.get(key, "") + path.read_text()
    for key, texts in account.said.items():
        for text in texts:
            assert text in lines
            assert text in rows
            assert text in pages[key], (key, text)
    for text in account.done:
        assert text in lines
        assert text in rows
    held = {path.read_bytes() for path in (out / "markdown").rglob("*.png")}
    assert held >= {data for file, data in account.pictures.items() if file in lines}


def judge_person(account: Account, person: Person) -> None:
    notes = person.notes()
    assert notes.keys() == account.said.keys()
    for key, place in person.places.items():
        assert id_of(person.root / place) == key
    for path in person.root.rglob("*.md"):  # no twins: beside a note is only what is new to it
        own = id_of(path)
        if own and path != notes[own]:
            assert ".older" in path.name or (".new" in path.name and own in person.words), path
    for key, note in notes.items():
        text = note.read_text()
        for words in person.words.get(key, []):
            assert text.count(words) == 1
        front = yaml.load(text.split("---\n")[1], yaml.BaseLoader)
        assert set(person.tags.get(key, [])) <= set(front["tags"])
        assert "chatgpt" in front["tags"]
        for name, value in person.properties.get(key, {}).items():
            assert front[name] == value
        if key not in person.words:
            for link in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text):
                assert (note.parent / unquote(link)).is_file(), (note, link)
    for name, data in person.files.items():
        assert (person.root / name).read_bytes() == data
    index = unquote((person.root / "index.md").read_text())
    for note in notes.values():
        assert f"({note.relative_to(person.root).as_posix()})" in index
