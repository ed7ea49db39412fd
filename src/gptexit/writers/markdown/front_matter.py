"""YAML front matter, as Obsidian and static-site tools read it: flat, one property a line."""

from __future__ import annotations

import re
from datetime import datetime

Value = str | int | bool | list[str] | None

_PLAIN = re.compile(
    r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
)
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
# YAML 1.2, section 5.1: what may stand in a stream unescaped, less the quote and the backslash.
_UNPRINTABLE = re.compile(
    r"[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe"
    r"\uff00-\ufffd\U00010000-\U0010fffd]"
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def front_matter(properties: dict[str, Value]) -> str:
    """The block with its two `---` lines; a property without a value is left out."""
    lines = ["---"]
    for key, value in properties.items():
        if value is not None:
            lines.append(f"{key}: {_shown(value)}")
    lines.append("---")
    return "\n".join(lines)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, str) and _is_time(value):
        return value
    return scalar(value or "")


def _is_time(value: str) -> bool:
    try:
        return value.endswith("Z") and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def scalar(text: str) -> str:
    """A string: bare where every YAML reader takes it for one, else in double quotes."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return '"' + _UNPRINTABLE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
