"""Find deep-research reports in the messages that carry them, and show each once.

A report of 2026 is a message in another message, its host: an object `report_message` in the state
of a widget (docs/format.md lists where). A host may be marked as hidden, and several hosts may hold
the same report. The host's own words are for the model. Reports before 2026 are ordinary messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gptexit.chatgpt import take
from gptexit.model import Message, Part, Raw
from gptexit.readers.chatgpt.normalize.canvas import read_object

_STATE = "The latest state of the widget is:"


@dataclass(slots=True)
class Hosted:
    """A report in its host, and what else the host holds."""

    key: str
    """The id of the report, else its words: copies of a report share it."""
    parts: list[Part]
    beside: list[Part]
    """The host's own parts that are shown beside the report."""
    without: list[Part]
    """The host's parts if another host shows the report."""
    hidden: str | None
    """Why the host is hidden then; None if it is not."""
    size: int
    """Characters of the report."""


def report_of(metadata: Raw, words: str) -> Raw | None:
    """Return the report message that a host's metadata or its `words` carry; None without one.

    Of several it is the longest: an earlier state holds less of the report.
    """
    reports = take.objects(list(map(_report_in, _states(metadata, words))))
    return max(reports, key=lambda report: len(words_of(report)), default=None)


def words_of(report: Raw) -> str:
    """Return the text of a report message, as it is in the source."""
    content = report.get("content")
    if isinstance(content, str):
        return content
    return "".join(take.strings(take.mapping(content).get("parts")))


def content_of(report: Raw) -> Any:
    """Return the content of a report message; a bare string as text."""
    content = report.get("content")
    return {"content_type": "text", "parts": [content]} if isinstance(content, str) else content


def own_words(parts: list[Part]) -> list[Part]:
    """Return the parts of a host that are for people: all but its JSON."""
    return [
        part
        for part in parts
        if part["type"] != "code"
        and not (part["type"] == "text" and part["text"].lstrip().startswith("{"))
    ]


def speaks_a_state(words: str) -> bool:
    """Tell whether a tool's words are the state of a widget."""
    return words.lstrip().startswith(_STATE)


def _states(metadata: Raw, words: str) -> Iterator[Any]:
    sdk = take.mapping(metadata.get("chatgpt_sdk"))
    for holder in (sdk, take.mapping(sdk.get("tool_response_metadata")), metadata):
        yield holder.get("widget_state")
        yield holder.get("venus_widget_state")
    if speaks_a_state(words):
        yield words.lstrip().removeprefix(_STATE)


def _report_in(state: Any) -> Any:
    if isinstance(state, str):
        if "report_message" not in state:
            return None
        read = read_object(state)
        state = read.value if read else None
    state = take.mapping(state)
    if "report_message" in state:
        return state["report_message"]
    inner = (value for value in state.values() if isinstance(value, dict))
    return next((value["report_message"] for value in inner if "report_message" in value), None)


def show_once(messages: list[Message], hosts: dict[str, Hosted]) -> None:
    """Show each report only at the first of its hosts on a branch, in its longest copy.

    If an ordinary message has the words of a report, no host shows it. `messages` are in tree
    order; `hosts` are by message id. Iterative, as branches are long.
    """
    by_id = {message["id"]: message for message in messages}
    ordinary = _ordinary_texts(messages, hosts)
    path: list[str] = []
    """The messages from the root to this one."""
    shown: dict[str, str] = {}
    """The message of the path that shows each report, by the report's key."""
    for message in messages:
        while path and path[-1] != message["parent"]:
            left = path.pop()
            if left in hosts and shown.get(hosts[left].key) == left:
                del shown[hosts[left].key]
        path.append(message["id"])
        host = hosts.get(message["id"])
        if host is None:
            continue
        first = shown.get(host.key)
        if first is None and _text(host.parts) not in ordinary:
            shown[host.key] = message["id"]
            continue
        message["parts"], message["hidden"] = host.without, host.hidden
        if first is not None and host.size > hosts[first].size:
            hosts[first].size = host.size
            by_id[first]["parts"] = [*hosts[first].beside, *host.parts]


def _ordinary_texts(messages: list[Message], hosts: dict[str, Hosted]) -> set[str]:
    """Return the texts of visible messages that host no report and are as long as one."""
    sizes = {len(_text(host.parts)) for host in hosts.values()}
    return {
        text
        for message in messages
        if message["id"] not in hosts
        and message["hidden"] is None
        and (text := _text(message["parts"]))
        and len(text) in sizes
    }


def _text(parts: list[Part]) -> str:
    return "".join(part["text"] for part in parts if part["type"] == "text").strip()
