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


START = """
import os, sys
def fork():
    raise OSError("no copies")
if sys.argv[0] == "-c":
    exec({program!r}, {{}})
elif hasattr(os, "fork"):
    os.register_at_fork(after_in_child=lambda: exec({program!r}, {{}}))
    if not {copies!r}:
        os.fork = fork
"""


def hook(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str, *, copies: bool = True
) -> None:
    """Let each worker that is started from now on run a program before anything else.

    `copies`: whether a worker may be a copy of the process that starts it.
    """
    (folder / "hook").mkdir()
    (folder / "hook/sitecustomize.py").write_text(START.format(program=program, copies=copies))
    root = str(Path(gptexit.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", f"{folder / 'hook'}{os.pathsep}{root}")
