"""Read neutral JSON that gptexit wrote: `conversations.jsonl`, or the archive around it.

The lines name files by their id. Their bytes are looked for in a Markdown archive beside the jsonl,
as `gptexit exit` and `gptexit convert --to jsonl --to markdown` leave it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

import orjson

from gptexit.archive.files import JSONL
from gptexit.archive.manifest import entries
from gptexit.codes import Lost, Reason, Repair, reason_of
from gptexit.errors import NotAnExport
from gptexit.files.disk import HOUSE, special
from gptexit.model import VERSION, Conversation
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.containers.base import Loss, plain
from gptexit.readers.chatgpt.containers.recognize import NEUTRAL
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.readers.chatgpt.parsing.json_scanner import MOST_BYTES, TOO_MUCH, Keep, heavy, path_of
from gptexit.text.json import loads_deep

_HEAD = 200
_PIPE = "standard input"
_ARCHIVES = ("../markdown", "..", "markdown")
"""Paths of a Markdown archive, as seen from the folder of the jsonl."""


def is_neutral(source: Path | BinaryIO) -> bool:
    """Tell whether a path is neutral JSON or an archive with it, or a pipe begins like it."""
    if not isinstance(source, Path):
        peek = getattr(source, "peek", None)
        return bool(peek and NEUTRAL.match(peek(_HEAD)))
    path = _lines_at(source)
    if special(path):
        return False
    try:
        with path.open("rb") as stream:
            return bool(NEUTRAL.match(stream.read(_HEAD)))
    except OSError:
        return False


def _lines_at(path: Path) -> Path:
    """Return the jsonl of an archive's folder; any other path as it is."""
    inner = (path / JSONL, path / "jsonl" / JSONL) if (path / HOUSE).is_dir() else ()
    return next((file for file in inner if file.is_file()), path)


def open_neutral(sources: Sequence[str | Path], stdin: BinaryIO | None) -> JsonlSource:
    """Open the conversations in `sources`. Raises NotAnExport if one of them is something else."""
    given: list[Path | BinaryIO] = []
    for source in sources:
        file = stdin if source == "-" and stdin is not None else Path(source)
        if not is_neutral(file):
            raise NotAnExport(
                f"{plain(str(source))} was not written by gptexit, and another source was: "
                "convert them one after the other."
            )
        given.append(_lines_at(file) if isinstance(file, Path) else file)
    return JsonlSource(given)


