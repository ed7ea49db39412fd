"""Assets as files of an archive: under their real names, each once."""

from __future__ import annotations

import posixpath

from gptexit.archive.catalog import Catalog, readable, short_mark
from gptexit.files.media_types import ending_of
from gptexit.model import Asset
from gptexit.writers.base import Copy


def copy_of(
    asset: Asset, member: str, folder: str, catalog: Catalog, key: str | None = None
) -> Copy:
    """The copy of an asset, named by its own name and, so that two of one name are two, its id.

    `key`: what the copy is in the catalog, where it is not the asset of a conversation.
    """
    key = key or f"asset/{asset['id']}"
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name[: -len(ending)] if name.lower().endswith(ending) else posixpath.splitext(name)[0]
    stem = stem or (asset["media_type"] or "file").partition("/")[0]
    words = readable(stem) or "file"
    return Copy(catalog.name(key, folder, words, short_mark(key), ending), key, member)
