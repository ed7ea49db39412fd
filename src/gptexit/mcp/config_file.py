"""Add a server's entry to a client's configuration file: all of it, or nothing.

The file may hold comments (JSONC). Everything in it stays as it is, character by character.
"""

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
from typing import Any, BinaryIO, NamedTuple, NoReturn

from gptexit.errors import NotInstalled

SERVERS = "mcpServers"
"""The key that Claude Desktop, Claude Code and Gemini CLI share; see clients.py."""
_LARGEST = 64 * 2**20
"""Bytes of a configuration; Claude Code keeps more than settings in its file."""
_UNIT = "  "
_MARK = "\ufeff"
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Added:
    """A configuration with the entry in it."""

    text: str
    changed: bool
    """False if the server was in it already, with the same command and arguments."""
    comments: bool
    """Whether it has comments, which not every client reads."""
    mark: bool
    """Whether it begins with a byte order mark, which not every client reads."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A configuration file, after `install`."""

    path: Path
    """The file, with links followed."""
    backup: Path | None
    """None if the file is new, or did not change."""
    content: Added


class Refused(ValueError):
    """The entry cannot be added; `str(error)` says why, as the end of a sentence on the file."""

    advice = "mend the file, or add the entry by hand."


class Taken(Refused):
    """Another server has the name."""

    advice = "give this one a name of its own with --name."


def install(config: Path, name: str, entry: dict[str, Any]) -> Installed:
    """Add a server to the file, which need not exist. Raises NotInstalled, OSError.

    The file that links lead to is replaced, in one step, and keeps its mode. Its old content is
    kept beside it, under a name that was free.
    """
    path = Path(os.path.realpath(config))
    before = _bytes(path)
    try:
        content = added((before or b"").decode(), name, entry)
    except UnicodeDecodeError as error:
        raise NotInstalled(f"{path} is not in UTF-8; nothing was written.") from error
    except Refused as error:
        raise NotInstalled(f"{path} {error}. Nothing was written; {error.advice}") from error
    if not content.changed:
        return Installed(path, None, content)
    path.parent.mkdir(parents=True, exist_ok=True)
    backup = _backup(path) if before is not None else None
    _replace(path, before, content.text.encode())
    return Installed(path, backup, content)


def _bytes(path: Path) -> bytes | None:
    """Return the content of the file, or None if there is no file. Raises NotInstalled."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise NotInstalled(f"{path} is not a file; nothing was written.")
    if status.st_size > _LARGEST:
        raise NotInstalled(f"{path} is larger than 64 MiB; nothing was written.")
    return path.read_bytes()


def _create(path: Path) -> BinaryIO:
    """Create a private file, as Claude Code makes its own. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _backup(path: Path) -> Path:
    """Copy the file to one beside it, and never in place of an earlier copy."""
    number = 1
    while True:
        beside = path.with_name(f"{path.name}.before-gptexit-{number}")
        try:
            copy = _create(beside)
        except FileExistsError:
            number += 1
            continue
        with copy, path.open("rb") as original:
            shutil.copyfileobj(original, copy)
        shutil.copystat(path, beside)
        return beside


