"""A Markdown archive, read back as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from gptexit.verify.claims import Raw, Said, said
from gptexit.verify.compare import essence, missing
from gptexit.verify.folder import Archive, notes_in
from gptexit.verify.later import changed_since
from gptexit.verify.marks import Look
from gptexit.verify.reader import Reader

_ID = re.compile(r'^id: (".*"|.*)$', re.MULTILINE)
_UPDATED = re.compile(r"^updated: (\S+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")

_LONGEST = 10 << 20
"""Bytes of front matter that are looked at."""

Locate = Callable[[str], str | None]
"""From a pointer to the SHA-256 of the file that the export holds; None where it holds none."""


class Notes(Reader):
    """The notes of an archive by the conversation that they are of."""

    def __init__(self, archive: Archive, locate: Locate) -> None:
        super().__init__()
        self._archive = archive
        self._look = Look(archive.redacted)
        self._locate = locate
        self._every_branch = archive.option("branches") == "all"
        include = archive.option("include")
        self._reasoning = "reasoning" in include if isinstance(include, list) else True
        self._by_id: dict[str, list[Path]] = {}
        for path in notes_in(archive.root):
            key = _id_in(path)
            if key is not None:
                self._by_id.setdefault(key, []).append(path)

    def ids(self) -> set[str]:
        """The conversations that there are notes of."""
        return set(self._by_id)

    def check(self, key: str, raw: Raw) -> list[tuple[str, str]] | None:
        """File and sentence for each thing of the conversation that its note lacks.

        None where there is no note. Of several with one id (the user's own and the new text
        beside it) the best counts.
        """
        current, others = said(raw, every_branch=self._every_branch, reasoning=self._reasoning)
        verdicts = [self._check(path, raw, current, others) for path in self._by_id.get(key, ())]
        if not verdicts:
            return None
        self.messages += len(current) + len(others)
        best = min(verdicts, key=len)
        if best and len(verdicts) > 1:  # what one note lacks may be in the one beside it
            said_by_all = set.intersection(*({what for _, what in each} for each in verdicts))
            best = [(name, what) for name, what in best if what in said_by_all]
        return best + self._moved(key)

    def _moved(self, key: str) -> list[tuple[str, str]]:
        """Where a note no longer has the name that it was given."""
        path = self._archive.keys.get(f"conversation/{key}")
        if path is None or path in self._archive.found:
            return []
        now = ", ".join(self._shown(each) for each in self._by_id[key])
        return [(path, f"is gone; the conversation is now in {now}")]

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._archive.root).as_posix()

    def _check(
        self, path: Path, raw: Raw, current: list[Said], others: list[Said]
    ) -> list[tuple[str, str]]:
        name = self._shown(path)
        text = path.read_text(encoding="utf-8", errors="replace")
        whole = self._look.essence(text)
        lacks: list[tuple[str, str]] = []
        title = raw.get("title")
        other = isinstance(title, str) and self._look.find(essence(title), whole, 0) < 0
        if other and not changed_since(_updated_in(text), raw):
            lacks.append((name, "the title is not in the note"))
        links = (
            self._linked(path, text) if any(each.pointers for each in current + others) else set()
        )
        at = 0
        for each in current:
            gone, at = self._missing(each, whole, at)
            if gone is not None:
                elsewhere = gone in whole
                lacks.append((name, _sentence(each, gone, elsewhere=elsewhere)))
        for each in others:
            gone, _ = self._missing(each, whole, 0)
            if gone is not None:
                lacks.append((name, _sentence(each, gone, elsewhere=False)))
        for each in current + others:
            lacks += [(name, sentence) for sentence in self._files(each, links)]
        return lacks

    def _missing(self, each: Said, whole: str, at: int) -> tuple[str | None, int]:
        before = self._look.marks
        found = missing(each.words, whole, at, self._look.find)
        self.redacted += self._look.marks > before
        return found

    def _files(self, each: Said, links: set[str]) -> list[str]:
        found = []
        for pointer in each.pointers:
            digest = self._locate(pointer)
            if digest is None:
                continue
            if digest not in links:
                found.append(f"no link leads to {pointer} as the export holds it")
        return found

    def _linked(self, path: Path, text: str) -> set[str]:
        """The SHA-256 of the files that a note links to."""
        digests = set()
        for target in _LINK.findall(text):
            if "://" in target or target.startswith("#"):
                continue
            for spelled in (target, unquote(target)):
                relative = _below(self._archive.root, path.parent / spelled)
                if relative in self._archive.found:
                    digests.add(self._archive.found[relative])
                    digests |= {self._archive.unmarked.get(relative, "")}
        return digests


def _updated_in(text: str) -> str | None:
    """When the conversation changed last, by the front matter of a note."""
    found = _UPDATED.search(text.partition("\n---\n")[0])
    return found[1] if found else None


def _below(root: Path, path: Path) -> str:
    """`path` as seen from `root`, its `..` worked out."""
    parts: list[str] = []
    for part in path.relative_to(root).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts)


def _id_in(path: Path) -> str | None:
    """The conversation's id in the front matter of a note."""
    with path.open("rb") as stream:
        data = stream.read(20_000)
        if not data.startswith(b"---\n"):
            return None
        if b"\n---\n" not in data:  # an id or title of any length
            data += stream.read(_LONGEST)
    found = _ID.search(data.partition(b"\n---\n")[0].decode("utf-8", "replace"))
    if not found:
        return None
    if found[1].startswith('"'):
        try:
            # A YAML string in double quotes; its \xNN is the only escape that JSON lacks here.
            return str(json.loads(re.sub(r"\\x(..)", r"\\u00\1", found[1])))
        except ValueError:
            return None
    return found[1]


def _sentence(each: Said, gone: str, *, elsewhere: bool) -> str:
    when = f"the message of {each.when} (UTC)" if each.when else f"message {each.id}"
    shown = gone if len(gone) <= 40 else gone[:40] + "…"
    what = "stands in another place" if elsewhere else "is not there in full"
    return f"{when} {what}: “{shown}”"
