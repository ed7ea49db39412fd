"""Read, select and draft the conversations of an export, in this process or in workers.

    split, parse  ->  batches  ->  workers: read, select, draft  ->  in order: names, sinks

This process reads the source and writes the archive; the workers do the steps between. They open
the export themselves, for the tables beside the conversations, and write no file.
"""

from __future__ import annotations

import marshal
import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from gptexit.codes import Lost, Oddity, Reason, Repair, as_text, from_text
from gptexit.model import Conversation
from gptexit.names import Names
from gptexit.parallel.pool import BATCH, Pool, batches_of
from gptexit.parallel.worker import Answer, Raw
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import Again
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats
from gptexit.readers.chatgpt.parsing import unread
from gptexit.readers.chatgpt.source import ChatGPTExport, fault, open_chatgpt, read
from gptexit.selection import Selection
from gptexit.source import Source
from gptexit.writers.base import Draft, Drafter


@dataclass(frozen=True, slots=True)
class TaskPart:
    """One format of a task."""

    drafter: Drafter | None
    """None to render the format in order."""
    selection: Selection | None = None
    """The part of the run's selection that goes into the format; None for all of it."""
    redacts: bool = False
    """True if secrets are taken out: then only a conversation without any is drafted."""

    def in_order(self) -> TaskPart:
        """Return this part without drafts."""
        return replace(self, drafter=None)


@dataclass(frozen=True, slots=True)
class Task:
    """The work of a run on each conversation; it can be pickled."""

    selection: Selection
    parts: tuple[TaskPart, ...]
    names: Names = field(default_factory=Names)


LOST = 3
"""Number of values in a loss, as `lost` writes it."""

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


Test = Callable[[Conversation], bool]
DRAFTS = 8 << 20
"""Bytes of all drafts of a conversation, about, each taken for as large as the conversation. More
formats are rendered one after the other, so that not all have to be in memory together."""
USUAL = 2
"""Formats whose drafts make a reply that is not too large for a batch of `BATCH` bytes."""


def prepare(
    where: str,
    conversation: Conversation,
    task: Task,
    has_secrets: Test = lambda _: True,
    most: int | None = None,
) -> Prepared:
    """Select and draft one conversation; `where` names its place in the source to a person.

    `most`: the number of formats that are drafted, the others being rendered in order.
    """
    named = task.names.applied(conversation)
    left_out = task.selection.leaves_out(named)
    parts = () if left_out else task.parts
    once = cache(lambda: has_secrets(named))
    outcomes = [
        _outcome(where, named, part if most is None or number < most else part.in_order(), once)
        for number, part in enumerate(parts)
    ]
    return Prepared(named, len(named["messages"]), left_out, outcomes, lambda: named)


def _outcome(
    where: str, conversation: Conversation, part: TaskPart, has_secrets: Callable[[], bool]
) -> Outcome:
    reason = part.selection.leaves_out(conversation) if part.selection else None
    if reason or part.drafter is None:
        return reason
    try:
        if part.redacts and has_secrets():
            return None
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
    """True to send each conversation back whole, and not only those that have no draft."""

    def start(self) -> Answer:
        """Open the export, and return the function that prepares batches. Raises OSError."""
        self.again.need_same()
        return Worker(self).reply

    def orphaned(self) -> None:
        """Do nothing: a worker has no file that outlives it."""


Result = list[Any]
"""The result for one conversation: `lost(...)` if it cannot be read, else the fields of `Prepared`
with the whole conversation as bytes: empty if hardly anything asks for it. An empty list if
`marshal` cannot write it, so that the other process has to prepare it."""
Reply = tuple[list[Result], dict[str, int], dict[str, int], list[list[str]]]
"""The reply to a batch: its results, the reader's `oddities` and `unknown`, and the losses in the
tables of the export."""


