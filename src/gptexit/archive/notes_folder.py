"""Write notes into an archive: a note is never replaced by one that holds less.

What a note holds is told by the manifest (see `note_contents`); for notes of archives that were
made before the manifest told it, by their front matter. Where the archive's note holds all that
this export has of the conversation, and more, it stays. Where each has something that the other
lacks, the one that was changed later is the note, and the other stands beside it as `… .older.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath

from gptexit.archive.batch import seems_torn
from gptexit.archive.files import File, Outcome
from gptexit.archive.folder import (
    ArchiveFolder,
    FolderSink,
    beside,
    beside_key,
    sha256_of,
)
from gptexit.archive.manifest import About, Entry
from gptexit.archive.note_contents import WRITER, Held, NoteContents, covers, read, together

_FRONT = re.compile(rb"---\n(.*?\n)---\n", re.DOTALL)
_PROPERTY = re.compile(r"^(updated|messages): (.+)$", re.MULTILINE)
_WORDS = re.compile(r"\w+")
_NEW = re.compile(r"\.new\d*\Z")
_BESIDE = re.compile(r"\Abeside\d*/")
_FOOTNOTE = re.compile(r"\[\^\d+\]:?")


@dataclass(slots=True)
class _There:
    """A note of ours that the archive holds."""

    entry: Entry
    data: bytes
    held: Held | None
    """None if the manifest does not tell."""
    updated: str
    messages: int | None

    @classmethod
    def of(cls, entry: Entry, data: bytes) -> _There:
        """What the manifest says of it, else its front matter."""
        about = entry.about
        if about.get("held") is not None:
            number = about.get("messages") or ""
            messages = int(number) if number.isdecimal() else None
            held = read(about["held"] or "")
            return cls(entry, data, held, about.get("updated") or "", messages)
        front = _FRONT.match(data)
        said = dict(_PROPERTY.findall(front[1].decode("utf-8", "replace"))) if front else {}
        number = said.get("messages", "")
        messages = int(number) if number.isdecimal() else None
        return cls(entry, data, None, said.get("updated", "")[:19], messages)


class NotesSink(FolderSink):
    """The sink for notes."""

    def __init__(
        self, folder: ArchiveFolder, *, same_source: bool = False, same_options: bool = True
    ) -> None:
        super().__init__(folder)
        self._same_source = same_source
        """Whether the archive was made from the export that is converted."""
        self._same_options = same_options
        """Whether it was made with the options of this run."""

    def put(self, file: File) -> Outcome:
        """Write a note, unless the archive's holds more."""
        holding = file.holding
        if holding is None or not self.folder.archive.begun:
            return self.folder.put(_with_about(file, holding))
        target = self.folder.places.inside(file.path)
        there = self.folder.places.read(target)
        entry = self.folder.catalog.get(file.key)
        only = self.folder.keep(file.path, file.key)
        known = entry is not None and entry.sha256 and only
        if there is None or there == file.data or entry is None or not known:
            return self.folder.put(_with_about(file, holding))
        if self.folder.is_ours(file.path, sha256_of(there)):
            return self._settle(file, holding, _There.of(entry, there))
        if self.folder.heals(file.key, file.path, file.data):
            self.folder.write(_with_about(file, holding))
            return "written"
        return self._put_near(file, holding, _There.of(entry, there))

    def _put_near(self, file: File, holding: NoteContents, mine: _There) -> Outcome:
        """The user has changed the note, `mine`: the text that comes stands beside it."""
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
        new = File(path, file.data, key, about=file.about, holding=holding)
        if not ours:
            self.folder.write(_with_about(new, holding))
            return "edited"
        outcome = self._settle(new, holding, last)
        return "edited" if outcome == "written" else outcome

    def _besides(self, file: File) -> list[_There]:
        """The texts of ours that stand beside a note that the user changed, the first first.

        The user may have worked in them since.
        """
        found = []
        for number in count(1):
            key = beside_key(file.key, number)
            note = self._note(key)
            if note is not None:
                found.append(note)
            elif self.folder.catalog.get(key) is None and self._is_free(beside(file.path, number)):
                break
        return found

    def _is_free(self, path: str) -> bool:
        return self.folder.read(path) is None

    def _add_beside(self, file: File, holding: NoteContents, mine: _There) -> Outcome:
        """What the conversation has got since the user changed its text goes beside that."""
        older = self._older(file)
        digest = sha256_of(file.data)
        path = mine.entry.path
        known = not self._changed(holding, mine) or self.folder.is_ours(path, digest)
        if known and not seems_torn(self.folder.places.inside(path), file.data):
            return "unchanged"
        if self._lacks(holding, mine) and not self._adds(holding, [mine, *older]):
            self.folder.tally.kept.append(file.path)
            return "kept"
        self.folder.edited.append(file.path)
        key, path, same = self.folder.beside(file.key, file.path, digest)
        if not same:
            new = File(path, file.data, key, about=file.about)
            self.folder.write(_with_about(new, holding), digest)
        return "edited"

    def _settle(self, file: File, holding: NoteContents, there: _There) -> Outcome:
        """Which of two texts of ours is the note, and what becomes of the other."""
        older = self._older(file)
        renamed = file.about.get("title") != there.entry.about.get("title")
        later = holding.updated >= there.updated
        if not self._lacks(holding, there, file.data) and not (renamed and not later):
            return self._replace_with(file, holding, there)
        if any(note.data == file.data for note in older):
            return "unchanged"
        if not (renamed and later) and not self._adds(holding, [there, *older]):
            self.folder.tally.kept.append(file.path)
            return "kept"
        if holding.updated < there.updated:
            self._set_aside(file, file.data, {**file.about, **holding.about()}, older)
            return "kept"
        self._set_aside(file, there.data, there.entry.about, older)
        return self._replace_with(file, holding, there)

    def _replace_with(self, file: File, holding: NoteContents, there: _There) -> Outcome:
        anew = there.entry.about.get("writer") != WRITER and self._same_options
        if anew and not self._changed(holding, there):
            self.folder.tally.anew += 1
        file = _with_about(file, holding)
        self.folder.write(file)
        return "written"

    def _set_aside(self, file: File, data: bytes, about: About, older: list[_There]) -> None:
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
        number = 1
        key, path = _aside(file, number)
        while path not in less and self.folder.read(path) is not None:
            number += 1
            key, path = _aside(file, number)
        self.folder.write(File(path, data, key, about=about))
        self.folder.tally.beside.append(path)

    def _older(self, file: File) -> list[_There]:
        """The texts of ours that stand beside a note, the first written first."""
        found = []
        for number in count(1):
            key, path = _aside(file, number)
            note = self._note(key)
            if note is not None:
                found.append(note)
            elif self.folder.read(path) is None:
                break
        return found

    def _note(self, key: str) -> _There | None:
        entry = self.folder.catalog.get(key)
        if entry is None or not entry.sha256:
            return None
        data = self.folder.read(entry.path)
        return None if data is None else _There.of(entry, data)

    def _changed(self, holding: NoteContents, there: _There) -> bool:
        """Whether the conversation is another than when the note was written."""
        digest = there.entry.about.get("digest")
        if digest is not None:
            return digest != holding.digest
        if self._same_source:
            return False
        if there.updated and holding.updated:
            return there.updated != holding.updated
        return there.messages != holding.messages

    def _lacks(self, holding: NoteContents, there: _There, data: bytes | None = None) -> bool:
        """Whether the note shows something that the conversation does not hold.

        `data`: what the new note would be, where it is to be looked at too.
        """
        if there.held is not None:
            # What other options show or hide is the user's own choice.
            now = read(holding.held) if self._same_options else holding.everything
            if not covers(now, there.held, lengths=not self.folder.redacts):
                return True
            if there.entry.about.get("form") != "full" or not self._same_options:
                return False
            same_writer = there.entry.about.get("writer") == WRITER
            doubtful = same_writer and holding.slim and not self.folder.redacts
        else:
            if self._same_source:
                return False
            if there.updated > holding.updated or (there.messages or 0) > holding.messages:
                return True
            doubtful = holding.slim
        # A slim export has the same messages with fewer sources and results of tools.
        return doubtful and data is not None and not _holds_words(data, there.data)

    def _adds(self, holding: NoteContents, there: list[_There]) -> bool:
        """Whether a conversation holds something that no note of ours shows."""
        first = there[0]
        known = [note.held for note in there if note.held is not None]
        if known and first.held is not None:
            return not covers(together(known), read(holding.held), lengths=not self.folder.redacts)
        if holding.updated != first.updated:
            return holding.updated > first.updated or holding.messages > (first.messages or 0)
        return holding.messages != first.messages


