"""Take a text apart into words in order, words beside them, and addresses.

A text of the assistant holds markers, which ChatGPT's page replaces, and links, whose address a
writer may move. The text is split at both. The rules come from real exports; no table of them is
shared with the reader. The text that the user typed is literal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gptexit.verification.compare_text import bare, essence, key_of_address, plain
from gptexit.verification.raw import inner_json, keyed_leaves, mended, names

MARKERS = names(
    """
    cite filecite navlist image_group entity i image video finance product product_entity products
    businesses businesses_map url genui forecast tldr image_v2 image_inline alt_text navigation
    nav_list webpage webpage_extended grouped_webpages attribution hidden file
    grouped_webpages_model_predicted_fallback sources_footnote
    """
)
"""Kinds of markers that were seen in exports."""
WIDGETS = frozenset(("create_shared_list",))
CONTAINERS = frozenset(("writing", "contextList"))
_WORDED = names(
    """
    title text section name label heading query queries caption description details items sections
    summary value selections
    """
)
"""Keys in the JSON of a marker whose strings a person reads."""

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
    r"^[ ]{0,3}\[([^\]\[\n]{1,200})\]:[ \t]*<?([^\s<>]{1,2000})>?"
    r"(?:[ \t]+(?:\"([^\"\n]{0,500})\"|'([^'\n]{0,500})'|\(([^)\n]{0,500})\)))?[ \t]*$",
    re.MULTILINE,
)
_LINK = re.compile(
    r"\]\((?:[ \t]*\n)?[ \t]*"
    r"(?:<(?P<angle>[^<>\n]{0,2000})>"
    r"|(?P<to>(?:[^\s()<][^\s()]{0,2000})?(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,3}))"
    r"(?:\s{1,9}(?:\"(?P<title>[^\"\n]{0,500})\"|'[^'\n]{0,500}'))?\s{0,9}\)"
)
_SANDBOX = re.compile(r"\]\(<?sandbox:[^\n]{0,400}?(?:\)|$)", re.MULTILINE)
_BARE_SANDBOX = re.compile(r"sandbox:/[^\s\"'<>()\[\]]*")
_NOTE = re.compile(r"\[\^[^\]\s]{1,100}\]:?")
_SIGN = re.compile("[\ue200-\ue2ff【]")
_PRIVATE = b"\xee"
"""The first byte of U+E000 to U+EFFF in UTF-8."""
_WEB = re.compile(r"(?i:https?)://[^\s/]")
_CUT = "\ufdd2"
"""Marks where a text is split; Unicode keeps it free for such uses."""
_EDGES = " \t\n-*+|•–—"
"""Signs beside a marker that say nothing once it is gone."""


@dataclass(slots=True)
class Words:
    """The words and addresses by which a text has to be found."""

    segments: list[str] = field(default_factory=list)
    """Essences that follow each other in this order."""
    pieces: list[str] = field(default_factory=list)
    """The texts of the segments as they are written, for what renders them."""
    phrases: list[str] = field(default_factory=list)
    """Essences near them, in whatever order."""
    addresses: list[tuple[str, ...]] = field(default_factory=list)
    """Groups of keys of addresses; one address of each group is shown."""
    unknown: list[str] = field(default_factory=list)
    """Forms in it that nobody knows."""
    searched: list[str] = field(default_factory=list)
    """Queries for pictures; they may be left out if the titles of the pictures say as much."""

    def add(self, other: Words) -> None:
        """Add the words of another text."""
        self.segments += other.segments
        self.pieces += other.pieces
        self.phrases += other.phrases
        self.addresses += other.addresses
        self.unknown += other.unknown
        self.searched += other.searched

    def settle(self) -> None:
        """Ask for those searches for pictures that no title says, once all titles are known."""
        titles = "".join(self.phrases).casefold()
        self.phrases += [query for query in self.searched if query.casefold() not in titles]
        self.searched = []

    def say(self, *texts: Any) -> None:
        """Add those of `texts` that are strings, as phrases."""
        self.phrases += filter(None, (essence(text) for text in texts if isinstance(text, str)))

    def lead_to(self, *addresses: Any) -> None:
        """Add addresses of the web, one of which is shown."""
        keys = [key_of_address(address) for address in addresses if is_web(address)]
        if keys:
            self.addresses.append(tuple(keys))


def is_web(value: Any) -> bool:
    """Tell whether `value` is an address of the web."""
    return isinstance(value, str) and _WEB.match(value) is not None


def literal(text: str) -> Words:
    """Return the words of a text without markers: code, or the output of a tool."""
    text = mended(text)
    return Words(list(filter(None, [essence(text)])), [text])


def typed(text: str) -> Words:
    """Return the words of a text that the user typed; markers in it are words."""
    return _linked(mended(text))


def written(text: str, replaced: list[str] | None = None) -> Words:
    """Return the words of a text of the assistant.

    `replaced`: spans that are shown in another form, by `matched_text` of the export.
    """
    text = mended(text)
    words = Words()
    for span in replaced or ():
        text = text.replace(span, _CUT)
    if holds_signs(text):
        text = _MARKED.sub(lambda match: _marked(match, words), text)
    if ":::" in text:
        text = _contained(text, words)
    words.add(_linked(text))
    return words


def holds_signs(text: str) -> bool:
    """Tell, at little cost, whether a text may hold markers."""
    if text.isascii():
        return "oaicite" in text
    # Most have no sign that UTF-8 begins with this byte, and finding that costs less than a search.
    private = _PRIVATE in text.encode("utf-8", "surrogatepass")
    return "oaicite" in text or "【" in text or (private and _SIGN.search(text) is not None)


def _linked(text: str) -> Words:
    """Return the words of Markdown, split at its links and definitions."""
    words = Words()
    labels: set[str] = set()
    brackets = "]" in text  # a search for one sign costs a fifth of one for two
    if brackets and "]:" in text:
        text = _DEFINITION.sub(lambda match: _defined(match, labels, words), text)
        if labels:
            text = re.sub(
                r"\[([^\]\[\n]{1,200})\]",
                lambda match: _label(match) if match[1].casefold() in labels else match[0],
                text,
            )
    if brackets and "[^" in text:
        text = _NOTE.sub(_CUT, text)
    if "sandbox:" in text:
        text = _BARE_SANDBOX.sub(_CUT, _SANDBOX.sub("]" + _CUT, text))
    if brackets and "](" in text:
        text = _LINK.sub(lambda match: _led(match, words), text)
    words.pieces = text.split(_CUT)
    whole = plain(text)
    pieces = whole.split(_CUT) if _CUT in whole else [whole]
    if len(pieces) > 1:
        pieces = [piece.strip(_EDGES) for piece in pieces]
    words.segments = list(filter(None, map(bare, pieces)))
    return words


def _label(match: re.Match[str]) -> str:
    """Cut the label of a definition out if it is a number or follows words, as in `[here][a]`.

    A definition of a footnote, `[^1]: https://…`, is one of a link to most readers of Markdown.
    """
    before = match.string[match.start() - 1 : match.start()]
    goes = match[1].isdigit() or match[1][0] == "^" or before == "]"
    return _CUT if goes else f"{_CUT}{match[1]}{_CUT}"


def _defined(match: re.Match[str], labels: set[str], words: Words) -> str:
    if is_web(match[2]) or match[2].startswith(("/", "#", "mailto:", ".")):
        words.lead_to(match[2])
    elif match[1][0] == "^":
        return match[0]
    elif "://" not in match[2]:
        words.say(match[2])
    labels.add(match[1].casefold())
    words.say(match[3] or match[4] or match[5])
    return _CUT


def _led(match: re.Match[str], words: Words) -> str:
    words.lead_to(match["angle"] or match["to"])
    words.say(match["title"])
    return "]" + _CUT


def _contained(text: str, words: Words) -> str:
    def one(match: re.Match[str]) -> str:
        name = match[1]
        words.say(*_TITLED.findall(match[0]))
        if name and name not in CONTAINERS:
            words.unknown.append(f"container {name}")
            words.say(_ATTRIBUTES.sub("", match[0]).lstrip(" \t:").removeprefix(name))
        return _CUT

    return _CONTAINER.sub(one, text)


def _marked(match: re.Match[str], words: Words) -> str:
    if match["name"] is not None:
        if "." in match["name"] and not match["name"].startswith("http"):
            words.say(match["name"])  # the name of a file; for a page it is `source` or lines
    elif match["body"] is not None:
        kind, *arguments = match["body"].split("\ue202")
        _carried(kind.strip(), arguments, words)
    elif match["begun"] is not None and match["begun"] not in MARKERS:
        words.unknown.append(f"marker {match['begun']}")
    return _CUT


def _carried(kind: str, arguments: list[str], words: Words) -> None:
    """Add the words, address or JSON in a marker; references in it show nothing themselves."""
    if kind not in MARKERS:
        words.unknown.append(f"marker {kind[:40]}")
    for argument in map(str.strip, arguments):
        if not argument or _REFS.fullmatch(argument):
            continue
        if argument[0] in "{[":
            _in_json(kind, inner_json(argument), words)
        elif is_web(argument):
            words.lead_to(argument)
        elif kind not in ("cite", "filecite"):
            words.say(argument)


def _in_json(kind: str, value: Any, words: Words) -> None:
    if kind == "entity" and isinstance(value, list):
        words.say(*value[1:2])
        return
    if kind == "genui" and value is not None:
        widgets = [str(name) for name in value] if isinstance(value, dict) else ["?"]
        words.unknown += [f"widget {name[:60]}" for name in widgets if name not in WIDGETS]
    read = [text for key, text in keyed_leaves(value, "text") if key in _WORDED]
    texts = [text for text in read if not is_web(text) and not _REFS.fullmatch(text)]
    if kind == "image_group":
        words.searched += filter(None, map(essence, texts))
    else:
        words.say(*texts)
