"""What an export holds, counted from its neutral JSON: nothing of the targets is used here."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gptexit import convert, open_export

SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp"}


@dataclass
class Said:
    """A message that a person saw, with the nearest above it that was seen too."""

    id: str
    above: str | None
    user: bool
    second: int | None
    model: str | None = None
    """Of an answer."""
    words: list[str] = field(default_factory=list)
    """Runs of text that hold no mark of a source."""
    thoughts: list[str] = field(default_factory=list)
    """The steps of reasoning, and what each was about."""
    images: list[str] = field(default_factory=list)
    """SHA-256."""
    files: list[str] = field(default_factory=list)
    cited: set[str] = field(default_factory=set)


@dataclass
class Expected:
    """One conversation."""

    id: str
    title: str
    created: int | None
    updated: int | None
    archived: bool
    current: str | None
    said: dict[str, Said] = field(default_factory=dict)
    group: str | None = None
    """The project or custom GPT."""


def second(time: str | None) -> int | None:
    return None if time is None else int(datetime.fromisoformat(time).timestamp())


def read(source: Path, folder: Path) -> dict[str, Expected]:
    """Every conversation of an export, by id."""
    convert(source, folder, ["jsonl"])
    with open_export([source]) as export, (folder / "conversations.jsonl").open() as lines:
        digests: dict[str, str] = {}

        def digest(member: str) -> str:
            if member not in digests:
                with export.open(member) as stream:
                    digests[member] = hashlib.sha256(stream.read()).hexdigest()
            return digests[member]

        found = (_expected(json.loads(line), digest) for line in lines)
        return {talk.id: talk for talk in found}


def _expected(neutral: Any, digest: Any) -> Expected:
    group = neutral["project"] or neutral["assistant"]
    made = Expected(
        neutral["id"],
        neutral["title"],
        second(neutral["created"]),
        second(neutral["updated"]),
        bool(neutral["archived"]),
        None,
        group=group and group["id"],
    )
    assets = {asset["id"]: asset for asset in neutral["assets"]}
    seen: dict[str | None, str | None] = {None: None}
    for message in neutral["messages"]:
        key, above = message["id"], seen[message["parent"]]
        seen[key] = above
        if message["hidden"] is None and message["parts"]:
            seen[key] = key
            when = second(message["created"])
            user = message["role"] == "user"
            said = made.said[key] = Said(key, above, user, when)
            said.model = None if user else message["model"]
            for part in message["parts"]:
                _part(part, said, assets, digest)
    made.current = seen.get(neutral["current"])
    return made


def _part(part: Any, said: Said, assets: Any, digest: Any) -> None:
    if part["type"] in ("text", "transcript", "quote"):
        at = 0
        for citation in part.get("citations", ()):
            said.words.append(part["text"][at : citation["start"]])
            said.cited |= {source["url"] for source in citation["sources"] if source["url"]}
            at = citation["end"]
        said.words.append(part["text"][at:])
    elif part["type"] == "reasoning":
        steps = (thought[key] for thought in part["thoughts"] for key in ("summary", "content"))
        said.thoughts += filter(str.strip, steps)
    elif part["type"] in ("image", "audio", "video", "file"):
        asset = assets.get(part["asset"])
        if asset and asset["member"]:
            kind = said.images if asset["media_type"] in SHOWN else said.files
            kind.append(digest(asset["member"]))


def totals(export: dict[str, Expected]) -> Counter[str]:
    """The source's side of a line of the table."""
    count: Counter[str] = Counter(conversations=len(export))
    for talk in export.values():
        below = Counter(said.above for said in talk.said.values())
        count["messages"] += len(talk.said)
        count["branches"] += sum(number - 1 for number in below.values() if number > 1)
        count["images"] += sum(len(set(said.images)) for said in talk.said.values())
        count["files"] += sum(len(set(said.files)) for said in talk.said.values())
        count["dates"] += sum(said.second is not None for said in talk.said.values())
        count["dates"] += (talk.created is not None) + (talk.updated is not None)
        count["models"] += sum(said.model is not None for said in talk.said.values())
        count["reasoning"] += sum(bool(said.thoughts) for said in talk.said.values())
        count["citations"] += sum(len(said.cited) for said in talk.said.values())
    return count
