"""The kind of a file, for a person: image, audio, video, document or other."""

from __future__ import annotations

import re

from gptexit.files.media_types import MEDIA_TYPES

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
