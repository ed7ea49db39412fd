"""A server's entry in a client's configuration: added to the text, and nothing else touched."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from gptexit.mcp.jsonc import JsonMember, Malformed, Object, members, parsed, without_comments

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
