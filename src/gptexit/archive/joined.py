"""A conversation of an archive and the same one of an export into one that holds both.

Both are written back as raw conversations and merged as several exports are; see `export.merge`.
What is no part of a raw conversation (files that only a table of names tells of, ratings, the marks
of what is gone) is put back afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from gptexit.model import Asset, Conversation, Gone, Message
from gptexit.readers.chatgpt.assets.index import AssetInfo
from gptexit.readers.chatgpt.merge.conversation import merge
from gptexit.readers.chatgpt.merge.copies import moment_of
from gptexit.readers.chatgpt.merge.stream import is_said
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.text.json import dumps, loads_deep
from gptexit.writers.chatgpt.restore import restore


def join(
    earlier: Conversation, incoming: Conversation, *, newest: bool, since: str | None
) -> Conversation:
    """One conversation with all that either holds; `incoming` itself where it holds everything.

    `newest`: whether no newer export than the incoming one was ever put into the archive, so that
    what it lacks is gone; `since`: when that export was made, where it tells.
    """
    before, now = restore(earlier), restore(incoming)
    later = moment_of(now) >= moment_of(before)
    copies = [(0, before), (1, now)] if later else [(1, now), (0, before)]
    merged = merge(copies).raw
    if same(merged, now):
        joined: Conversation = {**incoming, "source": {**incoming["source"]}}
    else:
        joined = _read(_apart(merged), earlier, incoming)
    _put_back(joined, earlier)
    joined["source"]["gone"] = _gone(joined, earlier, incoming, newest, since)
    return joined


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, however deep they nest."""
    try:
        return bool(one == other)
    except RecursionError:
        return dumps(one, sort_keys=True) == dumps(other, sort_keys=True)


def _apart(raw: dict[str, Any]) -> Any:
    """A copy that the reader may empty."""
    data = dumps(raw)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return loads_deep(data)


def gone_since(earlier: Conversation, since: str | None) -> Conversation:
    """A conversation of the archive that the newest export no longer has, marked as gone."""
    known = earlier["source"]["gone"]
    if known and known["conversation"]:
        return earlier
    gone: Gone = {"since": since, "conversation": True, "messages": []}
    return {**earlier, "source": {**earlier["source"], "gone": gone}}


def _read(raw: dict[str, Any], earlier: Conversation, incoming: Conversation) -> Conversation:
    assets: dict[str, Asset] = {}
    for conversation in (earlier, incoming):
        for asset in conversation["assets"]:
            if asset["id"] not in assets or not asset["missing"]:
                assets[asset["id"]] = asset
    ratings = {
        message["id"]: message["feedback"]
        for conversation in (earlier, incoming)
        for message in conversation["messages"]
        if message["feedback"]
    }

    def lookup(key: str) -> AssetInfo:
        asset = assets.get(key)
        if asset is None:
            return AssetInfo()
        return AssetInfo(
            asset["member"], asset["name"], asset["media_type"], asset["size"], asset["sha256"]
        )

    read = read_conversation(raw, Account(lookup, feedback=ratings), ReadStats())
    read["id"] = incoming["id"]
    read["source"]["url"] = incoming["source"]["url"]
    read["source"]["kind"] = incoming["source"]["kind"]
    _put_back(read, incoming)
    return read


def _put_back(joined: Conversation, other: Conversation) -> None:
    """Files that only `other` has and shows, and the ratings that only it knows."""
    known = {asset["id"]: number for number, asset in enumerate(joined["assets"])}
    for asset in other["assets"]:
        if asset["missing"]:
            continue
        number = known.get(asset["id"])
        if number is None:
            joined["assets"] = [*joined["assets"], asset]
        elif joined["assets"][number]["missing"]:
            joined["assets"] = [
                asset if each["id"] == asset["id"] else each for each in joined["assets"]
            ]
    shown = {key for message in joined["messages"] for key, _ in _media(message)}
    shown |= {asset["id"] for asset in other["assets"] if asset["missing"]}
    places = {message["id"]: number for number, message in enumerate(joined["messages"])}
    messages = list(joined["messages"])
    for message in other["messages"]:
        number = places.get(message["id"])
        if number is None:
            continue
        added = [part for key, part in _media(message) if key not in shown]
        rating = messages[number]["feedback"] or message["feedback"]
        if added or rating != messages[number]["feedback"]:
            here = messages[number]
            messages[number] = {**here, "parts": [*here["parts"], *added], "feedback": rating}
    joined["messages"] = messages


def _media(message: Message) -> Iterator[tuple[str, Any]]:
    for part in message["parts"]:
        if part["type"] in ("image", "audio", "video", "file"):
            yield part["asset"], part


def _gone(
    joined: Conversation,
    earlier: Conversation,
    incoming: Conversation,
    newest: bool,
    since: str | None,
) -> Gone | None:
    """What the newest export lacks of the conversation."""
    if not newest:
        return earlier["source"]["gone"]
    known = incoming["source"]["gone"]
    if known and known["conversation"]:
        return known
    there = {message["id"] for message in incoming["messages"]}
    lacking = {message["id"] for message in earlier["messages"]} - there
    lacking = {key for key, message in _raw_messages(joined, lacking) if is_said(message)}
    lacking |= set(known["messages"]) if known else set()
    if not lacking:
        return None
    before = earlier["source"]["gone"]
    messages = [message["id"] for message in joined["messages"] if message["id"] in lacking]
    if before and before["messages"] == messages and not known:
        return before
    since = known["since"] if known else since
    return {"since": since, "conversation": False, "messages": messages}


def _raw_messages(
    conversation: Conversation, wanted: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Messages as the source has them, as far as it takes to tell whether something was said."""
    if not wanted:
        return
    mapping = restore(conversation)["mapping"]
    for key in wanted:
        node = mapping.get(key) if isinstance(mapping, dict) else None
        message = node.get("message") if isinstance(node, dict) else None
        if isinstance(message, dict):
            yield key, message
