"""Compare texts without what a Markdown writer may add or escape.

How a note renders is not verified. A writer may break lines, indent, escape signs, close what a
message left open, name a fence `text`, underline a heading or put `#` before it, and turn pictures
on other people's servers into links. It may not drop, change or reorder words, and not add any
(`vocabulary`).

Everything here takes time in proportion to its input, whatever that is.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from urllib.parse import unquote

# White space, escapes, heading and quote marks, math delimiters, fences; signs that are no text.
_NO_TEXT = bytes((*range(0x21), *rb"\#<>$`~()[]", 0x7F))
# Each space by itself, since `\s` beside other signs takes many times as long.
_SPACES = "".join(sign for sign in map(chr, range(0x80, 0x3001)) if sign.isspace())
_NO_TEXT_BEYOND_ASCII = re.compile(f"[{_SPACES}\ud800-\udfff\ufdd4\ufdd5\ufffd\ue200-\ue2ff]")
# Each begins with signs of its own, so that a search skips quickly to where it may match, and takes
# the rest of the line, so that no line is looked at twice.
_NO_ALNUM = bytes(code for code in range(128) if not chr(code).isalnum())
_ESCAPED = 4
"""How often references such as `&amp;` are undone: a page may escape what a message escaped."""
_FENCES = tuple(
    (sign, re.compile(rf"{re.escape(sign)}({more})([^\n]*)"))
    for sign, more in (("```", r"[`\\]*"), ("~~~", r"[~\\]*"), (r"\`\`\`", r"(?:\\`){0,999}"))
)
"""Runs of backticks or tildes with the rest of their line: a fence and its name."""
_RULE = re.compile(r"\n[ \t>\\]*(?:[-=]|[-=*_][-=*_ \t\\]*[-=*_])[ \t\r\\]*(?=\n|\Z)")
"""A line of dashes and the like: a rule, or what makes a heading of the line above."""
_PICTURE = re.compile(r"\\?!(?=\\?\[(?!\\?\^))")
"""The sign before a picture; a sentence may also end so before a footnote: `Done![^1]`."""
_REFERENCE = re.compile(r"&#?\w{1,31};")
"""A reference of HTML, which Markdown undoes in addresses too (CommonMark 2.5)."""
_TRACKING = re.compile(r"[?&](?:utm_\w+|gclid|fbclid|msclkid)=[^&#\s\0()<>\[\]\"]*", re.IGNORECASE)
"""Parameters that tell a server where a visitor came from; a writer may drop them."""
REMEMBERED = 500
"""Characters of an address whose key is remembered, at most: whole texts would fill the memory."""
_NO_LETTER = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Return `text` without the marks that a writer may change by lines."""
    # A search for one sign costs a fifth of one for several.
    if "`" in text or "~" in text:
        for sign, fence in _FENCES:
            if sign in text:
                text = fence.sub(_unnamed, text)
    if "-" in text or "=" in text or "**" in text or "__" in text or "* *" in text:
        text = _RULE.sub("\n", f"\n{text}")
    if "[" in text and ("![" in text or "!\\[" in text):
        text = _PICTURE.sub("", text)
    return text


def _unnamed(match: re.Match[str]) -> str:
    """Drop a fence with its name; keep code within a line."""
    return match[0] if "`" in match[2] else ""


def bare(text: str) -> str:
    """Return the characters of a `plain` text that no writer may change."""
    # Taking single bytes out of UTF-8 is far faster than any search in a text.
    data = text.encode("utf-8", "surrogatepass").translate(None, _NO_TEXT)
    left = data.decode("utf-8", "surrogatepass")
    if len(left) == len(data) or (left.isprintable() and "\ufffd" not in left):
        return left  # only U+FFFD is printable of what is taken out, and this is faster
    return _NO_TEXT_BEYOND_ASCII.sub("", left)


def essence(text: str) -> str:
    """Return the characters of `text` that no writer may change."""
    return bare(plain(text))


def letters(text: str) -> str:
    """Return what of a text stays if its Markdown is rendered: letters, digits, signs beyond ASCII.

    References of HTML are undone, and boxes of tasks left out, which Markdown writes as `[x]`.
    """
    for _ in range(_ESCAPED):
        if "&" not in text or (undone := html.unescape(text)) == text:
            break
        text = undone
    data = text.encode("utf-8", "surrogatepass").translate(None, _NO_ALNUM)
    left = data.decode("utf-8", "surrogatepass")
    if len(left) == len(data):
        return left
    return _NO_TEXT_BEYOND_ASCII.sub("", left).replace("☐", "").replace("☑", "")


def key_of_address(address: str) -> str:
    """Return the letters and digits of an address: whoever wrote or encoded it, they stay."""
    return _key_of_address(address) if len(address) <= REMEMBERED else keys_in(address)


@lru_cache(maxsize=4096)
def _key_of_address(address: str) -> str:
    return keys_in(address)


def keys_in(text: str) -> str:
    """Return the keys of all addresses in a text, in one string."""
    text = text.replace("\\", "")
    if "&" in text:
        text = _REFERENCE.sub(lambda match: html.unescape(match[0]), text)
    text = _TRACKING.sub("", unquote(text))
    return _NO_LETTER.sub("", text).casefold()
