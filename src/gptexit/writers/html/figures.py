"""The figures of one conversation, which the look back adds up. They are small and JSON.

    {"hours": {"2026-07-22T21": [3, 4, 41, 388]}, "models": {"gpt-5": {"2026-07": 3}},
     "code": {"Python": 2}, "pictures": 1, "files": 0, "missing": 0}

`hours`: by the hour of the local time, how many messages the user and ChatGPT wrote and how many
words; reasoning and what tools say are not among them. `models`: the answers of each model by
month. `code`: the pieces of code by language. The key is empty for a message without a date, or
with one from outside of ChatGPT's time, which is an error in the export.

A word is what stands between spaces and has a letter or a digit in it. In scripts that set no
spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), two characters of a text count
as one word.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, tzinfo
from functools import cache
from typing import Any, TypedDict

from gptexit.codes import TOOLS
from gptexit.model import Conversation, Message
from gptexit.text.dates import moment
from gptexit.writers.parts import MEDIA, with_marks

OTHER, UNNAMED = "other", ""
"""Languages of code: one that Pygments does not know, and code of which none is said."""
_OPENED, _END = "2022-11-30", "2100"
"""The first day of ChatGPT, and a year that no true date reaches, in UTC."""

_MOST = 1 << 48
"""A number that no count reaches."""


class Figures(TypedDict):
    """The figures of a conversation; see above."""

    hours: dict[str, list[int]]
    """Messages of the user and of ChatGPT, words of the user and of ChatGPT."""
    models: dict[str, dict[str, int]]
    code: dict[str, int]
    pictures: int
    files: int
    missing: int
    """Files that the conversation mentions and the export does not hold."""


def figures_of(
    conversation: Conversation, shown: Sequence[Message], zone: tzinfo | None
) -> Figures:
    """Count in the messages that the page shows. `zone`: None for the machine's own."""
    hours: dict[str, list[int]] = {}
    models: dict[str, Counter[str]] = {}
    code: Counter[str] = Counter()
    media: dict[str, bool] = {}
    for message in shown:
        parts = message["parts"]
        media.update(
            (part["asset"], part["type"] == "image")  # type: ignore[typeddict-item]
            for part in parts
            if part["type"] in MEDIA
        )
        if not is_talk(message):
            continue
        hour = local_hour(message["created"], zone)
        theirs = message["role"] == "assistant"
        counts = hours.setdefault(hour, [0, 0, 0, 0])
        counts[theirs] += 1
        if theirs and message["model"]:
            models.setdefault(message["model"], Counter())[hour[:7]] += 1
        for part in parts:
            if part["type"] == "text" or part["type"] == "transcript":
                text = _said(part)
                counts[2 + theirs] += words_in(text)
                code.update(map(language_of, fences_in(text)))
            elif part["type"] == "code":
                code[language_of(part["language"] or "")] += 1
    there = {asset["id"] for asset in conversation["assets"] if not asset["missing"]}
    pictures = [is_picture for asset_id, is_picture in media.items() if asset_id in there]
    return {
        "hours": hours,
        "models": {model: dict(months) for model, months in models.items()},
        "code": dict(code),
        "pictures": sum(pictures),
        "files": len(pictures) - sum(pictures),
        "missing": sum(asset["missing"] for asset in conversation["assets"]),
    }


def local_hour(time: str | None, zone: tzinfo | None) -> str:
    """Return `2026-07-22T21` for a time of the neutral model, nothing if it has no true date."""
    if time is None or not _OPENED <= time < _END:
        return ""
    when = moment(time, zone)
    return when.isoformat()[:13] if when else ""


def is_talk(message: Message) -> bool:
    """Tell whether user or model wrote this: steps of reasoning and calls of tools are no talk."""
    return (
        message["role"] in ("user", "assistant")
        and message["hidden"] not in TOOLS
        and any(part["type"] != "reasoning" for part in message["parts"])
    )


def _said(part: Any) -> str:
    """Return the text of a part without the marks of its sources."""
    citations = part.get("citations")
    return with_marks(part["text"], citations, lambda _: "") if citations else str(part["text"])


