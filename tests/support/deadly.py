"""A chat that ends each worker process which reads it, among others that do not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import gptexit
from support.build import chain, conversation, message

DEADLY = 3
"""The number of the chat with the title "deadly"."""


def eight_chats() -> list[dict[str, Any]]:
    """Eight raw conversations, from `Hello 0` on."""
    return [
        conversation(
            chain(message("user", f"Hello {number}")),
            conversation_id=f"c{number}",
            title="deadly" if number == DEADLY else f"Chat {number}",
        )
        for number in range(8)
    ]


def written(folder: Path, chats: list[dict[str, Any]]) -> Path:
    """Write chats as an export into a folder, and return its path."""
    source = folder / "conversations.json"
    source.write_text(json.dumps(chats))
    return source


def hook(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let each worker that is started from now on run a program before anything else."""
    (folder / "hook").mkdir()
    start = f'import os, sys\nif sys.argv[0] == "-c":\n    exec({program!r})\n'
    (folder / "hook/sitecustomize.py").write_text(start)
    root = str(Path(gptexit.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", f"{folder / 'hook'}{os.pathsep}{root}")
