"""Media types and the file name endings that go with them.

A table of our own and not the `mimetypes` module: that one reads the machine's registry, and an
archive must come out the same on every machine.
"""

from __future__ import annotations

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
    "application/pdf": ".pdf",
    "application/zip": ".zip",
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

_NO_ENDING = {"", ".", ".dat", ".bin", ".tmp"}


def ending_of(name: str | None, media_type: str | None) -> str:
    """The ending that a file should have: its name's own, else the one of its media type."""
    stem, dot, tail = (name or "").rpartition(".")
    own = f".{tail.lower()}" if dot and stem else ""
    if own not in _NO_ENDING and len(own) <= 12 and own[1:].isalnum() and own.isascii():
        return own
    return ENDINGS.get((media_type or "").split(";")[0].strip().lower(), ".bin")
