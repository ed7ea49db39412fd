"""Find words in a text of an archive that its conversation does not have.

A word is a row of letters. Each in an archive has to be in some string or key of its conversation,
in the account's table of files, or be one of the few that a note adds itself. Keys count, since a
card of an unknown type is shown with them: "humidity: 80".

Nearly all lines of an archive are lines of the conversation. So only the words of other lines are
looked for, first where it costs little.
"""

from __future__ import annotations

import html
import re
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from typing import Any

import orjson

from gptexit.verification.raw import inner_json, leaves, mended

_WORD = re.compile(r"[^\W\d_]{2,}")
_TARGET = re.compile(r"\]\((?:<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*){0,1000})|https?://\S+")
_PICTURE_NAME = re.compile(r"!\[[^\[\]\n]{0,1000}\]")
"""The name of a picture that is shown, which nobody said."""
_CITATIONS = re.compile("[\ue200-\ue2ff][^\ue200-\ue2ff\0]*|【[^【】\0]*】")
_AT_ONCE = 1 << 20
"""Characters of texts that are searched for words at once: joined, they are faster."""
_LETTERS = bytes(code if code > 0x7F or chr(code).isalpha() else 0x20 for code in range(256))
"""Makes a space of each ASCII sign that is no letter."""
_SPELLED = bytes(
    code if code > 0x7F or code == 0x5C else ord(chr(code).lower()) if chr(code).isalpha() else 0x20
    for code in range(256)
)
"""As `_LETTERS`, but in small letters, and with the sign that begins an escape in JSON."""
_FEW = 128
"""Words that are looked for one by one, at most."""
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


class Vocabulary:
    """The words of a conversation and of the account's table about it, read as far as needed."""

    def __init__(self, said: Any) -> None:
        """`said`: everything in which a word of an archive may be."""
        self._said = said
        self._found: set[str] = set()
        """Words that were looked for and are there: another archive has most of them too."""

    def spells(self, *phrases: bytes) -> bool:
        """Tell whether one of `phrases`, as JSON spells it, may be in what was said.

        One search in the JSON of it all costs less than one in each string; `orjson` escapes no
        letters and colons.
        """
        return not self._json or any(phrase in self._json for phrase in phrases)

    def lacks(self, text: str, near: Iterable[str], own: Container[str]) -> Iterator[str]:
        """Yield each word of `text` that neither the export nor a note itself has.

        `near`: texts of the conversation of which `text` was made. `own`: other words that are
        allowed.
        """
        written = set(text.split("\n"))
        source = {line for said in near for line in said.split("\n")}
        if written <= source:
            return
        pieces, others = _pieces_of(written - source), _pieces_of(source - written)
        strange = _words_of(pieces - others) - _OWN
        strange = {word for word in strange - self._found if word not in own}
        if strange and len(strange) <= _FEW:
            found = {word for word in strange if f" {word} ".encode() in self._spelled}
            self._found |= found
            strange -= found
        if strange:
            strange -= _words_of(others)
        if strange:
            strange -= self._in_json
        for line in text.split("\n") if strange else ():
            bare_line = _TARGET.sub(" ", _PICTURE_NAME.sub(" ", line) if "![" in line else line)
            words = strange.intersection(map(str.casefold, _WORD.findall(bare_line)))
            if words:
                words -= self._in_strings
            if words:
                words -= self._respelled
            yield from sorted(words)

    @cached_property
    def _json(self) -> bytes:
        """All that was said as JSON; nothing if UTF-8 cannot hold it, or if it nests deep."""
        try:
            return orjson.dumps(self._said)
        except TypeError:
            return b""

    @cached_property
    def _spelled(self) -> bytes:
        """The words in `_json` with a space on both sides, but for those beside other signs.

        A word that stands beside an escape or a sign beyond ASCII has no space there, and one with
        letters beyond ASCII may be spelled in another way.
        """
        return self._json.translate(_SPELLED)

    @cached_property
    def _in_json(self) -> set[str]:
        """The words in strings and keys, as their JSON spells them; JSON in a string is not read.

        Far faster than `_in_strings`, and part of it.
        """
        text = self._json
        if b"\\" in text:
            text = text.replace(b"\\\\", b"\\ ")  # what is left escapes something else
            for escape in _LETTER_ESCAPES:
                text = text.replace(escape, b" ")
            text = _UNICODE_ESCAPE.sub(b" ", text)
        return _words_of(_pieces_in(text))

    @cached_property
    def _in_strings(self) -> set[str]:
        """The words in strings and keys, also of JSON in a string."""
        return vocabulary_of(self._said)

    @cached_property
    def _respelled(self) -> set[str]:
        """The words in strings and keys without marks and escapes."""
        return vocabulary_of(self._said, respelled=True)


def _pieces_of(lines: Iterable[str]) -> set[bytes]:
    return _pieces_in("\n".join(lines).encode("utf-8", "replace"))


def _pieces_in(text: bytes) -> set[bytes]:
    """Return what stands between the ASCII signs of a text in UTF-8 that are no letters."""
    return set(text.translate(_LETTERS).split())


def _words_of(pieces: set[bytes]) -> set[str]:
    """Return the words in pieces of a text, each as `str.casefold` spells it.

    Most words of a text return, and taking out those that do costs less than looking at each.
    """
    return set(map(str.casefold, _WORD.findall(b" ".join(pieces).decode())))


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
    return set().union(*(_words_of(_pieces_of([spelling])) for spelling in spellings))
