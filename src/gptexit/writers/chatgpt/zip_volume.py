"""One ZIP of the output, complete in itself: conversations, their assets and their tables."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pathvalidate import sanitize_filename

from gptexit.archive.files import Copy, File
from gptexit.chatgpt.names import CONVERSATIONS, LIBRARY, NAMES
from gptexit.codes import NotKept
from gptexit.files.media_types import ending_of
from gptexit.model import Asset, Conversation, Message, Part, Raw
from gptexit.text.json import dumps
from gptexit.writers.chatgpt import LAYOUTS
from gptexit.writers.chatgpt.importable import complete, for_librechat

CLASSIC, TODAY = LAYOUTS
LIBRECHAT = "librechat"


@dataclass(frozen=True, slots=True)
class Form:
    """One layout of an export."""

    member: Callable[[int], str]
    """Returns the name of a file with conversations, by its number."""
    shard: int | None
    """The conversations in one such file; None for any number."""
    asset: Callable[[Asset, str], str]
    """Returns the name of an asset's file. Takes the asset and its name in the source."""
    fit: Callable[[Raw], Counter[NotKept]]
    """Changes a raw conversation to this layout. Returns the number of values replaced."""


_PLAIN_ID = re.compile(r"file[-_][A-Za-z0-9_]{1,80}")


def _named(asset: Asset, member: str) -> str:
    """Return `<id>-<name>`; a file that has an old name keeps it."""
    if not (member.endswith(".dat") and _PLAIN_ID.fullmatch(asset["id"])):
        return _safe(member)
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name.removesuffix(ending) if name.endswith(ending) else posixpath.splitext(name)[0]
    return _safe(f"{asset['id']}-{stem[:80] or 'file'}{ending}")


def _numbered(asset: Asset, member: str) -> str:
    """Return `<id>.dat`; pages of a document, which have no such name, keep theirs."""
    return f"{asset['id']}.dat" if _PLAIN_ID.fullmatch(asset["id"]) else _safe(member)


_PAGE = re.compile(r"file[-_][A-Za-z0-9_]{1,80}#p_[0-9]{1,6}")


def _pointed(asset: Asset, member: str) -> str:
    """Return `<id>.dat` for pages of a document too: LibreChat looks for the pointer's name."""
    return f"{asset['id']}.dat" if _PAGE.fullmatch(asset["id"]) else _numbered(asset, member)


def _safe(name: str) -> str:
    """Make a name safe for a ZIP: whoever unpacks it gets no file outside of the target folder."""
    parts = name.replace("\\", "/").split("/")
    parts = [str(sanitize_filename(part, platform="universal")) for part in parts]
    return "/".join(part for part in parts if part.strip(".")) or "file"


_SHARD = "conversations-{:03}.json".format
FORMS = {
    CLASSIC: Form(lambda number: "conversations.json", None, _named, complete),
    TODAY: Form(_SHARD, 100, _numbered, lambda raw: Counter()),
    LIBRECHAT: Form(_SHARD, 100, _pointed, for_librechat),
}
"""By name. A user chooses the first two; the third comes with `--fit librechat`."""


GB, GIB, MIB = 10**9, 1 << 30, 1 << 20


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The limits of one ZIP; sizes are bytes of unpacked data."""

    size: int
    """Of all files together."""
    member: int
    """Of one file."""
    members: int
    """Number of files."""


USUAL = SizeLimits(5 * GB, 4 * GIB, 1_000_000)
"""Gemini takes ZIPs of up to 5 GB (its help page on importing chats, March 2026)."""
FITS = {"librechat": SizeLimits(1 * GIB, 256 * MIB, 20_000)}
"""By program. LibreChat: 1 GiB an upload, 256 MiB a file, 4 GiB and 20,000 files in all
(`archive.ts` and `utils/import.ts` of its `packages/api/src/`, 2026). Below 1 GiB unpacked, a ZIP
is below it packed."""

MARGIN = 0.98
"""The part of a limit that is used; the rest is for the ZIP's headers and small tables."""
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": GB, "kib": 1 << 10, "mib": MIB, "gib": GIB}
_SIZE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([a-zA-Z]*)\s*")


