"""Read what a branch shows beside the texts of its messages: sources, documents, reports.

A canvas document is made by a call of `canmore.create_textdoc` and changed by calls of
`canmore.update_textdoc`; nothing else holds its text. A deep-research report is the
`report_message` of a widget's state: in `chatgpt_sdk.widget_state`, in `venus_widget_state`, or in
the text of the tool `api_tool.widget_state`, whose host may be hidden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gptexit.verification.compare_text import key_of_address
from gptexit.verification.raw import (
    Raw,
    inner_json,
    leaves,
    may_hold,
    names,
    object_of,
    objects,
    strings,
)
from gptexit.verification.words import Words, is_web, literal, written

TYPES = names(
    """
    webpage webpage_extended grouped_webpages sources_footnote attribution
    grouped_webpages_model_predicted_fallback hidden file entity image_v2 image_inline image_group
    alt_text product_entity products video navigation nav_list businesses_map tldr url followup_a
    client_defined_widget forecast finance
    """
)
"""Types of references that were seen in exports."""
_SILENT = names("hidden attribution navigation followup_a")
"""Types that show nothing themselves."""
_PAGES = names("webpage webpage_extended grouped_webpages sources_footnote")
_LINKED = re.compile(r"\[([^\[\]\n]{0,300})\]\((https?://[^\s()]{1,2000})\)")
_ADDRESS = re.compile(
    r"(?<=<)(?i:https?)://[^<>\n]+(?=>)|(?<=\]\()(?i:https?)://[^\s\ue200-\ue2ff]+"
    r"|(?i:https?)://[^\s\"<>\ue200-\ue2ff]+"
)
"""An address in a text; that of a link may have quotes, and spaces in angle brackets (CommonMark
6.3)."""
_ENDS_ADDRESS = re.compile(r"[^!#%&(-),-;=?-Z_a-z]")
"""A sign at which an address may end, or where another one may begin, in a text."""
_ID = re.compile("turn(\\d{1,9}[a-z_]{1,40}\\d{1,9})")
_NUMBER = re.compile(r"【(\d{1,6})(?::\d{1,6})?†")
_META = re.compile(r"[.^$*+?{}\[\]|()]")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")
_REPORTS = "The latest state of the widget is:"
"""The beginning of a text part that holds the state of a report's widget."""


def carried(metadata: Raw) -> Words:
    """Return the words and addresses that the references of a message have to show."""
    words = Words()
    for reference in objects(metadata.get("content_references")):
        _reference(reference, words)
    for citation in objects(metadata.get("citations")):
        inner = object_of(citation.get("metadata"))
        if citation.get("invalid_reason"):
            continue
        if is_web(inner.get("url")):
            words.lead_to(inner["url"])
        elif inner.get("type") == "file":
            words.say(inner.get("name"))
    return words


def _reference(reference: Raw, words: Words) -> None:
    kind = reference.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        if next(_telling(reference), None):
            words.unknown.append(f"reference {str(kind)[:60]}")
    elif kind in _SILENT:
        return
    before = len(words.addresses)
    _listed(reference, kind in _PAGES, words)
    if kind == "file":
        words.say(reference.get("name"))
        return
    if len(words.addresses) == before:
        words.lead_to(reference.get("url"))
        if kind not in _PAGES:
            words.say(reference.get("title"))
    if len(words.addresses) == before:
        _alternative(reference.get("alt"), words)


def _listed(reference: Raw, pages: bool, words: Words) -> None:
    """Add the pages, pictures and things of a reference; for `pages`, only their addresses."""
    listed = [*objects(reference.get("items")), *objects(reference.get("sources"))]
    for item in listed or objects(reference.get("fallback_items")):
        words.lead_to(item.get("url"))
        if not pages:
            words.say(item.get("title"))
    for image in objects(reference.get("images")):
        inner = object_of(image.get("image_result")) or image
        words.lead_to(inner.get("url"), inner.get("content_url"), image.get("url"))
        words.say(inner.get("title"))
    things = [object_of(reference.get("product"))]
    for key in ("products", "businesses", "places"):
        things += objects(reference.get(key))
    for thing in things:
        words.lead_to(thing.get("url"))
        words.say(thing.get("title") or thing.get("name"))


def _alternative(alt: Any, words: Words) -> None:
    """Add the Markdown that may replace a marker."""
    if not isinstance(alt, str) or "\ue200" in alt:
        return
    links = _LINKED.findall(alt)
    for title, address in links:
        words.lead_to(address)
        words.say(title)
    if not links:
        words.say(alt)


def _telling(reference: Raw) -> Iterator[str]:
    """Yield the strings of a reference that may be for a person."""
    frame = ("type", "matched_text", "refs", "status", "prefix", "prompt_text", "id")
    rest = {key: value for key, value in reference.items() if key not in frame}
    return (leaf for leaf in leaves(rest) if any(map(str.isalpha, leaf)))


def matched(metadata: Raw) -> list[str]:
    """Return the spans of the text that references replace and that do not look like markers."""
    spans = [
        span
        for reference in objects(metadata.get("content_references"))
        for span in strings(reference.get("matched_text"))
        if span.strip() and not ("\ue200" <= span[0] <= "\ue2ff" or span[0] == "【")
    ]
    return list(dict.fromkeys(spans))[:200]


_BEGUN = (b"://",)
"""The sign that each address has."""
_SHORT_KEY = 8
"""Letters and digits of an address that are too few to be looked for in the middle of another."""


