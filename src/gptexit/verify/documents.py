"""What a branch shows beside its messages' own texts: canvas documents and research reports.

A canvas document is made by a call of `canmore.create_textdoc` and changed by
`canmore.update_textdoc`, which only the calls tell. A deep-research report is the `report_message`
of a widget's state: in `chatgpt_sdk.widget_state`, in `venus_widget_state`, or in the text of the
tool `api_tool.widget_state`, whose host may be hidden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gptexit.verify.raw import Raw, object_of, objects, strings
from gptexit.verify.references import carried, matched
from gptexit.verify.words import Words, literal, written

_META = re.compile(r"[.^$*+?{}\[\]|()]")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")


@dataclass(slots=True)
class _Document:
    name: str | None
    text: str | None
    """None where an update cannot be followed."""
    code: bool


@dataclass(slots=True)
class Documents:
    """The canvas documents of one branch, as its calls make and change them."""

    _by_id: dict[str, _Document] = field(default_factory=dict)
    _latest: str = ""

    def call(self, tool: str, words: str, textdoc: str | None) -> None:
        """Follow one call; `textdoc` is the id that the reply gives."""
        if tool == "canmore.create_textdoc":
            name, content = string_in(words, "name"), string_in(words, "content")
            if content is None:
                return
            self._latest = textdoc or name or ""
            code = (string_in(words, "type") or "").startswith("code/")
            self._by_id[self._latest] = _Document(name, content, code)
        elif tool == "canmore.update_textdoc":
            document = self._by_id.get(textdoc or self._latest)
            if document is None or document.text is None:
                return
            self._latest = textdoc or self._latest
            try:
                updates = objects(object_of(json.loads(words)).get("updates"))
            except (ValueError, RecursionError):
                document.text = None  # one that was interrupted
                return
            for update in updates:
                document.text = _updated(document.text, update)

    def words(self) -> Iterator[Words]:
        """Yield what each document shows in its last version."""
        for document in self._by_id.values():
            if document.text is not None:
                found = literal(document.text) if document.code else written(document.text)
                found.say(document.name)
                found.settle()
                yield found


def _updated(text: str | None, update: Raw) -> str | None:
    """Return a document after an update that replaces it, or literal words of it; else None."""
    pattern, replacement = update.get("pattern"), update.get("replacement")
    if text is None or not isinstance(pattern, str) or not isinstance(replacement, str):
        return None
    if pattern in (".*", "(?s).*", "^.*$"):
        return replacement
    bare = _ESCAPED.sub("", pattern)
    if _META.search(bare) or "\\" in bare or "\\" in replacement or not pattern:
        return None
    wanted = _ESCAPED.sub(r"\1", pattern)
    if wanted not in text:
        return text
    return text.replace(wanted, replacement, -1 if update.get("multiple") else 1)


def string_in(words: str, key: str) -> str | None:
    """Return the string under `key` in JSON that may be cut off, as far as it goes."""
    found = re.search(rf'"{key}"\s*:\s*"', words)
    if found is None:
        return None
    at = found.end()
    while True:
        quote = words.find('"', at)
        if quote < 0:
            piece = words[found.end() :]
            break
        slashes = quote - len(words[at:quote].rstrip("\\")) - at
        if slashes % 2 == 0:
            piece = words[found.end() : quote]
            break
        at = quote + 1
    for cut in range(7):  # an escape may be cut off too
        try:
            return str(json.loads(f'"{piece[: len(piece) - cut]}"', strict=False))
        except ValueError:
            continue
    return None


def textdoc_of(metadata: Raw) -> str | None:
    """Return the id of the canvas document that a message is about."""
    return next(iter(strings(object_of(metadata.get("canvas")).get("textdoc_id"))), None)


_SAYS = "The latest state of the widget is:"


def report_of(message: Raw) -> Raw | None:
    """Return the `report_message` that a message carries; None where it carries none."""
    metadata = object_of(message.get("metadata"))
    stack = [metadata.get("chatgpt_sdk"), metadata.get("venus_widget_state")]
    parts = object_of(message.get("content")).get("parts")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, str) and part.lstrip().startswith(_SAYS):
            stack.append(part.lstrip().removeprefix(_SAYS))
    while stack:
        value = stack.pop()
        if isinstance(value, str) and '"report_message"' in value:
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                continue
        if isinstance(value, dict):
            report = value.get("report_message")
            if isinstance(report, dict):
                return report
            stack += value.values()
    return None


def words_of_report(report: Raw) -> Words:
    """Return what a report shows, with its sources."""
    found = Words()
    metadata = object_of(report.get("metadata"))
    content = report.get("content")
    parts = object_of(content).get("parts") if isinstance(content, dict) else content
    parts = [parts] if isinstance(parts, str) else parts
    for part in parts if isinstance(parts, list) else ():
        text = part if isinstance(part, str) else object_of(part).get("text")
        if isinstance(text, str):
            found.add(written(text, matched(metadata)))
    found.add(carried(metadata))
    found.settle()
    return found
