"""Text files that a pack takes along, searched as they are copied."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

from gptexit.files.media_types import media_type
from gptexit.redact.fields import copied
from gptexit.redact.redactor import Redactor

_HEAD = 8192
"""Bytes by which a text is told from something else."""
_PIECE = 1 << 22
"""Bytes that are searched at once, up to the end of a line."""
_LONGEST = 1 << 26
"""Bytes of a text in UTF-16, which is searched as a whole."""
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_KEY = b"-----BEGIN "

Open = Callable[[str], BinaryIO]


class Outgoing(Redactor):
    """A redactor that also opens the files of an export, as they may go out."""

    def __init__(self, open_file: Open) -> None:
        """Raises CannotRedact."""
        super().__init__()
        self._open = open_file
        self._told: set[str] = set()
        """Files that were counted: several formats may take along the same one."""

    def restart(self) -> None:
        """Forget what was found: the source is read from the start again."""
        super().restart()
        self._told.clear()

    def open(self, name: str) -> BinaryIO:
        """A file without its secrets, by the name that a redacted conversation has for it.

        Raises what opening and reading it raises.
        """
        member = self.member(name)
        stream = self._open(member)
        head = stream.read(_HEAD)
        rest = cast(BinaryIO, _Chained(head, stream))
        told = member in self._told
        self._told.add(member)
        if _is_text(head):
            return cast(BinaryIO, _Pieces(rest, self._pieces(rest, head, name, told=told)))
        if not told:
            self.findings.unsearched += 1
        return rest

    def names_in(self, record: dict[str, Any]) -> dict[str, Any]:
        """An archive's record of itself without secrets in the names of files."""
        return {**record, "sources": copied(record["sources"], self.quietly)}

    def quietly(self, text: str) -> str:
        """A text without its secrets, which are not counted."""
        return self.text(text, "", told=True)

    def _pieces(self, stream: BinaryIO, head: bytes, name: str, *, told: bool) -> Iterator[bytes]:
        wide = head.startswith(_WIDE)
        encoding = "utf-16" if wide else "utf-8"
        language = name.rpartition(".")[2].lower()
        for piece in _wide(stream) if wide else _lines(stream):
            # Bytes that are no UTF-8 go through as they are.
            text = piece.decode(encoding, "surrogateescape")
            changed = self.text(text, name, language, told=told)
            yield piece if changed == text else changed.encode(encoding, "surrogateescape")


def _is_text(head: bytes) -> bool:
    return head.startswith(_WIDE) or (b"\0" not in head and media_type(head) is None)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of whole lines; a key that has begun is not cut."""
    rest = b""
    while data := stream.read(_PIECE):
        rest += data
        if len(rest) < _PIECE:
            continue
        # Between paragraphs, if it can be: a line break may cut a key in two.
        end = rest.rfind(b"\n\n", _PIECE // 2) + 1 or rest.rfind(b"\n") + 1
        begun = rest.rfind(_KEY, 0, end)
        if begun > 0 and b"-----END " not in rest[begun:end]:
            end = rest.rfind(b"\n", 0, begun) + 1
        if end or len(rest) > 2 * _PIECE:
            yield rest[: end or len(rest)]
            rest = rest[end:] if end else b""
    if rest:
        yield rest


def _wide(stream: BinaryIO) -> Iterator[bytes]:
    data = stream.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise OSError("a text in UTF-16 that is too long to be searched for secrets")
    if data:
        yield data


class _Chained(io.RawIOBase):
    """A stream whose beginning was read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes."""
        if not self._head:
            return self._stream.read(size)
        if size < 0:
            head, self._head = self._head, b""
            return head + self._stream.read()
        head, self._head = self._head[:size], self._head[size:]
        return head

    def close(self) -> None:
        """Close the stream too."""
        self._stream.close()
        super().close()


class _Pieces(io.RawIOBase):
    """Pieces of any size as a stream."""

    def __init__(self, stream: BinaryIO, pieces: Iterator[bytes]) -> None:
        self._stream = stream
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes."""
        if size < 0:
            data, self._rest = self._rest + b"".join(self._pieces), b""
            return data
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Close the stream too."""
        self._stream.close()
        super().close()
