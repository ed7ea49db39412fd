"""Which conversations an archive was asked to hold, by the selection in its record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gptexit.archive.manifest import Catalog, Entry
from gptexit.errors import CannotRedact, DamagedNames
from gptexit.names.names import Names, load_names
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.verification.archive_files import CheckedArchive
from gptexit.verification.compare_text import essence
from gptexit.verification.raw import Raw, id_of, leaves, nodes_of, object_of
from gptexit.verification.words import written
from gptexit.writers.base import Options
from gptexit.writers.registry import FORMATS

if TYPE_CHECKING:
    from gptexit.redact.redactor import Redactor


def leaves_out(raw: Raw, selection: Raw) -> bool:
    """Return True where an archive made with `selection` (as its record has it) leaves `raw` out.

    A condition of an odd type selects nothing and leaves nothing out: a damaged record must not
    excuse what is missing.
    """
    if any(
        name in selection and not _holds(holds, raw, selection[name], otherwise=True)
        for name, holds in _CONDITIONS.items()
    ):
        return True
    excluded = object_of(selection.get("exclude"))
    return any(
        _holds(holds, raw, wanted, otherwise=False)
        for name, holds in _EXCLUDED.items()
        for wanted in (excluded[name] if isinstance(excluded.get(name), list) else ())
    )


def _holds(holds: Callable[[Raw, Any], bool], raw: Raw, wanted: Any, *, otherwise: bool) -> bool:
    """Return what a condition says of a conversation; `otherwise` where it is of an odd type."""
    try:
        return holds(raw, wanted)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return otherwise


def _project(raw: Raw, wanted: Any) -> bool:
    """Tell whether a conversation is in a project: `wanted` is its id, or a list of ids."""
    ids = wanted if isinstance(wanted, list) else [wanted]
    own = (raw.get("gizmo_id"), raw.get("conversation_template_id"))
    return any(isinstance(each, str) and each in own for each in ids)


def _models(raw: Raw, wanted: Any) -> bool:
    messages = (object_of(node.get("message")) for node in nodes_of(raw).values())
    found = {str(object_of(each.get("metadata")).get("model_slug")) for each in messages}
    return wanted in found or raw.get("default_model_slug") == wanted


def _times(raw: Raw, name: str) -> list[float]:
    own = raw.get(name)
    messages = [object_of(node.get("message")) for node in nodes_of(raw).values()]
    values = [own] if own else [each.get("create_time") for each in messages]
    return [each for each in values if isinstance(each, int | float)]


def _says(raw: Raw, wanted: Any) -> bool:
    """Whether a message has the words in it, citations between them or not."""
    words = str(wanted).casefold()
    told = [leaf for node in nodes_of(raw).values() for leaf in leaves(node.get("message"))]
    bare = essence(words)
    return any(
        words in each.casefold() or (bare and bare in "".join(written(each).segments).casefold())
        for each in told
    )


def _in_time(raw: Raw, span: Any) -> bool:
    first, after = map(_seconds, span)
    messages = [object_of(node.get("message")) for node in nodes_of(raw).values()]
    times = [raw.get("create_time"), raw.get("update_time")]
    times += [each.get("create_time") for each in messages]
    return any(isinstance(each, int | float) and first <= each < after for each in times)


def _seconds(wanted: Any) -> float:
    return datetime.fromisoformat(str(wanted)).replace(tzinfo=UTC).timestamp()


_CONDITIONS: dict[str, Callable[[Raw, Any], bool]] = {
    "since": lambda raw, value: max(_times(raw, "update_time"), default=0) >= _seconds(value),
    "until": lambda raw, value: min(_times(raw, "create_time"), default=9e9) < _seconds(value),
    "title": lambda raw, value: value.casefold() in str(raw.get("title") or "").casefold(),
    "ids": lambda raw, value: id_of(raw) in value,
    "project": _project,
    "model": _models,
    "archived": lambda raw, value: bool(raw.get("is_archived")) is value,
}
"""The conditions of a selection, by their name in the archive's record."""
_EXCLUDED: dict[str, Callable[[Raw, Any], bool]] = {
    "titles": _CONDITIONS["title"],
    "texts": _says,
    "projects": _project,
    "dates": _in_time,
    "ids": lambda raw, value: id_of(raw) == value,
}
"""And those of what it leaves out."""


def only_additions(archive: CheckedArchive, path: str, raw: Raw, export: ExportSet) -> bool:
    """Whether the file at `path` still has every line that was written to it, in order.

    False too where what was written cannot be made again: by another version, say.
    """
    written = _written(archive, path, raw, export)
    if written is None:
        return False
    now = (archive.root / path).read_bytes().splitlines()
    rest = iter(now)
    return all(line in rest for line in written.splitlines())


def _written(archive: CheckedArchive, path: str, raw: Raw, export: ExportSet) -> bytes | None:
    options = Options(
        archive.option("branches"),
        frozenset(archive.option("include") or ()),
        _zone(archive.option("timezone")),
        layout=archive.option("layout"),
        web_images=archive.option("web_images"),
    )
    catalog = Catalog()
    for key, each in archive.keys.items():
        catalog.add(Entry(key, each))
    account = Account(export.lookup, export.library, gone=export.gone)
    conversation = _names(archive).applied(read_conversation(deepcopy(raw), account, ReadStats()))
    if archive.redacted:
        redactor = _redactor()
        if redactor is None:
            return None
        conversation = redactor.conversation(conversation)
    for file in (
        FORMATS[archive.format].make(options, catalog, export.open).render(conversation).files
    ):
        if file.path == path and hashlib.sha256(file.data).hexdigest() == archive.promised[path]:
            return file.data
    return None


def _names(archive: CheckedArchive) -> Names:
    """Return the names of projects and custom GPTs that the archive was written with."""
    try:
        return Names(kept=load_names(archive.root))
    except DamagedNames:
        return Names()


@cache
def _redactor() -> Redactor | None:
    """What took the secrets out; None where its libraries are not installed."""
    from gptexit.redact.redactor import Redactor

    try:
        return Redactor()
    except CannotRedact:
        return None


def _zone(name: Any) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (KeyError, ValueError, OSError):
        return None
