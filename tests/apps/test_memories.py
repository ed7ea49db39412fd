"""Memories, in the real app: they need a model that turns text into numbers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from support.apps import house
from support.apps.pushing import push
from support.exports import ROOT, raw_conversations

FAT = ROOT / "fixtures/fat-2024.zip"


class Embeddings(BaseHTTPRequestHandler):
    """Any numbers will do: what is tried here is what is stored."""

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        rows = [
            {"index": at, "embedding": [len(text) / 100, 0.5, 0.25]}
            for at, text in enumerate(texts)
        ]
        data = json.dumps({"data": rows}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def app_with_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    model = ThreadingHTTPServer(("127.0.0.1", 0), Embeddings)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    settings = {
        "RAG_EMBEDDING_ENGINE": "openai",
        "RAG_EMBEDDING_MODEL": "any",
        "RAG_OPENAI_API_BASE_URL": f"http://127.0.0.1:{model.server_address[1]}",
        "RAG_OPENAI_API_KEY": "any",
    }
    with house.running(tmp_path_factory.mktemp("with-model"), **settings) as server:
        yield server
    model.shutdown()


def test_they_arrive_in_order_and_once(app_with_model: Any) -> None:
    code, out, err = push(app_with_model, FAT, "--memories")
    assert code == 0, out + err
    found = app_with_model.get("/api/v1/memories/")
    texts = [memory["content"] for memory in sorted(found, key=lambda each: each["created_at"])]
    assert len(texts) == len(set(texts)) > 0
    assert f"Added {len(texts)} to" in out
    code, out, _ = push(app_with_model, FAT, "--memories")
    assert code == 0
    assert f"Added 0 to the app's memory; {len(texts)} there already" in out
    assert len(app_with_model.get("/api/v1/memories/")) == len(texts)


def test_a_server_without_a_model_says_so_and_keeps_none(empty_app: Any) -> None:
    code, _, err = push(empty_app, FAT, "--memories")
    assert code == 1
    assert "no embedding model" in err
    assert empty_app.get("/api/v1/memories/") == []
    assert len(empty_app.chats()) == len(raw_conversations(FAT))
