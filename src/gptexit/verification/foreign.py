"""Words of a note that stand nowhere in the export: what was said is theirs, and nothing else.

A word is a row of letters. Each in a note has to stand in some string or key of its conversation,
in the account's table of files, or be one of the few that a note puts there itself. Keys count,
since a card of a type that nobody knows is shown with them: "humidity: 80".
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from gptexit.verification.raw import Raw, leaves
from gptexit.verification.words import mended

_WORD = re.compile(r"[^\W\d_]{2,}")
_TARGET = re.compile(r"\]\((?:<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*){0,1000})|https?://\S+")
_SHOWN = re.compile(r"!\[[^\[\]\n]{0,1000}\]")
"""What stands for a picture that is shown: a name, which nobody said."""
_MARKS = re.compile("[\ue200-\ue2ff][^\ue200-\ue2ff]*|【[^【】]*】")
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
"""Words that a note puts beside those of the export."""


def foreign(text: str, raw: Raw, rows: Iterable[Raw], own: Iterable[str]) -> Iterator[str]:
    """Yield each word of `text` that neither the export nor a note itself has.

    `rows`: what the account's table of files has of the conversation; `own`: other words that may
    stand there.
    """
    known = set(_OWN)
    for line in text.split("\n"):
        plain = _TARGET.sub(" ", _SHOWN.sub(" ", line) if "![" in line else line)
        words = {word.casefold() for word in _WORD.findall(plain)}
        if words <= known:
            continue
        if len(known) == len(_OWN):
            known |= _vocabulary([raw, *rows, *own])
            if words <= known:
                continue
        yield from sorted(words - known)


def _vocabulary(values: Any) -> set[str]:
    """Return every word in the strings of a value, marks and escapes in them or without."""
    found: set[str] = set()
    for leaf in leaves(values, keys=True):
        text = mended(leaf)
        found.update(map(str.casefold, _WORD.findall(text)))
        if "\\" in text:
            found.update(map(str.casefold, _WORD.findall(_ESCAPE.sub(" ", text))))
            found.update(map(str.casefold, _WORD.findall(text.replace("\\", ""))))
        if "&" in text:
            found.update(map(str.casefold, _WORD.findall(html.unescape(text))))
        if not text.isascii():
            found.update(map(str.casefold, _WORD.findall(_MARKS.sub("", text))))
        if text[:1] in ("{", "["):
            try:
                found |= _vocabulary(json.loads(text))
            except (ValueError, RecursionError):
                continue
    return found
