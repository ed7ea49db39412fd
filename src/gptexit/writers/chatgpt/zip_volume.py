"""One ZIP of the output: complete in itself, with the assets and tables of its conversations."""

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
from gptexit.writers.chatgpt.classic import complete
from gptexit.writers.chatgpt.for_librechat import looked_up

CLASSIC, TODAY, LIBRECHAT = "classic", "2026", "librechat"


@dataclass(frozen=True, slots=True)
class Form:
    """What one layout does."""

    member: Callable[[int], str]
    """The name of a file with conversations, by its number."""
    shard: int | None
    """Conversations in one of them; None for any number."""
    asset: Callable[[Asset, str], str]
    """The name of an asset's file, from the asset and its name in the source."""
    fit: Callable[[Raw], Counter[NotKept]]
    """Makes a raw conversation what this layout has; what had to be replaced for it."""


def _as_it_is(raw: Raw) -> Counter[NotKept]:
    return Counter()


_PLAIN_ID = re.compile(r"file[-_][A-Za-z0-9_]{1,80}")


def _named(asset: Asset, member: str) -> str:
    """`<id>-<name>`; a file that has an old name keeps it."""
    if not (member.endswith(".dat") and _PLAIN_ID.fullmatch(asset["id"])):
        return _safe(member)
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name.removesuffix(ending) if name.endswith(ending) else posixpath.splitext(name)[0]
    return _safe(f"{asset['id']}-{stem[:80] or 'file'}{ending}")


def _numbered(asset: Asset, member: str) -> str:
    """`<id>.dat`; pages of a document, which have no such name, keep theirs."""
    return f"{asset['id']}.dat" if _PLAIN_ID.fullmatch(asset["id"]) else _safe(member)


_PAGE = re.compile(r"file[-_][A-Za-z0-9_]{1,80}#p_[0-9]{1,6}")


def _pointed(asset: Asset, member: str) -> str:
    """`<id>.dat`, for pages of a document too: LibreChat looks for what the pointer says."""
    return f"{asset['id']}.dat" if _PAGE.fullmatch(asset["id"]) else _numbered(asset, member)


def _safe(name: str) -> str:
    """A member's name with which no program that unpacks it leaves its folder."""
    parts = name.replace("\\", "/").split("/")
    parts = [str(sanitize_filename(part, platform="universal")) for part in parts]
    return "/".join(part for part in parts if part.strip(".")) or "file"


def _shard(number: int) -> str:
    return f"conversations-{number:03}.json"


FORMS = {
    CLASSIC: Form(lambda number: "conversations.json", None, _named, complete),
    TODAY: Form(_shard, 100, _numbered, _as_it_is),
    LIBRECHAT: Form(_shard, 100, _pointed, looked_up),
}
"""By name; a person chooses the first two, the third comes with `--fit librechat`."""


GB, GIB, MIB = 10**9, 1 << 30, 1 << 20


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """All sizes in bytes, unpacked: what a ZIP takes packed is less."""

    size: int
    """Of everything in one ZIP."""
    member: int
    """Of one file in it."""
    members: int
    """How many files it may hold."""


USUAL = SizeLimits(5 * GB, 4 * GIB, 1_000_000)
"""Gemini takes ZIPs of up to 5 GB (its help page on importing chats, March 2026)."""
FITS = {"librechat": SizeLimits(1 * GIB, 256 * MIB, 20_000)}
"""By program. LibreChat: 1 GiB an upload, 256 MiB a file, 4 GiB and 20,000 files in all
(`archive.ts` and `utils/import.ts` of its `packages/api/src/`, 2026).
What is below 1 GiB unpacked is so packed too."""

MARGIN = 0.98
"""What is left of a limit for the ZIP's own headers and the small tables in it."""
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": GB, "kib": 1 << 10, "mib": MIB, "gib": GIB}
_SIZE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([a-zA-Z]*)\s*")


