"""How to tell that a raw conversation, or a file of an export, has a shape that was seen in one."""

from __future__ import annotations

import json
import re
import zipfile
from functools import cache
from typing import Any

from support.exports import ROOT, leaves

Raw = dict[str, Any]
MARKER = re.compile("\ue200[^\ue200\ue201]*\ue201|[\ue203\ue204\ue206]|【[^】]*】")
NO_MARKER = {"attribution", "sources_footnote", "followup_a", "navigation"}


@cache
def members(stem: str) -> dict[str, bytes]:
    with zipfile.ZipFile(ROOT / f"fixtures/{stem}.zip") as archive:
        return {name.rsplit("/", 1)[-1]: archive.read(name) for name in archive.namelist()}


@cache
def conversations(stem: str) -> dict[str, Raw]:
    """Give the conversations of a fixture by title."""
    found: dict[str, Any] = {}
    for name, data in members(stem).items():
        if re.match(r"conversations(-\d+)?\.json$|2026-09-", name):
            value = json.loads(data)
            items = value if isinstance(value, list) else [value]
            found |= {raw.get("title", ""): raw for raw in items if isinstance(raw, dict)}
    return found


def messages(raw: Raw) -> list[Raw]:
    """Give the messages of a conversation in the order of their times."""
    nodes = raw["mapping"].values() if "mapping" in raw else ()
    found = raw.get("messages") or [node["message"] for node in nodes if node.get("message")]
    return sorted(found, key=lambda message: message.get("create_time") or 0.0)


def metadata(message: Raw) -> Raw:
    return message.get("metadata") or {}


def text(message: Raw) -> str:
    parts = (message.get("content") or {}).get("parts") or []
    return "".join(part for part in parts if isinstance(part, str))


def any_message(test: Any) -> Any:
    """Tell whether a message of the conversation passes."""
    return lambda raw: any(test(message) for message in messages(raw))


def says(words: str) -> Any:
    return any_message(lambda message: words in text(message))


def has(key: str, value: Any = None) -> Any:
    """Tell whether a message has a key in its metadata, with the value if one is given."""
    return any_message(
        lambda message: key in metadata(message) and value in (None, metadata(message)[key])
    )


def by(name: str, *, weight: float, kind: str) -> Any:
    """Tell whether a tool with this name replied with this weight and content type."""
    return any_message(
        lambda message: (
            message["author"].get("name") == name
            and message["author"]["role"] == "tool"
            and message.get("weight") == weight
            and message["content"]["content_type"] == kind
            and message["recipient"] == "all"
        )
    )


def pairs(*wanted: tuple[str, str]) -> Any:
    """Tell whether markers and references pair by order, and no reference has its text."""

    def test(raw: Raw) -> bool:
        found = set()
        for message in messages(raw):
            references = metadata(message).get("content_references") or []
            if any("matched_text" in reference for reference in references):
                return False
            markers = [_kind(marker) for marker in MARKER.findall(text(message))]
            types = [reference["type"] for reference in references]
            types = [kind for kind in types if kind not in NO_MARKER]
            if references and len(markers) != len(types):
                return False
            found |= set(zip(markers, types, strict=False))
        return set(wanted) <= found

    return test


def _kind(marker: str) -> str:
    if marker[0] == "\ue200":
        return marker[1:-1].split("\ue202", maxsplit=1)[0]
    if marker[0] == "【":
        return "image_fetch" if "image_fetch" in marker else "【†】"
    return f"{ord(marker):X}"


def types(*wanted: str) -> Any:
    def test(raw: Raw) -> bool:
        return set(wanted) <= {
            reference.get("type")
            for message in messages(raw)
            for reference in metadata(message).get("content_references") or []
        }

    return test


def markers(*wanted: str) -> Any:
    return lambda raw: (
        set(wanted)
        <= {_kind(marker) for message in messages(raw) for marker in MARKER.findall(text(message))}
    )


def begins_again(raw: Raw) -> bool:
    """Tell whether one reference id stands for several pages."""
    found: dict[str, set[str]] = {}
    for message in messages(raw):
        for reference in metadata(message).get("content_references") or []:
            for item in reference.get("items") or []:
                found.setdefault(json.dumps(item["refs"]), set()).add(item["url"])
    return any(len(urls) > 2 for urls in found.values())


def unanswered(raw: Raw) -> bool:
    """Tell whether the last marker has no reference in its own message."""
    last = messages(raw)[-1]
    return bool(MARKER.search(text(last))) and not metadata(last).get("content_references")


