"""Make an archive's record of itself: its sources, the version and the options that wrote it.

It is kept as `.gptexit/archive.json`, and holds no time of the run, so that a second run on the
same export leaves it as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from gptexit import __version__
from gptexit.archive.note_contents import WRITER
from gptexit.errors import NEWER, UPDATE, Choice, OtherAccount, OtherArchive
from gptexit.files.disk import HOUSE, read_bytes
from gptexit.names import Names
from gptexit.text.dates import stamp
from gptexit.text.terminal import printable

RECORD = "archive.json"
"""The archive's record of itself, in the folder HOUSE."""
KEY = "account"
"""The key of the account's checksum in the record."""
EXPORTS = "exports"
"""The key of the exports that an archive was made from, those of earlier runs first."""
INCOMPLETE = "incomplete"
"""The key of the `Incomplete` in the record of an exit."""
BESIDE = "beside"
"""The key of the names of files that were given too, such as further parts of an export."""
VERSION = 2
"""The number that a record carries as `version`: from 2 on it has a checksum."""
LISTED = 1000
"""Things that could not be read that a record lists; the others are only counted."""
USER_FILE = "user.json"
LARGEST_USER = 1 << 20
"""Bytes of it that are read."""
_SHOWN = 40
"""Columns of an address, or of a name of an export, in a sentence."""
_NO_NAME = re.compile("[^a-z0-9]+")
_ZEROS = "0" * 64
_FORM = b'"checksum": "%s"'


class _Account(NamedTuple):
    """The account that the `user.json` of an export tells."""

    checksum: str
    """Of the account's id."""
    address: str
    """The e-mail address, short enough for a sentence; "" if there is none."""


_NOBODY = _Account("", "")


