"""When two texts say the same, and what a note asks to do with an earlier one. English words.

Nothing here weighs meaning. `same` leaves out what a repeat may differ in. A note that forgets or
corrects gives the texts that it may mean; whoever reads it looks whether an earlier memory reads
like one of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

LONGEST = 2_000
"""Characters of a note that is read for what it asks; a longer one is a memory."""

_EDGES = ".,;:!?…'\"`()[]{}<>«»‹›“”„‘’‚–—-_*~¡¿"
"""Punctuation around a word. Inside of one it counts: `1.5` is not `15`, `C#` is not `C`."""
_ANYWHERE = str.maketrans("", "", "、。「」『』・")
"""What separates where words are not spaced."""
_QUOTES = str.maketrans("’‘“”„«»", '\'\'"""""')


def same(text: str) -> str:
    """What of `text` tells it from others: all but case, white space and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_ANYWHERE).translate(_QUOTES)
    words = [_bare(word) for word in folded.split()]
    return " ".join(word for word in words if word) or " ".join(folded.split())


def _bare(word: str) -> str:
    """A word without the punctuation around it; the sign of a number stays."""
    bare = word.strip(_EDGES)
    return f"-{bare}" if bare[:1].isdigit() and word[:1] in "-–" else bare


_LEADS = re.compile(r"(?:(?:that|the|about)\s)+")


def named(text: str) -> str:
    """The same, for a text that is named by another: `that` and `the` in front do not count."""
    words = same(text)
    lead = _LEADS.match(words)
    return words[lead.end() :] if lead else words


@dataclass(frozen=True, slots=True)
class Asked:
    """What a note asks for."""

    what: str
    """`forget`; `correct`; `deny`, a sentence that says of an earlier one that it ended; `aside`,
    one that only may: it is a memory like others where it names none."""
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """Texts that it may name, each with the words that are to take its place; those are empty
    where there are none."""
    about: str = ""
    """What the rest of it says, to look for something alike."""


_FLAGS = re.IGNORECASE | re.DOTALL
_THING = (
    r"(?:(?:my|the|this|earlier|previous|old|saved|stored)\s+)*(?:memory|memories|entry|note|fact)"
)
_FORGET = (
    re.compile(rf"(?:please\s+)?forget\b(?:\s+{_THING}\b)?\s*[:–—-]?\s*(?P<old>.+)", _FLAGS),
    re.compile(
        rf"(?:please\s+)?(?:remove|delete|erase)\s*(?:{_THING}\b\s*[:–—-]?|:)\s*(?P<old>.+)", _FLAGS
    ),
    re.compile(r"(?:stop remembering|(?:do not|don't) remember)\b\s*:?\s*(?P<old>.+)", _FLAGS),
)
_CORRECTION = re.compile(
    rf"(?:correction|corrected|correct|updated?|changed?|edit)(?:\s+{_THING})?\s*[:–—-]\s*(?P<new>.+)",
    _FLAGS,
)
_REPLACE = re.compile(rf"(?:replace|change|update|correct)\s+(?:{_THING}\s+)?(?P<both>.+)", _FLAGS)
_WITH = re.compile(r"\s(?:with|by|to)\b:?\s", _FLAGS)
_SHOULD_BE = re.compile(r"\s(?:should be|is now|becomes)\b:?\s", _FLAGS)
_NEW_FIRST = re.compile(
    r"(?:[,;(]\s?not|\s(?:instead of|rather than)"
    r"|[.;,(]\s?(?:previously|formerly|replaces|replacing|was))\b:?\s",
    _FLAGS,
)
_NO_LONGER = re.compile(r"\bno longer\s+", re.IGNORECASE)
_MOST_CUTS = 20
"""Places at which a sentence is taken apart."""


def asked(note: str) -> Asked | None:
    """What `note` asks to do with an earlier memory; None where it is a memory itself."""
    words = note.strip()
    if len(words) > LONGEST:
        return None
    for pattern in _FORGET:
        match = pattern.fullmatch(words)
        if match:
            return Asked("forget", [(match["old"], "")], match["old"])
    match = _CORRECTION.fullmatch(words)
    if match:
        new = match["new"].strip()
        return Asked("correct", [*_replaced(new), *_set_right(new)], new)
    once = _NO_LONGER.findall(words)
    if len(once) == 1:
        return Asked("deny", [(_NO_LONGER.sub("", words), words)], words)
    pairs = [*_replaced(words), *_set_right(words)]
    return Asked("aside", pairs, words) if pairs else None


def _replaced(words: str) -> Iterator[tuple[str, str]]:
    """`Replace A with B`, cut at each place where A may end: only one will name a memory."""
    match = _REPLACE.fullmatch(words)
    text, ends = (match["both"], _WITH) if match else (words, _SHOULD_BE)
    for cut in islice(ends.finditer(text), _MOST_CUTS):
        old, new = _unquoted(text[: cut.start()]), _unquoted(text[cut.end() :])
        if old and new:
            yield old, new


def _set_right(words: str) -> Iterator[tuple[str, str]]:
    """`A, not B`: B may be a whole memory, or stand for the last words of A."""
    for cut in islice(_NEW_FIRST.finditer(words), _MOST_CUTS):
        before, old = words[: cut.start()].split(), words[cut.end() :].rstrip(" )].")
        if before and old:
            yield _unquoted(old), words
            for count in range(1, min(len(before), _MOST_CUTS)):
                yield f"{' '.join(before[:-count])} {old}", words


def _unquoted(text: str) -> str:
    """The words inside of quotation marks that surround all of `text`."""
    bare = text.strip()
    inner = bare.rstrip(".")
    quoted = len(inner) > 2 and inner[0] in "\"'“„«‘`" and inner[-1] in "\"'”“»’`"
    return inner[1:-1].strip() if quoted else bare
