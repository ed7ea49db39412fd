"""What a faulty writer might do to an archive, by format: a function a kind, one place each.

The manifest agrees with the mistakes (`damage.promise_anew`), so that only reading finds them.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from support.archives import damage, zip_damage
from support.archives.damage import HOUSE
from support.archives.faulty_pages import PAGES
from support.archives.one_file import FOREIGN, OTHERS, Fault, changed, one_match

Raw = dict[str, Any]


def _old(kind: damage.Damage) -> Fault:
    return lambda root, rng: kind(root, rng) is not None


# Notes


def _notes_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*.md") if path.name != "index.md"]


_note = partial(changed, _notes_in)
"""One note becomes something else."""


def _one(pattern: str, replace: Callable[[re.Match[str], random.Random], str]) -> Fault:
    """One match of a pattern in one note becomes something else."""
    return _note(one_match(pattern, replace))


_HEADING = r"^## (You|ChatGPT)(?=,|$)"
_SAID = r"(?<=\n\n)[A-Z][^\n\[\]*<>:|]{15,}(?=\n\n|\n\Z)"


def _all_voices(text: str, rng: random.Random) -> str | None:
    return re.sub(_HEADING, lambda found: f"## {OTHERS[found[1]]}", text, flags=re.MULTILINE)


def _doubled_turn(text: str, rng: random.Random) -> str | None:
    turns = re.split(r"(?m)^(?=## (?:You|ChatGPT))", text)
    plain = [
        turn for turn in turns[1:] if "](" not in turn and "[^" not in turn and ">" not in turn
    ]
    return text.rstrip("\n") + "\n\n" + rng.choice(plain) if plain else None


def _lost_link(text: str, rng: random.Random) -> str | None:
    """Of a file that nothing else in the note leads to."""
    found = re.findall(r"(?m)^(?:File|Audio): \[[^\n]*\n", text)
    alone = [line for line in found if text.count(line.partition("](")[2].strip()) == 1]
    return text.replace(rng.choice(alone), "") if alone else None


NOTES: dict[str, Fault] = {
    "changed character": _old(damage.changed_character),
    "lost paragraph": _old(damage.lost_paragraph),
    "swapped messages": _old(damage.swapped_messages),
    "deleted note": _old(damage.deleted_note),
    "swapped images": _old(damage.swapped_images),
    "one voice swapped": _one(_HEADING, lambda found, rng: f"## {OTHERS[found[1]]}"),
    "all voices swapped": _note(_all_voices),
    "lost heading": _one(r"^## (You|ChatGPT)[^\n]*\n\n", lambda found, rng: ""),
    "foreign turn": _one(_HEADING, lambda found, rng: f"## You\n\n{FOREIGN}\n\n{found[0]}"),
    "foreign words": _one(_SAID, lambda found, rng: f"{found[0]}\n\n{FOREIGN}"),
    "doubled turn": _note(_doubled_turn),
    "lost embed": _one(r"^!\[", lambda found, rng: "["),
    "lost picture": _one(r"^!\[[^\n]*\n", lambda found, rng: ""),
    "lost link to a file": _note(_lost_link),
    "comment of HTML": _one(_SAID, lambda found, rng: f"<!-- {found[0]} -->"),
    "comment before a text": _one(_SAID, lambda found, rng: f"<!--\n\n{found[0]}\n\n-->"),
    "comment of Obsidian": _one(_SAID, lambda found, rng: f"%%\n{found[0]}\n%%"),
    "another id": _one(r"^id: \S", lambda found, rng: "id: x"),
    "another title": _one(r"^(title: |# )[^\n]+", lambda found, rng: f"{found[1]}Zebras"),
    "another time": _one(
        r"^(## [^\n]*, \d\d):(\d\d)$",
        lambda found, rng: f"{found[1]}:{(int(found[2]) + 7) % 60:02}",
    ),
    "lost footnote": _one(r"^\[\^\d+\]: [^\n]*\n?", lambda found, rng: ""),
    "another source": _one(
        r"\]\(https://(?!chatgpt)[^)\n]*\)", lambda found, rng: "](https://zebras.example.net)"
    ),
    "emptied note": _note(lambda text, rng: text.partition("\n## ")[0] + "\n"),
    "text cut off": _one(_SAID, lambda found, rng: found[0][:10]),
}

_IN_DETAILS: dict[str, Fault] = {
    "block not opened": _one(r"^<details(?: open)?>\n", lambda found, rng: ""),
    "block not closed": _one(r"^</details>\n", lambda found, rng: ""),
    "block closed twice": _one(r"^</details>\n", lambda found, rng: found[0] * 2),
    "block opened twice": _one(r"^<details(?: open)?>\n", lambda found, rng: found[0] * 2),
    "block without a title": _one(r"^<summary>[^\n]*\n", lambda found, rng: ""),
    "title not closed": _one(r"</summary>$", lambda found, rng: ""),
    "no line after the title": _one(r"(?<=</summary>\n)\n", lambda found, rng: ""),
    "no line before the end": _one(r"\n(?=</details>\n)", lambda found, rng: ""),
    "text after the end": _one(r"(?<=^</details>)\n", lambda found, rng: f"\n{FOREIGN}"),
    "foreign title": _one(r"(?<=^<summary>)", lambda found, rng: FOREIGN),
    "foreign words in a block": _one(r"\n(?=</details>\n)", lambda found, rng: f"{FOREIGN}\n\n"),
    "comment in a block": _one(r"\n(?=</details>\n)", lambda found, rng: "<!-- -->\n\n"),
    "emptied block": _one(
        r"(?<=</summary>\n\n)(?s:.*?)(?=</details>\n)", lambda found, rng: "Thoughts.\n\n"
    ),
}
_IN_QUOTES: dict[str, Fault] = {
    "foreign title": _one(r"(?<=^> \*\*)(?=[^\n]*\*\*$)", lambda found, rng: f"{FOREIGN} "),
    "foreign words in a quote": _one(r"^>$", lambda found, rng: f">\n> {FOREIGN}"),
    "comment in a quote": _one(r"^>$", lambda found, rng: ">\n> <!-- -->"),
    "emptied quote": _one(r"(?<=^>\n)(?:>[^\n]*\n)+", lambda found, rng: "> Thoughts.\n"),
}
IN_BOXES = {"obsidian": NOTES, "details": NOTES | _IN_DETAILS, "plain": NOTES | _IN_QUOTES}
"""Faults of notes, by the value of `callouts`."""

# Lines


def _line(change: Callable[[Raw, random.Random], bool]) -> Fault:
    def fault(root: Path, rng: random.Random) -> bool:
        path = root / "conversations.jsonl"
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        for line in rng.sample(lines, len(lines)):
            if change(line, rng):
                path.write_text("".join(json.dumps(line) + "\n" for line in lines))
                return True
        return False

    return fault


def _message(change: Callable[[Raw, random.Random], bool], role: str | None = None) -> Fault:
    """One message in a line, of those that a role has written."""

    def fault(line: Raw, rng: random.Random) -> bool:
        messages = [
            message for message in line["messages"] if role is None or message["role"] == role
        ]
        return any(change(message, rng) for message in rng.sample(messages, len(messages)))

    return _line(fault)


def _put(key: str, value: Any, *, where: Callable[[Raw], Any] = bool) -> Callable[..., bool]:
    def change(each: Raw, rng: random.Random) -> bool:
        if not where(each) or each[key] == value:
            return False
        each[key] = value
        return True

    return change


def _says(message: Raw) -> bool:
    return any(len(part.get("text") or "") > 3 for part in message["parts"])


def _other_parent(line: Raw, rng: random.Random) -> bool:
    messages = line["messages"]
    for message in rng.sample(messages[2:], max(0, len(messages) - 2)):
        others = [other["id"] for other in messages[:2] if other["id"] != message["parent"]]
        if others and others[0] != message["id"]:
            message["parent"] = others[0]
            return True
    return False


def _other_current(line: Raw, rng: random.Random) -> bool:
    others = [message["id"] for message in line["messages"] if message["id"] != line["current"]]
    if others:
        line["current"] = rng.choice(others)
    return bool(others)


def _foreign_message(line: Raw, rng: random.Random) -> bool:
    if not line["messages"]:
        return False
    last = line["messages"][-1]
    part = {"type": "text", "text": FOREIGN, "citations": []}
    line["messages"].append({**last, "id": "foreign", "parent": last["id"], "role": "user"})
    line["messages"][-1]["parts"] = [part]
    return True


def _twice(line: Raw, rng: random.Random) -> bool:
    if line["messages"]:
        line["messages"].append(dict(rng.choice(line["messages"])))
    return bool(line["messages"])


def _lost_message(line: Raw, rng: random.Random) -> bool:
    if line["messages"]:
        line["messages"].pop()
    return bool(line["messages"])


def _more_words(message: Raw, rng: random.Random) -> bool:
    parts = [part for part in message["parts"] if part["type"] == "text" and part["text"].strip()]
    if parts and not message["extra"].get("content") and not parts[0]["citations"]:
        parts[-1]["text"] += f" {FOREIGN}"
        return True
    return False


def _no_words(message: Raw, rng: random.Random) -> bool:
    parts = [part for part in message["parts"] if part["type"] == "text" and part["text"].strip()]
    if parts:
        parts[0]["text"] = ""
        message["extra"].pop("content", None)
    return bool(parts)


def _media(message: Raw) -> list[Raw]:
    return [part for part in message["parts"] if "asset" in part]


def _swapped_files(line: Raw, rng: random.Random) -> bool:
    """Of what the user attached: where a made picture stood, only the table of files tells."""
    parts = [part for message in line["messages"] for part in _media(message)]
    firsts: dict[str, Raw] = {}
    for message in line["messages"]:
        for part in _media(message) if message["role"] == "user" else ():
            if part["asset"] not in {part["asset"] for part in firsts.values()}:
                firsts.setdefault(message["id"], part)
    if len(firsts) < 2 or len(parts) < 2:
        return False
    one, other = list(firsts.values())[:2]
    one["asset"], other["asset"] = other["asset"], one["asset"]
    return True


def _lost_file(message: Raw, rng: random.Random) -> bool:
    found = _media(message)
    if found and message["role"] == "user":
        message["parts"].remove(found[0])
        message["extra"].pop("content", None)
        return True
    return False


def _asset(key: str, value: Any) -> Fault:
    def change(line: Raw, rng: random.Random) -> bool:
        held = [
            asset for asset in line["assets"] if asset["member"] and asset["id"][:8] != "sandbox:"
        ]
        if held:
            rng.choice(held)[key] = value
        return bool(held)

    return _line(change)


def _another_source(message: Raw, rng: random.Random) -> bool:
    cited = [citation for part in message["parts"] for citation in part.get("citations") or ()]
    sources = [source for citation in cited for source in citation["sources"] if source.get("url")]
    if sources:
        rng.choice(sources)["url"] = "https://zebras.example.net/"
    return bool(sources)


def _doubled_line(root: Path, rng: random.Random) -> bool:
    path = root / "conversations.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    changed = json.loads(rng.choice(lines))
    changed["title"] = "Zebras"
    path.write_bytes(b"".join(lines) + json.dumps(changed).encode() + b"\n")
    return True


LINES: dict[str, Fault] = {
    "truncated line": _old(damage.truncated_line),
    "deleted line": _old(damage.deleted_line),
    "changed line": _old(damage.changed_line),
    "answer before its question": _old(damage.swapped_in_line),
    "doubled line": _doubled_line,
    "user's words given to the assistant": _message(_put("role", "assistant"), "user"),
    "assistant's words given to the user": _message(_put("role", "user"), "assistant"),
    "another time": _message(
        _put("created", "2001-01-01T00:00:00Z", where=lambda each: each["created"])
    ),
    "no time": _message(_put("created", None)),
    "another parent": _line(_other_parent),
    "no parent": _message(_put("parent", None)),
    "opens elsewhere": _line(_other_current),
    "foreign message": _line(_foreign_message),
    "message twice": _line(_twice),
    "lost message": _line(_lost_message),
    "more words": _message(_more_words),
    "no words": _message(_no_words),
    "hidden": _message(
        _put(
            "hidden", "marked as hidden", where=lambda each: each["hidden"] is None and _says(each)
        ),
        "user",
    ),
    "files swapped": _line(_swapped_files),
    "lost file": _message(_lost_file),
    "file said to be missing": _asset("missing", True),
    "file of other bytes": _asset("sha256", "0" * 64),
    "another title": _line(_put("title", "Zebras", where=lambda each: each["title"])),
    "another date": _line(_put("updated", "2001-01-01T00:00:00Z")),
    "another source": _message(_another_source),
}

# Rows


def _sql(*statements: str, count: str = "SELECT 1") -> Fault:
    """Run statements, in which `:pick` is the number that `count` gives for a random place."""

    def fault(root: Path, rng: random.Random) -> bool:
        base = sqlite3.connect(root / "chatgpt.sqlite")
        picked = [row[0] for row in base.execute(count)]
        if picked:
            for statement in statements:
                base.execute(
                    statement, {"pick": rng.choice(picked)} if ":pick" in statement else {}
                )
            base.commit()
        base.close()
        return bool(picked)

    return fault


_SEEN = "SELECT number FROM messages WHERE hidden IS NULL AND length(text) > 15 AND current"
_VISIBLE = f"{_SEEN} AND role IN ('user', 'assistant')"
_WORDY = f"{_VISIBLE} AND text GLOB '[A-Z]* [a-z][a-z][a-z][a-z]* [a-z]*'"
_SWAP = """
UPDATE messages SET
    (text, hidden_text, id, role) = (SELECT o.text, o.hidden_text, o.id, o.role FROM messages AS o
    WHERE o.number = 2 * messages.number + {} - messages.number)
