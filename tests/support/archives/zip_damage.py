"""What a faulty writer of ZIPs in ChatGPT's layout might do, a function a kind."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Raw = dict[str, Any]
NAME = "conversations.json"


def rewrite(path: Path, change: Callable[[dict[str, bytes]], bool]) -> bool:
    """Write a ZIP again with its members as `change` leaves them; False where it could not."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if not change(members):
        return False
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return True


def _conversation(change: Callable[[Raw, random.Random], bool]) -> Damage:
    """Damage to one conversation, the first that `change` finds a place in."""

    def damage(members: dict[str, bytes], rng: random.Random) -> bool:
        items = json.loads(members[NAME])
        for item in rng.sample(items, len(items)):
            if change(item, rng):
                members[NAME] = json.dumps(items).encode()
                return True
        return False

    return damage


def _messages(raw: Raw) -> list[Raw]:
    return [node["message"] for node in raw["mapping"].values() if node["message"]]


def _texts(raw: Raw) -> list[Raw]:
    """Contents with words in their first part."""
    contents = [message["content"] for message in _messages(raw)]
    return [
        content
        for content in contents
        if isinstance(content.get("parts"), list)
        and content["parts"]
        and len(str(content["parts"][0])) > 3
        if isinstance(content["parts"][0], str)
    ]


def changed_letter(raw: Raw, rng: random.Random) -> bool:
    found = _texts(raw)
    if found:
        parts = rng.choice(found)["parts"]
        at = rng.randrange(len(parts[0]))
        parts[0] = parts[0][:at] + "\u00a7" + parts[0][at + 1 :]
    return bool(found)


def lost_words(raw: Raw, rng: random.Random) -> bool:
    found = _texts(raw)
    if found:
        rng.choice(found)["parts"][0] = ""
    return bool(found)


def lost_message(raw: Raw, rng: random.Random) -> bool:
    """An answer that nobody answered."""
    leaves = [key for key, node in raw["mapping"].items() if not node["children"]]
    leaves = [key for key in leaves if raw["mapping"][key]["message"]]
    if leaves:
        gone = rng.choice(leaves)
        del raw["mapping"][gone]
    return bool(leaves)


def added_message(raw: Raw, rng: random.Random) -> bool:
    key = next(reversed(raw["mapping"]))
    message = {"id": "more", "author": {"role": "user"}, "content": {"parts": ["More."]}}
    raw["mapping"]["more"] = {"id": "more", "parent": key, "children": [], "message": message}
    return True


def moved_message(raw: Raw, rng: random.Random) -> bool:
    """An answer below another question than its own."""
    mapping = raw["mapping"]
    said = [key for key, node in mapping.items() if node["message"] and node["parent"]]
    said = [key for key in said if (mapping[mapping[key]["parent"]]["message"])]
    if said:
        mapping[rng.choice(said)]["parent"] = None
    return bool(said)


def lost_child(raw: Raw, rng: random.Random) -> bool:
    """A message that those programs lose which go by `children`."""
    found = [node for node in raw["mapping"].values() if node["children"]]
    if found:
        rng.choice(found)["children"].pop()
    return bool(found)


def changed_date(raw: Raw, rng: random.Random) -> bool:
    dated = [message for message in _messages(raw) if message["create_time"]]
    if dated:
        rng.choice(dated)["create_time"] += 1
    return bool(dated)


def changed_voice(raw: Raw, rng: random.Random) -> bool:
    found = [message for message in _messages(raw) if message["author"]["role"] == "user"]
    if found:
        rng.choice(found)["author"] = {"role": "assistant"}
    return bool(found)


def changed_title(raw: Raw, rng: random.Random) -> bool:
    if raw["title"]:
        raw["title"] = raw["title"][:-1]
    return bool(raw["title"])


def later_conversation(raw: Raw, rng: random.Random) -> bool:
    raw["update_time"] += 60
    return bool(raw["update_time"] > 1e9)


def other_branch(raw: Raw, rng: random.Random) -> bool:
    others = [key for key, node in raw["mapping"].items() if node["message"]]
    others = [key for key in others if key != raw["current_node"]]
    if others and (raw["mapping"].get(raw["current_node"]) or {}).get("message"):
        raw["current_node"] = rng.choice(others)
        return True
    return False


def lost_conversation(members: dict[str, bytes], rng: random.Random) -> bool:
    items = json.loads(members[NAME])
    items.pop(rng.randrange(len(items)))
    members[NAME] = json.dumps(items).encode()
    return True


def doubled_conversation(members: dict[str, bytes], rng: random.Random) -> bool:
    items = json.loads(members[NAME])
    members[NAME] = json.dumps([*items, rng.choice(items)]).encode()
    return True


def cut_json(members: dict[str, bytes], rng: random.Random) -> bool:
    members[NAME] = members[NAME][: rng.randrange(1, len(members[NAME]) - 1)]
    return True


def _files(members: dict[str, bytes]) -> list[str]:
    """The files that conversations show, which no other file is like."""
    names = [name for name in members if not name.endswith(".json")]
    return [name for name in names if list(members.values()).count(members[name]) == 1]


def lost_file(members: dict[str, bytes], rng: random.Random) -> bool:
    names = _files(members)
    return bool(names) and bool(members.pop(rng.choice(names)))


def changed_file(members: dict[str, bytes], rng: random.Random) -> bool:
    names = _files(members)
    if names:
        members[rng.choice(names)] += b"\0"
    return bool(names)


def swapped_files(members: dict[str, bytes], rng: random.Random) -> bool:
    names = _files(members)
    if len(names) < 2:
        return False
    one, other = rng.sample(names, 2)
    members[one], members[other] = members[other], members[one]
    return True


Damage = Callable[[dict[str, bytes], random.Random], bool]
"""Changes the members of a ZIP; False where it has no such place."""
KINDS: dict[str, tuple[Damage, str]] = {
    each.__name__: (_conversation(each), words)
    for each, words in (
        (changed_letter, "lacks part of message"),
        (lost_words, "lacks part of message"),
        (lost_message, "lacks message"),
        (added_message, "has a message that the export does not have: more"),
        (moved_message, "in another place"),
        (lost_child, "lists other answers to"),
        (changed_date, "has another date for message"),
        (changed_voice, "names another author of"),
        (changed_title, "has another title"),
        (later_conversation, "has another date of the last change"),
        (other_branch, "opens at another message than in ChatGPT"),
    )
} | {
    each.__name__: (each, words)
    for each, words in (
        (lost_conversation, "is missing from the chatgpt archive"),
        (doubled_conversation, "has a conversation that chatgpt-export.zip has too"),
        (cut_json, "has a conversations.json that is damaged"),
        (lost_file, "lacks the file|the file .* is missing"),
        (changed_file, "lacks the file|the file .* is missing"),
        (swapped_files, "has another file under the name of"),
    )
}
"""By name: the damage, and a pattern of what verify says of it."""
