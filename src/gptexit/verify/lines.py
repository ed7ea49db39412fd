"""A jsonl archive, read back line by line, by the standard library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from gptexit.verify.claims import Raw, branch, leaves, nodes_of, object_of, parents, parsed
from gptexit.verify.folder import Archive
from gptexit.verify.later import changed_since
from gptexit.verify.marks import same
from gptexit.verify.reader import Reader

FILE = "conversations.jsonl"


class Lines(Reader):
    """The lines of an archive by conversation; held are ids and places, not lines."""

    def __init__(self, archive: Archive, locate: Callable[[str], str | None]) -> None:
        super().__init__()
        self._path = archive.root / FILE
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
        self._places: dict[str, int] = {}
        self._index()

    def _index(self) -> None:
        if not self._path.is_file():
            return
        at = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                key = parsed(line).get("id")
                if isinstance(key, str):
                    self._places[key] = at
                else:
                    self.unreadable.append((FILE, f"line {number} is no conversation"))
                at += len(line)

    def ids(self) -> set[str]:
        """The conversations that there are lines of."""
        return set(self._places)

    def check(self, key: str, raw: Raw) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that the line lacks; None where there is no line."""
        if key not in self._places:
            return None
        with self._path.open("rb") as lines:
            lines.seek(self._places[key])
            line = parsed(lines.readline())
        held = line.get("messages")
        messages = [
            each for each in (held if isinstance(held, list) else ()) if isinstance(each, dict)
        ]
        where = f"{FILE}, conversation {key}"
        title = raw.get("title")
        lacks = (
            [(where, "the title is another")]
            if isinstance(title, str)
            and not self._same(_mended(title), [str(line.get("title"))])
            and not changed_since(line.get("updated"), raw)
            else []
        )
        lacks += [(where, sentence) for sentence in self._messages(raw, messages)]
        return lacks

    def _same(self, text: str, there: Iterable[str]) -> bool:
        return text in there or (self._redacted and any(same(text, each) for each in there))

    def _messages(self, raw: Raw, messages: list[Raw]) -> list[str]:
        nodes = nodes_of(raw)
        wanted = branch(raw) if self._current_only else list(nodes)
        wanted = [key for key in wanted if isinstance(nodes[key].get("message"), dict)]
        self.messages += len(wanted)
        by_id = {each.get("id"): each for each in messages}
        place = {key: number for number, key in enumerate(by_id)}
        above = parents(nodes)
        lacks = []
        for key in wanted:
            if key not in by_id:
                lacks.append(f"message {key} is missing")
                continue
            message = object_of(nodes[key].get("message"))
            contents = [message.get("content"), message.get("older_content")]
            asked = Counter(map(_mended, leaves(contents)))
            there = Counter(leaves(by_id[key]))
            gone = asked - there
            if gone:  # a later export may have more of an answer
                gone = Counter({text: n for text, n in gone.items() if not _begins(text, there)})
            if self._redacted and gone and all(self._same(each, there) for each in gone):
                self.redacted += 1
            elif gone:
                lacks.append(f"message {key} is not there in full")
            parent = above[key]
            if parent in place and place[parent] > place[key]:
                lacks.append(f"message {key} stands before the one that it answers")
        return lacks


def _begins(text: str, there: Iterable[str]) -> bool:
    return any(len(each) > len(text) and each.startswith(text) for each in there)


def _mended(text: str) -> str:
    """A text as JSON in UTF-8 can hold it: surrogates in pairs joined, others replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
