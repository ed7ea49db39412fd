"""Run as a worker process: answer batches of raw conversations.

`pool` starts it and talks with it over two pipes, mostly its standard input and output; it ends
when its input does.

A message is its length, 8 bytes, and that many bytes. The first is a pickled `Setup`, and its
answer is the line `READY`; then come batches, as `marshal` writes them, each with its reply. Both
ends are the same gptexit and the same Python, and nobody else has the pipes, so the input can be
trusted.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

_LENGTH = 8
"""Bytes of the length of a message."""
READY = f"gptexit {sys.implementation.cache_tag} {sys.hexversion}\n".encode()
"""Says that a worker is ready, and that it is the same Python."""
_LINES, _LONGEST = 1_000, 1 << 16
"""Lines, and bytes of one, that a Python may print as it starts."""
Raw = tuple[str, bytes, Any]
"""A conversation of a batch: its place in the source, its bytes from `marshal`, and the parts of it
that the newest of several exports lacks."""
Answer = Callable[[list[Raw]], bytes]
"""Returns the reply to a batch of conversations."""


class Setup(Protocol):
    """The first message to a worker, which makes it ready for batches. It can be pickled."""

    def start(self) -> Answer:
        """Make ready, in the worker, and return the function that answers batches."""

    def orphaned(self) -> None:
        """Clean up, in the worker, after the process that started it was killed."""


def send(stream: BinaryIO, data: bytes) -> None:
    """Write one message. Raises OSError if the other end is gone."""
    stream.write(len(data).to_bytes(_LENGTH, "little"))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """Return the next message. Raises EOFError if the other end is gone."""
    length = int.from_bytes(_exactly(stream, _LENGTH), "little")
    return _exactly(stream, length)


def wait_for_ready(stream: BinaryIO) -> None:
    """Pass over what a Python prints as it starts. Raises EOFError if no worker gets ready."""
    for _ in range(_LINES):
        line = stream.readline(_LONGEST)
        if line.endswith(READY):
            return
        if not line:
            break
    raise EOFError


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main() -> None:
    """Answer each message on standard input by one on standard output, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    sys.stdout = sys.stderr
    serve(incoming, outgoing)


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer each message that comes in, until no more do. Then end the process."""
    gc.disable()  # as in `collector_off`
    try:
        setup: Setup = pickle.loads(receive(incoming))
        answer = setup.start()
        outgoing.write(READY)
        outgoing.flush()
        while True:
            try:
                data = receive(incoming)
            except EOFError:  # who closes a pool kills its workers first
                setup.orphaned()
                return
            send(outgoing, answer(marshal.loads(data)))
    finally:
        os._exit(0)  # nothing that a library does at the end may keep the process waiting
