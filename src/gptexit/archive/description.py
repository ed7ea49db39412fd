"""Make an archive's record of itself: its sources, the version and the options that wrote it.

It is kept as `.gptexit/archive.json`, and holds no time of the run, so that a second run on the
same export leaves it as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import orjson

from gptexit import __version__
from gptexit.archive.note_contents import WRITER
from gptexit.errors import OtherAccount
from gptexit.files.disk import HOUSE, read_bytes
from gptexit.names import Names
from gptexit.text.dates import stamp
from gptexit.text.terminal import printable

KEY = "account"
"""The key of the account's checksum in the record."""
EXPORTS = "exports"
"""The key of the exports that an archive was made from, those of earlier runs first."""
VERSION = 2
"""The number that a record carries as `version`: from 2 on it has a checksum."""
LISTED = 1000
"""Things that could not be read that a record lists; the others are only counted."""
_FILE = "user.json"
_LARGEST = 1 << 20
"""Bytes of it that are read."""
_ZEROS = "0" * 64
_FORM = b'"checksum": "%s"'


def accounts_of(export: Any) -> set[str]:
    """Return a checksum of each account that a `user.json` in a source tells."""
    files = getattr(export, "files", None)
    if files is None:
        return set()
    accounts = set()
    for _, stream in files.every(_FILE):
        # Of a damaged file the copy tells the loss.
        with closing(stream), suppress(OSError):
            accounts.add(_account_in(stream.read(_LARGEST)))
    return accounts - {""}


def need_same_account(export: Any, roots: Iterable[Path]) -> None:
    """Raise OtherAccount if the archive in one of `roots` is of another account than `export`.

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
    """Return the checksum of the account that a `user.json` tells; "" if it tells none."""
    try:
        user = orjson.loads(data)["id"]
    except (ValueError, TypeError, KeyError):
        user = None
    if not isinstance(user, str) or not user:
        return ""
    return hashlib.sha256(b"gptexit account " + user.encode("utf-8", "replace")).hexdigest()[:32]


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


def sealed(record: dict[str, Any]) -> bytes:
    """Return a record as the bytes of its file, its checksum as the last key."""
    data = orjson.dumps(
        {**record, "checksum": _ZEROS}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
    digest = hashlib.sha256(data).hexdigest()
    head, _, tail = data.rpartition(_FORM % _ZEROS.encode())
    return head + _FORM % digest.encode() + tail


class Listed(Protocol):
    """A source that lists its files."""

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Yield name, bytes, and SHA-256 if it is known."""


def part_of(place: str) -> dict[str, str]:
    """Return the mark of a part of an exit, in the folder `place` of the whole."""
    return {"format": "exit", "as": place}


def by_ids(selection: dict[str, Any], names: Names) -> dict[str, Any]:
    """Replace names of projects in a selection by ids, which outlive a change of the name."""
    conditions = dict(selection)
    if isinstance(conditions.get("project"), str):
        conditions["project"] = names.ids_of(conditions["project"]) or conditions["project"]
    excluded = conditions.get("exclude")
    if isinstance(excluded, dict) and "projects" in excluded:
        ids = [key for name in excluded["projects"] for key in names.ids_of(name) or [name]]
        conditions["exclude"] = {**excluded, "projects": sorted(set(ids))}
    return conditions


def unread(
    losses: Iterable[Mapping[str, str]], earlier: Any = None, *, whole: bool = True
) -> dict[str, Any]:
    """Return the part of a record about what could not be read.

    `earlier`: that part of an earlier record. It stays until a run that takes everything (`whole`)
    loses nothing.
    """
    reasons = {loss["where"]: loss["reason"] for loss in losses}
    before = earlier if isinstance(earlier, dict) else {}
    if before and not (whole and not reasons):
        listed = before.get("listed")
        for line in listed if isinstance(listed, list) else ():
            known = line if isinstance(line, dict) else {}
            where, reason = known.get("where"), known.get("reason")
            if isinstance(where, str) and isinstance(reason, str):
                reasons.setdefault(where, reason)
    listed = [{"where": where, "reason": reason} for where, reason in reasons.items()]
    return {"count": len(reasons), "listed": listed[:LISTED]}


def record(
    asked: dict[str, Any], export: Listed, digests: dict[str, str], lost: dict[str, Any]
) -> dict[str, Any]:
    """Return the whole record.

    `digests`: SHA-256 of the assets that were copied, by member. `lost`: the result of `unread`.
    """
    accounts = accounts_of(export)
    exports = [
        {"name": edition.label, "made": stamp(made) if (made := edition.certain()) else None}
        for edition in getattr(export, "editions", ())
    ]
    return {
        "version": VERSION,
        "tool": {"name": "gptexit", "version": __version__},
        "writer": int(WRITER),
        **({KEY: accounts.pop()} if len(accounts) == 1 else {}),
        **asked,
        EXPORTS: exports or [{"name": getattr(export, "label", ""), "made": None}],
        "sources": [
            {"name": name, "size": size, "sha256": digest or digests.get(name)}
            for name, size, digest in export.inventory()
        ],
        "unread": lost,
    }
