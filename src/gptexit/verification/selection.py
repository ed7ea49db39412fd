"""Which conversations an archive was asked to hold, by the selection in its record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gptexit.verification.compare_text import essence
from gptexit.verification.raw import Raw, id_of, leaves, nodes_of, object_of
from gptexit.verification.words import written

if TYPE_CHECKING:
    pass


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
