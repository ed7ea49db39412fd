"""The memory of an export, in one pass over its conversations."""

from __future__ import annotations

from collections.abc import Sequence

from gptexit.memory.collect import Collector
from gptexit.memory.model import Memory, Origin
from gptexit.pipeline import Progress, conversations
from gptexit.readers.chatgpt.parsing.array_items import collector_off
from gptexit.readers.chatgpt.source import fault
from gptexit.source import Source


def gather(
    export: Source, own_list: Sequence[Origin] = (), progress: Progress | None = None
) -> Memory:
    """What the conversations of `export` tell, with ChatGPT's `own_list` where there is one.

    A conversation that cannot be read is named in `export.losses`.
    """
    collector = Collector()
    with collector_off():
        for number, conversation in enumerate(conversations(export), 1):
            try:
                collector.add(conversation)
            except Exception as error:
                loss = fault(conversation["id"], conversation["title"], error)
                export.lose(loss.where, loss.reason)
            if progress:
                progress(number, export.bytes_read)
    return collector.memory(own_list)
