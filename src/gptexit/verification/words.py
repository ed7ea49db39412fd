"""The words of a text: what of it stands in order, what beside, and which addresses it gives.

A text of the assistant's holds markers, which ChatGPT's page turns into something else, and links,
whose address a writer may set in another place. The text is taken apart at both. The rules are
those of the export itself, as they were seen in real ones; no table of them is shared with the
reader. What the user typed is literal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gptexit.verification.compare_text import bare, essence, key_of_address, plain

MARKERS = frozenset(
    (
        *("cite", "filecite", "navlist", "image_group", "entity", "i", "image", "video", "finance"),
        *("product", "product_entity", "products", "businesses", "businesses_map", "url", "genui"),
        *("forecast", "tldr", "image_v2", "image_inline", "alt_text", "navigation", "nav_list"),
        *("webpage", "webpage_extended", "grouped_webpages", "attribution", "hidden", "file"),
        *("grouped_webpages_model_predicted_fallback", "sources_footnote"),
    )
)
"""Kinds of markers that were seen in exports."""
WIDGETS = frozenset(("create_shared_list",))
CONTAINERS = frozenset(("writing", "contextList"))

_TURN = r"turn\d{1,9}[a-z_]{1,40}\d{1,9}"
_MARKED = re.compile(
    "\ue200(?P<body>[^\ue200\ue201]*)\ue201"
    f"|\ue200(?P<begun>[a-z_]{{1,40}})(?P<refs>(?:[\ue202,]{_TURN})+)?"
    # A marker without an end whose JSON was cut: how far it goes nobody can tell.
    "(?:\ue202[\\[{{][^\ue200\ue201\n]*)?"
    f"|\ue202{_TURN}"
    r"|【\d{1,6}(?::\d{1,6})?†(?P<name>[^【】\n]{0,300})】"
    r"|【\{[^【】\n]{0,4000}\}】"
    r"|:contentReference\[oaicite:\d{1,9}\](?:\{index=\d{1,9}\})?"
    "|[\ue200-\ue2ff]"
)
_REFS = re.compile(rf"(?:{_TURN}|L\d+(?:-L\d+)?|[\s,]+)+")
_CONTAINER = re.compile(r"^[ \t]{0,3}:{3,}[ \t]*([A-Za-z][\w-]{0,60})?[^\n]{0,2100}$", re.MULTILINE)
_TITLED = re.compile(r"(?:subject|title)=\"([^\"]{1,500})\"")
_ATTRIBUTES = re.compile(r"\{[^{}]{0,2000}\}")
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[([^\]\[\n^][^\]\[\n]{0,200})\]:[ \t]*<?([^\s<>]{1,2000})>?"
    r"(?:[ \t]+(?:\"([^\"\n]{0,500})\"|'([^'\n]{0,500})'|\(([^)\n]{0,500})\)))?[ \t]*$",
    re.MULTILINE,
)
_LINK = re.compile(
    r"\]\([ \t]*(?:<(?P<angle>[^<>\n]{0,2000})>|(?P<to>[^\s()<>]{0,2000}(?:\([^\s()]{0,500}\)"
    r"[^\s()<>]{0,500}){0,3}))(?:[ \t]+(?:\"(?P<title>[^\"\n]{0,500})\"|'[^'\n]{0,500}'))?[ \t]*\)"
)
_SANDBOX = re.compile(r"\]\(<?sandbox:[^\n]{0,400}?(?:\)|$)", re.MULTILINE)
_BARE_SANDBOX = re.compile(r"sandbox:/[^\s\"'<>()\[\]]*")
_NOTE = re.compile(r"\[\^[^\]\s]{1,100}\]:?")
_CUT = "\ufdd2"
"""Stands where a text is taken apart; Unicode keeps it free for such uses."""
_EDGES = "-*+|•–—"
"""Signs beside a marker that say nothing once it is gone."""


@dataclass(slots=True)
class Words:
    """What a text has to be found by."""

    segments: list[str] = field(default_factory=list)
    """Essences that stand one behind the other."""
    phrases: list[str] = field(default_factory=list)
    """Essences that stand near them, in whatever order."""
    addresses: list[tuple[str, ...]] = field(default_factory=list)
    """Keys of addresses, one of each group of which is shown."""
    unknown: list[str] = field(default_factory=list)
    """Forms in it that nobody knows."""
    searched: list[str] = field(default_factory=list)
    """What pictures were searched for by: it may go where their titles say as much."""

    def add(self, other: Words) -> None:
        """Take in what another text holds."""
        self.segments += other.segments
        self.phrases += other.phrases
        self.addresses += other.addresses
        self.unknown += other.unknown
        self.searched += other.searched

    def settle(self) -> None:
        """Ask for those searches for pictures that no title says, once all titles are known."""
        titles = "".join(self.phrases).casefold()
        self.phrases += [each for each in self.searched if each.casefold() not in titles]
        self.searched = []

    def say(self, *texts: Any) -> None:
        """Add strings, of whatever is given, as phrases."""
        for text in texts:
            if isinstance(text, str):
                self.phrases += [each for each in (essence(text),) if each]

    def lead_to(self, *addresses: Any) -> None:
        """Add addresses of the web, one of which is shown."""
        keys = [key_of_address(each) for each in addresses if is_web(each)]
        if keys:
            self.addresses.append(tuple(keys))


def is_web(value: Any) -> bool:
    """Tell whether `value` is an address of the web."""
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def literal(text: str) -> Words:
    """Return the words of a text that holds no markers: code, or what a tool printed."""
    found = essence(mended(text))
    return Words([found] if found else [])


def typed(text: str) -> Words:
    """Return the words of what the user typed, which no marker is taken out of."""
    return _linked(mended(text))


def written(text: str, replaced: list[str] | None = None) -> Words:
    """Return the words of what the assistant wrote.

    `replaced`: spans that the source says to be shown otherwise (`matched_text`).
    """
    text = mended(text)
    found = Words()
    for span in replaced or ():
        text = text.replace(span, _CUT)
    if holds_signs(text):
        text = _MARKED.sub(lambda match: _marked(match, found), text)
    if ":::" in text:
        text = _contained(text, found)
    found.add(_linked(text))
    return found


_SIGN = re.compile("[\ue200-\ue2ff【]")


def holds_signs(text: str) -> bool:
    """Tell, at little cost, whether a text may hold markers."""
    return "oaicite" in text or (not text.isascii() and _SIGN.search(text) is not None)


def mended(text: str) -> str:
    """Return a text with surrogates in pairs joined; those alone are replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _linked(text: str) -> Words:
    """Return the words of Markdown, taken apart at its links and definitions."""
    found = Words()
    labels: set[str] = set()
    if "]:" in text:
        text = _DEFINITION.sub(lambda match: _defined(match, labels, found), text)
        if labels:
            text = re.sub(
                r"\[([^\]\[\n]{1,200})\]",
                lambda match: _label(match) if match[1].casefold() in labels else match[0],
                text,
            )
    if "[^" in text:
        text = _NOTE.sub(_CUT, text)
    if "sandbox:" in text:
        text = _BARE_SANDBOX.sub(_CUT, _SANDBOX.sub("]" + _CUT, text))
    if "](" in text:
        text = _LINK.sub(lambda match: _led(match, found), text)
    whole = plain(text)
    pieces = whole.split(_CUT) if _CUT in whole else [whole]
    if len(pieces) > 1:
        pieces = [each.strip(" \t\n" + _EDGES) for each in pieces]
    found.segments = [each for each in map(bare, pieces) if each]
    return found


