"""Requests of `--to gemini --form api`, sent by Google's own SDK to a server of ours."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from support.apps import house
from support.exports import FIXTURES

SDK = "google-genai==3.6.1"
SEND = """
import json, sys
from google import genai
from google.genai import types

client = genai.Client(api_key="none", http_options={"base_url": sys.argv[1]})
for line in open(sys.argv[2], encoding="utf-8"):
    request = json.loads(line)["request"]
    if not request["contents"]:
        continue
    contents = [types.Content.model_validate(each) for each in request["contents"]]
    config = types.GenerateContentConfig(system_instruction=request.get("systemInstruction"))
    client.models.generate_content(model="any", contents=contents, config=config)
"""
ANSWER = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Yes."}]}}]}


@pytest.fixture
def server() -> Iterator[Any]:
    """A server that answers, and what it was sent."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(ANSWER).encode())

        def log_message(self, *words: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", received
        running.shutdown()


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_sdk_sends_it_as_it_is(source: Any, server: Any, tmp_path: Path) -> None:
    url, received = server
    convert(source, tmp_path, ["gemini-api"])
    path = tmp_path / "conversations.jsonl"
    python = house.environment("google-genai", [SDK]) / "python"
    done = subprocess.run([python, "-c", SEND, url, path], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    sent = [json.loads(line)["request"] for line in path.open(encoding="utf-8")]
    sent = [request for request in sent if request["contents"]]
    assert [request["contents"] for request in received] == [
        request["contents"] for request in sent
    ]
    said = [
        request["systemInstruction"]["parts"] for request in sent if "systemInstruction" in request
    ]
    kept = [
        request["systemInstruction"]["parts"]
        for request in received
        if "systemInstruction" in request
    ]
    assert kept == said
    assert len(sent) > 3
