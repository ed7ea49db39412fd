"""Names for the projects and custom GPTs of conversations, by id.

A name comes from the person (`given`), else from the source, else from the archive that is written
to, where an earlier run left it (`kept`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from gptexit.errors import DamagedNames
from gptexit.files.disk import open_plain, write_whole
from gptexit.model import Conversation, Named

_KEYS = ("project", "assistant")
_LEFT_OUT = frozenset({"Cc", "Cs"})
"""Unicode categories of characters that no name has: controls, and halves of surrogate pairs."""


def one_line(name: str) -> str:
    """Return `name` on one line, single spaces between its words, without control characters."""
    spaced = " ".join(name.split())
    if spaced.isprintable():
        return spaced
    return "".join(char for char in spaced if unicodedata.category(char) not in _LEFT_OUT).strip()


def folded(name: str) -> str:
    """Return `name` as it is compared with another: in lower case and on one line."""
    return one_line(name).casefold()


def is_called(named: Named | None, wanted: str) -> bool:
    """Tell whether `wanted` is the id or, in any case of letters, the name of `named`."""
    if named is None:
        return False
    name = named["name"]
    return named["id"] == wanted or (isinstance(name, str) and folded(name) == folded(wanted))


class Names:
    """The names of a run. Memory follows the number of projects and custom GPTs."""

    def __init__(
        self,
        given: Mapping[str, str] | None = None,
        beginnings: Sequence[tuple[str, str]] = (),
        kept: Mapping[str, str] | None = None,
    ) -> None:
        """Take names by id; in `beginnings`, by an id or the beginning of one.

        An empty name is none: it takes away neither the source's name nor a kept one.
        """
        self.given = _without_empty(given or {})
        self.kept = _without_empty(kept or {})
        self.beginnings = [(own, one_line(name)) for own, name in beginnings if one_line(name)]
        self.unused = [own for own, _ in self.beginnings]
        """The ids of `beginnings` that nothing had so far."""
        self.met: dict[str, str] = {}
        """The name of each project and custom GPT that a conversation had so far."""

    def with_kept(self, kept: Mapping[str, str]) -> Names:
        """Return the same names of a person, with others of an archive."""
        return Names(self.given, self.beginnings, kept)

    def get(self, own: str) -> str | None:
        """Return the name of the project or custom GPT with the id `own`, None if it has none."""
        return self._wanted(own) or self.met.get(own) or self.kept.get(own)

    def applied(self, conversation: Conversation) -> Conversation:
        """Return `conversation` with the names of its project and its custom GPT."""
        for key in _KEYS:
            named = conversation[key]  # type: ignore[literal-required]
            if named is not None:
                conversation = self._renamed(conversation, key, named)
        return conversation

    def ids_of(self, name: str) -> list[str]:
        """Return the ids of what is called so in this run, whatever the case of letters."""
        every = {**self.kept, **self.given, **self.met}
        wanted = folded(name)
        return sorted(own for own in every if folded(self.get(own) or "") == wanted)

    def all(self) -> dict[str, str]:
        """Return every name that is known by now, by id."""
        return {**self.kept, **self.given, **self.met}

    def _renamed(self, conversation: Conversation, key: str, named: Named) -> Conversation:
        own = named.get("id") if isinstance(named, dict) else None
        if not isinstance(own, str):  # JSON that is not as the schema has it
            return conversation
        told = named.get("name")
        name = self._wanted(own) or told or self.kept.get(own)
        if not isinstance(name, str):
            return conversation
        self.met[own] = name
        if name == told:
            return conversation
        return {**conversation, key: {"id": own, "name": name}}  # type: ignore[misc]

    def _wanted(self, own: str) -> str | None:
        """Return the name that the person gives."""
        for start, name in self.beginnings:
            if own.startswith(start):
                if start in self.unused:
                    self.unused.remove(start)
                return name
        return self.given.get(own)


def _without_empty(names: Mapping[str, str]) -> dict[str, str]:
    lines = ((own, one_line(name)) for own, name in names.items())
    return {own: name for own, name in lines if name}


def names_in(conversation: Conversation) -> Iterable[tuple[str, str]]:
    """Yield id and name of a conversation's project and custom GPT, as far as they have a name."""
    for named in (conversation["project"], conversation["assistant"]):
        name = named.get("name") if isinstance(named, dict) else None
        if named and name and isinstance(named.get("id"), str):
            yield named["id"], name


FILE = ".gptexit/names.json"
VERSION = 1
_LARGEST = 1 << 26
"""Bytes of such a file at most."""


def load_names(root: Path) -> dict[str, str]:
    """Return the names that the archive in `root` keeps, by id; none where it keeps none.

    Raises Damaged, so that a run does not overwrite with less what a person once filled in.
    """
    path = root / FILE
    try:
        with open_plain(path) as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except IsADirectoryError:
        data = b""
    try:
        found: Any = orjson.loads(data)
        names = found["names"]
        if all(isinstance(name, str) for name in names.values()):
            return dict(names)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise DamagedNames(
        f"{path}, which keeps the names of projects and custom GPTs, cannot be read: remove it, "
        "and give the names again with --names."
    )


def save_names(root: Path, names: Mapping[str, str]) -> None:
    """Keep `names` in the archive in `root`, whole or not at all. Raises OSError.

    A file that reads the same is not touched; without names there is none.
    """
    path = root / FILE
    if not names:
        path.unlink(missing_ok=True)
        return
    found = {"version": VERSION, "names": dict(sorted(names.items()))}
    data = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
