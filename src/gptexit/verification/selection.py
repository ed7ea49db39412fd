"""Decide which conversations an archive has to hold, by the selection in its record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gptexit.verification.compare_text import essence
from gptexit.verification.raw import (
    Raw,
    id_of,
    leaves,
    messages_of,
    moment,
    nodes_of,
    object_of,
    settled,
)
from gptexit.verification.words import written

Condition = Callable[[Raw, Any], bool]
"""Tells whether a raw conversation has the value that a selection asks for."""


def leaves_out(raw: Raw, selection: Raw) -> bool:
    """Tell whether an archive with `selection`, as its record has it, leaves `raw` out.

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


def _holds(holds: Condition, raw: Raw, wanted: Any, *, otherwise: bool) -> bool:
    """Tell whether a condition holds; return `otherwise` if it is of an odd type."""
    try:
        return holds(raw, wanted)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return otherwise


def _project(raw: Raw, wanted: Any) -> bool:
    """Tell whether a conversation is in a project: `wanted` is its id, or a list of ids."""
    ids = wanted if isinstance(wanted, list) else [wanted]
    own = (raw.get("gizmo_id"), raw.get("conversation_template_id"))
    return any(isinstance(project, str) and project in own for project in ids)


def _models(raw: Raw, wanted: Any) -> bool:
    metadata = (object_of(message.get("metadata")) for message in messages_of(raw))
    models = {str(values.get("model_slug")) for values in metadata}
    return wanted in models or raw.get("default_model_slug") == wanted


_NEVER = 9e11


def _dates(raw: Raw) -> tuple[float, float]:
    """Return when a conversation was begun and changed last.

    What nothing dates was begun after all that a selection can name, and changed before.
    """
    moments = (moment(message.get("create_time")) for message in messages_of(raw))
    times = [time for time in moments if time is not None]
    created, updated = settled(
        moment(raw.get("create_time")), moment(raw.get("update_time")), times
    )
    return created or _NEVER, updated or 0


def _says(raw: Raw, wanted: Any) -> bool:
    """Tell whether a message has the words in it, with or without citations between them."""
    words = str(wanted).casefold()
    bare = essence(words)
    return any(
        words in text.casefold() or (bare and bare in "".join(written(text).segments).casefold())
        for text in leaves([node.get("message") for node in nodes_of(raw).values()])
    )


def _in_time(raw: Raw, span: Any) -> bool:
    first, after = map(_seconds, span)
    times = [raw.get("create_time"), raw.get("update_time")]
    times += [message.get("create_time") for message in messages_of(raw)]
    return any(first <= time < after for time in _numbers(times))


def _numbers(values: list[Any]) -> list[float]:
    return [value for value in values if isinstance(value, int | float)]


def _seconds(wanted: Any) -> float:
    return datetime.fromisoformat(str(wanted)).replace(tzinfo=UTC).timestamp()


_CONDITIONS: dict[str, Condition] = {
    "since": lambda raw, value: _dates(raw)[1] >= _seconds(value),
    "until": lambda raw, value: _dates(raw)[0] < _seconds(value),
    "title": lambda raw, value: value.casefold() in str(raw.get("title") or "").casefold(),
    "ids": lambda raw, value: id_of(raw) in value,
    "project": _project,
    "model": _models,
    "archived": lambda raw, value: bool(raw.get("is_archived")) is value,
}
"""The conditions of a selection, by their name in the archive's record."""
_EXCLUDED: dict[str, Condition] = {
    "titles": _CONDITIONS["title"],
    "texts": _says,
    "projects": _project,
    "dates": _in_time,
    "ids": lambda raw, value: id_of(raw) == value,
}
"""The conditions of its exclusions, by their name in the record."""
