"""What a wrong source seems to be, and what to do: one sentence for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gptexit.errors import NotAnExport
from gptexit.files.magic import media_type
from gptexit.readers.chatgpt.containers import recognize

GET = (
    "give the ZIP that the link in ChatGPT's e-mail leads to "
    "(in ChatGPT: Settings > Data controls > Export data)"
)
AGAIN = "download it again, and look whether the browser says that it is complete"
HEAD = 1 << 18
"""Bytes of a file that are enough to tell what it is."""


@dataclass(frozen=True, slots=True)
class _Mistake:
    """Something that is given for an export by mistake."""

    sign: Callable[[bytes], bool]
    """Whether the first bytes of a file are such a thing's."""
    seems: str
    advice: str = GET


def _pattern(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda head: bool(compiled.search(head))


def _kind(*kinds: str) -> Callable[[bytes], bool]:
    return lambda head: (media_type(head) or "").startswith(kinds)


_NO_OBJECTS = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*\[\s*(?:\[|[0-9]|-[0-9]|true|false)")
_LINES = _pattern(rb"\A\s*\{[^\n]*\}[ \t]*\r?\n\s*\{")
_CLAUDE = "an export of Claude, not of ChatGPT"
_FOREIGN = (
    # Unescaped quotes cannot stand inside a JSON string, so these are keys.
    _Mistake(_pattern(rb'\A\s*[\[{].*"chat_messages"\s*:'), _CLAUDE),
    _Mistake(
        _pattern(rb'\A\s*\[\s*\{.{0,2000}?"header"\s*:\s*"(?:Gemini|Bard)'),
        "the activity of Google Gemini, not an export of ChatGPT",
    ),
    _Mistake(
        lambda head: "Open WebUI" in (recognize.foreign(head) or ""),
        "an export of Open WebUI, not of ChatGPT",
    ),
    _Mistake(
        lambda head: "LibreChat" in (recognize.foreign(head) or ""),
        "an export of LibreChat, not of ChatGPT",
    ),
    _Mistake(
        lambda head: bool(_NO_OBJECTS.search(head)) and not seems_conversations(head),
        "JSON, but no array of ChatGPT conversations",
        "give the whole export ZIP, or its conversations.json",
    ),
    _Mistake(
        lambda head: bool(_LINES(head)) and not recognize.holds_conversations(head),
        "a JSON Lines file, one object a line, and none of them a conversation of ChatGPT's",
    ),
)
"""What JSON may be that looks like conversations at first."""

_FILES = (
    _Mistake(_pattern(rb"\A\Z"), "an empty file", AGAIN),
    _Mistake(_kind("image/"), "a picture, not an export"),
    _Mistake(_kind("application/pdf"), "a PDF document, not an export"),
    _Mistake(_kind("audio/", "video/"), "a recording, not an export"),
    _Mistake(
        _pattern(rb"\A(?:Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b|\xfd7zXZ|BZh)"),
        "an archive of a kind that gptexit does not read (RAR, 7z, gz, xz or bz2)",
        "unpack it and give the folder",
    ),
    _Mistake(
        _pattern(rb"(?i)\A(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html|<head)"),
        "a web page, perhaps the log-in page, saved in place of the export",
        "log in to ChatGPT in the browser, open the link in the e-mail again (it works for "
        "24 hours) and give the ZIP that comes",
    ),
    *_FOREIGN,
    _Mistake(
        _pattern(rb"\A(?:\xef\xbb\xbf)?\s*[\[{]"),
        "JSON, but no array of ChatGPT conversations",
        "give the whole export ZIP, or its conversations.json",
    ),
    _Mistake(lambda head: True, "neither a ZIP nor a folder nor a JSON file"),
)

_Members = Callable[[set[str]], bool]


def _holds(*names: str) -> _Members:
    return lambda bases: bases.issuperset(names)


_CONTAINERS: tuple[tuple[_Members, str, str], ...] = (
    (lambda bases: not bases, "holds nothing", GET),
    (_holds("users.json", "projects.json"), f"is {_CLAUDE}", GET),
    (
        lambda bases: bool(bases & {"Takeout", "My Activity", "archive_browser.html"}),
        "is an export of Google (Takeout), not of ChatGPT",
        GET,
    ),
    (
        lambda bases: any(base.lower().endswith(".zip") for base in bases),
        "holds ZIP files, but no conversations",
        "give the export ZIP itself, or all ZIPs of one export together",
    ),
    (
        lambda bases: True,
        "holds no conversations (no conversations.json, no chat.html)",
        GET,
    ),
)


def wrong_file(label: str, head: bytes) -> NotAnExport:
    """What a file is that is neither ZIP nor conversations; `head`: its first bytes."""
    found = next(each for each in _FILES if each.sign(head))
    return NotAnExport(f"{label} is {found.seems}: {found.advice}.")


def wrong_members(label: str, paths: Iterable[str]) -> NotAnExport:
    """What a ZIP or folder is that holds no conversations."""
    parts = {part for path in paths for part in path.split("/")}
    seems, advice = next((s, a) for sign, s, a in _CONTAINERS if sign(parts))
    return NotAnExport(f"{label} {seems}: {advice}.")


def foreign(label: str, head: bytes) -> NotAnExport | None:
    """The sentence for conversations that are another program's; None where they may be ours."""
    for each in _FOREIGN:
        if each.sign(head):
            return NotAnExport(f"{label} is {each.seems}: {each.advice}.")
    return None


def foreign_members(label: str, paths: Iterable[str]) -> NotAnExport | None:
    """The same by what else a ZIP or folder holds: Claude has a `conversations.json` too."""
    bases = {path.rsplit("/", 1)[-1] for path in paths}
    if _holds("users.json", "projects.json")(bases) and "user.json" not in bases:
        return wrong_members(label, bases)
    return None


_MAPPING = re.compile(rb'"mapping"\s*:')
_EMPTY = re.compile(rb"\s*(?:\[\s*)?(?:\]\s*)?")


def seems_conversations(head: bytes) -> bool:
    """Whether JSON begins like ChatGPT conversations; an empty array is an empty export."""
    return (
        bool(_MAPPING.search(head))
        or recognize.holds_conversations(head)
        or bool(_EMPTY.fullmatch(head))
    )


def incomplete(label: str) -> NotAnExport:
    """The sentence for a ZIP that was cut before anything useful."""
    return NotAnExport(
        f"{label} is incomplete, no whole conversation stands before its cut: {AGAIN}."
    )


def locked(label: str, member: str, reason: str) -> NotAnExport:
    """The sentence for conversations that are there and cannot be unpacked."""
    is_ = "" if reason.startswith("would") else "is "
    return NotAnExport(f"{label}: {member} {is_}{reason}.")


def endless(label: str, kind: str) -> NotAnExport:
    """Return the sentence for a device, a pipe or a socket; `kind` is `a pipe`, for example."""
    return NotAnExport(
        f"{label} is {kind}, and no file: give the path of a file, or pass JSON to standard input "
        "and give `-`."
    )


def unreachable(label: str, error: OSError) -> NotAnExport:
    """The sentence for a path that leads to nothing, or to what nobody may read."""
    if isinstance(error, FileNotFoundError):
        return NotAnExport(f"{label} does not exist: look whether the path is spelled right.")
    if isinstance(error, PermissionError):
        return NotAnExport(
            f"{label} may not be read: change its permissions, or copy it to a folder of yours."
        )
    return NotAnExport(f"{label} cannot be read ({error.strerror or error}).")