def size_of(words: str) -> int:
    """Return the bytes of a size such as `5GB` or `800 MiB`. Raise ValueError for other words."""
    match = _SIZE.fullmatch(words)
    size = float(match[1]) * _UNITS.get(match[2].lower(), 0) if match else 0
    if size < MIB:
        raise ValueError(
            f"{words!r} is not a size of 1 MiB or more; give one such as 5GB or 800MiB"
        )
    return int(size)


MANIFEST = "export_manifest.json"
FEEDBACK = "message_feedback.json"
_TABLES = {LIBRARY, NAMES, FEEDBACK, MANIFEST}
_MANIFEST = (
    b'{"version": 1, "manifest_file": "export_manifest.json", "export_files": [',
    b'], "logical_files": {}}',
)
"""The beginning and the end of the file that lists the files of the export."""
_RATINGS = {"up": "thumbs_up", "down": "thumbs_down"}


class _Array:
    """A file in the ZIP with a JSON array, or an object, that is written item by item."""

    def __init__(
        self, archive: str, name: str, opening: bytes = b"[", closing: bytes = b"]"
    ) -> None:
        self.name = name
        self.count = 0
        self.size = 0
        self._archive = archive
        self._opening = opening
        self._closing = closing

    def add(self, data: bytes) -> File:
        """Write one more item."""
        data = (b", " if self.count else self._opening) + data
        self.count += 1
        return self._file(data)

    def end(self) -> File:
        """Write the end of the file."""
        return self._file((b"" if self.count else self._opening) + self._closing, last=True)

    def _file(self, data: bytes, *, last: bool = False) -> File:
        self.size += len(data)
        path = f"{self._archive}/{self.name}"
        return File(path, data, self._archive, append=True, last=last)


class ZipVolume:
    """A ZIP that grows. Its methods return the files and copies that are to be written."""

    def __init__(self, archive: str, form: str, limits: SizeLimits) -> None:
        """`archive`: the path of the ZIP."""
        self._archive = archive
        self._form = FORMS[form]
        self._limits = limits
        self._shard = self._begun(0)
        self._shards = 1
        self._library = _Array(archive, LIBRARY)
        self._names = _Array(archive, NAMES, b"{", b"}")
        self._feedback = _Array(archive, FEEDBACK)
        self._manifest = None if form == CLASSIC else _Array(archive, MANIFEST, *_MANIFEST)
        self._taken: set[str] = set()
        """The ids of the assets."""
        self._members: set[str] = set()
        """The names of the members, folded."""
        self._size = 0

    def _begun(self, number: int) -> _Array:
        return _Array(self._archive, self._form.member(number))

    @property
    def is_empty(self) -> bool:
        """True if no conversation is in the ZIP yet."""
        return self._shards == 1 and not self._shard.count

    def takes(self, data: bytes, assets: list[Asset]) -> bool:
        """Tell whether there is room for a conversation with its assets."""
        new = [asset for asset in assets if asset["id"] not in self._taken]
        size = self._size + len(data) + sum(asset["size"] or 0 for asset in new)
        files = len(self._members) + len(new) + self._shards + 8
        whole = self._form.shard is not None or (
            self._shard.size + len(data) <= self._limits.member * MARGIN
        )
        return (
            whole and size <= self._limits.size * MARGIN and files <= self._limits.members * MARGIN
        )

    def add(
        self, data: bytes, assets: list[Asset], feedback: list[bytes], library: list[bytes]
    ) -> tuple[list[File], list[Copy]]:
        """Add a conversation: its JSON, its assets with bytes, and the rows that `rows_of` made."""
        files = []
        full = self._form.shard is not None and (
            self._shard.count >= self._form.shard
            or self._shard.size + len(data) > self._limits.member * MARGIN
        )
        if full and self._shard.count:
            files += self._end_of(self._shard)
            self._shard = self._begun(self._shards)
            self._shards += 1
        files.append(self._shard.add(data))
        self._size += len(data)
        copies = [copy for asset in assets if (copy := self._copy(asset, files))]
        files += self._rows(feedback, library)
        return files, copies

    def add_other(self, asset: Asset) -> Copy | None:
        """Add a file that no conversation mentions. Return None if there is no room."""
        member = asset["member"]
        if member is None or not self.takes(b"", [asset]):
            return None
        return self._copied(asset, member, f"member/{member}")[1]

    def _copied(self, asset: Asset, member: str, key: str) -> tuple[str, Copy]:
        name = self._free(self._form.asset(asset, member))
        self._size += asset["size"] or 0
        return name, Copy(f"{self._archive}/{name}", f"{self._archive}/{key}", member)

    def _free(self, name: str) -> str:
        """Return a name that no other member has, on any system."""
        free, number = name, 2
        # A table or conversations of that name may come later.
        while any(free.casefold() in names for names in (self._members, _TABLES)) or (
            CONVERSATIONS.search(free)
        ):
            folder, slash, base = name.rpartition("/")
            free = f"{folder}{slash}{number}-{base}"
            number += 1
        self._members.add(free.casefold())
        return free

    def _copy(self, asset: Asset, files: list[File]) -> Copy | None:
        member = asset["member"]
        if member is None or asset["id"] in self._taken:
            return None
        self._taken.add(asset["id"])
        name, copy = self._copied(asset, member, asset["id"])
        if asset["name"] and self._manifest:
            pair = dumps(name.rpartition("/")[2]) + b": " + dumps(asset["name"])
            files.append(self._names.add(pair))
        files += self._listed(name, asset["size"] or 0)
        return copy

    def _listed(self, name: str, size: int) -> list[File]:
        """Add a file to the manifest, if the layout has one."""
        row = dumps({"path": name, "size_bytes": size})
        return [self._manifest.add(row)] if self._manifest else []

    def _rows(self, feedback: list[bytes], library: list[bytes]) -> list[File]:
        """Add rows to the tables."""
        self._size += sum(map(len, library))
        return [*map(self._feedback.add, feedback), *map(self._library.add, library)]

    def _end_of(self, array: _Array) -> list[File]:
        return [array.end(), *self._listed(array.name, array.size)]

    def end(self) -> list[File]:
        """End all files of the ZIP, and the ZIP."""
        files = self._end_of(self._shard)
        for table in (self._library, self._names, self._feedback):
            if table.count:
                files += self._end_of(table)
        if self._manifest:
            files.append(self._manifest.end())
        return [*files, File(self._archive, b"", self._archive, append=True, last=True)]


