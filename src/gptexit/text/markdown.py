"""Escape text from elsewhere for Markdown."""

from __future__ import annotations

import re

_OPENERS = r"[\s(*_~\"'“‘«\[{<>|—–（【「，。：、；！？]"
_IN_TAG = r"[0-9_/-]{0,100}(?:[^\W\d]|[\u203c-\U0001faff])"
TAG = rf"\#(?:(?<={_OPENERS}\#)(?<!\]\(\#)|(?<=\A\#))(?={_IN_TAG})"
"""The `#` of a tag: a sign that is no digit must follow. It starts with a plain character, which is
found several times as fast."""
BLOCK_ID = r"\^(?:(?<=[ \t\n>]\^)|(?<=\A\^))(?=[A-Za-z0-9-]{1,100}[ \t]{0,100}(?:\n|\Z))"
"""The `^` before the name at the end of a block."""
BROKEN = r"%(?<=[<%]%)|\{(?<=\{\{)|=(?<===)(?=[^\s=])"
"""The second sign of `%%` (a comment), `<%` (Templater), `{{` (a template), `==` (highlighted)."""
# What Markdown, or Obsidian, would read as more than a character within a line of words.
_SPECIAL = re.compile(
    r"\\|`|\*|\[|\]|<|>|__*|\#\#*(?<![^ ]\#)|~(?=~)|\$(?=.{0,300}\$)"
    rf"|&(?=\w{{1,32}};|\#\w{{1,8}};)|\^(?=\[)|{BROKEN}|{TAG}|{BLOCK_ID}"
)
_ESCAPED = re.compile(r"\\(.)|&")
_WORDS = re.compile(r"[^\W_]+(?:[,.:;!?]? [^\W_]+)*[.!?]?")


def line(text: str) -> str:
    """Escape `text` as plain words on one line: for titles, names and alternative texts."""
    if _WORDS.fullmatch(text):
        return text
    return _SPECIAL.sub(escape_sign, " ".join(text.split()))


def in_html(words: str) -> str:
    """Turn a result of `line` into text of HTML: each sign with an escape becomes a reference."""
    return _ESCAPED.sub(lambda match: f"&#{ord(match[1] or '&')};", words)


def escape_sign(match: re.Match[str]) -> str:
    """Put a backslash before a sign; before each of several underscores, since any may pair."""
    sign = match[0]
    if sign[0] != "_":
        return "\\" + sign
    text, start, end = match.string, match.start(), match.end()
    within = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
    return sign if within else "\\_" * len(sign)
