"""JSON that nests deep, to text and back.

`orjson` reads what nests 1,024 levels deep and writes no more than 254. Whatever could be read has
to be written all the same, and to be read again.
"""

from __future__ import annotations

import io
from typing import Any

import ijson
import orjson
from ijson.common import ObjectBuilder


def loads_deep(data: bytes) -> Any:
    """The value of a JSON text of any depth; slow. Raises ValueError where it is none."""
    builder = ObjectBuilder()
    try:
        # The faster C backend knows no whole numbers of 64 bits.
        for event, value in _PYTHON.basic_parse(io.BytesIO(data), use_float=True):
            builder.event(event, value)
    except ijson.JSONError as error:
        raise ValueError(str(error)) from error
    return builder.value


_PYTHON = ijson.get_backend("python")


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
