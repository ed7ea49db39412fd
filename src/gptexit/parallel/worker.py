"""Run as a worker process: read raw conversations, write prepared ones.

`pool` starts it and talks with it over its standard input and output; it ends when its input does.
It opens the export itself, for the tables beside the conversations, and writes no file.

A message is its length, 8 bytes, and that many bytes. The first is the pickled `Setup`, and its
answer is empty; then come batches, each with its reply, as `marshal` writes them. Both ends are the
same gptexit and the same Python, and nobody else has the pipes, so the input can be trusted.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

from gptexit.codes import Lost, Reason, as_text
from gptexit.model import Conversation
from gptexit.names import Names
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import Again
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.readers.chatgpt.source import fault, open_chatgpt, read
from gptexit.selection import Selection
from gptexit.writers.base import Draft, Drafter


@dataclass(frozen=True, slots=True)
class TaskPart:
    """One format of a task."""

    drafter: Drafter | None
    """None if the format can only be rendered in order."""
    selection: Selection | None = None
    """The part of the run's selection that goes into the format; None for all of it."""


@dataclass(frozen=True, slots=True)
class Task:
    """The work of a run on each conversation; it can be pickled."""

    selection: Selection
    parts: tuple[TaskPart, ...]
    names: Names = field(default_factory=Names)


LOST = 3
"""Number of values in a loss, as `lost` writes it."""
_LENGTH = 8
"""Bytes of the length of a message."""

Outcome = Draft | Loss | str | None
"""The result for a conversation in one format: a draft, the reason why it could not be drafted, the
option that leaves it out, or None if it has to be rendered in order."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result for one conversation: left out by the selection, or a draft for each format."""

    head: Conversation
    """The conversation; without `messages` and `extra` if it comes from another process."""
    messages: int
    left_out: str | None
    """The option of the run that leaves it out; None if it is selected."""
    outcomes: list[Outcome]
    """One for each part of the task; empty if the run leaves the conversation out."""
    whole: Callable[[], Conversation]
    """Return all of the conversation."""


def prepare(where: str, conversation: Conversation, task: Task) -> Prepared:
    """Select and draft one conversation; `where` names its place in the source to a person."""
    named = task.names.applied(conversation)
    left_out = task.selection.leaves_out(named)
    outcomes = [] if left_out else [_outcome(where, named, part) for part in task.parts]
    return Prepared(named, len(named["messages"]), left_out, outcomes, lambda: named)


def _outcome(where: str, conversation: Conversation, part: TaskPart) -> Outcome:
    reason = part.selection.leaves_out(conversation) if part.selection else None
    if reason or part.drafter is None:
        return reason
    try:
        return part.drafter(conversation)
    except Exception as error:  # a fault of ours must not cost the user the rest
        return fault(where, conversation["title"], error)


def lost(loss: Loss) -> list[str]:
    """Return a loss as `LOST` strings, since `marshal` writes no objects of ours."""
    return [loss.where, loss.why.code.value, loss.why.sentence]


def found_lost(values: Sequence[str]) -> Loss:
    """Return the loss that `lost` wrote as `values`."""
    where, code, sentence = values
    return Loss(where, Reason(Lost(code), sentence))


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message to a worker."""

    again: Again
    task: Task
    wholes: bool
    """Whether to send whole conversations back, and not only their heads."""


Raw = tuple[str, bytes, Any]
"""A conversation of a batch: its place in the source, its bytes from `marshal`, and the parts of it
that the newest of several exports lacks."""
Result = list[Any]
"""The result for one conversation: `lost(...)` if it cannot be read, else the fields of `Prepared`
with the whole conversation as bytes. Empty if `marshal` cannot write it, so that the other process
has to prepare it."""
Reply = tuple[list[Result], dict[str, int], dict[str, int], list[list[str]]]
"""The reply to a batch: its results, the reader's `oddities` and `unknown`, and the losses in the
tables of the export."""


def send(stream: BinaryIO, data: bytes) -> None:
    """Write one message. Raises OSError if the other end is gone."""
    stream.write(len(data).to_bytes(_LENGTH, "little"))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """Return the next message. Raises EOFError if the other end is gone."""
    length = int.from_bytes(_exactly(stream, _LENGTH), "little")
    return _exactly(stream, length)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


class Worker:
    """Prepares batches of an export, which it opens again."""

    def __init__(self, setup: Setup) -> None:
        self._task = setup.task
        self._wholes = setup.wholes
        self._gone: Any = None
        again = setup.again
        self._export = open_chatgpt(again.paths, allow_large=again.allow_large)
        self._account = replace(self._export.account(), gone=lambda conversation: self._gone)
        self._told = 0

    def reply(self, batch: list[Raw]) -> bytes:
        """Prepare each conversation of a batch, in order, and return the `Reply` as bytes."""
        try:
            return self._reply(batch, checked=False)
        except ValueError:  # nested deeper than `marshal` goes
            return self._reply(batch, checked=True)

    def _reply(self, batch: list[Raw], *, checked: bool) -> bytes:
        met = ReadStats()
        results = [self._result(*raw, met, checked) for raw in batch]
        losses = self._export.losses[self._told :]
        told = [lost(loss) for loss in losses]
        data = marshal.dumps((results, as_text(met.oddities), dict(met.unknown), told))
        self._told += len(losses)
        return data

    def _result(self, where: str, data: bytes, gone: Any, met: ReadStats, checked: bool) -> Result:
        """Prepare one conversation. `checked`: return an empty result if it is nested too deep."""
        self._gone = gone
        mine = ReadStats()
        found = read(where, marshal.loads(data), self._account, mine)
        if isinstance(found, Loss):
            result: Result = lost(found)
        else:
            done = prepare(where, found, self._task)
            wanted = self._wholes and done.left_out is None
            outcomes = [lost(one) if isinstance(one, Loss) else one for one in done.outcomes]
            try:
                whole = marshal.dumps(cast(Any, done.whole())) if wanted else b""
                head: Any = {**done.head, "messages": [], "extra": {}}
                result = [head, done.messages, done.left_out, outcomes, whole]
                if checked:
                    marshal.dumps(result)
            except ValueError:
                return []
        met.oddities.update(mine.oddities)
        met.unknown.update(mine.unknown)
        return result


def main() -> None:
    """Answer each message on standard input by one on standard output, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this
    gc.disable()  # as in `collector_off`
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    sys.stdout = sys.stderr
    try:
        worker = Worker(pickle.loads(receive(incoming)))
        send(outgoing, b"")  # it is ready
        while True:
            batch = marshal.loads(receive(incoming))
            send(outgoing, worker.reply(batch))
    except (EOFError, OSError):
        os._exit(0)
