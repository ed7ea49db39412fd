"""Read `chat.html`, the viewer inside an export: the same conversations, and a table of assets.

`var jsonData = [...]` holds the content of `conversations.json`; `var assetsJson = {...}` came
later and leads from asset pointers to members.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing, suppress
from typing import Any

from gptexit.chatgpt.names import file_id
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.containers.recognize import PutBack
from gptexit.readers.chatgpt.parsing.json_scanner import ByteStream, Window, careful_end, count
from gptexit.text.json import loads_leniently

CONVERSATIONS = re.compile(rb"\bjsonData\s{0,99}=\s{0,99}(?=\[)")
# At a line's start or behind a tag: a conversation about exports may hold the same words.
_ASSETS = re.compile(rb"(?:^|[>;\n])[ \t]*(?:var|let|const) assetsJson\s{0,99}=\s{0,99}(?=\{)")
_OVERLAP = 512
LARGEST_TABLE = 64 << 20
"""Bytes of the table of assets at most."""
_SAMPLE = 8 << 20
"""Bytes that are looked at, at most; mostly the first megabyte is enough."""
_CHUNK = 1 << 20
# Outside of strings JSON has none of these. A quote in a string is `\"`; a backslash in front of
# that backslash is a character of its own. Some writers have escapes of JSON in their place.
_BARE = re.compile(rb"[<>']|(?<!\\)(\\+)(?:\"|u00(?:3[cCeE]|2[267]))")
_FEW = 20
"""How many escapes there are to one bare character at least, in a file that is escaped."""
_NAMES = {
    **{"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"},
    **{"#x27": "'", "#39": "'", "#34": '"'},
}
_ONE = re.compile(f"&({'|'.join(_NAMES)});")
_ESCAPE = re.compile(_ONE.pattern.encode())


def sample(stream: Any) -> tuple[bytes, bool]:
    """Read the first bytes of conversations until they show whether they are escaped."""
    parts: list[bytes] = []
    counts: Counter[str] = Counter()
    depth, ended, left = 0, False, b""
    while not (counts or ended) and len(parts) * _CHUNK < _SAMPLE and (data := stream.read(_CHUNK)):
        parts.append(data)
        left += data
        # The viewer's own code follows the array.
        depth, end, ended = count(left, 0, depth)
        inside, left = left[:end], left[end:]
        counts["escaped"] += len(_ESCAPE.findall(inside))
        # An even run of backslashes escapes nothing behind it.
        counts["bare"] += sum(not run or len(run) % 2 for run in _BARE.findall(inside))
        counts = +counts
    return b"".join(parts), counts["escaped"] > counts["bare"] * _FEW


def unescape(root: Any) -> Any:
    """Undo the escapes of each string in a parsed value, once; iterative, in place."""
    holder = [root]
    stack: list[Any] = [holder]
    while stack:
        node = stack.pop()
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, str):
                if "&" in value:
                    node[key] = _ONE.sub(lambda found: _NAMES[found[1]], value)
            elif isinstance(value, (dict, list)):
                stack.append(value)
    return holder[0]


def find(stream: ByteStream, mark: re.Pattern[bytes]) -> tuple[ByteStream, int] | None:
    """Return `stream` from behind `mark` on, if it has it, and the bytes before. Raises OSError."""
    data, passed = b"", 0
    while part := stream.read(_CHUNK):
        data += part
        if found := mark.search(data):
            return PutBack(data[found.end() :], stream), passed + found.end()
        passed += max(0, len(data) - _OVERLAP)
        data = data[-_OVERLAP:]
    return None


def asset_table(member: Member) -> dict[str, str]:
    """Read `var assetsJson`: file id to path; empty if it is missing or cannot be read."""
    # The table is a help, no promise; a loss is reported where members are read.
    with suppress(OSError), closing(member.open()) as stream:
        table = find(stream, _ASSETS)
        while table:
            window = Window(table[0], _CHUNK, LARGEST_TABLE)
            window.more()
            end = careful_end(window, 0)
            value = None
            if end > 0 and not window.heavy(0, end):
                with suppress(ValueError, RecursionError):
                    value = loads_leniently(window.data[:end], Counter())
            if isinstance(value, dict):
                return {file_id(key): path for key, row in value.items() if (path := _path(row))}
            table = find(PutBack(window.data[1:], table[0]), _ASSETS)
    return {}


def _path(value: Any) -> str | None:
    """Return a row's path: the value itself, or its `file_path`."""
    path = value.get("file_path") if isinstance(value, dict) else value
    return path if isinstance(path, str) and path else None
