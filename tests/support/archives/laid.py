"""Archives written by hand: a note, and the account that an archive keeps of itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

KEY = "c0ffee00-0000-4000-8000-000000000001"


def lay(root: Path, body: str, files: dict[str, bytes] | None = None, options: Any = None) -> Path:
    """Write a Markdown archive of one conversation, with `files` by asset id beside its note."""
    note = f"---\ntitle: A title\nid: {KEY}\n---\n\n# A title\n\n{body}\n"
    written = {"2025/note.md": (f"conversation/{KEY}", note.encode())}
    written |= {f"assets/{key}.png": (f"asset/{key}", data) for key, data in (files or {}).items()}
    return put(root, written, "markdown", {"include": ["reasoning"], **(options or {})})


def put(root: Path, written: dict[str, tuple[str, bytes]], format_name: str, options: Any) -> Path:
    """Write files, by path with their key and bytes, and the account of them as an archive."""
    lines = []
    for path, (key, data) in written.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        entry = {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "key": key}
        lines.append(json.dumps(entry).encode() + b"\n")
    manifest = b"".join(lines)
    house = root / ".gptexit"
    house.mkdir()
    (house / "manifest.jsonl").write_bytes(manifest)
    record = {
        "format": format_name,
        "options": options,
        "manifest": hashlib.sha256(manifest).hexdigest(),
    }
    (house / "archive.json").write_text(json.dumps(record))
    return root
