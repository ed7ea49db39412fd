"""A proxy that fails at random, as a bad line or an overloaded server does."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FAULTS = ("500", "503", "429", "closed before", "closed after", "cut", "hang before", "hang after")
"""`after`: the server has done what it was asked, and the answer is lost."""


class Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str, seed: int, rate: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.host = urlsplit(target).netloc
        self.rate = rate
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.played: Counter[str] = Counter()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self) -> str:
        with self.lock:
            fault = self.rng.choice(FAULTS) if self.rng.random() < self.rate else ""
            self.played[fault] += 1
            return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side has gone: what this is for."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        fault = self.server.fault()
        body = self._body()
        if fault in ("500", "503"):
            self._answer(int(fault), b"Internal Server Error", {})
        elif fault == "429":
            self._answer(429, b"{}", {"retry-after": "1"})
        elif fault == "hang before":
            self.server.over.wait(60)
            self.close_connection = True
        elif fault == "closed before":
            self.close_connection = True
        else:
            status, data, kind = self._forward(body)
            if fault == "hang after":
                self.server.over.wait(60)
            if fault in ("closed after", "hang after"):
                self.close_connection = True
            elif fault == "cut":
                self.send_response(status)
                self.send_header("content-length", str(len(data) + 1))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
            else:
                self._answer(status, data, {"content-type": kind})

    do_GET = do_POST = do_DELETE = _handle

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _forward(self, body: bytes) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection(self.server.host, timeout=600)
        drop = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}
        headers = {key: value for key, value in self.headers.items() if key.lower() not in drop}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data, answer.getheader("content-type", "application/json")

    def _answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def faulty(target: str, seed: int, rate: float = 0.25) -> Iterator[Proxy]:
    """A proxy in front of `target`, in which that share of the requests goes wrong."""
    proxy = Proxy(target, seed, rate)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join()