def _label(match: re.Match[str]) -> str:
    """A label of a definition: a number goes with the address, words stay."""
    return _CUT if match[1].isdigit() else f"{_CUT}{match[1]}{_CUT}"


def _defined(match: re.Match[str], labels: set[str], found: Words) -> str:
    if "://" not in match[2] and not match[2].startswith(("/", "#", "mailto:", ".")):
        return match[0]
    labels.add(match[1].casefold())
    found.lead_to(match[2])
    found.say(match[3] or match[4] or match[5])
    return _CUT


def _led(match: re.Match[str], found: Words) -> str:
    found.lead_to(match["angle"] or match["to"])
    found.say(match["title"])
    return "]" + _CUT


def _contained(text: str, found: Words) -> str:
    def one(match: re.Match[str]) -> str:
        name = match[1]
        found.say(*_TITLED.findall(match[0]))
        if name and name not in CONTAINERS:
            found.unknown.append(f"container {name}")
            found.say(_ATTRIBUTES.sub("", match[0]).lstrip(" \t:").removeprefix(name))
        return _CUT

    return _CONTAINER.sub(one, text)


def _marked(match: re.Match[str], found: Words) -> str:
    if match["name"] is not None:
        if "." in match["name"] and not match["name"].startswith("http"):
            found.say(match["name"])  # of a file; of a page it says `source` or lines
    elif match["body"] is not None:
        kind, *arguments = match["body"].split("\ue202")
        _carried(kind.strip(), arguments, found)
    elif match["begun"] is not None and match["begun"] not in MARKERS:
        found.unknown.append(f"marker {match['begun']}")
    return _CUT


def _carried(kind: str, arguments: list[str], found: Words) -> None:
    """Add what a marker carries: words, an address, JSON; references say nothing themselves."""
    if kind not in MARKERS:
        found.unknown.append(f"marker {kind[:40]}")
    for argument in map(str.strip, arguments):
        if not argument or _REFS.fullmatch(argument):
            continue
        if argument[0] in "{[":
            try:
                value = json.loads(argument)
            except (ValueError, RecursionError):
                continue
            _in_json(kind, value, found)
        elif is_web(argument):
            found.lead_to(argument)
        elif kind not in ("cite", "filecite"):
            found.say(argument)


def _in_json(kind: str, value: Any, found: Words) -> None:
    if kind == "entity" and isinstance(value, list):
        found.say(*value[1:2])
        return
    if kind == "genui":
        names = [str(name) for name in value] if isinstance(value, dict) else ["?"]
        found.unknown += [f"widget {name[:60]}" for name in names if name not in WIDGETS]
    told = [words for words in worded(value) if not _REFS.fullmatch(words)]
    if kind == "image_group":
        found.searched += filter(None, map(essence, told))
    else:
        found.say(*told)


_WORDED = frozenset(
    (
        *("title", "text", "section", "name", "label", "heading", "query", "queries", "caption"),
        *("description", "details", "items", "sections", "summary", "value", "selections"),
    )
)
"""Keys of JSON under which words for a person stand."""


def worded(value: Any) -> Iterator[str]:
    """Yield the strings in the JSON of a marker that a person reads."""
    stack: list[tuple[str, Any]] = [("text", value)]
    while stack:
        key, node = stack.pop()
        if isinstance(node, str):
            if key in _WORDED and not is_web(node):
                yield node
        elif isinstance(node, dict):
            stack += node.items()
        elif isinstance(node, list):
            stack += [(key, item) for item in node]
