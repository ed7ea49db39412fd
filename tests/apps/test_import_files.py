"""The files of `gptexit convert --to open-webui`, as the app's own page sends them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gptexit import convert
from support.apps.compare import add_row
from support.apps.open_webui import FROM_FILE, conversations


def as_the_page_sends(item: Any) -> Any:
    """What *Import Chats* of Open WebUI 0.12.4 makes of an item of the file."""
    return {
        "chat": item["chat"],
        "meta": item.get("meta") or {},
        "variables": item.get("variables") or {},
        "pinned": item.get("pinned") or False,
        "archived": item.get("archived") or False,
        "folder_id": item.get("folder_id"),
        "created_at": item.get("created_at"),
        "updated_at": item.get("updated_at"),
    }


def test_what_is_imported_is_what_the_export_holds(
    export: Any, empty_app: Any, held: Any, tmp_path: Path
) -> None:
    convert(export, tmp_path / "out", ["open-webui"])
    for path in sorted((tmp_path / "out").glob("import-*.json")):
        items = json.loads(path.read_bytes())
        empty_app.post(
            "/api/v1/chats/import", {"chats": [as_the_page_sends(item) for item in items]}
        )
    expected = held(export)
    found = conversations(expected, empty_app.chats(), empty_app.file)
    add_row(FROM_FILE, export, expected, found)
