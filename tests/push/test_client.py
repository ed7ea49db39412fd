"""A server that fails costs a run no more than it is given, and that is said beforehand."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("httpx")
pytest.importorskip("tenacity")

from gptexit.errors import ServerError
from gptexit.push.client import Server

pytestmark = pytest.mark.slow


@contextmanager
def failing(*, version: bytes | None = None) -> Iterator[str]:
    """A server that answers 500 to everything, but for its version where it has one."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fine = version and self.path == "/api/version"
            body = b'{"version": "%s"}' % version if fine else b'{"detail": "boom"}'
            self.send_response(200 if fine else 500)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: str) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("version", [None, b"0.9.0"])
def test_a_server_that_only_fails_ends_the_run_within_what_it_is_given(
    version: bytes | None,
) -> None:
    said: list[Any] = []
    with failing(version=version) as url, Server(url, "key", 5, 1.0, said.append) as server:
        began = time.monotonic()
        with pytest.raises(ServerError, match=r"500 boom.*1 at most"):
            server.check()
        assert time.monotonic() - began < 5
    assert len(said) == 1
    assert "for up to 1 seconds in all" in said[0]


def test_the_bound_is_of_the_whole_run_and_not_of_a_request() -> None:
    with failing(version=b"0.9.0") as url, Server(url, "key", 5, 1.0) as server:
        for _ in range(2):
            with pytest.raises(ServerError):
                server.check()
        # The second request found next to nothing left to spend, so it was not tried again.
        assert server.repeated == 1
