"""Text files that a pack takes along, searched for secrets as they are copied."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, cast

from gptexit.files.disk import CHUNK
from gptexit.files.media_types import media_type
from gptexit.redact.redactor import Redactor, copied

_HEAD = 8192
"""First bytes of a file, which show whether it is a text."""
_PIECE = 1 << 22
"""Bytes that are searched at once, up to the end of a line."""
_LONGEST = 1 << 26
"""Bytes of a text in UTF-16, which is searched as a whole."""
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16."""


class Outgoing(Redactor):
    """A redactor that also opens the files of an export, as they may go out."""

    def __init__(self, open_file: Callable[[str], BinaryIO]) -> None:
        """Load the libraries. Raise CannotRedact if they are not installed."""
        super().__init__()
        self._open = open_file
        self._counted: set[str] = set()
        """Files that were counted: several formats may take along the same one."""

    def open(self, name: str) -> BinaryIO:
        """Open a file without secrets, by its name in a redacted conversation. Raise its errors."""
        member = self.member(name)
        stream = self._open(member)
        head = stream.read(_HEAD)
        is_text = head.startswith(_WIDE) or (b"\0" not in head and media_type(head) is None)
        size = _PIECE if is_text else CHUNK
        blocks: Iterator[bytes] = chain([head], iter(partial(stream.read, size), b""))
        counted = member in self._counted
        self._counted.add(member)
        if is_text:
            blocks = self._redacted(blocks, head.startswith(_WIDE), name, counted=counted)
        elif not counted:
            self.findings.unsearched += 1
        return cast(BinaryIO, _Blocks(stream, blocks))

    def names_in(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return an archive's record of itself without secrets in the names of files."""
        named = {key: record[key] for key in ("sources", "beside") if key in record}
        return {**record, **copied(named, self.quietly)}

    def quietly(self, text: str) -> str:
        """Return a text without its secrets, and do not count them."""
        return self.text(text, "", counted=True)

    def _redacted(
        self, blocks: Iterable[bytes], wide: bool, name: str, *, counted: bool
    ) -> Iterator[bytes]:
        encoding = "utf-16" if wide else "utf-8"
        language = name.rpartition(".")[2].lower()
        for piece in [_whole(blocks)] if wide else _lines(blocks):
            # Bytes that are no UTF-8 go through as they are.
            text = piece.decode(encoding, "surrogateescape")
            changed = self.text(text, name, language, counted=counted)
            yield piece if changed == text else changed.encode(encoding, "surrogateescape")


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces of whole lines; a key that has begun is not cut."""
    rest = b""
    for block in blocks:
        rest += block
        if len(rest) < _PIECE:
            continue
        # Between paragraphs, if it can be: a line break may cut a key in two.
        end = rest.rfind(b"\n\n", _PIECE // 2) + 1 or rest.rfind(b"\n") + 1
        begun = rest.rfind(b"-----BEGIN ", 0, end)
        if begun > 0 and b"-----END " not in rest[begun:end]:
            end = rest.rfind(b"\n", 0, begun) + 1
        if end or len(rest) > 2 * _PIECE:
            yield rest[: end or len(rest)]
            rest = rest[end:] if end else b""
    if rest:
        yield rest


def _whole(blocks: Iterable[bytes]) -> bytes:
    """Join the blocks of a text in UTF-16. Raise OSError if it is too long to be searched."""
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > _LONGEST:
            raise OSError("a text in UTF-16 that is too long to be searched for secrets")
    return bytes(data)


class _Blocks(io.RawIOBase):
    """A stream of blocks of any size, which are made of another stream."""

    def __init__(self, source: BinaryIO, blocks: Iterable[bytes]) -> None:
        self._source = source
        self._blocks = iter(blocks)
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes."""
        if size < 0:
            data, self._rest = self._rest + b"".join(self._blocks), b""
            return data
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Close the source too."""
        self._source.close()
        super().close()
