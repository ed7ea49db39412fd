"""Joplin's terminal program, run from npm, and its notes brought to what `compare` takes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from copy import deepcopy
from html import unescape
from pathlib import Path
from typing import Any

from support.apps import node
from support.apps.compare import App, AppConversation
from support.apps.source import Expected

PACKAGE = "joplin@3.5.1"
"""What it is built of needs Debian's `libsecret-1-dev`, and the headers of Node under /usr."""
_NOTES = {
    "dates": "a note has its dates; those of messages stand in its text",
    "branches": "without `--branches all` a note has the branch that was seen last",
}
ENEX = App("joplin enex", _NOTES)
_LINK = re.compile(r"\]\(:/([0-9a-f]{32})\)")


def run(profile: Path, *arguments: str | Path) -> str:
    """Run a command of the program, with its data in `profile`."""
    program = node.installed("joplin", PACKAGE, environment={"npm_config_nodedir": "/usr"})
    command = [program / ".bin/joplin", "--profile", profile, *arguments]
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "HOME": str(profile)},
        check=False,
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bring_notebooks(profile: Path, folder: Path) -> None:
    """Import each file into a notebook of its name."""
    profile.mkdir(exist_ok=True)
    for path in sorted(folder.glob("*.enex")):
        run(profile, "mkbook", path.stem)
        run(profile, "import", "-f", "--format", "enex", path, path.stem)


def bring_markdown(profile: Path, folder: Path) -> None:
    profile.mkdir(exist_ok=True)
    run(profile, "import", "-f", "--format", "md_frontmatter", folder)


def rows(profile: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(profile / "database.sqlite")) as base:
        return base.execute(query).fetchall()


def tags(profile: Path) -> dict[str, set[str]]:
    """The tags of each note, by its title."""
    query = """SELECT notes.title, tags.title FROM notes
        JOIN note_tags ON note_tags.note_id = notes.id JOIN tags ON tags.id = note_tags.tag_id"""
    found: dict[str, set[str]] = {}
    for title, tag in rows(profile, query):
        found.setdefault(title, set()).add(tag)
    return found


def letters(text: str) -> str:
    """A text without signs and numbers of lists: the program writes Markdown in its own way."""
    return re.sub(r"[\W_]", "", unescape(re.sub(r"^[\s>]*\d+[.)]\s", "", text, flags=re.M)))


def spelled(export: dict[str, Expected]) -> dict[str, Expected]:
    """What an export holds, with letters in the place of its texts."""
    spelled = deepcopy(export)
    for talk in spelled.values():
        talk.title = titled(talk.title)
        for said in talk.said.values():
            said.words = [letters(words) for words in said.words]
            said.thoughts = [letters(words) for words in said.thoughts]
    return spelled


def titled(title: str | None) -> str:
    """A title as XML can have it, at most 255 characters."""
    words = " ".join((title or "").split()) or "Untitled"
    words = re.sub("[\\x00-\\x1f]", "\N{REPLACEMENT CHARACTER}", words)
    return words if len(words) <= 255 else words[:254] + "\N{HORIZONTAL ELLIPSIS}"


def ids(lines: Path) -> dict[tuple[str, str], str]:
    """The id of each conversation of an archive in jsonl, by its title and its address."""
    talks = map(json.loads, lines.read_text().split("\n")[:-1])
    return {(titled(talk["title"]), talk["source"]["url"] or ""): talk["id"] for talk in talks}


def conversations(profile: Path, known: dict[tuple[str, str], str]) -> list[AppConversation]:
    """Every note, with its files. `known`: what `ids` returns."""
    query = "SELECT title, body, source_url, user_created_time, user_updated_time FROM notes"
    kinds = dict(rows(profile, "SELECT id, mime FROM resources"))
    found = []
    for title, body, url, created, updated in rows(profile, query):
        held: dict[bool, list[str]] = {True: [], False: []}
        for key in dict.fromkeys(_LINK.findall(body)):
            [path] = (profile / "resources").glob(f"{key}*")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            held[kinds[key] in _IMAGES].append(digest)
        talk = AppConversation(
            known[title, url],
            title,
            created // 1000,
            updated // 1000,
            text=f"{letters(body)}\n{body}",
            images=held[True],
            files=held[False],
        )
        found.append(talk)
    return found


_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
