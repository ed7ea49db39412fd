"""The apps that the tests run: each installed once, into a virtual environment under build/apps.

`GPTEXIT_OPEN_WEBUI` names an environment that is there already.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.exports import ROOT

BUILD = ROOT / "build" / "apps"
OPEN_WEBUI = "0.12.4"
READY = 300
"""Seconds that an app may take to start."""


def environment(name: str, *steps: list[str], python: str = sys.executable) -> Path:
    """The `bin` of a virtual environment in which each of `steps` is installed, in that order."""
    folder = BUILD / name
    wanted = "\n".join(" ".join(step) for step in steps)
    mark = folder / "installed"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        for step in (["--upgrade", "pip"], *steps):
            subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", *step], check=True)
        mark.write_text(wanted)
    return folder / "bin"


def newer_python() -> Any:
    """A Python of 3.12 or later, which some programs need; `GPTEXIT_NEWER_PYTHON` names one."""
    named = ("python3.12", "python3.13", "python3.14")
    for python in (os.environ.get("GPTEXIT_NEWER_PYTHON"), *map(shutil.which, named)):
        if (
            python
            and subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
        ):
            return python
    return None


def open_webui() -> Path:
    """Where the command `open-webui` is. `torch` comes first, so that a machine that is set up for
    its small variant without GPU gets that one."""
    given = os.environ.get("GPTEXIT_OPEN_WEBUI")
    if given:
        return Path(given) / "bin"
    return environment("open-webui", ["torch==2.13.0"], [f"open-webui=={OPEN_WEBUI}"])


def playwright() -> Path:
    """A Python that drives a browser."""
    return environment("playwright", ["playwright==1.65.2"])


def chromium() -> str | None:
    """The browser of the system."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Running:
    """A server of Open WebUI on this machine."""

    url: str
    token: str
    log: Path

    def client(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=600)

    def get(self, path: str) -> Any:
        with self.client() as client:
            return client.get(path).raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        with self.client() as client:
            return client.post(path, json=body).raise_for_status().json()

    def chats(self) -> list[Any]:
        """Every chat, whole."""
        with self.client() as client:
            answer = client.get("/api/v1/chats/all").raise_for_status()
            # By bytes: a text may hold other ends of lines, which JSON leaves as they are.
            return [json.loads(line) for line in answer.content.split(b"\n") if line]

    def folders(self) -> dict[str, str]:
        return {folder["id"]: folder["name"] for folder in self.get("/api/v1/folders/")}

    def file(self, file_id: str) -> bytes:
        with self.client() as client:
            return client.get(f"/api/v1/files/{file_id}/content").raise_for_status().content

    def files(self) -> list[Any]:
        found: list[Any] = []
        while page := self.get(f"/api/v1/files/user/search?limit=1000&skip={len(found)}"):
            found += page
        return found

    def empty(self) -> None:
        """Take out what the tests put in."""
        with self.client() as client:
            client.delete("/api/v1/chats/").raise_for_status()
            for key in self.folders():
                client.delete(f"/api/v1/folders/{key}")
            client.delete("/api/v1/files/all").raise_for_status()


@contextmanager
def running(data: Path, **settings: str) -> Iterator[Running]:
    """Open WebUI with `data` as its folder, until the block ends."""
    port = free_port()
    data.mkdir(parents=True, exist_ok=True)
    offline = {
        "DATA_DIR": str(data),
        "WEBUI_AUTH": "False",
        "WEBUI_SECRET_KEY": "for-a-test-only",
        "OFFLINE_MODE": "true",
        "HF_HUB_OFFLINE": "1",
        "ENABLE_OLLAMA_API": "false",
        "ENABLE_OPENAI_API": "false",
        "ENABLE_API_KEYS": "true",
    }
    log = data / "server.log"
    command = [str(open_webui() / "open-webui"), "serve", "--host", "127.0.0.1"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=data,
            env={**os.environ, **offline, **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        account = {"email": "admin@localhost", "password": "admin"}
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            signed = client.post("/api/v1/auths/signin", json=account).raise_for_status().json()
        yield Running(url, signed["token"], log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"Open WebUI did not start:\n{log.read_text(errors='replace')[-3000:]}")
