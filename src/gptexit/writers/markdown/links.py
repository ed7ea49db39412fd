"""Links and pictures of an answer, so that nothing is run or loaded when they are shown.

A link leads to the web, to a mailbox or into the archive. Every other one (`javascript:`, `data:`,
`file:`, …) is text. A picture on another server becomes a link, since the server would learn of
each time that it is shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from gptexit.chatgpt.sandbox import HINT, addresses

_SCHEMES = frozenset({"http", "https", "mailto"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LONG_SCHEME = re.compile(r"[^/?#]*")
_SEEN = 300
"""The characters of an address that are tested."""
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_UNSEEN = re.compile(r"[\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
_ALT = r"((?:[^\[\]\\]|\\.){0,500})"
TARGET = (
    r"\(\s*(?:<([^<>\n]{0,2000})>|([^\s()<][^\s()]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,9}))"
    r"(?:\s+(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?\s*\)"
)
_LINK = re.compile(r"\]\((?!https?://)(?=\s*(?:<([^>\n]{0,300})|([^\s)]{0,300})))")
_IMAGE = re.compile(rf"!\[(?:{_ALT}\]{TARGET})?", re.DOTALL)
_BADGE = re.compile(rf"\[!\[{_ALT}\]{TARGET}\s?\]{TARGET}", re.DOTALL)
_LABEL = r"((?:[^\[\]\\\n]|\\[^\n]){1,300})"
_DEFINITION = re.compile(
    rf"^ {{0,3}}\[(?!\^){_LABEL}\]:[ \t]*(?:<([^<>\n]*)>|([^\s<]\S*))"
    r"(?:[ \t]+(\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$",
    re.MULTILINE,
)
_REFERENCE = re.compile(rf"\]\[{_LABEL}?\]|\[{_LABEL}\](?:\[\])?(?![\[(:])")


@dataclass(frozen=True, slots=True)
class Links:
    """The options for the links of a text."""

    file: Callable[[str], str | None] | None = None
    """Takes a path of the code interpreter; returns that of the file in the archive, as seen from
    the note. None for a message that shows no file."""
    keep_images: bool = False
    """Whether pictures on other servers stay pictures."""


NOWHERE = Links()


def is_safe(address: str) -> bool:
    """Tell whether an address, in any spelling, is one of the web, a mailbox, or relative."""
    if address.startswith(("https://", "http://")):
        return True
    plain = _UNSEEN.sub("", html.unescape(_ESCAPE.sub(r"\1", html.unescape(address))))
    scheme = _SCHEME.match(plain)
    if scheme:
        return scheme[1].lower() in _SCHEMES
    # A path to another server, which Windows would open with the user's name, is not safe; nor is
    # an address that may be one long scheme.
    return not plain.replace("\\", "/").startswith("//") and (
        len(address) < _SEEN or not _LONG_SCHEME.fullmatch(plain)
    )


def has_other_links(text: str) -> bool:
    """Tell whether `text` may have a link that does not lead to the web: most have none."""
    return _LINK.search(text) is not None


def linked(text: str, links: Links) -> str:
    """Make the links and pictures of `text` safe. It must be outside of code."""
    if links.file is not None and HINT in text:
        text = _with_files(text, links.file)
    if "![" in text:
        text = _BADGE.sub(lambda match: _badge(match, links), text)
        text = _IMAGE.sub(lambda match: _image(match, links), text)
    if "](" in text:
        text = _LINK.sub(_link, text)
    return text


def _with_files(text: str, file: Callable[[str], str | None]) -> str:
    """Lead addresses of the code interpreter to the files that the archive has."""
    out: list[str] = []
    at = 0
    for address in addresses(text):
        path = file(address.path)
        if path is None:
            continue
        out.append(text[at : address.start])
        if address.linked:
            out.append(path)
        else:
            shown = text[address.start : address.end].strip("<>")
            shown = re.sub(r"([\\`*_\[\]<>])", r"\\\1", shown)
            out.append(f"[{shown}]({path})")
        at = address.end
    out.append(text[at:])
    return "".join(out)


def _link(match: re.Match[str]) -> str:
    address = match[1] if match[1] is not None else match[2]
    return match[0] if is_safe(address) else "]\\("


def _image(match: re.Match[str], links: Links) -> str:
    """Keep a picture of the archive, make a link of one of the web, and text of any other."""
    start = match.start()
    if is_escaped(match.string, start):
        return match[0]
    address = match[2] if match[2] is not None else match[3]
    if not address or not is_safe(address):
        return "!\\" + match[0][1:]
    if links.keep_images or not _SCHEME.match(html.unescape(address).strip()):
        return match[0]
    before = " " if start and match.string[start - 1] == "[" else ""
    return before + _named(match[1], match[0], address)


def is_escaped(text: str, at: int) -> bool:
    """Tell whether an odd number of backslashes is before `at`."""
    start = at
    while start and text[start - 1] == "\\":
        start -= 1
    return bool((at - start) % 2)


def _named(alt: str, image: str, address: str) -> str:
    """Make a link of a picture with its text; if it has none, the address is the text."""
    if alt.strip():
        return image[1:] if image.startswith("!") else image
    return in_autolink(address)


def in_autolink(address: str) -> str:
    """Put an address between angle brackets. Marks of formulas in it stay, to be replaced later."""
    return f"<{_ENDS_AUTOLINK.sub(lambda signs: quote(signs[0], safe=''), address)}>"


_ENDS_AUTOLINK = re.compile("[^!-;=?-~\ufdd4\ufdd5]+")


def _badge(match: re.Match[str], links: Links) -> str:
    """Make a link to a picture that was a link itself, and put that link's address behind it."""
    image = match[2] if match[2] is not None else match[3]
    leads = match[4] if match[4] is not None else match[5]
    if links.keep_images or not _SCHEME.match(html.unescape(image).strip()):
        return match[0]
    if not is_safe(image) or not is_safe(leads) or not _SCHEME.match(leads):
        return match[0]
    whole = match[0][1:]
    end = whole.rindex("](")
    return f"{_named(match[1], whole[:end].rstrip(), image)} ({in_autolink(leads)})"


