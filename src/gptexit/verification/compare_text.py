"""Compare texts without what a Markdown writer may add or escape, and find words of nobody.

How a note renders is not verified. A writer may break lines, indent, escape signs, close what a
message left open, name a fence `text`, underline a heading or put `#` before it, and turn pictures
on other people's servers into links. It may not drop, change or reorder words, and not add any: a
word is a row of letters, and each in a note has to be in some string or key of its conversation, in
the account's table of files, or be one of the few that a note adds itself. Keys count, since a card
of an unknown type is shown with them: "humidity: 80".

Everything here takes time in proportion to its input, whatever that is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Set
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import orjson

from gptexit.verification.raw import inner_json, leaves, mended

# White space, escapes, heading and quote marks, math delimiters, fences; signs that are no text.
_NO_TEXT = bytes((*range(0x21), *rb"\#<>$`~()[]", 0x7F))
_NO_TEXT_BEYOND_ASCII = re.compile(r"[^\S\x00-\x7f]|[\ud800-\udfff\ufdd4\ufdd5\ufffd\ue200-\ue2ff]")
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
_TRACKING = re.compile(r"[?&](?:utm_\w+|gclid|fbclid|msclkid)=[^&#\s\0()<>\[\]\"]*", re.IGNORECASE)
"""Parameters that tell a server where a visitor came from; a writer may drop them."""
_NO_LETTER = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_TARGET = re.compile(r"\]\((?:<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*){0,1000})|https?://\S+")
_PICTURE_NAME = re.compile(r"!\[[^\[\]\n]{0,1000}\]")
"""The name of a picture that is shown, which nobody said."""
_CITATIONS = re.compile("[\ue200-\ue2ff][^\ue200-\ue2ff\0]*|【[^【】\0]*】")
_AT_ONCE = 1 << 20
"""Characters of texts that are searched for words at once: joined, they are faster."""
_LETTERS = bytes(code if code > 0x7F or chr(code).isalpha() else 0x20 for code in range(256))
"""Makes a space of each ASCII sign that is no letter."""
_LETTER_ESCAPES = (b"\\n", b"\\r", b"\\t", b"\\b", b"\\f")
_UNICODE_ESCAPE = re.compile(rb"\\u[0-9a-f]{4}")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[a-zA-Z])")
_OWN_WORDS = """
about abstract advice also an and another anything app april archive array as asset assistant at
audio august bash be beginning below bool branch by bytes call cannot canvas change changed
changes chat chatgpt citations code comment comments container content context conversation css
custom december deleted dict direction do document does email end error example export exports
failure false february file files float folded for forecast format frames from function
generation gone gptexit group height here hidden hold holds hour hours how html id image images
in info instead instructions int interrupted is it its january javascript json july june kind
know language last latest link links list made map march markdown marked may memories memory
message messages metadata minute minutes missing moved name no none nonetype not note nothing
november null number object october of offices older on only or other output own page pages
pairing parts picture pictures placed placeholder places pointer post price project python
queries query question quote raw real reasoning recording redacted remembered replying respond
response result results said sandbox say search searched searching second seconds see september
share shared show shown shows size snapshot social source sources sql standard stands start
state str summary system text that the this thought thoughts time tip title to tool transcript
transcription true type unknown untitled updated url user version video warning was watch
weather web what where which widget width with without worked workspace workspaces you
"""
_OWN = frozenset(_WORD.findall(_OWN_WORDS))
"""Words that a note adds to those of the export."""


def plain(text: str) -> str:
    """Return `text` without the marks that a writer may change by lines."""
    for sign, fence in _FENCES:
        if sign in text:
            text = fence.sub(_unnamed, text)
    if "-" in text or "=" in text or "**" in text or "__" in text or "* *" in text:
        text = _RULE.sub("\n", f"\n{text}")
    if "![" in text or "!\\[" in text:
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
    return left if len(left) == len(data) else _NO_TEXT_BEYOND_ASCII.sub("", left)


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


@lru_cache(maxsize=8192)
def key_of_address(address: str) -> str:
    """Return the letters and digits of an address: whoever wrote or encoded it, they stay."""
    return keys_in(address)


def keys_in(text: str) -> str:
    """Return the keys of all addresses in a text, in one string."""
    text = _TRACKING.sub("", unquote(text.replace("\\", "")))
    return _NO_LETTER.sub("", text).casefold()


def foreign(
    text: str, vocabularies: Iterable[Callable[[], Set[str]]], own: Set[str]
) -> Iterator[str]:
    """Yield each word of `text` that neither the export nor a note itself has.

    `vocabularies`: functions that return words of the conversation, each called only if those
    before it lack a word; `own`: other words that are allowed.
    """
    vocabularies = list(vocabularies)
    strange = words_of(text.encode("utf-8", "replace")).difference(_OWN, own)
    for vocabulary in vocabularies[:2]:
        if strange:
            strange -= vocabulary()
    for line in text.split("\n") if strange else ():
        bare_line = _TARGET.sub(" ", _PICTURE_NAME.sub(" ", line) if "![" in line else line)
        words = strange.intersection(map(str.casefold, _WORD.findall(bare_line)))
        for vocabulary in vocabularies[2:]:
            if words:
                words -= vocabulary()
        yield from sorted(words)


def words_of_json(value: Any) -> set[str]:
    """Return the words in the strings and keys of a value, as its JSON spells them.

    Far faster than `vocabulary_of`, and part of what that returns: JSON in a string is not read.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:  # it has what UTF-8 cannot hold, or nests deep
        return set()
    if b"\\" in text:
        text = text.replace(b"\\\\", b"\\ ")  # what is left escapes something else
        for escape in _LETTER_ESCAPES:
            text = text.replace(escape, b" ")
        text = _UNICODE_ESCAPE.sub(b" ", text)
    return words_of(text)


def words_of(text: bytes) -> set[str]:
    """Return the words of a text in UTF-8, each as `str.casefold` spells it.

    Most words of a text return, and taking out those that do costs less than looking at each.
    """
    pieces = set(text.translate(_LETTERS).split())
    return set(map(str.casefold, set(_WORD.findall(b" ".join(pieces).decode()))))


def vocabulary_of(value: Any, *, respelled: bool = False) -> set[str]:
    """Return every word in the strings of a value; `respelled`: without marks and escapes."""
    words: set[str] = set()
    pending, texts, size = [value], list[str](), 0
    while pending:
        for leaf in leaves(pending.pop(), keys=True):
            texts.append(leaf)
            size += len(leaf)
            if size > _AT_ONCE:
                words |= _words_in(texts, respelled)
                texts, size = [], 0
            if leaf[:1] in ("{", "["):
                pending.append(inner_json(leaf))
    return words | _words_in(texts, respelled)


def _words_in(texts: list[str], respelled: bool) -> set[str]:
    text = mended("\0".join(texts))
    spellings = [text]
    if respelled:
        spellings = [_ESCAPE.sub(" ", text), text.replace("\\", ""), html.unescape(text)]
        spellings += [] if text.isascii() else [_CITATIONS.sub("", text)]
    return set().union(*(words_of(spelling.encode("utf-8", "replace")) for spelling in spellings))
