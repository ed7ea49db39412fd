"""Find notes and assets of an archive that the user moved or renamed.

A note is known by the `id` in its front matter, an asset by its bytes. The folder is searched only
if a file is not at its place, and then once. Links are not followed; hidden folders are left out,
Obsidian's `.trash` among them, and so is an archive within the archive.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

from gptexit.archive.archive import Archive
from gptexit.archive.manifest import Catalog
from gptexit.files.disk import HOUSE, digest_at, leads_out, open_plain
from gptexit.text.front_matter import LONGEST, identity

_HEAD = 4096
"""Bytes of a note that are read at first."""
_CONVERSATION, _ASSETS = "conversation/", ("asset/", "member/")

_File = tuple[str, str, str, int, str | None]
"""Key, path, SHA-256, size and time by the manifest."""


def follow(archive: Archive) -> None:
    """Give the files that the user moved their present paths in the catalog of an archive.

    Of several files with one id, one with the bytes that were written is taken, else one with the
    name of the note, else the first by path; the others are the user's.
    """
    root, catalog = str(archive.root), archive.catalog
    exists = _looker(root)
    gone = [
        file
        for file in catalog.files()
        if _may_move(file) and (not exists(file[1]) or _is_displaced(file, root, catalog))
    ]
    was = {key: path for key, path, *_ in gone}
    places: dict[str, str] = {}
    while gone:
        moved, displaced = _found(root, catalog, gone)
        places |= moved
        # The user gave a note the name of another one, which is somewhere else.
        gone = [file for file in catalog.files() if file[0] in displaced - was.keys()]
        was |= {key: path for key, path, *_ in gone}
    catalog.move(places)
    for key, path in places.items():
        first, _ = archive.moved.get(key, (was[key], ""))
        archive.moved[key] = (first, path)


def _may_move(file: _File) -> bool:
    return bool(_id_of(file[0])) or file[0].startswith(_ASSETS)


def _id_of(key: str) -> str:
    """Return the id of the conversation that a note is of, or a text beside a note."""
    return key.partition(_CONVERSATION)[2]


def _is_displaced(file: _File, root: str, catalog: Catalog) -> bool:
    """Tell whether the note of another conversation is in the place of a note."""
    key, path, _, size, time = file
    own_id, place = _id_of(key), f"{root}/{path}"
    status = os.lstat(place)
    if not own_id or (status.st_size == size and str(status.st_mtime_ns) == time):
        return False
    now = _id_at(place)
    return now not in (None, own_id) and catalog.get(f"{_CONVERSATION}{now}") is not None


def _looker(root: str) -> Callable[[str], bool]:
    """Return a function that tells whether a file is at its path, with exactly that name.

    A disk on which `a.md` and `A.md` are one file tells of a change of case in its lists alone.
    """

    @lru_cache(maxsize=8)
    def names(folder: str) -> frozenset[str]:
        try:
            return frozenset(_plain(path.name) for path in Path(folder).iterdir())
        except OSError:
            return frozenset()

    def exists(path: str) -> bool:
        steps = path.split("/")
        folders = ("/".join([root, *steps[:end]]) for end in range(len(steps)))
        return os.path.lexists(f"{root}/{path}") and all(
            _plain(step) in names(folder) for step, folder in zip(steps, folders, strict=True)
        )

    return exists


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _found(root: str, catalog: Catalog, gone: list[_File]) -> tuple[dict[str, str], set[str]]:
    """Search for files. Return the path of each key that was found, and keys that lost theirs."""
    notes, assets = defaultdict[str, list[_File]](list), defaultdict[int, list[_File]](list)
    for file in gone:
        if own_id := _id_of(file[0]):
            notes[own_id].append(file)
        else:
            assets[file[3]].append(file)
    candidates = defaultdict[str, list[str]](list)
    keys = {file[0] for file in gone}
    places: dict[str, str] = {}
    for path, size in _files(root):
        holder = catalog.at(path)
        if path.lower().endswith(".md") and notes:
            own_id = _id_at(f"{root}/{path}") or ""
            if own_id in notes and _is_free(path, own_id, holder, keys):
                candidates[own_id].append(path)
                continue
        if size in assets and "/" in path and (holder is None or holder[0] in keys):
            digest = digest_at(f"{root}/{path}")
            for file in assets[size]:
                if file[2] == digest and file[0] not in places:
                    places[file[0]] = path
                    break
    for own_id, paths in candidates.items():
        places |= _chosen(root, notes[own_id], sorted(paths))
    holders = [(catalog.at(path), path) for path in places.values()]
    return places, {holder[0] for holder, path in holders if holder and holder[1] == path} - keys


def _is_free(path: str, own_id: str, holder: tuple[str, str] | None, gone: set[str]) -> bool:
    """Tell whether a note may have been moved to a path, by what the catalog has there."""
    if holder is None or holder[0] in gone:
        return True
    other = _id_of(holder[0])
    return holder[1] == path and other not in ("", own_id)


def _chosen(root: str, files: list[_File], paths: list[str]) -> dict[str, str]:
    """Give the notes of one conversation, and the texts beside them, the paths of its files."""
    digests = {path: digest_at(f"{root}/{path}") for path in paths}
    ways: tuple[Callable[[_File, str], bool], ...] = (
        lambda file, path: digests[path] == file[2],
        lambda file, path: PurePosixPath(path).name == PurePosixPath(file[1]).name,
        lambda file, path: file[0].startswith(_CONVERSATION),
    )
    places: dict[str, str] = {}
    for way in ways:
        for file in files:
            free = (path for path in paths if path not in places.values() and way(file, path))
            if file[0] not in places and (path := next(free, None)):
                places[file[0]] = path
    return places


def _files(root: str) -> Iterator[tuple[str, int]]:
    """Yield path and size of each plain file that the user may have moved to its place."""
    folders = [""]
    while folders:
        above = folders.pop()
        entries: list[os.DirEntry[str]] = []
        with suppress(OSError), os.scandir(f"{root}/{above}") as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        for entry in entries:
            path = above + entry.name
            if entry.name.startswith(".") or leads_out(path):
                continue
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    if not os.path.lexists(f"{entry.path}/{HOUSE}"):
                        folders.append(f"{path}/")
                elif entry.is_file(follow_symlinks=False):
                    yield path, entry.stat(follow_symlinks=False).st_size


def _id_at(path: str) -> str | None:
    """Return the id in the front matter of a file, of which a bounded part is read."""
    with suppress(OSError), open_plain(path) as stream:
        data = stream.read(_HEAD)
        if b"\n---" not in data and data.lstrip(b"\xef\xbb\xbf").startswith(b"---"):
            data += stream.read(LONGEST - _HEAD)
        return identity(data)
    return None
