"""Writes a server's entry into a client's configuration file: all of it, or nothing."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gptexit.errors import NotInstalled

# The last alternatives of each take what is not closed, so that the search goes on behind it.
_STRING_OR_COMMENT = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|//[^\r\n]*|/\*(?:.*?\*/|.*\Z)', re.DOTALL
)
_SPACE = re.compile(r"[ \t\r\n]*")


class Malformed(ValueError):
    """This is no JSON; `str(error)` says where and why, as part of a sentence."""


class Object(tuple[tuple[str, Any], ...]):
    """The members of a JSON object in their order, repeated names too."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class JsonMember:
    """A member of an object, by where it stands."""

    name: str
    begins: int
    """Where its name begins."""
    value: int
    """Where its value begins."""
    ends: int
    """Where its value ends."""


def without_comments(text: str) -> str:
    """`text` with spaces for its comments; of the same length, each line where it was."""
    return _STRING_OR_COMMENT.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    """Spaces for a comment; a string stays, and so does a comment that is not closed."""
    piece = found[0]
    if piece[0] == '"' or (piece[1] == "*" and not (len(piece) > 3 and piece.endswith("*/"))):
        return piece
    return re.sub(r"[^\r\n]", " ", piece)


def parsed(plain: str) -> Any:
    """The value, its objects as Object and its numbers as they are written. Raises Malformed."""
    try:
        return _DECODER.decode(plain)
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise Malformed("it is nested too deeply") from error


def members(plain: str, at: int) -> tuple[list[JsonMember], int]:
    """The members of the object that begins at `at`, and where it is closed. It has been parsed."""
    found: list[JsonMember] = []
    at = _after_space(plain, at + 1)
    while plain[at] != "}":
        begins = at
        name, at = _DECODER.raw_decode(plain, at)
        value = _after_space(plain, _after_space(plain, at) + 1)
        _, at = _DECODER.raw_decode(plain, value)
        found.append(JsonMember(name, begins, value, at))
        at = _after_space(plain, at)
        at = _after_space(plain, at + 1) if plain[at] == "," else at
    return found, at


def _after_space(plain: str, at: int) -> int:
    space = _SPACE.match(plain, at)
    assert space is not None
    return space.end()


def _refuse(constant: str) -> NoReturn:
    raise Malformed(f"{constant} is no value of JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=Object, parse_int=str, parse_float=str, parse_constant=_refuse
)


_LARGEST = 64 * 2**20
"""Bytes of a configuration; Claude Code keeps more than settings in its file."""
_PRIVATE = 0o600
"""The mode of a new file, as Claude Code makes its own."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was done."""

    path: Path
    """The file, with links followed."""
    backup: Path | None
    """None where there was no file, or nothing to change."""
    changed: bool
    comments: bool
    mark: bool


def install(config: Path, name: str, entry: dict[str, Any]) -> Installed:
    """Add a server to the file, which need not exist. Raises NotInstalled, OSError.

    The file that links lead to is replaced, in one step, and keeps its mode. What was there before
    stands beside it, under a name that was free.
    """
    path = Path(os.path.realpath(config))
    before = _bytes(path)
    result = _added(path, before or b"", name, entry)
    if not result.changed:
        return Installed(path, None, False, result.comments, result.mark)
    path.parent.mkdir(parents=True, exist_ok=True)
    backup = _backup(path) if before is not None else None
    _replace(path, before, result.text.encode())
    return Installed(path, backup, True, result.comments, result.mark)


