"""Damage to an archive, a function a kind: each changes one place and says in which files."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Damage = Callable[[Path, random.Random], "list[str] | None"]
"""From an archive's folder to the files that were damaged; None where there is no such place."""
HOUSE = ".gptexit"


@contextmanager
def as_a_disk_does(root: Path) -> Iterator[None]:
    """Leave the times of files as they were: a fault of a disk changes none, a person does."""
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    yield
    for path, time in times.items():
        if path.is_file():
            os.utime(path, ns=(time, time))


def _name(root: Path, *paths: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def _notes(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.md") if path.parent.name != root.name)


def _assets(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("assets/**/*") if path.is_file())


def _pick(rng: random.Random, paths: list[Path]) -> Path | None:
    return rng.choice(paths) if paths else None


def _body(text: str) -> int:
    """Where the first message's heading ends."""
    found = re.search(r"^## .*$", text, re.MULTILINE)
    return found.end() if found else len(text)


def changed_character(root: Path, rng: random.Random) -> list[str] | None:
    for path in rng.sample(_notes(root), len(_notes(root))):
        text = path.read_text(encoding="utf-8")
        places = _letters(text)
        if places:
            at = rng.choice(places)
            path.write_text(text[:at] + _other(text[at], rng) + text[at + 1 :], encoding="utf-8")
            return _name(root, path)
    return None


def _letters(text: str) -> list[int]:
    """The letters and digits of what was said: no front matter, heading, note or link."""
    places, at = [], _body(text)
    for line in text[at:].splitlines(keepends=True):
        if line[:1].isalnum() and not re.match(r"(Image|Audio|Video|File): \[|Output:", line):
            shown = re.sub(r"\]\([^)]*\)|\[\^\d+\]|`+", lambda found: " " * len(found[0]), line)
            places += [at + n for n, char in enumerate(shown) if char.isalnum()]
        at += len(line)
    return places


def _other(char: str, rng: random.Random) -> str:
    return rng.choice([other for other in "abcxyz019" if other != char])


def _blocks(root: Path, rng: random.Random, least: int) -> tuple[Path, str, list[str]] | None:
    """A note's text up to its first message, and the blocks behind."""
    for path in rng.sample(_notes(root), len(_notes(root))):
        text = path.read_text(encoding="utf-8")
        at = _body(text)
        blocks = text[at:].strip("\n").split("\n\n")
        if len(_plain(blocks)) >= least:
            return path, text[:at], blocks
    return None


def _plain(blocks: list[str]) -> list[str]:
    """Blocks of words of some length, which stand nowhere else."""
    return [
        block
        for block in blocks
        if re.match(r"\w[^\n]{12,}", block)
        and "](" not in block
        and sum(block in other for other in blocks) == 1
    ]


def lost_paragraph(root: Path, rng: random.Random) -> list[str] | None:
    found = _blocks(root, rng, 1)
    if not found:
        return None
    path, head, blocks = found
    blocks.remove(rng.choice(_plain(blocks)))
    path.write_text(f"{head}\n\n" + "\n\n".join(blocks) + "\n", encoding="utf-8")
    return _name(root, path)


def swapped_messages(root: Path, rng: random.Random) -> list[str] | None:
    found = _blocks(root, rng, 2)
    if not found:
        return None
    path, head, blocks = found
    one, other = rng.sample(_plain(blocks), 2)
    a, b = blocks.index(one), blocks.index(other)
    blocks[a], blocks[b] = blocks[b], blocks[a]
    path.write_text(f"{head}\n\n" + "\n\n".join(blocks) + "\n", encoding="utf-8")
    return _name(root, path)


def deleted_note(root: Path, rng: random.Random) -> list[str] | None:
    path = _pick(rng, _notes(root))
    if path:
        path.unlink()
    return _name(root, path) if path else None


def renamed_note(root: Path, rng: random.Random) -> list[str] | None:
    path = _pick(rng, _notes(root))
    if path:
        path.rename(path.with_name("renamed.md"))
    return _name(root, path) if path else None


def truncated_note(root: Path, rng: random.Random) -> list[str] | None:
    path = _pick(rng, _notes(root))
    if path:
        data = path.read_bytes()
        path.write_bytes(data[: rng.randrange(len(data))])
    return _name(root, path) if path else None


def changed_front_matter(root: Path, rng: random.Random) -> list[str] | None:
    path = _pick(rng, _notes(root))
    if path:
        head, _, rest = path.read_text(encoding="utf-8").partition("\n---\n")
        at = rng.choice([n for n, char in enumerate(head) if char.isdigit()])
        changed = head[:at] + _other(head[at], rng) + head[at + 1 :]
        path.write_text(f"{changed}\n---\n{rest}", encoding="utf-8")
    return _name(root, path) if path else None


def swapped_images(root: Path, rng: random.Random) -> list[str] | None:
    by_content = {path.read_bytes(): path for path in _assets(root)}
    if len(by_content) < 2:
        return None
    one, other = rng.sample(sorted(by_content.values()), 2)
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    return _name(root, one, other)


def deleted_asset(root: Path, rng: random.Random) -> list[str] | None:
    path = _pick(rng, _assets(root))
    if path:
        path.unlink()
    return _name(root, path) if path else None


def flipped_bit(root: Path, rng: random.Random) -> list[str] | None:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and HOUSE not in path.parts]
    path = rng.choice([file for file in files if file.stat().st_size])
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return _name(root, path)


def _line(root: Path, change: Callable[[list[bytes]], None]) -> list[str] | None:
    path = root / "conversations.jsonl"
    if not path.exists():
        return None
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))
    return _name(root, path)


