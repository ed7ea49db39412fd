"""An archive as it was found, and what is known of each of its files."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import Any

from gptexit.archive.description import LISTED
from gptexit.text.front_matter import identity, parted
from gptexit.text.note_links import digest_of_body, target_of, with_targets
from gptexit.verification.index import Groups, Index, Table
from gptexit.verification.raw import object_of, objects

_PAGES = frozenset({"START-HERE.md", "index.md"})
"""Pages that hold nothing of the export: whoever changes one, or ticks its boxes, loses nothing."""
_COARSE = 2 * 10**9
"""Nanoseconds that a file's time may lose where it is copied to, as on a USB stick."""
_BESIDES = ("", *range(2, 10))
"""Numbers in the keys of the texts beside one note; the first has none."""


@dataclass(slots=True)
class CheckedArchive:
    """One folder that gptexit wrote."""

    root: Path
    format: str
    record: dict[str, Any]
    """Its `archive.json`; empty if that is gone."""
    only: str | None = None
    """The file of it that is verified, if it is only one."""
    index: Index = field(default_factory=Index)
    """Holds what follows, but for short lists."""
    names: list[str] = field(default_factory=list)
    """The names that it gives to projects and custom GPTs."""
    damage: list[tuple[str, str]] = field(default_factory=list)
    """File and sentence for each fault of its manifest and record."""
    promised: Table[str] = field(init=False)
    """Path to SHA-256, from the manifest."""
    keys: Table[str] = field(init=False)
    """Key of a file (`conversation/<id>`, `asset/<id>`) to its path."""
    shows: Table[str] = field(init=False)
    """Key of a file to the marks of the messages that it shows, if the manifest has them."""
    found: Table[str] = field(init=False)
    """Path to SHA-256 of each promised file that exists."""
    held: Groups[str] = field(init=False)
    """SHA-256 to the paths of the promised files that exist, once `list_found` was called."""
    named: Groups[str] = field(init=False)
    """Name to the present places of those files, once `list_found` was called."""
    unmarked: Table[str] = field(init=False)
    """Path of a text with redacted secrets to the SHA-256 of that file in the export."""
    about: Table[dict[str, str]] = field(init=False)
    """By path, what the manifest tells of a file beside its marks."""
    changed: Table[bool] = field(init=False)
    """The paths of the files that exist, and not as they were written."""
    times: Table[int] = field(init=False)
    """By path, when such a file was written, in nanoseconds."""
    moved: Table[str] = field(init=False)
    """By path, where a file is now that a person moved."""
    origin: Table[str] = field(init=False)
    """By the present place of a file that a person moved, its path in the manifest."""
    lists: dict[str, Any] = field(default_factory=dict)
    """The lists of a reader, in the index, so that those of other processes need not make them."""
    others: bool = False
    """True if it may hold something of an export that it is not compared with."""

    def __post_init__(self) -> None:
        """Make the tables."""
        for name in ("promised", "keys", "shows", "found", "unmarked", "about", "changed", "times"):
            setattr(self, name, Table(self.index))
        self.moved, self.origin = Table(self.index), Table(self.index)
        self.held, self.named = Groups(self.index), Groups(self.index)

    def list_found(self) -> None:
        """Make the lists of files by their bytes and by their names."""
        for path, digest in self.found.items():
            self.held.add(digest, path)
            place = self.moved.get(path, path)
            self.named.add(basename(place), place)

    def place(self, path: str) -> Path:
        """Return the place of a promised file on the disk."""
        return self.root / self.moved.get(path, path)

    def told(self, path: str, name: str) -> str:
        """Return what the manifest tells of a note under a name; "" if it does not."""
        return str(self.about.get(path, {}).get(name, ""))

    def is_persons(self, path: str) -> bool:
        """Tell whether a person changed a file, as far as can be told, and not a fault of a disk.

        Such a fault leaves the time of a file, or leaves nothing or zeros at its end. A note that a
        person copied back from elsewhere may have an older time. A person changes notes and pages
        alone: nobody has a reason to change data or a picture in an archive.
        """
        is_page = self.format == "html" and "conversation/" in self.told(path, "key")
        if not self.is_changed(path) or not (path.lower().endswith(".md") or is_page):
            return False
        later = self.place(path).stat().st_mtime_ns - self.times.get(path, 0)
        data = self.place(path).read_bytes()
        if later > 0:
            return bool(data.strip(b"\0"))
        return later <= -_COARSE and bool(data) and not data.endswith(b"\0")

    def is_accepted(self, path: str) -> bool:
        """Tell whether a person changed a file and said that it is theirs, and left it so."""
        return self.is_persons(path) and self.told(path, "accepted") == self.found[path]

    def lost_nothing(self, path: str) -> bool:
        """Tell whether a changed file has nothing less than was written, by the manifest alone.

        This is so for a page, and for a note whose text below the front matter is as it was.
        """
        if path in _PAGES:
            return True
        key = self.told(path, "key")
        besides = (self.keys.get(f"beside{number}/{key}", "") for number in _BESIDES)
        if any(self.found[path] == self.promised.get(beside) for beside in besides):
            return True  # the person put the new text in the place of the note
        data = self.place(path).read_bytes()
        own = identity(data) == key.partition("/")[2] or key.startswith("conversation/no-id-")
        body = with_targets(parted(data)[1], lambda target: self._written(path, target))
        return own and digest_of_body(body) == self.told(path, "body")

    def linked(self, note: str, target: str) -> str | None:
        """Return the promised path of the file of the archive that a link in a note leads to.

        As in Obsidian, a link may begin at the folder of the note or at that of the archive, or be
        the end of the path of one file alone. The links of a note that was moved lead from its
        earlier place until the next run. `note`: its promised path.
        """
        folders = dict.fromkeys([dirname(self.moved.get(note, note)), dirname(note), ""])
        for folder in folders:
            path = normpath(join(folder, target))
            path = self.origin.get(path, path)
            if path in self.found:
                return path
        places = self.named.get(basename(target)) or []
        same = [place for place in places if f"/{place}".endswith(f"/{target}")]
        return self.origin.get(same[0], same[0]) if len(same) == 1 else None

    def _written(self, note: str, target: str) -> str | None:
        """Return the target that a link had when a note was written; "?" if it leads nowhere now.

        Return None for a link that leads to no file of the archive, such as one in a message.
        """
        path = self.linked(note, target)
        if path is not None:
            return target_of(path)
        return "?" if basename(target) in self.named else None

    def is_resolved(self, path: str, whole: Container[str] = ()) -> bool:
        """Tell whether a text beside a note is gone because a person put it in the note's place.

        `whole`: notes that hold all of their conversation, so that nothing beside them is missed.
        """
        kind, _, own = self.told(path, "key").partition("/")
        note = self.keys.get(own, "")
        same = self.found.get(note) == self.promised[path]
        return kind.startswith("beside") and (same or note in whole)

    def is_changed(self, path: str) -> bool:
        """Tell whether a file exists, and not as it was written."""
        return path in self.changed

    def find(self, path: str, digest: str) -> None:
        """Add a promised file that exists."""
        self.found[path] = digest
        if digest != self.promised[path]:
            self.changed[path] = True

    @property
    def asked(self) -> Table[str] | list[str]:
        """The promised files that are verified."""
        if self.only is None:
            return self.promised
        return [self.only] if self.only in self.promised else []

    @property
    def zips(self) -> list[str]:
        """Its ZIPs, in order."""
        named = [path for path in self.promised if path.endswith(".zip")]
        return named or ([self.only] if self.only else [])

    @property
    def redacted(self) -> bool:
        """True if it was written with marks in place of secrets."""
        return bool(self.option("redact") == "secrets")

    @property
    def unread(self) -> dict[str, str]:
        """The place and reason of everything in the export that it could not be written from."""
        listed = objects(object_of(self.record.get("unread")).get("listed"))
        pairs = ((loss.get("where"), loss.get("reason")) for loss in listed)
        return {
            where: reason
            for where, reason in pairs
            if isinstance(where, str) and isinstance(reason, str)
        }

    def made_from(self) -> Iterator[tuple[str, str | None]]:
        """Yield name and date of each export that it was made from, as its record has them."""
        for export in objects(self.record.get("exports")):
            name, made = export.get("name"), export.get("made")
            if isinstance(name, str):
                yield name, made if isinstance(made, str) else None

    def is_made_from(self, made: Container[str]) -> bool:
        """Tell whether it was made from exports of these dates alone.

        `made`: when each export was made, as its record has dates. An export without a date may be
        any, and a long list may lack the first ones.
        """
        dates = [export.get("made") for export in objects(self.record.get("exports"))]
        known = all(isinstance(date, str) and date in made for date in dates)
        return known and 0 < len(dates) < LISTED

    def is_of_other_files(self, other: CheckedArchive) -> bool:
        """Tell whether its record names other files of an export than that of another archive."""
        own, theirs = (
            sorted(
                (str(source.get("name")).rpartition(": ")[2], str(source.get("size")))
                for source in objects(archive.record.get("sources"))
            )
            for archive in (self, other)
        )
        return own != theirs

    def option(self, name: str) -> Any:
        """Return an option that the archive was written with, if its record has it."""
        return object_of(self.record.get("options")).get(name)