def _bytes(path: Path) -> bytes | None:
    """What the file holds; None where there is none. Raises NotInstalled."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise NotInstalled(f"{path} is no file; nothing was written.")
    if found.st_size > _LARGEST:
        raise NotInstalled(f"{path} is larger than 64 MiB; nothing was written.")
    return path.read_bytes()


def _added(path: Path, before: bytes, name: str, entry: dict[str, Any]) -> Added:
    try:
        return added(before.decode(), name, entry)
    except UnicodeDecodeError as error:
        raise NotInstalled(f"{path} is not in UTF-8; nothing was written.") from error
    except Refused as error:
        raise NotInstalled(
            f"{path} {error}. Nothing was written; mend the file, or add the entry by hand."
        ) from error
    except Taken as error:
        raise NotInstalled(
            f"{path} has another server named “{name}”. Nothing was written; give this one a name "
            "of its own with --name."
        ) from error


def _backup(path: Path) -> Path:
    """A copy beside the file; never in place of an earlier one."""
    number = 1
    while True:
        beside = path.with_name(f"{path.name}.before-gptexit-{number}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as copy, path.open("rb") as original:
            shutil.copyfileobj(original, copy)
        shutil.copystat(path, beside)
        return beside


def _replace(path: Path, before: bytes | None, data: bytes) -> None:
    """Put a new file in its place, unless somebody wrote it meanwhile. Raises NotInstalled."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            shutil.copymode(path, part)
            _keep_owner(path, part)
        if _bytes(path) != before:
            raise NotInstalled(
                f"{path} was changed by another program just now; nothing was written. Quit it and "
                "try again."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _keep_owner(path: Path, part: Path) -> None:
    """Whose file it is, where the system lets us say so."""
    if hasattr(os, "chown"):
        found = path.stat()
        with suppress(OSError):
            os.chown(part, found.st_uid, found.st_gid)


SERVERS = "mcpServers"
"""The key that Claude Desktop, Claude Code and Gemini CLI share; see clients.py."""
_UNIT = "  "
_MARK = "\ufeff"
_COMMENTS = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/))*")


class Refused(Exception):
    """The entry cannot be added; `str(error)` says why, as the end of a sentence on the file."""


class Taken(Exception):
    """Another server has the name."""


@dataclass(frozen=True, slots=True)
class Added:
    """A configuration with the entry in it."""

    text: str
    changed: bool
    """False where the server was there already, with the same command and arguments."""
    comments: bool
    """Whether there are comments, which not every client reads."""
    mark: bool
    """Whether it begins with a byte order mark, likewise."""


def added(before: str, name: str, entry: dict[str, Any]) -> Added:
    """`before` with a server of that name. Raises Refused, Taken.

    What was there stays as it is, character by character: the entry is put in, in the manner of
    what stands around it. The result is parsed again and held against what was there.
    """
    mark = _MARK if before.startswith(_MARK) else ""
    text = before[len(mark) :]
    if not text.strip(" \t\r\n"):
        return Added(mark + alone(name, entry), True, False, bool(mark))
    plain = without_comments(text)
    root = _root(plain)
    servers = next((value for key, value in reversed(root) if key == SERVERS), None)
    there = [value for key, value in servers or () if key == name]
    if there:
        if not _same(there[-1], entry):
            raise Taken
        return Added(before, False, plain != text, bool(mark))
    made = _Edit(text, plain).with_server(name, entry, new=servers is None)
    _prove(root, made, name, entry)
    return Added(mark + made, True, plain != text, bool(mark))


def alone(name: str, entry: dict[str, Any]) -> str:
    """A configuration with nothing else in it."""
    return _written({SERVERS: {name: entry}}, _UNIT) + "\n"


def _root(plain: str) -> Object:
    try:
        root = parsed(plain)
    except Malformed as error:
        raise Refused(f"is not valid JSON ({error})") from error
    if not isinstance(root, Object):
        raise Refused("is no JSON object")
    for key, value in root:
        if key == SERVERS and not isinstance(value, Object):
            raise Refused(f"has a “{SERVERS}” that is no JSON object")
    return root


def _same(there: Any, entry: dict[str, Any]) -> bool:
    """Whether it starts the same; what the user set beside that is the user's."""
    if not isinstance(there, Object):
        return False
    found = dict(there)
    return all(found.get(key) == entry[key] for key in ("command", "args")) and "url" not in found


