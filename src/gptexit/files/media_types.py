"""Media types and the file name endings that go with them.

A table of our own and not the `mimetypes` module: that one reads the machine's registry, and an
archive must come out the same on every machine.
"""

from __future__ import annotations

import re

ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/wave": ".wav",
    "audio/mpeg": ".mp3",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/m4a": ".m4a",
    "audio/x-m4a": ".m4a",
    "audio/aac": ".aac",
    "audio/ogg": ".ogg",
    "audio/webm": ".webm",
    "audio/flac": ".flac",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
    "image/x-icon": ".ico",
    "image/vnd.adobe.photoshop": ".psd",
    "image/jp2": ".jp2",
    "image/jxl": ".jxl",
    "audio/aiff": ".aiff",
    "audio/amr": ".amr",
    "audio/midi": ".mid",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/x-tar": ".tar",
    "application/x-7z-compressed": ".7z",
    "application/vnd.rar": ".rar",
    "application/x-bzip2": ".bz2",
    "application/x-xz": ".xz",
    "application/zstd": ".zst",
    "application/vnd.sqlite3": ".sqlite",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.microsoft.portable-executable": ".exe",
    "application/wasm": ".wasm",
    "application/x-ole-storage": ".ole",
    "application/postscript": ".ps",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "font/ttf": ".ttf",
    "font/otf": ".otf",
    "application/json": ".json",
    "application/xml": ".xml",
    "application/rtf": ".rtf",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/epub+zip": ".epub",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/html": ".html",
    "text/css": ".css",
    "text/csv": ".csv",
    "text/xml": ".xml",
    "text/javascript": ".js",
    "text/x-python": ".py",
    "text/x-script.python": ".py",
    "text/x-typescript": ".ts",
}
"""By media type."""

MEDIA_TYPES = {ending: media_type for media_type, ending in reversed(ENDINGS.items())}
"""By ending; the first media type of the table wins."""

_PACKED = {".gz", ".bz2", ".xz", ".zst", ".lz", ".lzma", ".br", ".z"}
_DOUBLE = {".d.ts", ".min.js", ".min.css", ".user.js"}
"""Endings of two parts, beside those of a packed file, which are its kind and how it is packed."""
_LONGEST = 12

_NO_ENDING = {"", ".", ".dat", ".bin", ".tmp"}


def ending_of(name: str | None, media_type: str | None) -> str:
    """The ending that a file should have: its name's own, else the one of its media type.

    Both parts of a double ending such as `.tar.gz`.
    """
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
    """A name and its last ending in lower case, with its dot; `""` where it has none."""
    stem, dot, tail = name.rpartition(".")
    return (stem, f".{tail.lower()}") if dot and stem else (name, "")


def _is_ending(ending: str) -> bool:
    return 1 < len(ending) <= _LONGEST and ending[1:].isalnum() and ending.isascii()


KINDS = ("image", "audio", "video", "document", "other")

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
    """One of KINDS, by whatever is known of a file."""
    ending = _ending(name)
    if ending in _CODE:
        return "document"
    for told in (media_type, MEDIA_TYPES.get(ending)):
        found = _by_type((told or "").lower())
        if found:
            return found
    return shown_as if shown_as in ("image", "audio", "video") else "other"


def _by_type(media_type: str) -> str | None:
    family = media_type.split("/", 1)[0]
    if family in ("image", "audio", "video"):
        return family
    return "document" if _DOCUMENT.match(media_type) else None


def _ending(name: str | None) -> str:
    stem, dot, tail = (name or "").rpartition(".")
    return f".{tail.lower()}" if stem and dot else ""