def size_of(words: str) -> int:
    """Bytes of a size such as `5GB`, `800 MiB`. Raises ValueError."""
    found = _SIZE.fullmatch(words)
    unit = _UNITS.get(found[2].lower()) if found else None
    if not found or unit is None or float(found[1]) * unit < MIB:
        raise ValueError(f"{words!r} is no size of at least 1 MiB; give one such as 5GB or 800MiB")
    return int(float(found[1]) * unit)


MANIFEST = "export_manifest.json"
FEEDBACK = "message_feedback.json"
_TABLES = {LIBRARY, NAMES, FEEDBACK, MANIFEST}
_RATINGS = {"up": "thumbs_up", "down": "thumbs_down"}


class _Array:
    """A JSON array that is written item by item."""

    opening, closing = b"[", b"]"

    def __init__(self, path: str, key: str) -> None:
        self.path = path
        self.key = key
        self.count = 0
        self.size = 0

    def add(self, data: bytes) -> File:
        """What has to be written for one more item."""
        return self._file((b", " if self.count else self.opening) + data, 1)

    def end(self) -> File:
        """The end of it."""
        return self._file(b"" if self.count else self.opening, 0, self.closing)

    def _file(self, data: bytes, items: int, closing: bytes = b"") -> File:
        self.count += items
        self.size += len(data) + len(closing)
        return File(self.path, data + closing, self.key, append=True, last=bool(closing))


class _Object(_Array):
    """A JSON object that is written pair by pair."""

    opening, closing = b"{", b"}"


class ZipVolume:
    """A ZIP that grows. What has to be written comes out of its methods, as files and copies."""

    def __init__(self, archive: str, form: str, limits: SizeLimits) -> None:
        """`archive`: its path."""
        self._archive = archive
        self._form = FORMS[form]
        self._limits = limits
        self._shard = self._begun(0)
        self._shards = 1
        self._library = _Array(f"{archive}/{LIBRARY}", archive)
        self._names = _Object(f"{archive}/{NAMES}", archive)
        self._feedback = _Array(f"{archive}/{FEEDBACK}", archive)
        self._manifest = None if form == CLASSIC else _Manifest(f"{archive}/{MANIFEST}", archive)
        self._taken: dict[str, str] = {}
        """Assets by id, with the names of their members."""
        self._members: set[str] = set()
        self._size = 0

    def _begun(self, number: int) -> _Array:
        return _Array(f"{self._archive}/{self._form.member(number)}", self._archive)

    @property
    def is_empty(self) -> bool:
        """Whether no conversation is in it yet."""
        return self._shards == 1 and not self._shard.count

    def takes(self, data: bytes, assets: list[Asset]) -> bool:
        """Whether there is room for a conversation with its assets."""
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
        self, data: bytes, conversation: Conversation, assets: list[Asset]
    ) -> tuple[list[File], list[Copy]]:
        """Take in a conversation: `data` is its JSON, `assets` are those whose bytes are there."""
        files = []
        full = self._form.shard is not None and (
            self._shard.count >= self._form.shard
            or self._shard.size + len(data) > self._limits.member * MARGIN
        )
        if full and self._shard.count:
            files += self._end_of_shard()
            self._shard = self._begun(self._shards)
            self._shards += 1
        files.append(self._shard.add(data))
        self._size += len(data)
        copies = [copy for asset in assets if (copy := self._copy(asset, files))]
        files += self._rows(data, conversation)
        return files, copies

    def add_other(self, asset: Asset) -> Copy | None:
        """Take in a file that no conversation mentions; None where there is no room."""
        member = asset["member"]
        if member is None or not self.takes(b"", [asset]):
            return None
        name = self._free(self._form.asset(asset, member))
        self._size += asset["size"] or 0
        return Copy(f"{self._archive}/{name}", f"{self._archive}/member/{member}", member)

    def _free(self, name: str) -> str:
        """A name that no other member has, on any system."""
        free, number = name, 2
        while free.casefold() in self._members or _is_taken(free):
            folder, slash, base = name.rpartition("/")
            free = f"{folder}{slash}{number}-{base}"
            number += 1
        self._members.add(free.casefold())
        return free

    def _copy(self, asset: Asset, files: list[File]) -> Copy | None:
        member = asset["member"]
        if member is None or asset["id"] in self._taken:
            return None
        name = self._free(self._form.asset(asset, member))
        self._taken[asset["id"]] = name
        self._size += asset["size"] or 0
        if asset["name"] and self._manifest:
            files.append(self._names.add(_pair(name.rpartition("/")[2], asset["name"])))
        if self._manifest:
            files.append(self._manifest.add_file(name, asset["size"] or 0))
        return Copy(f"{self._archive}/{name}", f"{self._archive}/{asset['id']}", member)

    def _rows(self, data: bytes, conversation: Conversation) -> list[File]:
        """What the tables say of a conversation's assets and ratings.

        An asset that the conversation itself does not name is told by the library to be its own.
        Where its place was guessed, the library says no more than was known: a guess that is
        written as a fact is one to the next reader.
        """
        files = []
        shown: dict[str, tuple[str | None, str | None]] = {}
        for message in conversation["messages"]:
            for part in message["parts"]:
                if "asset" in part:
                    shown.setdefault(part["asset"], _place(message, part))  # type: ignore[typeddict-item]
            if message["feedback"] in _RATINGS:
                row = _rating(message["id"], conversation["id"], _RATINGS[message["feedback"]])
                files.append(self._feedback.add(dumps(row)))
        for asset in conversation["assets"]:
            if asset["id"].startswith("sandbox:"):
                continue
            named = asset["id"].partition("#")[0].encode("utf-8", "replace") in data
            if named and asset["missing"]:
                continue  # it says all that is known of it
            thread = None if named else conversation["id"]
            row_data = dumps(_row(asset, thread, *shown.get(asset["id"], (None, None))))
            self._size += len(row_data)
            files.append(self._library.add(row_data))
        return files

    def _end_of_shard(self) -> list[File]:
        end = self._shard.end()
        name = end.path.removeprefix(f"{self._archive}/")
        if not self._manifest:
            return [end]
        return [end, self._manifest.add_file(name, self._shard.size)]

    def end(self) -> list[File]:
        """Whatever is left to be written."""
        files = self._end_of_shard()
        for table in (self._library, self._names, self._feedback):
            if table.count:
                files.append(table.end())
                if self._manifest:
                    name = table.path.removeprefix(f"{self._archive}/")
                    files.append(self._manifest.add_file(name, table.size))
        if self._manifest:
            files.append(self._manifest.end())
        return [*files, File(self._archive, b"", self._archive, append=True, last=True)]