WHERE number = :pick
"""
ROWS: dict[str, Fault] = {
    "text cut off": _sql(
        "UPDATE messages SET text = substr(text, 1, 10) WHERE number = :pick", count=_VISIBLE
    ),
    "changed letter": _sql(
        "UPDATE messages SET text = replace(text, 'e', 'x') WHERE number = :pick",
        count=f"{_VISIBLE} AND text LIKE '%e%' AND text NOT LIKE '%]%'",
    ),
    "more words": _sql(
        f"UPDATE messages SET text = text || ' {FOREIGN}' WHERE number = :pick",
        count=f"{_VISIBLE} AND role = 'user' AND text NOT LIKE '%[%'",
    ),
    "lost message": _sql("DELETE FROM messages WHERE number = :pick", count=_VISIBLE),
    "lost conversation": _sql(
        "DELETE FROM conversations WHERE number = :pick", count="SELECT number FROM conversations"
    ),
    "another title": _sql(
        "UPDATE conversations SET title = 'Zebras' WHERE number = :pick",
        count="SELECT number FROM conversations WHERE title > ''",
    ),
    "another date": _sql(
        "UPDATE conversations SET updated = '2001-01-01T00:00:00Z' WHERE number = :pick",
        count="SELECT conversation FROM messages WHERE created IS NOT NULL",
    ),
    "user's words given to the assistant": _sql(
        "UPDATE messages SET role = 'assistant' WHERE number = :pick",
        count=f"{_SEEN} AND role = 'user'",
    ),
    "assistant's words given to the user": _sql(
        "UPDATE messages SET role = 'user' WHERE number = :pick",
        count=f"{_SEEN} AND role = 'assistant'",
    ),
    "another time": _sql(
        "UPDATE messages SET created = '2001-01-01T00:00:00Z' WHERE number = :pick",
        count=f"{_SEEN} AND created IS NOT NULL",
    ),
    "no parent": _sql(
        "UPDATE messages SET parent = NULL WHERE number = :pick",
        count="SELECT number FROM messages WHERE parent IS NOT NULL",
    ),
    "another parent": _sql(
        "UPDATE messages SET parent = (SELECT parent FROM messages AS o WHERE o.number = "
        "messages.parent) WHERE number = :pick",
        count="SELECT number FROM messages WHERE parent IS NOT NULL",
    ),
    "another order": _sql(
        "UPDATE messages SET number = number + 500000 WHERE number = :pick",
        "UPDATE messages SET parent = (SELECT max(number) FROM messages) WHERE parent = "
        "(SELECT max(number) - 500000 FROM messages)",
        count="SELECT parent FROM messages WHERE conversation = (SELECT max(number) FROM "
        "conversations) AND parent IS NOT NULL",
    ),
    "on another branch": _sql(
        "UPDATE messages SET current = 1 - current WHERE number = :pick", count=_SEEN
    ),
    "text moved out of sight": _sql(
        "UPDATE messages SET hidden_text = text, text = '' WHERE number = :pick", count=_VISIBLE
    ),
    "emptied index": _sql("INSERT INTO messages_fts(messages_fts) VALUES('delete-all')"),
    "emptied index of titles": _sql(
        "INSERT INTO conversations_fts(conversations_fts) VALUES('delete-all')"
    ),
    "message not in the index": _sql(
        "INSERT INTO messages_fts(messages_fts, rowid, text) SELECT 'delete', number, text "
        "FROM messages WHERE number = :pick",
        count=_WORDY,
    ),
    "foreign message": _sql(
        "INSERT INTO messages SELECT number + 300000, conversation, 'foreign', number, 'user', "
        f"NULL, NULL, created, NULL, NULL, 1, NULL, '{FOREIGN}', '' FROM messages "
        "WHERE number = :pick",
        count=_VISIBLE,
    ),
    "message twice": _sql(
        "INSERT INTO messages SELECT number + 300000, conversation, id, parent, role, name, "
        "recipient, created, model, hidden, current, feedback, text, hidden_text FROM messages "
        "WHERE number = :pick",
        count=_VISIBLE,
    ),
    "file said to be missing": _sql(
        "UPDATE assets SET missing = 1 WHERE rowid = :pick",
        count="SELECT rowid FROM assets WHERE NOT missing AND id NOT LIKE 'sandbox:%'",
    ),
    "file of other bytes": _sql(
        "UPDATE assets SET sha256 = '00' WHERE rowid = :pick",
        count="SELECT rowid FROM assets WHERE NOT missing AND id NOT LIKE 'sandbox:%'",
    ),
    "no table": _sql("DROP TABLE messages"),
}


# ZIPs


def _zip(change: zip_damage.Damage) -> Fault:
    def fault(root: Path, rng: random.Random) -> bool:
        archives = [path for path in sorted(root.rglob("*.zip")) if HOUSE not in path.parts]
        return any(zip_damage.rewrite(path, lambda it: change(it, rng)) for path in archives)

    return fault


ZIPS: dict[str, Fault] = {
    name.replace("_", " "): _zip(change) for name, (change, _) in zip_damage.KINDS.items()
}
OF_FILES = {"lost file", "changed file", "swapped files"}
FAULTS: dict[str, dict[str, Fault]] = {
    "markdown": NOTES,
    "html": PAGES,
    "jsonl": LINES,
    "sqlite": ROWS,
    "chatgpt": ZIPS,
    "gemini": {name: fault for name, fault in ZIPS.items() if name not in OF_FILES},
}
"""By format and name."""