class JsonlSource:
    """The source; `Source` describes its members."""

    def __init__(self, given: list[Path | BinaryIO]) -> None:
        self._given = given
        self.conversation_files = [
            plain(file.name) if isinstance(file, Path) else _PIPE for file in given
        ]
        first = self.conversation_files[0]
        self.label = first if len(given) == 1 else f"{first} and {len(given) - 1} more"
        self.losses: list[Loss] = []
        self._told: set[tuple[str, Reason]] = set()
        self.missing: list[str] = []
        self.repairs: Counter[Repair] = Counter()
        self.duplicates = 0
        self.keep: Keep | None = None
        self.editions: list[Any] = []
        self.union = None  # lines are not merged
        self.bytes_read = 0
        self._files: dict[str, Path] = {}
        for file in given:
            if isinstance(file, Path):
                for archive in _ARCHIVES:
                    _add_assets(file.parent / archive, self._files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: no file is unpacked."""

    def lose(self, where: str, why: Reason) -> None:
        """Note a loss; one that a second pass meets again is noted once."""
        if (where, why) not in self._told:
            self._told.add((where, why))
            self.losses.append(Loss(where, why))

    @property
    def bytes_total(self) -> int | None:
        """Their bytes; None with a pipe among them."""
        sizes = [file.stat().st_size for file in self._given if isinstance(file, Path)]
        return sum(sizes) if len(sizes) == len(self._given) else None

    def neutral(
        self, met: ReadStats, *, once: bool = False
    ) -> Iterator[tuple[str, Conversation | Loss]]:
        """Yield each line's conversation; of several with one id the first."""
        seen: set[str] = set()
        self.duplicates = 0
        self.bytes_read = 0
        for name, given in zip(self.conversation_files, self._given, strict=True):
            for number, line in self._lines(name, given):
                where = f"{name}, line {number}"
                try:
                    conversation = conversation_of(line)
                except ValueError as error:
                    yield where, Loss(where, Lost.BAD_LINE.say(error=error))
                    continue
                if conversation["id"] in seen:
                    self.duplicates += 1
                    continue
                seen.add(conversation["id"])
                for asset in conversation["assets"]:
                    member = asset["id"] if asset["id"] in self._files else None
                    asset["member"], asset["missing"] = member, member is None
                yield where, conversation

    def _lines(self, name: str, given: Path | BinaryIO) -> Iterator[tuple[int, bytes]]:
        try:
            stream = given.open("rb") if isinstance(given, Path) else given
            with stream:
                number = 0
                while line := stream.readline(MOST_BYTES):
                    number += 1
                    self.bytes_read += len(line)
                    whole = line.endswith(b"\n") or len(line) < MOST_BYTES
                    if not whole or heavy(line):
                        self._pass_on(name, number, line, None if whole else stream)
                    elif line.strip():
                        yield number, line
        except OSError as error:
            self.lose(name, reason_of(error))

    def _pass_on(self, name: str, number: int, line: bytes, rest: BinaryIO | None) -> None:
        """Keep a line that is too large as it is; `rest`: the stream that still holds its end."""
        path = path_of(name, f"line-{number}")
        why = Lost.TOO_LARGE.say(limit=TOO_MUCH, path=path)
        loss = Loss(f"{name}, line {number}", why)
        if loss not in self.losses:
            self.losses.append(loss)
        take = self.keep(path) if self.keep else None
        while line:
            if take:
                take(line)
            line = rest.readline(1 << 20) if rest and not line.endswith(b"\n") else b""
            self.bytes_read += len(line)
        if take:
            take(b"")

    def settle(self) -> bool:
        """Return False: a second line of one id never counts."""
        return False

    def hash_members(self) -> None:
        """Do nothing: the archive that the lines come from has their checksums."""

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Yield the files with lines."""
        for name, given in zip(self.conversation_files, self._given, strict=True):
            if isinstance(given, Path):
                yield name, given.stat().st_size, None

    def lookup(self, file_id: str) -> AssetInfo:
        """Return the member of the file; its name and type are in the conversations."""
        return AssetInfo(member=file_id if file_id in self._files else None)

    def others(self, taken: Container[str]) -> Iterator[str]:
        """Yield nothing: the archive beside the lines keeps files that no conversation mentions."""
        return iter(())

    def open(self, member: str) -> BinaryIO:
        """Open a file of the archive. Raises OSError."""
        return self._path(member).open("rb")

    def size(self, member: str) -> int:
        """Return its bytes. Raises FileNotFoundError."""
        return self._path(member).stat().st_size

    def _path(self, member: str) -> Path:
        try:
            return self._files[member]
        except KeyError:
            raise FileNotFoundError(f"the archive beside the jsonl lacks {member}") from None


def _add_assets(archive: Path, files: dict[str, Path]) -> None:
    """Add the assets of the archive in that folder. Memory follows their number."""
    with suppress(OSError):  # without an archive, the files are reported as missing
        top = archive.resolve(strict=True)
        for entry in entries(top / HOUSE / "manifest.jsonl"):
            kind, _, key = entry.key.partition("/")
            with suppress(OSError, ValueError):
                path = top / entry.path
                if kind == "asset" and path.resolve().is_relative_to(top) and path.is_file():
                    files.setdefault(key, path)


def conversation_of(line: bytes) -> Conversation:
    """Parse the conversation of a line. Raises ValueError if other code would loop or mix up.

    `gptexit validate` checks it against the schema.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = loads_deep(line)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise ValueError("not a conversation")
    if value.get("version") != VERSION:
        raise ValueError(f"of version {value.get('version')!r}; this gptexit reads {VERSION}")
    known: set[str | None] = {None}
    try:
        for message in value["messages"]:
            if message["parent"] not in known or message["id"] in known:
                raise ValueError(f"message {message['id']!r} comes before the one that it answers")
            known.add(message["id"])
        if value["current"] not in known:
            raise ValueError("the message that it ends with is not there")
        for asset in value["assets"]:
            asset["id"].encode()
        _fill_in(value)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it does not fit the schema ({type(error).__name__}: {error})") from error
    conversation: Conversation = value  # type: ignore[assignment]
    return conversation


def _fill_in(value: dict[str, Any]) -> None:
    """Give a line of an earlier gptexit the fields that were added since, without a value."""
    if isinstance(value["source"], dict):
        value["source"].setdefault("kind", "chat")
    for message in value["messages"]:
        for part in message["parts"]:
            if part["type"] in ("image", "audio", "video", "file"):
                part.setdefault("title", None)
                part.setdefault("placed", None)