class _Manifest(_Array):
    """`export_manifest.json`: which files belong to the export."""

    opening = b'{"version": 1, "manifest_file": "export_manifest.json", "export_files": ['
    closing = b'], "logical_files": {}}'

    def add_file(self, name: str, size: int) -> File:
        return self.add(dumps({"path": name, "size_bytes": size}))


def _is_taken(name: str) -> bool:
    """Whether a ZIP has, or may come to have, a table or conversations of that name."""
    return name.casefold() in _TABLES or CONVERSATIONS.search(name) is not None


def _pair(key: str, value: str) -> bytes:
    return dumps(key) + b": " + dumps(value)


def _place(message: Message, part: Part) -> tuple[str | None, str | None]:
    """Return what is known of where a file stood: the message's id, or the time that led to it."""
    placed = part.get("placed")
    if placed is None:
        return message["id"], None
    return None, message["created"] if placed == "time" else None


def _row(asset: Asset, thread: str | None, message: str | None, made: str | None) -> dict[str, Any]:
    return {
        "id": {"id": f"libfile_{asset['id']}"},
        "file_id": asset["id"],
        "file_name": asset["name"],
        "mime_type": asset["media_type"],
        "file_size_bytes": asset["size"],
        "sha256_digest": asset["sha256"],
        "origination_thread_id": thread,
        "origination_message_id": message if thread else None,
        "created_at": made if thread else None,
    }


def _rating(message: str, conversation: str, rating: str) -> dict[str, Any]:
    return {
        "id": message,
        "conversation_id": conversation,
        "rating": rating,
        "content": "{}",
    }