Definitions = dict[str, str]
"""By label, the address and title of a link: `(address "title")`."""


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()


def definitions(text: str, targets: Definitions) -> None:
    """Add the link definitions of `text`, `[label]: address`, to `targets`; the first one wins."""
    for match in _DEFINITION.finditer(text):
        address = match[2] if match[2] is not None else match[3]
        if "`" in match[0] or not _may_start(text, match.start()) or not is_safe(address):
            continue
        title = f" {match[4]}" if match[4] else ""
        angles = match[2] is not None or "(" in address or ")" in address
        target = f"<{address}>" if angles else address
        targets.setdefault(_key(match[1]), f"({target}{title})")


def _may_start(text: str, at: int) -> bool:
    """Tell whether a definition may start here: not within a paragraph."""
    before = text[max(0, at - 500) : at].rstrip("\n")
    above = before.rpartition("\n")[2]
    gap = at - (len(before) + max(0, at - 500))
    return gap != 1 or not above.strip() or bool(_DEFINITION.match(above)) or above.startswith("#")


def referred(text: str, targets: Definitions, used: set[str]) -> str:
    """Put the addresses of `targets` where `text`, which is outside of code, refers to them."""

    def one(match: re.Match[str]) -> str:
        start = match.start()
        if is_escaped(text, start):
            return match[0]
        if match[0][0] == "]":
            label = match[1]
            if label is None:  # `[label][]`: the label is before it
                return match[0]
            words = "]"
        else:
            label = match[2]
            words = f"[{label}]"
        key = _key(label)
        if key not in targets:
            return match[0]
        used.add(key)
        return words + targets[key]

    return _REFERENCE.sub(one, text)


def without_definitions(text: str, used: set[str]) -> str:
    """Remove the definitions whose addresses `referred` has used."""

    def one(match: re.Match[str]) -> str:
        taken = _key(match[1]) in used and _may_start(match.string, match.start())
        return "" if taken else match[0]

    return _DEFINITION.sub(one, text)