def _replace(path: Path, before: bytes | None, data: bytes) -> None:
    """Replace the file, unless another program wrote it meanwhile. Raises NotInstalled."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _create(part) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            shutil.copymode(path, part)
            if hasattr(os, "chown"):
                owner = path.stat()
                with suppress(OSError):
                    os.chown(part, owner.st_uid, owner.st_gid)
        if _bytes(path) != before:
            raise NotInstalled(
                f"{path} was changed by another program just now; nothing was written. Quit it and "
                "try again."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def added(before: str, name: str, entry: dict[str, Any]) -> Added:
    """Return the configuration `before` with a server of that name. Raises Refused, Taken.

    The entry is laid out like its neighbours. The result is parsed again and compared with
    `before`, so that nothing else can change.
    """
    mark = _MARK if before.startswith(_MARK) else ""
    text = before[len(mark) :]
    if not text.strip(_BLANK):
        return Added(mark + alone(name, entry), True, False, bool(mark))
    plain = without_comments(text)
    root = parsed(plain)
    if not isinstance(root, tuple):
        raise Refused("is not a JSON object")
    if any(key == SERVERS and not isinstance(value, tuple) for key, value in root):
        raise Refused(f"has a “{SERVERS}” that is not a JSON object")
    # The last of several members with one name is the one that clients see.
    at = max((i for i, (key, _) in enumerate(root) if key == SERVERS), default=len(root))
    servers = root[at][1] if at < len(root) else ()
    same_name = [value for key, value in servers if key == name]
    if same_name:
        if not _starts_the_same(same_name[-1], entry):
            raise Taken(f"has another server named “{name}”")
        return Added(before, False, plain != text, bool(mark))
    result = _Edit(text, plain).with_server(name, entry)
    expected = (*root[:at], (SERVERS, (*servers, (name, parsed(json.dumps(entry))))))
    try:
        proven = parsed(without_comments(result)) == (*expected, *root[at + 1 :])
    except Refused:
        proven = False
    if not proven:
        raise Refused("is such that gptexit cannot add the server safely")
    return Added(mark + result, True, plain != text, bool(mark))


def alone(name: str, entry: dict[str, Any]) -> str:
    """Return a configuration that holds this server only."""
    return json.dumps({SERVERS: {name: entry}}, ensure_ascii=False, indent=_UNIT) + "\n"


def _starts_the_same(server: Any, entry: dict[str, Any]) -> bool:
    """Compare command and arguments; the user may set anything beside them."""
    members = dict(server) if isinstance(server, tuple) else {}
    same = all(members.get(key) == entry[key] for key in ("command", "args"))
    return same and "url" not in members


def parsed(plain: str) -> Any:
    """Parse JSON. Raises Refused.

    An object becomes a tuple of its members, repeated names too; a number stays as it is written.
    """
    try:
        return _DECODER.decode(plain)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise Refused(f"is not valid JSON ({place})") from error
    except RecursionError as error:
        raise Refused("is not valid JSON (it is nested too deeply)") from error


def _refuse(constant: str) -> NoReturn:
    raise Refused(f"is not valid JSON ({constant} is not a value of JSON)")


_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_refuse
)
# A string or a comment that is not closed matches up to the end: no place is searched twice.
_STRING_OR_COMMENT = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|//[^\r\n]*|/\*(?:.*?\*/|.*\Z)', re.DOTALL
)


def without_comments(text: str) -> str:
    """Replace each character of a comment by a space, except for ends of lines."""
    return _STRING_OR_COMMENT.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    """Blank a comment; keep a string, and a comment that is not closed."""
    piece = match[0]
    if piece[0] == '"' or (piece[1] == "*" and not (len(piece) > 3 and piece.endswith("*/"))):
        return piece
    return re.sub(r"[^\r\n]", " ", piece)


class _Member(NamedTuple):
    """A member of an object, with the positions of its name, its value and its end in the text."""

    name: str
    begins: int
    value: int
    ends: int


def _members(plain: str, at: int) -> tuple[list[_Member], int]:
    """Return the members of the valid object that begins at `at`, and where it is closed."""
    members: list[_Member] = []
    at = _after_space(plain, at + 1)
    while plain[at] != "}":
        begins = at
        name, at = _DECODER.raw_decode(plain, at)
        value = _after_space(plain, _after_space(plain, at) + 1)
        _, at = _DECODER.raw_decode(plain, value)
        members.append(_Member(name, begins, value, at))
        at = _after_space(plain, at)
        at = _after_space(plain, at + 1) if plain[at] == "," else at
    return members, at


_SPACE = re.compile(f"[{_BLANK}]*")
_COMMENTS = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/))*")


def _after_space(plain: str, at: int) -> int:
    space = _SPACE.match(plain, at)
    assert space is not None
    return space.end()


class _Edit:
    """One addition to a text; `plain` is the text without its comments."""

    def __init__(self, text: str, plain: str) -> None:
        self._text = text
        self._plain = plain
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._open = plain.index("{")
        self._top, _ = _members(plain, self._open)
        indented = next(filter(self._begins_line, self._top), None)
        self._unit = (indented and self._indent(indented.begins)) or _UNIT

    def with_server(self, name: str, entry: dict[str, Any]) -> str:
        """Return the text with the server as a last member of the last `mcpServers`."""
        for member in reversed(self._top):
            if member.name == SERVERS:
                return self._with(member.value, name, entry)
        return self._with(self._open, SERVERS, {name: entry})

    def _with(self, opens: int, name: str, value: Any) -> str:
        """Return the text with a last member in the object that begins at `opens`."""
        members, closes = _members(self._plain, opens)
        if not members:
            return self._in_empty(opens, closes, name, value)
        last = members[-1]
        comments = _COMMENTS.match(self._text, last.ends)
        assert comments is not None
        indent = self._indent(last.begins)
        if not self._begins_line(last) and "//" not in comments[0]:
            between = self._plain[members[-2].ends : last.begins] if len(members) > 1 else ", "
            lead, unit = "" if between == "," else " ", None
        else:
            lead, unit = self._newline + indent, self._unit
        member = self._member(name, value, unit, indent)
        comma, end = last.ends, comments.end()
        text = self._text
        return f"{text[:comma]},{text[comma:end]}{lead}{member}{text[end:]}"

    def _in_empty(self, opens: int, closes: int, name: str, value: Any) -> str:
        text = self._text
        at = opens + 1 + len(text[opens + 1 : closes].rstrip(_BLANK))
        if not re.search(r"[\r\n]", text.strip()) and (opens != self._open or at > opens + 1):
            return text[:at] + self._member(name, value, None, "") + text[at:]
        outer = self._indent(opens)
        member = self._member(name, value, self._unit, outer + self._unit)
        tail = "" if re.search(r"[\r\n]", text[at:closes]) else self._newline + outer
        return f"{text[:at]}{self._newline}{outer}{self._unit}{member}{tail}{text[at:]}"

    def _member(self, name: str, value: Any, unit: str | None, indent: str) -> str:
        """Write a member with its lines at `indent`, or on one line if `unit` is None."""
        written = json.dumps(value, ensure_ascii=False, indent=unit)
        written = written.replace("\n", self._newline + indent)
        return f"{json.dumps(name, ensure_ascii=False)}: {written}"

    def _indent(self, at: int) -> str:
        """Return the space that the line of `at` begins with."""
        line = re.split(r"[\r\n]", self._text[:at])[-1] + "."
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _begins_line(self, member: _Member) -> bool:
        return self._text[: member.begins].rstrip(" \t").endswith(("\r", "\n"))