_SIGNS = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1c\x1d\x1e\x1f")) + string.punctuation.encode()
_SPACES = bytes.maketrans(b"\x1c\x1d\x1e\x1f", b"    ")
_OTHER_SPACES = re.compile(
    rb"[\xc2\xe2](?:(?<=\xc2)[\x85\xa0]|\x80[\x80-\x8a\xa8\xa9\xaf]|\x81\x9f)"
)
_OTHER_SIGNS = re.compile(
    rb"\xe2[\x80-\xaf].|\xc2[\xa1-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf]|\xe0\xa5[\xa4\xa5]|\xf0\x9f.."
    rb"|\xef(?:\xb8[\x80-\x8f]|\xbb\xbf|\xbc[\x80-\x8f\x9a-\xa0\xbb-\xbf]|\xbd[\x80\x9b-\xa5]|\xbf[\xbc\xbd])",
    re.DOTALL,
)
"""Punctuation, symbols and small pictures in UTF-8, as far as texts set spaces around them."""
_ALL_BUT_LEADS = bytes({*range(256)} - set(b"\xe0\xe1\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xef\xf0"))
_JOINED_RUN = re.compile(rb"[\xe3-\xe9](?:..[\xe3-\xe9])*..", re.DOTALL)
"""A run of Chinese and Japanese characters and punctuation in UTF-8: three bytes each."""
_JOINED_CHARACTER = re.compile(
    rb"[\xe0\xe1\xef\xf0](?:(?<=\xe0)[\xb8-\xbb].|(?<=\xe1)[\x80-\x82\x9e\x9f].|(?<=\xf0)[\xa0-\xaf].."
    rb"|(?<=\xef)(?:[\xa4-\xab].|\xbd[\xa6-\xbf]|\xbe[\x80-\x9f]))",
    re.DOTALL,
)
"""A character in UTF-8 of Thai, Lao, Burmese or Khmer, or a rare one of Chinese or Japanese."""


def words_in(text: str) -> int:
    """Count the words of a text in any script: in its bytes, which is many times as fast."""
    data = text.encode("utf-8", "replace")
    characters = 0
    if len(data) > len(text):
        leads = data.translate(None, _ALL_BUT_LEADS)
        if leads:
            rare = sum(map(leads.count, (b"\xe0", b"\xe1", b"\xef", b"\xf0")))
            characters = len(leads) - rare - data.count(b"\xe3\x80")
            data = _JOINED_RUN.sub(b" ", data)
            if rare:
                data, number = _JOINED_CHARACTER.subn(b" ", data)
                characters += number
        data = _OTHER_SIGNS.sub(b"", _OTHER_SPACES.sub(b" ", data))
    return (characters + 1) // 2 + len(data.translate(_SPACES, _SIGNS).split())


_FENCE = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})[ \t{.]*([^\s`{},:]*)(.*)$", re.M
)


def fences_in(text: str) -> Iterator[str]:
    """Give the word behind the opening of each fenced piece of code: `python`, or nothing."""
    if "```" not in text and "~~~" not in text:
        return
    opening = ""
    for fence in _FENCE.finditer(text):
        marker, word, rest = fence.groups()
        if not opening:
            if marker[0] == "~" or "`" not in rest:
                opening = marker
                yield word
        elif marker.startswith(opening) and not word and not rest.strip():
            opening = ""


def language_of(word: str) -> str:
    """Return the language that a word beside code stands for: `JavaScript` for `js`."""
    word = word.lower()
    return UNNAMED if word in _NO_LANGUAGE else _languages().get(word, OTHER)


_NO_LANGUAGE = frozenset({"", "unknown", "text", "txt", "plain", "plaintext", "output", "none"})


@cache
def _languages() -> dict[str, str]:
    """Return the languages that Pygments knows, by all their short names."""
    from pygments.lexers import get_all_lexers

    known = [(name, aliases) for name, aliases, _, _ in get_all_lexers(plugins=False)]
    names = {alias.lower(): name for name, aliases in known for alias in aliases}
    return {name.lower(): name for name, _ in known} | names


_HOUR = re.compile(r"(2(?:0[2-9]\d|100)-\d\d-\d\d)T(?:[01]\d|2[0-3])|")
_MONTH = re.compile(r"2(?:0[2-9]\d|100)-(?:0[1-9]|1[0-2])|")


def checked(value: Any) -> Figures:
    """Return `value`, which may come from a file of the archive, if it has the shape of figures.

    Raise ValueError if not.
    """
    try:
        hours, models, code = value["hours"], value["models"], value["code"]
        numbers = [value[key] for key in ("pictures", "files", "missing")] + [*code.values()]
        for hour, counts in hours.items():
            match = _HOUR.fullmatch(hour)
            if match is None or len(counts) != 4:
                raise ValueError(hour)
            if match[1]:
                date.fromisoformat(match[1])
            numbers += counts
        for months in models.values():
            if not all(map(_MONTH.fullmatch, months)):
                raise ValueError(months)
            numbers += months.values()
        if not all(type(number) is int and 0 <= number < _MOST for number in numbers):
            raise ValueError(numbers)
        if not all(type(name) is str for name in (*models, *code)):
            raise ValueError(models)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no figures of a conversation") from error
    return value  # type: ignore[no-any-return]
