"""SillyTavern, run from npm, and its chats brought to what `compare` takes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.apps import house, node
from support.apps.compare import (
    NO_CHANGE,
    ONE_DATE,
    ONE_MODEL,
    TURNS,
    App,
    AppConversation,
    AppMessage,
)
from support.apps.source import second

PACKAGE = "sillytavern@1.19.0"
USER = Path("data/default-user")
FOLDERS = ("characters", "chats", "user")
APP = App(
    "sillytavern",
    {
        "messages": TURNS,
        "branches": NO_CHANGE,
        "files": "the app shows pictures, recordings, films and short texts; others are in `files`",
        "dates": ONE_DATE,
        "models": ONE_MODEL,
    },
    by_branch=True,
)
_LINK = re.compile(r"\]\((?:<([^<>\n]*)>|([^()\s]+))\)")


@dataclass
class Running:
    """A server on this machine."""

    url: str
    home: Path

    def post(self, path: str, **body: Any) -> Any:
        answer = httpx.post(self.url + path, json=body, trust_env=False, timeout=60)
        return answer.raise_for_status().json()

    def file(self, path: str) -> bytes:
        answer = httpx.get(self.url + path, trust_env=False, timeout=60)
        return answer.raise_for_status().content

    def bring(self, archive: Path) -> None:
        """Copy the folders, as HOW-TO-IMPORT.md says."""
        for name in FOLDERS:
            if (archive / name).is_dir():
                shutil.copytree(archive / name, self.home / USER / name, dirs_exist_ok=True)

    def empty(self) -> None:
        """Take out what a test brought."""
        for name in ("characters", "chats", "user/images", "user/files"):
            shutil.rmtree(self.home / USER / name)
            (self.home / USER / name).mkdir()

    def characters(self) -> list[Any]:
        found: list[Any] = self.post("/api/characters/all")
        return found

    def search(self, avatar: str, query: str = "") -> list[str]:
        """The names of the chats of a character in which the words stand."""
        found = self.post("/api/chats/search", avatar_url=avatar, query=query)
        return [chat["file_name"] for chat in found]

    def chat(self, avatar: str, name: str) -> list[Any]:
        lines: list[Any] = self.post("/api/chats/get", avatar_url=avatar, file_name=name)
        return lines


@contextmanager
def running(home: Path) -> Iterator[Running]:
    """The app with `home` as its folder, until the block ends."""
    program = node.installed("sillytavern", PACKAGE) / "sillytavern"
    port = house.free_port()
    shutil.copy(program / "default/config.yaml", home)
    command = [*("node", "server.js", "--configPath", home / "config.yaml")]
    settings = ["--dataRoot", home / "data", "--port", port, "--disableCsrf"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in (*command, *settings, "--browserLaunchEnabled", "false")],
            cwd=program,
            env=os.environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Running(f"http://127.0.0.1:{port}", home)
    try:
        _wait(server, process)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait(server: Running, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + house.READY
    while time.monotonic() < until and process.poll() is None:
        try:
            server.characters()
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"SillyTavern did not start:\n{(server.home / 'log').read_text()}")


def conversations(server: Running) -> list[AppConversation]:
    """Every chat of every character, as the app's own page gets it."""
    found = []
    for character in server.characters():
        for name in sorted(server.search(character["avatar"])):
            found.append(_conversation(server.chat(character["avatar"], name), server))
    return found


def _conversation(lines: list[Any], server: Running) -> AppConversation:
    head = lines[0]["chat_metadata"]["gptexit"]
    talk = AppConversation(
        head["id"],
        " ".join((head.get("title") or "").split()) or "Untitled",
        second(head.get("created")),
        second(head.get("updated")),
    )
    above: int | None = None
    for line in lines[1:]:
        assert not line["is_system"]
        one = [{"send_date": line["send_date"], "extra": line["extra"]}]
        versions = line.get("swipes", [line["mes"]])
        chosen = line.get("swipe_id", 0)
        begin = len(talk.messages)
        for text, about in zip(versions, line.get("swipe_info", one), strict=True):
            talk.messages.append(_message(text, about, above, line["is_user"], server))
        above = begin + chosen
    return talk


def _message(text: str, about: Any, above: int | None, user: bool, server: Running) -> AppMessage:
    extra = about["extra"]
    digests: dict[bool, list[str]] = {True: [], False: []}
    for entry in (*extra.get("media", ()), *extra.get("files", ())):
        digest = hashlib.sha256(server.file(entry["url"])).hexdigest()
        digests[entry.get("type") == "image"].append(digest)
    return AppMessage(
        extra["gptexit"]["id"],
        above,
        user,
        text,
        second(about["send_date"]),
        extra.get("model"),
        extra.get("reasoning", ""),
        digests[True],
        digests[False],
        [address for pair in _LINK.findall(text) for address in pair if address],
    )