def prepared(
    export: Source, task: Task, met: ReadStats, jobs: int, *, once: bool, wholes: bool
) -> Iterator[tuple[str, Prepared | Loss]]:
    """Yield each conversation of `export`, prepared by `jobs` workers, in the export's order.

    `wholes`: whether the workers send each conversation back whole. Raises what
    `ChatGPTExport.conversations` raises.
    """
    assert isinstance(export, ChatGPTExport)
    assert export.again is not None  # `jobs_for` made sure
    setup = Setup(export.again, task, wholes)
    account = export.account()
    conversations = (
        (where, unread.handed(raw), export.gone(""))
        for where, raw in export.conversations(once=once, unread=True)
    )
    with Pool(jobs, pickle.dumps(setup)) as pool:
        size = BATCH * USUAL // max(USUAL, len(task.parts))
        for batch, answers in pool.answers(batches_of(conversations, size)):
            results: list[Result] = []
            for raws, data in answers:
                if data is None:
                    results += [lost(Loss(_named(raw), Lost.ENDED_PROCESSES.say())) for raw in raws]
                    continue
                done, oddities, unknown, losses = cast(Reply, marshal.loads(data))
                results += done
                met.oddities += from_text(Oddity, oddities)
                met.unknown.update(unknown)
                for loss in map(found_lost, losses):
                    export.lose(loss.where, loss.why)
            for number, raw in enumerate(batch):
                result = results[number] if results else []
                yield raw[0], _from_result(raw, result, task, account, met, export.repairs)


def _named(raw: Raw) -> str:
    """Return the place of a conversation, with its title."""
    title = unread.kept(raw[1], Counter()).get("title")
    return f"{raw[0]} “{title}”" if isinstance(title, str) else raw[0]


def _from_result(
    raw: tuple[str, Any, Any],
    result: Result,
    task: Task,
    account: Account,
    met: ReadStats,
    repairs: Counter[Repair],
) -> Prepared | Loss:
    where, data, gone = raw

    def anew(met: ReadStats) -> Conversation | Loss:
        """Read the conversation in this process."""
        value = unread.kept(data, repairs)
        return read(where, value, replace(account, gone=lambda conversation: gone), met)

    if not result:  # no worker could prepare it
        found = anew(met)
        return found if isinstance(found, Loss) else prepare(where, found, task)
    if len(result) == LOST:
        return found_lost(result)
    head, messages, left_out, outcomes, whole = result
    head = task.names.applied(head)  # so that this process, too, knows which names there are

    @cache
    def all_of_it() -> Conversation:
        return marshal.loads(whole) if whole else task.names.applied(_known(anew(ReadStats())))

    outcomes = [found_lost(one) if isinstance(one, list) else one for one in outcomes]
    return Prepared(head, messages, left_out, outcomes, all_of_it)


def _known(found: Conversation | Loss) -> Conversation:
    """Return a conversation that could be read before."""
    assert not isinstance(found, Loss)
    return found


def _searcher(task: Task) -> Test:
    """Return what tells whether a conversation has secrets, if any format has to know."""
    if not any(part.redacts for part in task.parts):
        return lambda conversation: False
    from gptexit.redact.redactor import Redactor

    return Redactor().has_secrets


class Worker:
    """Prepares batches of an export, which it opens again."""

    def __init__(self, setup: Setup) -> None:
        self._task = setup.task
        self._wholes = setup.wholes
        self._gone: Any = None
        again = setup.again
        self._export = open_chatgpt(again.paths, allow_large=again.allow_large)
        self._account = replace(self._export.account(), gone=lambda conversation: self._gone)
        self._has_secrets = _searcher(self._task)
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
        raw = unread.received(data)
        if raw is None:
            return []
        found = read(where, raw, self._account, mine)
        if isinstance(found, Loss):
            result: Result = lost(found)
        else:
            done = prepare(where, found, self._task, self._has_secrets, max(1, DRAFTS // len(data)))
            wanted = done.left_out is None and (self._wholes or None in done.outcomes)
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
