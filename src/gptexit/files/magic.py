"""What a file is, by its first bytes."""

from __future__ import annotations

from collections.abc import Callable

HEAD = 4096
"""Bytes that are enough for every signature here."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"\x00\x00\x00\x0cJXL ", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"MThd", "audio/midi"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x00asm", "application/wasm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO", "font/otf"),
    (b"\x00\x01\x00\x00\x00", "font/ttf"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
"""Of the container that HEIC, MP4 and their relatives share (ISO 14496-12, `ftyp`)."""
_OFFICE = "application/vnd.openxmlformats-officedocument."
_MEMBERS = (
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
)
"""Folders in office documents, which are ZIPs."""
_OLE = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
"""Names in the older office documents, which are file systems of their own (OLE2)."""
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\x0c\x1b\x08")


def media_type(head: bytes) -> str | None:
    """The media type that the first bytes of a file tell; None where they tell none.

    Of an office document or EPUB it takes some hundred bytes; with fewer it is `application/zip`.
    Text of any kind is none of these: see `text_type`.
    """
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    for signature, found in _FAMILIES:
        if head.startswith(signature):
            return found(head)
    for signature, told in _SIGNATURES:
        if head.startswith(signature):
            return told
    return "application/x-tar" if head[257:262] == b"ustar" else None


def _zip_type(head: bytes) -> str:
    if head[30:38] == b"mimetype":  # OpenDocument and EPUB begin with their media type, not packed
        told = head[38:200].split(b"PK", 1)[0]
        if told.isascii() and told.startswith(b"application/"):
            return told.decode()
    at = 0
    while (at := head.find(b"PK\x03\x04", at)) >= 0:
        name = head[at + 30 : at + 60]
        for folder, found in _MEMBERS:
            if name.startswith(folder):
                return found
        at += 4
    return "application/zip"


def _ole_type(head: bytes) -> str:
    for name, found in _OLE:
        if name.encode("utf-16-le") in head:
            return found
    return "application/x-ole-storage"


def _bitmap_type(head: bytes) -> str | None:
    return "image/bmp" if head[6:10] == b"\0\0\0\0" else None


def _program_type(head: bytes) -> str | None:
    return "application/vnd.microsoft.portable-executable" if b"\0" in head[:64] else None


_FAMILIES: tuple[tuple[bytes, Callable[[bytes], str | None]], ...] = (
    (b"RIFF", lambda head: _RIFF.get(head[8:12])),
    (b"FORM", lambda head: "audio/aiff" if head[8:12] in (b"AIFF", b"AIFC") else None),
    (b"PK\x03\x04", _zip_type),
    (
        b"\x1aE\xdf\xa3",
        lambda head: "video/x-matroska" if b"matroska" in head[:64] else "video/webm",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _ole_type),
    (b"BM", _bitmap_type),
    (b"MZ", _program_type),
)
"""Signatures of containers, each with what tells their kind."""


def text_type(head: bytes) -> str | None:
    """`text/plain` or a relative of it where the first bytes of a file are text; None elsewhere."""
    if not head or any(byte in _CONTROLS for byte in head):
        return "text/plain" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else None
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character that is cut in two is no damage
            return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "image/svg+xml"
    return "text/xml" if start.startswith(b"<?xml") else "text/plain"