class Given:
    """Collects the addresses of sources in one message."""

    __slots__ = ("addresses", "by_id", "numbered", "text")

    def __init__(self, message: Raw) -> None:
        self.addresses: set[str] = set()
        self.by_id: dict[str, list[str]] = {}
        """Maps `0search3` to the keys of its addresses."""
        metadata = object_of(message.get("metadata"))
        listed = object_of(metadata.get("_cite_metadata")).get("metadata_list")
        self.numbered = listed if isinstance(listed, list) else None
        self.text = ""
        read = [message.get("content"), metadata, message.get("older_content")]
        if not may_hold(read, _BEGUN):
            return
        texts = []
        for leaf in leaves(read):
            if "://" not in leaf:
                continue
            if is_web(leaf) and len(leaf) < 5_000:
                self.addresses.add(key_of_address(leaf))
            if not is_web(leaf) or _ENDS_ADDRESS.search(leaf):
                texts += _ADDRESS.findall(leaf.replace("\\/", "/").replace('\\"', '"'))
        self.text = "".join(f"\0{key_of_address(text)}" for text in texts)
        for group in objects(metadata.get("search_result_groups")):
            for entry in objects(group.get("entries")):
                self._learn(entry.get("ref_id"), entry)
        for reference in objects(metadata.get("content_references")):
            for item in objects(reference.get("items")):
                refs = item.get("refs")
                for ref in refs if isinstance(refs, list) else ():
                    self._learn(ref, item)

    def _learn(self, ref: Any, item: Raw) -> None:
        if isinstance(ref, dict):
            ref = f"turn{ref.get('turn_index')}{ref.get('ref_type')}{ref.get('ref_index')}"
        if isinstance(ref, str) and is_web(item.get("url")):
            self.by_id.setdefault(ref.removeprefix("turn"), []).append(key_of_address(item["url"]))

    def has(self, key: str) -> bool:
        """Tell whether the message gives the address with this key.

        A short key, such as `httpsxai`, may be in another address by chance: one has to begin so.
        """
        if key in self.addresses:
            return True
        return (key if len(key) > _SHORT_KEY else f"\0{key}") in self.text


def cited_by(text: str, own: Given, above: Iterable[Given]) -> list[tuple[str, ...]]:
    """Return the groups of keys of addresses that the markers of a text name by id or number.

    Used only for a message without references, which say it better. `own` is searched for an id,
    then `above`, the nearest message first; a number belongs to the nearest list in `above`.
    """
    ids = dict.fromkeys(_ID.findall(text)) if "\ue202turn" in text else {}
    numbers = dict.fromkeys(_NUMBER.findall(text)) if "†" in text else {}
    if not ids and not numbers:
        return []
    groups = []
    chain = [own, *above]
    for name in ids:
        keys = next((given.by_id[name] for given in chain if name in given.by_id), None)
        if keys:
            groups.append(tuple(keys))
    listed = next((given.numbered for given in chain[1:] if given.numbered is not None), [])
    for number in numbers:
        item = object_of(listed[int(number)]) if int(number) < len(listed) else {}
        if is_web(item.get("url")):
            groups.append((key_of_address(item["url"]),))
    return groups


@dataclass(slots=True)
class _Document:
    name: str | None
    text: str | None
    """None if an update cannot be followed."""
    code: bool


@dataclass(slots=True)
class Documents:
    """Follows the calls that make and change the canvas documents of one branch."""

    _by_id: dict[str, _Document] = field(default_factory=dict)
    _latest: str = ""

    def call(self, tool: str, words: str, textdoc: str | None) -> None:
        """Follow a call of `tool` with the arguments `words`; `textdoc` is the id in the reply."""
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
        """Yield the words of each document in its last version."""
        for document in self._by_id.values():
            if document.text is not None:
                words = literal(document.text) if document.code else written(document.text)
                words.say(document.name)
                words.settle()
                yield words


def _updated(text: str | None, update: Raw) -> str | None:
    """Return a document after an update of all of it, or of literal words in it; else None."""
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
    match = re.search(rf'"{key}"\s*:\s*"', words)
    if match is None:
        return None
    at = match.end()
    while True:
        quote = words.find('"', at)
        if quote < 0:
            piece = words[match.end() :]
            break
        backslashes = quote - len(words[at:quote].rstrip("\\")) - at
        if backslashes % 2 == 0:
            piece = words[match.end() : quote]
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


def report_of(message: Raw) -> Raw | None:
    """Return the `report_message` in a message, if there is one."""
    metadata = object_of(message.get("metadata"))
    stack = [metadata.get("chatgpt_sdk"), metadata.get("venus_widget_state")]
    parts = object_of(message.get("content")).get("parts")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, str) and part.lstrip().startswith(_REPORTS):
            stack.append(part.lstrip().removeprefix(_REPORTS))
    while stack:
        value = stack.pop()
        if isinstance(value, str) and '"report_message"' in value:
            value = inner_json(value)
        if isinstance(value, dict):
            report = value.get("report_message")
            if isinstance(report, dict):
                return report
            stack += value.values()
    return None


def words_of_report(report: Raw) -> Words:
    """Return the words of a report and its sources."""
    words = Words()
    metadata = object_of(report.get("metadata"))
    content = report.get("content")
    parts = object_of(content).get("parts") if isinstance(content, dict) else content
    parts = [parts] if isinstance(parts, str) else parts
    for part in parts if isinstance(parts, list) else ():
        text = part if isinstance(part, str) else object_of(part).get("text")
        if isinstance(text, str):
            words.add(written(text, matched(metadata)))
    words.add(carried(metadata))
    words.settle()
    return words
