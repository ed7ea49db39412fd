"""ChatGPT's classic form with text alone, for programs that read nothing else.

    conversations.json
    chatgpt-export.zip    the same file, in a ZIP
    HOW-TO-IMPORT.md

basic-memory 0.24 joins the parts of a message as strings and stops the whole import at a part that
is none (`importers/chatgpt_importer.py`). Cherry Studio drops such a conversation
(`ChatGPTImporter.ts`, commit 3c21eb3 of CherryHQ/cherry-studio), and shows only what has `parts`.
So each question and each answer is one message here, of type `text`, with one part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from itertools import count
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation, Raw
from gptexit.names import names_in
from gptexit.text.json import dumps
from gptexit.writers.base import CommonOptions, Unmentioned, on_branches, title_of
from gptexit.writers.chat.turns import (
    ChatStyle,
    Turn,
    Turns,
    reasoning,
    superseded,
    turns_of,
    words_of,
)
from gptexit.writers.chatgpt.importable import ROOT, complete
from gptexit.writers.how_to import how_to
from gptexit.writers.markdown.embed import quoted
from gptexit.writers.steps import Sketch, Stepped

PIECE = 100 << 20
"""Bytes of JSON after which a new file begins. These programs read a file as one string, and that
of a browser's engine holds 512 MB."""
_NO_DATE = 86_400.0
"""Seconds since 1970 of a conversation without any date: the second day of 1970, because Windows
cannot show the first one in every time zone. basic-memory uses the same."""
_LATEST = 253_402_000_000.0
"""Seconds since 1970 of a day in 9999 that is before the year 10000 in every time zone."""
_LONGEST_NAME = 100
"""Characters of a title that basic-memory takes into the name of a note."""
_NOT_IN_NAMES = re.compile(r"\W+")