def _with_about(file: File, holding: NoteContents | None) -> File:
    if holding is None:
        return file
    return File(file.path, file.data, file.key, about={**file.about, **holding.about()})


def _aside(file: File, number: int) -> tuple[str, str]:
    """Key and path of a text beside a note."""
    tail = "" if number == 1 else str(number)
    pure = PurePosixPath(file.path)
    stem = _NEW.sub("", pure.stem)
    key = _BESIDE.sub("", file.key)
    return f"older{tail}/{key}", str(pure.with_name(f"{stem}.older{tail}{pure.suffix}"))


def _holds_words(data: bytes, before: bytes) -> bool:
    """Whether all that a note says, line by line and in order, is in another one.

    Front matter, title and headings are not looked at, nor are the numbers of footnotes.
    """
    there = " ".join(_lines(data))
    at = 0
    for words in _lines(before):
        found = there.find(words, at)
        if found < 0:
            return False
        at = found
    return True


def _lines(data: bytes) -> list[str]:
    """The words of each line of a note's body."""
    body = data[front.end() :] if (front := _FRONT.match(data)) else data
    return [
        " ".join(words)
        for line in body.decode("utf-8", "replace").splitlines()
        if not line.startswith("#") and (words := _WORDS.findall(_FOOTNOTE.sub(" ", line)))
    ]
