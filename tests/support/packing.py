"""Small exports for the tests: conversations, ZIPs of every kind, folders."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from gptexit.readers.chatgpt.export_set import open_export

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def conversation(key: str | None, updated: Any = 1.0, title: str = "t") -> dict[str, Any]:
    raw = {"title": title, "update_time": updated, "mapping": {"a": {"id": "a"}}}
    return raw if key is None else {**raw, "conversation_id": key, "id": key}


def text_of(*keys: str, updated: Any = 1.0) -> bytes:
    return json.dumps([conversation(key, updated) for key in keys]).encode()


class _Unseekable(io.RawIOBase):
    """What a server writes a ZIP to: sizes then stand behind each member."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.data += bytes(data)
        return len(bytes(data))


def zip_of(
    members: dict[str, bytes] | list[tuple[str, bytes]],
    *,
    streamed: bool = False,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A ZIP; `streamed` puts the sizes behind the data, as OpenAI's servers may do."""
    target: Any = _Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, data)
    return bytes(target.data) if streamed else target.getvalue()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_export(path: Path, *raw: Any, name: str = "conversations.json") -> Path:
    """Write a ZIP with one file of conversations."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, json.dumps(list(raw)))
    return path


def unpack(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        write(folder / name, data)
    return folder


def read(*sources: Any, **more: Any) -> tuple[list[str], Any]:
    """The ids that an export yields, and the export, closed."""
    with open_export(list(sources), **more) as export:
        return [raw.get("id", "?") for _, raw in export.conversations()], export


def reasons(export: Any) -> str:
    return "\n".join(f"{loss.where}: {loss.reason}" for loss in export.losses)
