"""Writes a server's entry into a client's configuration file: all of it, or nothing."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gptexit.mcp.entry import Added, Refused, Taken, added

_LARGEST = 64 * 2**20
"""Bytes of a configuration; Claude Code keeps more than settings in its file."""
_PRIVATE = 0o600
"""The mode of a new file, as Claude Code makes its own."""


class NotInstalled(Exception):
    """Nothing was written; `str(error)` is a sentence for a person."""


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
