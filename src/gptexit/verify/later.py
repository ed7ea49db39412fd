"""Whether an archive tells of a conversation as it was later than the export at hand.

An archive merges the exports that are converted into it. What an older export calls otherwise, such
as the title of a conversation that was renamed since, is then no fault.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any


def changed_since(updated: Any, raw: dict[str, Any]) -> bool:
    """Whether `updated`, as an archive has it in RFC 3339, is later than what `raw` says."""
    known = raw.get("update_time")
    if isinstance(known, bool) or not isinstance(known, int | float | str):
        return False
    try:
        if isinstance(known, str):
            known = datetime.fromisoformat(known).timestamp()
        # Notes tell times to the second.
        return datetime.fromisoformat(str(updated)).timestamp() >= int(known) + 1
    except (ValueError, OverflowError, TypeError):
        return False