def truncated_line(root: Path, rng: random.Random) -> list[str] | None:
    def change(lines: list[bytes]) -> None:
        at = rng.randrange(len(lines))
        lines[at] = lines[at][: rng.randrange(1, len(lines[at]) - 2)] + b"\n"

    return _line(root, change)


def deleted_line(root: Path, rng: random.Random) -> list[str] | None:
    return _line(root, lambda lines: lines.__delitem__(rng.randrange(len(lines))))


def changed_line(root: Path, rng: random.Random) -> list[str] | None:
    """A letter of a text in a line."""

    def change(lines: list[bytes]) -> None:
        for at in rng.sample(range(len(lines)), len(lines)):
            line = json.loads(lines[at])
            texts = [p for m in line["messages"] for p in m["parts"] if len(p.get("text", "")) > 3]
            if texts:
                part = rng.choice(texts)
                place = rng.randrange(len(part["text"]))
                words = part["text"]
                part["text"] = words[:place] + "\u00a7" + words[place + 1 :]
                for message in line["messages"]:
                    if part in message["parts"]:
                        message["extra"].pop("content", None)
                lines[at] = json.dumps(line, ensure_ascii=False).encode() + b"\n"
                return

    return _line(root, change)


def swapped_in_line(root: Path, rng: random.Random) -> list[str] | None:
    """An answer before its question, in a line."""

    def change(lines: list[bytes]) -> None:
        for at in rng.sample(range(len(lines)), len(lines)):
            line = json.loads(lines[at])
            messages = line["messages"]
            places = [
                n
                for n, message in enumerate(messages)
                if n and message["parent"] == messages[n - 1]["id"]
            ]
            if places:
                place = rng.choice(places)
                messages[place - 1], messages[place] = messages[place], messages[place - 1]
                lines[at] = json.dumps(line, ensure_ascii=False).encode() + b"\n"
                return

    return _line(root, change)


def lost_promise(root: Path, rng: random.Random) -> list[str] | None:
    """A line of the manifest."""
    path = root / HOUSE / "manifest.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines.pop(rng.randrange(len(lines)))
    path.write_bytes(b"".join(lines))
    return _name(root, path)


NOTES = {
    each.__name__: each
    for each in (
        *(changed_character, lost_paragraph, swapped_messages, deleted_note, renamed_note),
        *(truncated_note, changed_front_matter, swapped_images, deleted_asset, flipped_bit),
        lost_promise,
    )
}
"""Kinds of damage to a Markdown archive."""
LINES = {
    each.__name__: each
    for each in (
        truncated_line,
        deleted_line,
        changed_line,
        swapped_in_line,
        flipped_bit,
        lost_promise,
    )
}
"""Kinds of damage to a jsonl archive."""
FAULTS = {
    "markdown": (changed_character, lost_paragraph, swapped_messages, deleted_note, swapped_images),
    "jsonl": (deleted_line, changed_line, swapped_in_line),
}
"""What a faulty writer might do, by format: damage that its manifest agrees with."""


def promise_anew(root: Path) -> None:
    """Make the manifest agree with the files, as if they had been written so."""
    path = root / HOUSE / "manifest.jsonl"
    lines = []
    for line in path.read_bytes().splitlines():
        entry = json.loads(line)
        file = root / entry["path"]
        if file.exists():
            entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
            lines.append(json.dumps(entry).encode() + b"\n")
    path.write_bytes(b"".join(lines))
    seal(root)


def seal(root: Path) -> None:
    """Make the archive's record agree with the manifest, and its checksum with the record."""
    own = root / HOUSE / "archive.json"
    record = json.loads(own.read_bytes())
    manifest = (root / HOUSE / "manifest.jsonl").read_bytes()
    record["manifest"] = hashlib.sha256(manifest).hexdigest()
    if "checksum" in record:
        record["checksum"] = "0" * 64
        digest = hashlib.sha256(json.dumps(record).encode()).hexdigest()
        own.write_text(json.dumps(record).replace("0" * 64, digest))
    else:
        own.write_text(json.dumps(record))