def latest_list(raw: Raw) -> bool:
    """Tell whether 【0†source】 stands below two lists whose first source differs."""
    told = [metadata(message) for message in messages(raw)]
    lists = [one["_cite_metadata"] for one in told if "_cite_metadata" in one]
    firsts = {found["metadata_list"][0]["url"] for found in lists}
    return len(firsts) == 2 and sum("【0†source】" in text(m) for m in messages(raw)) == 2


def drawn_by_row(matching: bool) -> Any:
    """Tell whether a row names the dropped parent of an empty answer, or another message."""

    def test(raw: Raw) -> bool:
        parents = {metadata(m).get("parent_id") for m in messages(raw) if text(m) == ""}
        rows = [
            row
            for row in json.loads(members("slim-2026")["library_files.json"])
            if isinstance(row, dict) and row.get("origination_thread_id") == raw["id"]
        ]
        assert not parents & set(raw["mapping"])
        return any((row["origination_message_id"] in parents) is matching for row in rows)

    return test


def octet_stream(stem: str) -> Any:
    """Tell whether an attachment of no type with its id as its name is a JPEG."""

    def test(raw: Raw) -> bool:
        return any(
            file["mime_type"] == "application/octet-stream"
            and file["name"] == file["id"]
            and members(stem)[f"{file['id']}.dat"].startswith(b"\xff\xd8\xff")
            for message in messages(raw)
            for file in metadata(message).get("attachments") or []
        )

    return test


def report_in(place: str, *, hidden: bool = False, times: int = 1) -> Any:
    """Tell whether a report of deep research stands in the state that a host carries."""

    def state(message: Raw) -> Any:
        if place == "text":
            return text(message) if "widget is: " in text(message) else ""
        kit = metadata(message).get("chatgpt_sdk") or {}
        if place == "widget_state":
            return kit.get("widget_state")
        return (kit.get("tool_response_metadata") or {}).get("venus_widget_state")

    def test(raw: Raw) -> bool:
        hosts = [m for m in messages(raw) if "report_message" in (state(m) or "")]
        flags = ["is_visually_hidden_from_conversation" in metadata(m) for m in hosts]
        return len(hosts) == times and (not hidden or flags[0])

    return test


def escaped(data: bytes) -> bool:
    return b"&lt;" in data and b"&quot;" in data and b"&#x27;" in data and b"&amp;amp;" in data


def indented(data: bytes) -> bool:
    """Tell whether a file is in the raw layout of 2026."""
    value = json.loads(data)
    return data == json.dumps(value, sort_keys=True, indent=2).encode() and data.isascii()


def keys(*wanted: str) -> Any:
    """Tell whether the first object of a JSON file has these keys."""

    def test(data: bytes) -> bool:
        value = json.loads(data)
        return set(wanted) <= set(value[0] if isinstance(value, list) else value)

    return test


def late(raw: Raw) -> bool:
    """Tell whether the conversation's own times are later than its messages by a year."""
    last = max(message["create_time"] for message in messages(raw))
    return bool(min(raw["create_time"], raw["update_time"]) > last + 365 * 86400)


def null_originations(data: bytes) -> bool:
    rows = [row for row in json.loads(data) if isinstance(row, dict) and "file_id" in row]
    return sum(row.get("origination_message_id") is None for row in rows) > len(rows) / 2


def thumbnails(data: bytes) -> bool:
    rows = [row for row in json.loads(data) if isinstance(row, dict)]
    told = [leaf for row in rows for leaf in leaves(row.get("thumbnail_sources"))]
    return any(re.search(r"#file_\w+#thumbnail_fit_256x256$", leaf) for leaf in told)


def slim_thoughts(raw: Raw) -> bool:
    """Tell whether a thought has a summary alone, and other thoughts hold nothing."""
    found = [
        [(step["summary"] != "", step["content"] != "") for step in message["content"]["thoughts"]]
        for message in messages(raw)
        if message["content"]["content_type"] == "thoughts"
    ]
    return found == [[(True, False)], [], [(False, False)]]


def remembers(message: Raw) -> bool:
    """Tell whether a message cites a memory in the memory's own words."""
    told = metadata(message).get("conversation_context_citation_metadata") or []
    found = [one["citation"] for one in told]
    return any(
        citation["conversation_context_type"] == "user_memory"
        and citation["memory_id"]
        and citation["snippet"]
        for citation in found
    )


def without_parent(raw: Raw) -> bool:
    """Tell whether a message names a parent that is not in the conversation."""
    named = {metadata(message).get("parent_id") for message in messages(raw)} - {None}
    return bool(named - set(raw["mapping"]))


def has_children(raw: Raw) -> bool:
    """Tell whether the nodes of a conversation name those below them."""
    return all("children" in node for node in raw["mapping"].values())