def _prove(root: Object, made: str, name: str, entry: dict[str, Any]) -> None:
    """Hold the result against what was there. Raises Refused."""
    new = (name, parsed(json.dumps(entry)))
    keys = [key for key, _ in root]
    if SERVERS in keys:
        at = len(keys) - 1 - keys[::-1].index(SERVERS)
        changed = (SERVERS, Object((*root[at][1], new)))
        expected = Object((*root[:at], changed, *root[at + 1 :]))
    else:
        expected = Object((*root, (SERVERS, Object((new,)))))
    try:
        found = parsed(without_comments(made))
    except Malformed as error:
        raise Refused(f"could not be added to with certainty ({error})") from error
    if found != expected:
        raise Refused("could not be added to with certainty")


def _written(value: Any, unit: str | None, newline: str = "\n", indent: str = "") -> str:
    """JSON; on one line where `unit` is None."""
    made = json.dumps(value, ensure_ascii=False, indent=unit)
    return made.replace("\n", newline + indent)


class _Edit:
    """One addition to a text."""

    def __init__(self, text: str, plain: str) -> None:
        self._text = text
        self._plain = plain
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._open = plain.index("{")
        self._members, _ = members(plain, self._open)
        self._unit = self._unit_of(self._members)

    def with_server(self, name: str, entry: dict[str, Any], *, new: bool) -> str:
        """The text with the server; `new` where it has no servers yet."""
        if new:
            return self._with(self._open, SERVERS, {name: entry})
        servers = next(each for each in reversed(self._members) if each.name == SERVERS)
        return self._with(servers.value, name, entry)

    def _with(self, opens: int, name: str, value: Any) -> str:
        """The text with a last member in the object that begins at `opens`."""
        inside, closes = members(self._plain, opens)
        if not inside:
            return self._in_empty(opens, closes, name, value)
        last = inside[-1]
        comments = _COMMENTS.match(self._text, last.ends)
        assert comments is not None
        indent = self._indent(last.begins)
        if not self._begins_line(last) and "//" not in comments[0]:
            between = self._plain[inside[-2].ends : last.begins] if len(inside) > 1 else ", "
            lead, unit = "" if between == "," else " ", None
        else:
            lead, unit = self._newline + indent, self._unit
        member = self._member(name, value, unit, indent)
        comma, end = last.ends, comments.end()
        text = self._text
        return f"{text[:comma]},{text[comma:end]}{lead}{member}{text[end:]}"

    def _in_empty(self, opens: int, closes: int, name: str, value: Any) -> str:
        text = self._text
        at = opens + 1 + len(text[opens + 1 : closes].rstrip(" \t\r\n"))
        if not re.search(r"[\r\n]", text.strip()) and (opens != self._open or at > opens + 1):
            return text[:at] + self._member(name, value, None, "") + text[at:]
        outer = self._indent(opens)
        member = self._member(name, value, self._unit, outer + self._unit)
        tail = "" if re.search(r"[\r\n]", text[at:closes]) else self._newline + outer
        return f"{text[:at]}{self._newline}{outer}{self._unit}{member}{tail}{text[at:]}"

    def _member(self, name: str, value: Any, unit: str | None, indent: str) -> str:
        written = _written(value, unit, self._newline, indent)
        return f"{json.dumps(name, ensure_ascii=False)}: {written}"

    def _indent(self, at: int) -> str:
        """The space that the line of `at` begins with."""
        line = re.split(r"[\r\n]", self._text[:at])[-1] + "."
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _begins_line(self, member: JsonMember) -> bool:
        before = self._text[: member.begins].rstrip(" \t")
        return before.endswith(("\r", "\n"))

    def _unit_of(self, top: list[JsonMember]) -> str:
        first = next((each for each in top if self._begins_line(each)), None)
        return (first and self._indent(first.begins)) or _UNIT
