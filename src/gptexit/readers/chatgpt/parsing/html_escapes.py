"""HTML escapes in the texts of `chat.html`: whether a file has them, and their undoing.

In the viewers of real exports of 2023 to mid-2025 every string of `jsonData` is HTML-escaped, in
one of September 2026 none is. Nothing in a file says which. So the first megabytes are looked at:
where they are escaped, no `<`, `>`, `'` and no quote inside a string is left, and escapes are
there in their place.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from gptexit.readers.chatgpt.parsing.scanner import count

_SAMPLE = 8 << 20
"""Bytes that are looked at, at most; mostly the first megabyte tells."""
_CHUNK = 1 << 20
_ESCAPE = re.compile(rb"&(?:amp|lt|gt|quot|apos|#x27|#39|#34);")
# Outside of strings JSON has none of these. A quote in a string is `\"`; a backslash in front of
# that backslash is a character of its own. Some writers have escapes of JSON in their place.
_BARE = re.compile(rb"[<>']|(?<!\\)(\\+)(?:\"|u00(?:3[cCeE]|2[267]))")
_FEW = 20
"""How many escapes there are to one bare character at least, in a file that is escaped."""
_NAMES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#x27": "'", "#39": "'"}
_NAMES["#34"] = '"'
_ONE = re.compile("&(amp|lt|gt|quot|apos|#x27|#39|#34);")


def sample(stream: Any) -> tuple[bytes, bool]:
    """Look at the first bytes of conversations; gives them back, and whether they are escaped.

    Reads on as long as they tell nothing. Raises what the stream raises.
    """
    parts: list[bytes] = []
    found: Counter[str] = Counter()
    depth, ended, left = 0, False, b""
    while not (found or ended) and len(parts) * _CHUNK < _SAMPLE and (data := stream.read(_CHUNK)):
        parts.append(data)
        left += data
        # The viewer's own code follows the array.
        depth, end, ended = count(left, 0, depth)
        inside, left = left[:end], left[end:]
        found["escaped"] += len(_ESCAPE.findall(inside))
        # An even run of backslashes escapes nothing behind it.
        found["bare"] += sum(not run or len(run) % 2 for run in _BARE.findall(inside))
        found = +found
    return b"".join(parts), found["escaped"] > found["bare"] * _FEW


def unescape(root: Any) -> Any:
    """A parsed value with the escapes of each string undone, once; iterative, in place."""
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