class ChatGPTText(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions) -> None:
        self._branches = options.branches
        self._include = options.include
        self._titles = _Titles(options.timezone)
        self._unmentioned = Unmentioned()
        self._number = 1
        self._bytes = 0

    def draft(self, conversation: Conversation) -> Sketch:
        """Make the JSON of the conversation around its title."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        turns = turns_of(conversation, self._include)
        raw = _raw(conversation, turns, done.not_kept)
        done.not_kept += complete(raw)
        done.not_kept[NotKept.GIVEN_NAME] += sum(1 for _ in names_in(conversation))
        done.not_kept[NotKept.FILE_BYTES] += sum(
            not asset["missing"] for asset in conversation["assets"]
        )
        done.not_kept = +done.not_kept
        done.messages = turns.messages
        done.hidden += turns.hidden
        title = raw.pop("title")
        # The title comes first in an object; the rest of it is bytes by now.
        facts = {"title": title, "created": raw["create_time"], "rest": dumps(raw)[1:]}
        return Sketch(done, facts)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Add the conversation to both files, or to the next ones if they are full."""
        done, facts = sketch.done, sketch.facts
        self._unmentioned.see(conversation)
        title = self._titles.unlike_others(facts["title"], facts["created"])
        data = b'{"title":' + dumps(title) + b"," + facts["rest"]
        if self._bytes and self._bytes + len(data) > PIECE:
            done.files += self._ended()
            self._number += 1
            self._bytes = 0
        done.files += self._pieces((b",\n" if self._bytes else b"[\n") + data)
        self._bytes += len(data)
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the form holds no files."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """End the last files, and tell how to import them."""
        return Rendered(files=[*self._ended(), how_to("chatgpt-text", files=self._number)])

    def _pieces(self, data: bytes, *, last: bool = False) -> list[File]:
        """Return `data` for the JSON file and for the ZIP that are written now."""
        tail = "" if self._number == 1 else f"-{self._number}"
        plain, archive = f"conversations{tail}.json", f"chatgpt-export{tail}.zip"
        return [
            File(plain, data, f"json/{self._number}", append=True, last=last),
            File(f"{archive}/conversations.json", data, archive, append=True, last=last),
        ]

    def _ended(self) -> list[File]:
        plain, packed = self._pieces(b"\n]\n" if self._bytes else b"[]\n", last=True)
        archive = packed.key
        return [plain, packed, File(archive, b"", archive, append=True, last=True)]


class _Titles:
    """Numbers titles that are alike on one day: basic-memory would make one note of both."""

    def __init__(self, timezone: tzinfo | None) -> None:
        self._timezone = timezone
        self._taken: set[int] = set()
        self._last: dict[int, int] = {}
        """The number that a title got last, by a digest of its day and name without a number: so
        that thousands of conversations with one title do not try every number each."""

    def unlike_others(self, title: str, created: float) -> str:
        """Return the title, with a number behind it if an earlier conversation has its name."""
        # The reader's own zone is not known: a day of this zone and of UTC are both looked at.
        days = [
            datetime.fromtimestamp(min(created, _LATEST), UTC).astimezone(zone).date().isoformat()
            for zone in (self._timezone, UTC)
        ]
        plain = _keys(days, title)
        cut, keys = title, plain
        for number in count(1 + max(self._last.get(key, 0) for key in plain)):
            label = f" ({number})" if number > 1 else ""
            cut = f"{title[: _LONGEST_NAME - len(label)].rstrip()}{label}" if label else title
            keys = _keys(days, cut)
            if not keys & self._taken:
                self._last |= dict.fromkeys(plain, number)
                break
        self._taken |= keys
        return cut


def _keys(days: Sequence[str], title: str) -> set[int]:
    """Return a digest of the name of the note that basic-memory makes, for each of `days`."""
    name = _NOT_IN_NAMES.sub("_", title)[:_LONGEST_NAME].casefold()
    return {hash((day, name)) for day in days}


def _raw(conversation: Conversation, turns: Turns, lost: Counter[NotKept]) -> Raw:
    """Return the conversation as an export has it, with one message for each turn.

    A message without a date has that of the one above it. Count in `lost` the dates that the
    programs cannot read.
    """
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    later = superseded(turns)
    firsts = [turn.id for turn in turns.by_id.values() if turn.parent is None]
    begun = _seconds(conversation["created"]) or next(
        filter(None, (_seconds(turn.created) for turn in turns.by_id.values())), None
    )
    begun = begun or _seconds(conversation["updated"]) or _NO_DATE
    root = ROOT
    while root in turns.by_id:
        root += "-"
    mapping: Raw = {root: {"id": root, "message": None, "parent": None, "children": firsts}}
    dates: dict[str | None, float] = {None: begun}
    for turn in turns.by_id.values():
        said = _seconds(turn.created)
        lost[NotKept.VALUE_REPLACED] += turn.created is not None and said is None
        when = dates[turn.id] = said or dates[turn.parent]
        style = ChatStyle(assets, lambda asset: "", None, later.get(turn.id, {}))
        mapping[turn.id] = {
            "id": turn.id,
            "message": _message(turn, when, style, conversation["model"]),
            "parent": turn.parent or root,
            "children": turn.children,
        }
    named = conversation["project"] or conversation["assistant"]
    return {
        "title": title_of(conversation),
        "create_time": begun,
        "update_time": _seconds(conversation["updated"]) or begun,
        "mapping": mapping,
        "current_node": turns.current or root,
        "conversation_id": conversation["id"],
        "gizmo_id": named["id"] if named else None,
        "is_archived": bool(conversation["archived"]),
        "default_model_slug": conversation["model"],
    }


def _message(turn: Turn, when: float, style: ChatStyle, usual: str | None) -> Raw:
    thoughts = [_thoughts(part) for part in turn.parts if part["type"] == "reasoning"]
    words = "\n\n".join(filter(str.strip, [*thoughts, words_of(turn.parts, style)]))
    model = turn.model or usual
    return {
        "id": turn.id,
        "author": {"role": turn.role},
        "create_time": when,
        "content": {"content_type": "text", "parts": [words]},
        "metadata": {"model_slug": model} if turn.role == "assistant" and model else {},
    }


def _thoughts(part: Any) -> str:
    title, words = reasoning(part)
    return quoted(f"**{title}**\n\n{words}") if words else f"*{title}*"


def _seconds(time: str | None) -> float | None:
    """Return seconds since 1970; None for a time before that."""
    seconds = datetime.fromisoformat(time).timestamp() if time else 0
    return seconds if seconds > 0 else None
