"""Write notes into an archive: a note is never replaced by one that holds less.

The manifest tells what a note holds (see `note_contents`); in older archives the front matter does.
If the archive's note holds all that this export has of the conversation, and more, it stays. If
each has something that the other lacks, the one that was changed later is the note, and the other
goes beside it as `… .older.md`. A message that reads otherwise in each is such a thing; one that
was exported half-written is not.

The front matter of a note is the user's too: what they changed in it is kept (see
`text.front_matter`). A note whose text is as it was written is renewed in its place, also if the
user moved it (see `moved`) or an editor rewrote its relative links for the new place.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from gptexit.archive.batch import seems_torn
from gptexit.archive.files import File, Outcome
from gptexit.archive.folder import ArchiveFolder, FolderSink, beside, beside_key, sha256_of
from gptexit.archive.manifest import ACCEPTED, About, Entry
from gptexit.archive.note_contents import WRITER, Held, NoteContents, covers, differ, read, together
from gptexit.archive.note_lines import FRONT, begins, holds_words
from gptexit.files.disk import leads_out
from gptexit.text.front_matter import joined, parted
from gptexit.text.note_links import digest_of_body, target_of, with_targets

_PROPERTY = re.compile(r"^(updated|messages): (.+)$", re.MULTILINE)
_NEW = re.compile(r"\.new\d*(\.[^./]*)\Z")
_BESIDE = re.compile(r"\Abeside\d*/")


@dataclass(slots=True)
class _KnownNote:
    """A note of ours that the archive holds."""

    entry: Entry
    data: bytes
    held: Held | None
    """None if the manifest does not tell."""
    updated: str
    messages: int | None

    @classmethod
    def of(cls, entry: Entry, data: bytes) -> _KnownNote:
        """Describe a note by the manifest, or by its front matter if the manifest does not tell."""
        about: Mapping[str, str | None] = entry.about
        held = about.get("held")
        if held is None:
            front = FRONT.match(data)
            lines = _PROPERTY.findall(front[1].decode("utf-8", "replace")) if front else []
            about = {name: value[:19] for name, value in lines}
        updated, number = about.get("updated") or "", about.get("messages") or ""
        messages = int(number) if number.isdecimal() else None
        return cls(entry, data, None if held is None else read(held), updated, messages)


class NotesSink(FolderSink):
    """The sink for notes."""

    def __init__(
        self,
        folder: ArchiveFolder,
        *,
        same_source: bool = False,
        same_options: bool = True,
        older: bool = False,
    ) -> None:
        super().__init__(folder)
        self._same_source = same_source
        """True if the archive was made from the export that is converted."""
        self._same_options = same_options
        """True if it was made with the options of this run."""
        self._older_export = older
        """True if it was made from a newer export than the one that is converted."""
        self._last: tuple[File, Outcome] | None = None
        """The last note, and what became of it: where the archive keeps its own, so is what goes
        along with it."""
        folder.tally.moved = dict(folder.archive.moved.values())

    def put(self, file: File) -> Outcome:
        """Write a note, unless the archive's holds more."""
        if file.along and self._kept_its_own(file.along):
            return "kept"
        outcome = self._put(file)
        if file.holding is not None:
            self._last = file, outcome
        return outcome

    def _kept_its_own(self, key: str) -> bool:
        """Tell whether the archive shows another text than that of the last note, with this key.

        The last note may stand beside it, unchanged, as an older text.
        """
        if self._last is None or self._last[0].key != key:
            return False
        file, outcome = self._last
        entry = self.catalog.get(key)
        shown = "" if entry is None else entry.sha256
        return outcome == "kept" or (outcome == "unchanged" and shown != sha256_of(file.data))

    def _put(self, file: File) -> Outcome:
        holding = file.holding
        if holding is None:
            return self.folder.put(file) if file.append or file.gone else self._put_page(file)
        if not self.folder.archive.begun:
            return self.folder.put(file)
        data = self.folder.read(file.path)
        entry = self.folder.catalog.get(file.key)
        if entry is not None and data is not None:
            entry = self._resolved(entry, data)
        only = self.folder.keep(file.path, file.key)
        known = entry is not None and entry.sha256 and only
        if data is None or data == file.data or entry is None or not known:
            return self.folder.put(file)
        return self._renew(file, holding, entry, data)

    def _resolved(self, entry: Entry, data: bytes) -> Entry:
        """Return the entry of a note; if the user put the new text in its place, that of the text.

        `data`: the bytes of the note.
        """
        for new in self._listed_besides(entry.key):
            if new.sha256 == sha256_of(data) and self.folder.read(new.path) is None:
                self.catalog.forget(new.key)
                entry = replace(new, key=entry.key, path=entry.path)
                self.catalog.put(entry)
                break
        return entry

    def _listed_besides(self, key: str) -> Iterator[Entry]:
        """Yield what the catalog lists of the new texts beside a note, the first written first."""
        for number in count(1):
            new = self.catalog.get(beside_key(key, number))
            if new is None:
                return
            yield new

    def _renew(self, file: File, holding: NoteContents, entry: Entry, data: bytes) -> Outcome:
        """Write a note in the place of another text; `data`: the bytes of that."""
        known = self._known(entry, data)
        # An older archive does not tell: then a text that reads as the new one is no edit.
        told = known.entry.about.get("body") is not None
        base = known.entry.about if told else file.about
        new = None if self._is_link(file.path) else _with_users(file, base, data)
        if new and new.data == data:
            # The bytes that were written stay known, so that what the user changed is.
            self.catalog.put(replace(known.entry, about=new.about))
            return "unchanged"
        if new or self.folder.is_ours(file.path, sha256_of(data)):
            return self._settle(new or file, holding, known)
        if self.folder.heals(file.key, file.path, file.data):
            self.folder.write(file)
            return "written"
        return self._put_near(file, holding, known)

    def _known(self, entry: Entry, data: bytes) -> _KnownNote:
        """Describe a note by what was recorded of its bytes.

        A run that was killed may have recorded a text that it did not come to write.
        """
        digest = sha256_of(data)
        if entry.sha256 != digest:
            body = digest_of_body(parted(data)[1])
            for earlier in self.catalog.replaced(entry.key):
                if digest == earlier.sha256 or body == earlier.about.get("body"):
                    return _KnownNote.of(earlier, data)
        return _KnownNote.of(entry, data)

    def _is_link(self, path: str) -> bool:
        """Tell whether a link, which is the user's wherever it leads, has a path."""
        return Path(self.folder.places.inside(path)).is_symlink()

    def _put_page(self, file: File) -> Outcome:
        """Write the index, also if an editor led its links to the places of moved notes."""
        body = digest_of_body(file.data, named=False)
        file = replace(file, about={**file.about, "body": body})
        entry, data = self.catalog.get(file.key), self.folder.read(file.path)
        if entry is None or data is None or data == file.data:
            return self.folder.put(file)
        earlier = [entry, *self.catalog.replaced(file.key)]  # more than one if a run was killed
        bodies = {known.about.get("body") for known in earlier}
        if digest_of_body(data, named=False) not in bodies or self._is_link(file.path):
            return self.folder.put(file)
        self.folder.keep(file.path, file.key)
        self.folder.write(file)
        return "written"

    def finish(self) -> int:
        """Mend the links of notes whose place, or that of a file of theirs, has changed."""
        moved = self.folder.archive.moved
        if moved:
            now = dict(moved.values())
            assets = any(not _is_text(key) for key in moved)
            keys = [key for key, *_ in self.catalog.files() if _is_text(key)] if assets else moved
            for key in filter(_is_text, keys):
                self._mend(key, moved.get(key), now)
        return super().finish()

    def _mend(self, key: str, moved: tuple[str, str] | None, now: Mapping[str, str]) -> None:
        """Lead the links of a note that lead nowhere to the files of the archive that they meant.

        `moved`: its earlier and its present path; `now`: the present path of each moved file. All
        else in a note stays, and one that the user changed goes on to be theirs.
        """
        entry = self.catalog.get(key)
        data = None if entry is None else self.folder.read(entry.path)
        if entry is None or data is None or self._is_link(entry.path):
            return
        here = posixpath.dirname(entry.path)
        before = posixpath.dirname(moved[0]) if moved else here

        def target(written: str) -> str | None:
            if self._exists(posixpath.normpath(posixpath.join(here, written))):
                return None
            path = posixpath.normpath(posixpath.join(before, written))
            path = now.get(path, path)
            leads = self.catalog.at(path) is not None
            return target_of(posixpath.relpath(path, here)) if leads else None

        _, body = parted(data)
        mended = data[: len(data) - len(body)] + with_targets(body, target)
        if mended == data:
            return
        digest = sha256_of(data)
        if self.folder.is_ours(entry.path, digest) or digest_of_body(body) == entry.about.get(
            "body"
        ):
            self.folder.write(File(entry.path, mended, key, about=entry.about))
            return
        accepted = entry.about.get(ACCEPTED) == digest
        about = {**entry.about, ACCEPTED: sha256_of(mended)} if accepted else entry.about
        self.folder.rewrite(replace(entry, about=about), mended)

    def _exists(self, path: str) -> bool:
        """Tell whether a link may lead to a file of the archive, or of the user's in it."""
        return self.catalog.at(path) is not None or (
            not leads_out(path) and Path(self.folder.archive.root, path).exists()
        )

    def _put_near(self, file: File, holding: NoteContents, mine: _KnownNote) -> Outcome:
        """Put the text that comes beside the note `mine`, which the user has changed."""
        known = self._besides(file)
        last = known[-1] if known else mine
        path, key = last.entry.path, last.entry.key
        ours = bool(known) and self.folder.is_ours(path, sha256_of(last.data))
        if not ours and not (known and self.folder.heals(key, path, file.data)):
            return self._add_beside(file, holding, last)
        self.folder.edited.append(file.path)
        self.folder.tally.new_texts[file.path] = path
        if last.data == file.data:
            return "edited"
        new = replace(file, path=path, key=key)
        if not ours:
            self.folder.write(new)
            return "edited"
        outcome = self._settle(new, holding, last)
        return "edited" if outcome == "written" else outcome

    def _besides(self, file: File) -> list[_KnownNote]:
        """Return our texts beside a note that the user changed, the first written first.

        The user may have worked in them since.
        """
        notes = []
        for number in count(1):
            key = beside_key(file.key, number)
            note = self._note(key)
            if note is not None:
                notes.append(note)
            elif (
                self.folder.catalog.get(key) is None
                and self.folder.read(beside(file.path, number)) is None
            ):
                break
        return notes

    def _add_beside(self, file: File, holding: NoteContents, mine: _KnownNote) -> Outcome:
        """Put beside a changed text what the conversation has got since the change."""
        older = self._older(file)
        digest = sha256_of(file.data)
        path = mine.entry.path
        known = not self._changed(holding, mine) or self.folder.is_ours(path, digest)
        if known and not seems_torn(self.folder.places.inside(path), file.data):
            return "unchanged"
        title = mine.entry.about.get("title")
        renamed = file.about.get("title") != title and self._is_later(holding, mine)
        adds = renamed or self._adds(holding, [mine, *older], file.data)
        if self._lacks(holding, mine) and not adds:
            self.folder.tally.kept.append(file.path)
            return "kept"
        seen = self.catalog.get(beside_key(file.key, 1)) is not None
        if holds_words(mine.data, file.data, ("# ",) if seen else ()):
            self._forget_besides(file.key)  # the user has put them into the note
            return "unchanged"
        return self.folder.put_beside(file, digest)

    def _forget_besides(self, key: str) -> None:
        """Forget the texts beside a note that the user removed."""
        for new in self._listed_besides(key):
            if self.folder.read(new.path) is None:
                self.catalog.forget(new.key)

    def _settle(self, file: File, holding: NoteContents, known: _KnownNote) -> Outcome:
        """Choose which of two texts of ours is the note, and place the other."""
        older = self._older(file)
        renamed = file.about.get("title") != known.entry.about.get("title")
        later = self._is_later(holding, known)
        if not self._lacks(holding, known, file.data) and not (renamed and not later):
            if not later and self._changed(holding, known):
                self.folder.tally.filled += 1
            return self._replace_with(file, holding, known)
        if any(note.data == file.data for note in older):
            return "unchanged"
        if not (renamed and later) and not self._adds(holding, [known, *older], file.data):
            self.folder.tally.kept.append(file.path)
            return "kept"
        if not later:
            self._set_aside(file, file.data, file.about, older)
            return "kept"
        self._set_aside(file, known.data, known.entry.about, older)
        return self._replace_with(file, holding, known)

    def _replace_with(self, file: File, holding: NoteContents, known: _KnownNote) -> Outcome:
        anew = known.entry.about.get("writer") != WRITER and self._same_options
        if anew and not self._changed(holding, known):
            self.folder.tally.anew += 1
        self.folder.write(file)
        return "written"

    def _set_aside(self, file: File, data: bytes, about: About, older: list[_KnownNote]) -> None:
        """Write a text beside the note, in the place of one that holds no more than it."""
        held = about.get("held")
        less = [
            note.entry.path
            for note in older
            if held is not None
            and note.held is not None
            and covers(read(held), note.held)
            and self.folder.is_ours(note.entry.path, sha256_of(note.data))
        ]
        for number in count(1):
            key, path = self._aside(file, number)
            if path in less or self.folder.read(path) is None:
                break
        self.folder.write(File(path, data, key, about=about))
        self.folder.tally.beside.append(path)

    def _older(self, file: File) -> list[_KnownNote]:
        """Return our older texts beside a note, the first written first."""
        notes = []
        for number in count(1):
            key, path = self._aside(file, number)
            note = self._note(key)
            if note is not None:
                notes.append(note)
            elif self.folder.read(path) is None:
                break
        return notes

    def _aside(self, file: File, number: int) -> tuple[str, str]:
        """Return key and path of an older text beside a note, or beside a new text of it."""
        key, path = _BESIDE.sub("", file.key), _NEW.sub(r"\1", file.path)
        return self.folder.place_beside(key, path, number, "older")

    def _note(self, key: str) -> _KnownNote | None:
        entry = self.folder.catalog.get(key)
        if entry is None or not entry.sha256:
            return None
        data = self.folder.read(entry.path)
        return None if data is None else self._known(entry, data)

    def _changed(self, holding: NoteContents, known: _KnownNote) -> bool:
        """Tell whether the conversation has changed since the note was written."""
        digest = known.entry.about.get("digest")
        if digest is not None:
            return digest != holding.shown.digest
        if self._same_source:
            return False
        if known.updated and holding.updated:
            return known.updated != holding.updated
        return known.messages != holding.shown.messages

    def _is_later(self, holding: NoteContents, known: _KnownNote) -> bool:
        """Tell whether the conversation is later than the note; else the newer export has it."""
        if holding.updated == known.updated:
            return not self._older_export
        return holding.updated > known.updated

    def _lacks(self, holding: NoteContents, known: _KnownNote, data: bytes | None = None) -> bool:
        """Tell whether the note shows something that the conversation does not hold.

        `data`: the new note, if its words are to be compared too.
        """
        if known.held is not None:
            # What other options show or hide is the user's own choice.
            now = read(holding.shown.held) if self._same_options else holding.everything
            if not covers(now, known.held, lengths=not self.folder.redacts):
                return True
            if self._reads_otherwise(now, known.held) and not (data and begins(data, known.data)):
                return True
            if known.entry.about.get("form") != "full" or not self._same_options:
                return False
            same_writer = known.entry.about.get("writer") == WRITER
            doubtful = same_writer and holding.slim and not self.folder.redacts
        else:
            if self._same_source:
                return False
            if known.updated > holding.updated or (known.messages or 0) > holding.shown.messages:
                return True
            doubtful = holding.slim
        # A slim export has the same messages with fewer sources and results of tools.
        return doubtful and data is not None and not holds_words(data, known.data)

    def _reads_otherwise(self, more: Held, less: Held) -> bool:
        """Tell whether a message differs, and not only by the secrets that this run takes out."""
        return not self.folder.redacts and differ(more, less)

    def _adds(self, holding: NoteContents, notes: list[_KnownNote], data: bytes) -> bool:
        """Tell whether a conversation, as the note `data`, holds what no note of ours shows."""
        first, shown = notes[0], holding.shown
        held = [note.held for note in notes if note.held is not None]
        if first.held is not None:
            there, now = together(held), read(shown.held)
            if not covers(there, now, lengths=not self.folder.redacts):
                return True
            otherwise = self._reads_otherwise(there, now)
            return otherwise and not any(begins(note.data, data) for note in notes)
        if holding.updated != first.updated:
            return holding.updated > first.updated or shown.messages > (first.messages or 0)
        return shown.messages != first.messages


def _is_text(key: str) -> bool:
    """Tell whether a key is that of a note, or of a text beside one."""
    return "conversation/" in key


def _with_users(file: File, about: Mapping[str, str | None], data: bytes) -> File | None:
    """Return a note with what the user made of the front matter of the one in the archive.

    `about`: what the manifest says of that, `data`: its bytes. Return None if its text is not as it
    was written, or the manifest does not tell.
    """
    front, body = parted(data)
    base, new = about.get("front"), file.about["front"]
    if base is None or front is None or new is None or digest_of_body(body) != about.get("body"):
        return None
    result = joined(base, front, new)
    if result is None:
        return None
    text, own = result
    after = file.data[len(f"---\n{new}---\n".encode()) :]
    names = {"own": "\n".join(own)} if own or about.get("own") else {}
    return replace(file, data=f"---\n{text}---\n".encode() + after, about={**file.about, **names})
