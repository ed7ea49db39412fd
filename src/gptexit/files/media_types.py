"""Media types: the file name endings that go with them, and the first bytes of files.

A table of our own and not the `mimetypes` module: that one reads the machine's registry, and an
archive must come out the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TABLE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".heic": "image/heic",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".tiff": "image/tiff",
    ".wav": "audio/wav audio/x-wav audio/wave",
    ".mp3": "audio/mpeg audio/mp3",
    ".m4a": "audio/mp4 audio/m4a audio/x-m4a",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".webm": "audio/webm video/webm",
    ".flac": "audio/flac",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".ico": "image/x-icon",
    ".psd": "image/vnd.adobe.photoshop",
    ".jp2": "image/jp2",
    ".jxl": "image/jxl",
    ".aiff": "audio/aiff",
    ".amr": "audio/amr",
    ".mid": "audio/midi",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".tar": "application/x-tar",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".zst": "application/zstd",
    ".sqlite": "application/vnd.sqlite3",
    ".parquet": "application/vnd.apache.parquet",
    ".exe": "application/vnd.microsoft.portable-executable",
    ".wasm": "application/wasm",
    ".ole": "application/x-ole-storage",
    ".ps": "application/postscript",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".json": "application/json",
    ".xml": "application/xml text/xml",
    ".rtf": "application/rtf",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".epub": "application/epub+zip",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
    ".css": "text/css",
    ".csv": "text/csv",
    ".js": "text/javascript",
    ".py": "text/x-python text/x-script.python",
    ".ts": "text/x-typescript",
}
"""Media types by ending, the usual one first."""
ENDINGS = {media_type: ending for ending, types in _TABLE.items() for media_type in types.split()}
MEDIA_TYPES = {ending: types.split()[0] for ending, types in _TABLE.items()}

_PACKED = {".gz", ".bz2", ".xz", ".zst", ".lz", ".lzma", ".br", ".z"}
_DOUBLE = {".d.ts", ".min.js", ".min.css", ".user.js"}
"""Endings of two parts, beside those of packed files such as `.tar.gz`."""
_LONGEST = 12
_NO_ENDING = {"", ".", ".dat", ".bin", ".tmp"}


def ending_of(name: str | None, media_type: str | None) -> str:
    """Return the ending for a file: of its name (all of `.tar.gz`), else of its media type."""
    stem, own = _split(name or "")
    if own not in _NO_ENDING and _is_ending(own):
        before, inner = _split(stem)
        double = inner + own
        whole = before and _is_ending(inner) and not inner[1:].isdigit()
        if whole and (own in _PACKED or double in _DOUBLE):
            return double
        return own
    return ENDINGS.get((media_type or "").split(";")[0].strip().lower(), ".bin")


def _split(name: str) -> tuple[str, str]:
    """Return a name without its last ending, and that in lower case with its dot, or `""`."""
    stem, dot, tail = name.rpartition(".")
    return (stem, f".{tail.lower()}") if dot and stem else (name, "")


def _is_ending(ending: str) -> bool:
    return 1 < len(ending) <= _LONGEST and ending[1:].isalnum() and ending.isascii()


_SHOWN = ("image", "audio", "video")
KINDS = (*_SHOWN, "document", "other")
_DOCUMENT = re.compile(
    r"text/|application/(?:epub\+zip|json|msword|pdf|rtf|x-(?:ipynb|javascript|latex|python|sh|"
    r"tex|yaml)|xml|vnd\.(?:apple|ms-|oasis|openxmlformats))"
)
_CODE = (
    *(".ts", ".mts", ".cts", ".tsx", ".jsx", ".c", ".cc", ".cpp", ".cs", ".go", ".h", ".hpp"),
    *(".ini", ".ipynb", ".java", ".kt", ".log", ".lua", ".m", ".odp", ".ods", ".odt", ".php"),
    *(".pl", ".r", ".rb", ".rs", ".scala", ".sh", ".sql", ".swift", ".tex", ".toml", ".tsv"),
    *(".yaml", ".yml"),
)
"""Endings of texts whose media types vary; `.ts` is uploaded as `video/mp2t`."""


def kind(name: str | None, media_type: str | None, shown_as: str | None) -> str:
    """Return one of KINDS for a file, by its name and media type, else by `shown_as`."""
    ending = _split(name or "")[1]
    if ending in _CODE:
        return "document"
    for known in (media_type, MEDIA_TYPES.get(ending)):
        lower = (known or "").lower()
        family = lower.split("/", 1)[0]
        if family in _SHOWN:
            return family
        if _DOCUMENT.match(lower):
            return "document"
    return shown_as if shown_as in _SHOWN else "other"


HEAD = 4096
"""Bytes that are enough for every signature here."""

_SIGNATURES: dict[str, bytes | tuple[bytes, ...]] = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
    "image/vnd.adobe.photoshop": b"8BPS\x00\x01",
    "image/x-icon": b"\x00\x00\x01\x00",
    "image/jp2": b"\x00\x00\x00\x0cjP  ",
    "image/jxl": (b"\x00\x00\x00\x0cJXL ", b"\xff\x0a"),
    "application/pdf": b"%PDF-",
    "application/postscript": b"%!PS",
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    "audio/aac": (b"\xff\xf1", b"\xff\xf9"),
    "audio/ogg": b"OggS",
    "audio/flac": b"fLaC",
    "audio/amr": b"#!AMR",
    "audio/midi": b"MThd",
    "application/rtf": b"{\\rtf",
    "application/gzip": b"\x1f\x8b",
    "application/x-bzip2": b"BZh",
    "application/x-xz": b"\xfd7zXZ\x00",
    "application/zstd": b"\x28\xb5\x2f\xfd",
    "application/x-7z-compressed": b"7z\xbc\xaf\x27\x1c",
    "application/vnd.rar": b"Rar!\x1a\x07",
    "application/vnd.sqlite3": b"SQLite format 3\x00",
    "application/vnd.apache.parquet": b"PAR1",
    "application/wasm": b"\x00asm",
    "font/woff": b"wOFF",
    "font/woff2": b"wOF2",
    "font/otf": b"OTTO",
    "font/ttf": b"\x00\x01\x00\x00\x00",
}
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
"""Brands of the container that HEIC, MP4 and their relatives share (ISO 14496-12, `ftyp`)."""
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
    """Return the media type of a file by its first bytes, if they have a signature.

    An office document or EPUB takes some hundred bytes; with fewer it is `application/zip`.
    """
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    for signature, type_of in _FAMILIES:
        if head.startswith(signature):
            return type_of(head)
    for name, signatures in _SIGNATURES.items():
        if head.startswith(signatures):
            return name
    return "application/x-tar" if head[257:262] == b"ustar" else None


def _zip_type(head: bytes) -> str:
    if head[30:38] == b"mimetype":  # OpenDocument and EPUB begin with their media type, not packed
        own = head[38:200].split(b"PK", 1)[0]
        if own.isascii() and own.startswith(b"application/"):
            return own.decode()
    at = 0
    while (at := head.find(b"PK\x03\x04", at)) >= 0:
        name = head[at + 30 : at + 60]
        for folder, office_type in _MEMBERS:
            if name.startswith(folder):
                return office_type
        at += 4
    return "application/zip"


def _ole_type(head: bytes) -> str:
    names = ((name.encode("utf-16-le"), office_type) for name, office_type in _OLE)
    return next((kind for name, kind in names if name in head), "application/x-ole-storage")


_PROGRAM = "application/vnd.microsoft.portable-executable"
_FAMILIES: tuple[tuple[bytes, Callable[[bytes], str | None]], ...] = (
    (b"RIFF", lambda head: _RIFF.get(head[8:12])),
    (b"FORM", lambda head: "audio/aiff" if head[8:12] in (b"AIFF", b"AIFC") else None),
    (b"PK\x03\x04", _zip_type),
    (
        b"\x1aE\xdf\xa3",
        lambda head: "video/x-matroska" if b"matroska" in head[:64] else "video/webm",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _ole_type),
    (b"BM", lambda head: "image/bmp" if head[6:10] == b"\0\0\0\0" else None),
    (b"MZ", lambda head: _PROGRAM if b"\0" in head[:64] else None),
)
"""Signatures of containers, each with the function that finds out their kind."""


def text_type(head: bytes) -> str | None:
    """Return `text/plain` or a relative of it if the first bytes of a file are text."""
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