def rows_of(data: bytes, conversation: Conversation) -> tuple[list[bytes], list[bytes]]:
    """Return a conversation's rows in the tables of ratings and of assets. `data`: its JSON.

    The library links an asset to the conversation if the conversation itself does not name it.
    If the message was guessed, the library does not name it: the next reader would take the
    guess for a fact.
    """
    feedback = []
    shown: dict[str, tuple[str | None, str | None]] = {}
    for message in conversation["messages"]:
        for part in message["parts"]:
            if "asset" in part:
                shown.setdefault(part["asset"], _place(message, part))  # type: ignore[typeddict-item]
        if message["feedback"] in _RATINGS:
            rating = {
                "id": message["id"],
                "conversation_id": conversation["id"],
                "rating": _RATINGS[message["feedback"]],
                "content": "{}",
            }
            feedback.append(dumps(rating))
    library = []
    for asset in conversation["assets"]:
        if asset["id"].startswith("sandbox:"):
            continue
        named = asset["id"].partition("#")[0].encode("utf-8", "replace") in data
        if named and asset["missing"]:
            continue  # the conversation has all that is known of the file
        thread = None if named else conversation["id"]
        library.append(dumps(_row(asset, thread, *shown.get(asset["id"], (None, None)))))
    return feedback, library


def _place(message: Message, part: Part) -> tuple[str | None, str | None]:
    """Return the id of the message that shows a file, or the time by which it was placed."""
    placed = part.get("placed")
    if placed is None:
        return message["id"], None
    return None, message["created"] if placed == "time" else None


def _row(
    asset: Asset, thread: str | None, message: str | None, created: str | None
) -> dict[str, Any]:
    return {
        "id": {"id": f"libfile_{asset['id']}"},
        "file_id": asset["id"],
        "file_name": asset["name"],
        "mime_type": asset["media_type"],
        "file_size_bytes": asset["size"],
        "sha256_digest": asset["sha256"],
        "origination_thread_id": thread,
        "origination_message_id": message if thread else None,
        "created_at": created if thread else None,
    }
