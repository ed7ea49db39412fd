"""Any parsed JSON back to text.

`orjson` reads what nests 1,024 levels deep and writes no more than 254. Whatever could be read has
to be written all the same.
"""

from __future__ import annotations

from typing import Any

import orjson


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """`value` as one line of JSON, in UTF-8. Raises TypeError where it is no JSON."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:
        return _piece_by_piece(value, sort_keys)


def _piece_by_piece(root: Any, sort_keys: bool) -> bytes:
    """The same without recursion. Parsed JSON holds no `bytes`, so these are text that is done."""
    done: list[bytes] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, bytes):
            done.append(node)
        elif isinstance(node, dict):
            row: list[Any] = [b"{"]
            for key, value in sorted(node.items()) if sort_keys else node.items():
                row += (orjson.dumps(key), b":", value, b",")
            stack += reversed([*row[: max(1, len(row) - 1)], b"}"])
        elif isinstance(node, list):
            row = [b"["]
            for value in node:
                row += (value, b",")
            stack += reversed([*row[: max(1, len(row) - 1)], b"]"])
        else:
            done.append(orjson.dumps(node))
    return b"".join(done)
