"""Whose account an export is of, so that two accounts are not mixed in one folder.

`user.json`, which every export has since 2023, tells the account by its id. An archive keeps a
checksum of that, and neither the id nor the address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from gptexit.files.disk import HOUSE, Unusable, read_bytes
from gptexit.text.terminal import printable

_FILE = "user.json"
_LARGEST = 1 << 20
"""Bytes of it that are read."""
KEY = "account"
"""Where an archive's record of itself has the checksum."""


class OtherAccount(Unusable):
    """The folder has the archive of another account, or the exports are of two."""


def accounts_of(export: Any) -> set[str]:
    """Return a checksum of each account that the exports in a source are of, as far as they tell.

    A source that has no such file, as neutral JSON, tells none.
    """
    files = getattr(export, "files", None)
    if files is None:
        return set()
    found = set()
    for _, stream in files.every(_FILE):
        with closing(stream):
            try:
                found.add(_account_in(stream.read(_LARGEST)))
            except OSError:  # a damaged file; the loss is told where it is copied
                continue
    return found - {""}


def account_of(export: Any) -> str | None:
    """Return the checksum of the one account that a source is of; None where it tells none."""
    accounts = accounts_of(export)
    return accounts.pop() if len(accounts) == 1 else None


def need_same_account(export: Any, roots: Iterable[Path]) -> None:
    """Raise OtherAccount where the archive in one of `roots` is of another account than `export`.

    An archive or a source that does not tell its account goes with any.
    """
    accounts = accounts_of(export)
    if len(accounts) > 1:
        raise OtherAccount(
            "these exports are of different accounts, as their user.json tells: convert each with "
            "a command of its own, into a folder of its own."
        )
    for root in roots:
        known = _account_in_archive(root)
        if accounts and known and known not in accounts:
            raise OtherAccount(
                f"{printable(str(root))} has the archive of another account, as user.json tells: "
                "name another folder with -o, so that the two are not mixed. Nothing was written."
            )


def _account_in(data: bytes) -> str:
    """Return the checksum of the account that a `user.json` tells; "" where it tells none."""
    try:
        own = orjson.loads(data)["id"]
    except (ValueError, TypeError, KeyError):
        return ""
    if not isinstance(own, str) or not own:
        return ""
    return hashlib.sha256(b"gptexit account " + own.encode("utf-8", "replace")).hexdigest()[:32]


def _account_in_archive(root: Path) -> str | None:
    """Return the checksum that an archive keeps; of an older one, that of its `user.json`."""
    try:
        recorded = orjson.loads(read_bytes(root / HOUSE / "archive.json") or b"{}")
        known = recorded.get(KEY) if isinstance(recorded, dict) else None
    except (OSError, ValueError):
        known = None
    if isinstance(known, str) and known:
        return known
    try:
        return _account_in(read_bytes(root / "account" / _FILE) or b"") or None
    except OSError:
        return None