def record_of(root: Path) -> dict[str, Any]:
    """Return the record of the archive in a folder; empty if there is none that can be read.

    Raises OSError, and OtherArchive if a newer gptexit wrote it.
    """
    try:
        record = orjson.loads(read_bytes(root / HOUSE / RECORD) or b"{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(record, dict):
        return {}
    if isinstance(version := record.get("version"), int) and version > VERSION:
        raise OtherArchive(f"{printable(str(root))} {NEWER}", UPDATE)
    return record


def expect(root: Path, format_name: str) -> None:
    """Raise OtherArchive if an earlier run wrote another format to a folder."""
    earlier = record_of(root).get("format")
    if isinstance(earlier, str) and earlier != format_name:
        error = OtherArchive(
            f"{printable(str(root))} has an archive of the format {printable(earlier, 20)}, and "
            f"{format_name} would replace it.",
            "Name another folder to write to. Nothing was written.",
        )
        folder = str(
            root.with_name(f"{root.name}-{format_name}") if root.name else f"{root}/{format_name}"
        )
        raise error.with_choices((), [Choice((), "into a folder of its own", folder)])


class Incomplete(NamedTuple):
    """The newest export that an exit was given and that was not whole, until a whole one comes."""

    name: str
    made: str
    """When it was made or, if that is not known, when its last conversation was changed; as RFC
    3339; "" if neither is known."""

    def is_replaced_by(self, other: Incomplete) -> bool:
        """Tell whether a whole export, or another that is not whole, takes the place of this."""
        if self.made and other.made:
            return other.made >= self.made
        return other.name.removesuffix(".zip") == self.name.removesuffix(".zip")


def incomplete_of(record: Mapping[str, Any]) -> Incomplete | None:
    """Return the export that was not whole, from the record of an exit."""
    known = record.get(INCOMPLETE)
    name, made = (known.get("name"), known.get("made")) if isinstance(known, dict) else ("", "")
    if not isinstance(name, str) or not isinstance(made, str) or not name:
        return None
    return Incomplete(printable(name, _SHOWN), made)


def accounts_of(export: Any) -> set[str]:
    """Return a checksum of each account that a `user.json` in a source tells."""
    return {account.checksum for account, _ in _accounts(export)}


def _accounts(export: Any) -> Iterator[tuple[_Account, Any]]:
    """Yield the account of each export of a source, and the `UserFile` that tells it."""
    for file in getattr(export, "user_files", list)():
        # Of a damaged file the copy tells the loss.
        with closing(file.stream), suppress(OSError):
            account = account_in(file.stream.read(LARGEST_USER))
            if account.checksum:
                yield account, file


def need_same_account(export: Any, roots: Sequence[Path], out: Path | None) -> None:
    """Raise OtherAccount if the archive in one of `roots` is of another account than `export`.

    `out`: the folder that the person named, in which the roots are; None for standard output. An
    archive or a source that does not tell its account goes with any.
    """
    by_account: dict[_Account, list[Any]] = {}
    for account, file in _accounts(export):
        by_account.setdefault(account, []).append(file)
    if len({account.checksum for account in by_account}) > 1:
        raise _two_accounts(by_account, out)
    for root in roots:
        known = account_in_archive(root)
        for account in by_account:
            if known.checksum and known.checksum != account.checksum:
                raise _other_account(root, known, account, out or root)


def _two_accounts(by_account: dict[_Account, list[Any]], out: Path | None) -> OtherAccount:
    """Return the error for exports of several accounts, with a command for each account."""
    named: list[str] = []
    choices: list[Choice] = []
    for account, files in by_account.items():
        labels = " and ".join(file.label for file in files)
        named.append(f"{labels} is of {account.address or 'another one'}")
        paths = tuple(dict.fromkeys(path for file in files for path in file.paths))
        folder = str(_folder_for(account, out, choices)) if out else None
        choices.append(Choice(paths, labels, folder))
    error = OtherAccount(
        f"these exports are of different accounts, as their user.json files say: "
        f"{'; '.join(named)}.",
        "Give each in a command of its own, with a folder of its own. Nothing was written.",
    )
    given = {path for files in by_account.values() for file in files for path in file.given}
    every = [path for choice in choices for path in choice.paths]
    # One ZIP with two accounts in it cannot be given in parts.
    return error.with_choices(given, choices if len(set(every)) == len(every) else [])


def _other_account(root: Path, known: _Account, account: _Account, out: Path) -> OtherAccount:
    """Return the error for an archive of another account, with another folder to write to."""
    made_from = _source_of(root)
    of = f" ({known.address})" if known.address else ""
    made = f", made from {made_from}" if made_from else ""
    this = f"is of {account.address}" if account.address else "is of another one"
    error = OtherAccount(
        f"{printable(str(root))} has the archive of another account{of}{made}; this export {this}, "
        "as its user.json says.",
        "Name another folder with -o, so that the two are not mixed. Nothing was written.",
    )
    folder = str(_folder_for(account, out))
    return error.with_choices((), [Choice((), "into a folder of its own", folder)])


def _folder_for(account: _Account, out: Path, others: Sequence[Choice] = ()) -> Path:
    """Return `out`, or a folder named like it, that neither another account nor `others` have."""
    name = _NO_NAME.sub("-", account.address.partition("@")[0].lower()).strip("-")
    ends = ["", *([f"-{name}"] if name else []), *(f"-{number}" for number in range(2, 100))]
    folders = [out.with_name(f"{out.name}{end}") for end in ends] if out.name else [out]
    free = (
        folder
        for folder in folders
        if str(folder) not in {choice.out for choice in others}
        and (_is_free(folder) or account_in_archive(folder).checksum == account.checksum)
    )
    return next(free, folders[-1])


def _is_free(folder: Path) -> bool:
    """Tell whether a folder holds nothing but the lock of this run."""
    try:
        return {path.name for path in folder.iterdir()} <= {HOUSE} and not (
            folder / HOUSE / RECORD
        ).exists()
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _source_of(root: Path) -> str:
    """Return the name of the export that an archive was made from, if it tells one."""
    try:
        return printable(record_of(root)["sources"][0]["name"].partition(": ")[0], _SHOWN)
    except (OSError, TypeError, KeyError, IndexError, AttributeError):
        return ""


def account_in(data: bytes) -> _Account:
    """Return the account that a `user.json` tells; one without a checksum if it tells none."""
    try:
        record = orjson.loads(data)
        user, address = record["id"], record.get("email")
    except (ValueError, TypeError, KeyError, AttributeError):
        user = address = None
    if not isinstance(user, str) or not user:
        return _NOBODY
    digest = hashlib.sha256(b"gptexit account " + user.encode("utf-8", "replace")).hexdigest()
    shown = printable(address, _SHOWN) if isinstance(address, str) else ""
    return _Account(digest[:32], shown)


def account_in_archive(root: Path) -> _Account:
    """Return the account of an archive: by its record, else by its own `user.json`."""
    try:
        own = account_in(read_bytes(root / "account" / USER_FILE) or b"")
    except OSError:
        own = _NOBODY
    try:
        known = record_of(root).get(KEY)
    except OSError:
        known = None
    if isinstance(known, str) and known:
        return own if own.checksum == known else _Account(known, "")
    return own


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
    beside: list[str] = getattr(export, "beside", list)()
    return {
        "version": VERSION,
        "tool": {"name": "gptexit", "version": __version__},
        "writer": int(WRITER),
        **({KEY: accounts.pop()} if len(accounts) == 1 else {}),
        **asked,
        **({BESIDE: beside} if beside else {}),
        EXPORTS: exports or [{"name": getattr(export, "label", ""), "made": None}],
        "sources": [
            {"name": name, "size": size, "sha256": digest or digests.get(name)}
            for name, size, digest in export.inventory()
        ],
        "unread": lost,
    }


def is_older(export: Listed, recorded: dict[str, Any]) -> bool:
    """Tell whether an archive, by its record, has a newer export than each of `export`."""
    known = recorded.get(EXPORTS)
    listed = filter(lambda one: isinstance(one, dict), known if isinstance(known, list) else [])
    dates = [one.get("made") for one in listed]
    newest = max((made for made in dates if isinstance(made, str)), default="")
    made = [edition.certain() for edition in getattr(export, "editions", ())]
    return bool(made) and all(moment is not None and stamp(moment) < newest for moment in made)
