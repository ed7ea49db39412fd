"""Whether merging lost anything: each copy of a conversation held against what it became."""

from __future__ import annotations

from gptexit.verify.raw import Raw, leaves, nodes_of, object_of


class MergedCopies:
    """What copies of a conversation became. Its strings are gathered once for all of them."""

    def __init__(self, merged: Raw) -> None:
        self.raw = merged
        self._nodes = nodes_of(merged)
        self._strings: dict[str, set[str]] = {}

    def lost(self, copy: Raw) -> list[str]:
        """Return a sentence for each message of `copy` that is not held in full.

        A text may go on in the merged conversation: an answer that was exported half-written.
        """
        found = []
        for key, node in nodes_of(copy).items():
            if not isinstance(node.get("message"), dict):
                continue
            there = self._strings_of(key)
            for text in leaves(node["message"].get("content")):
                if text not in there and not any(each.startswith(text) for each in there):
                    found.append(f"has lost part of message {key} in merging")
                    break
        return found

    def _strings_of(self, key: str) -> set[str]:
        if key not in self._strings:
            message = object_of(object_of(self._nodes.get(key)).get("message"))
            told = leaves([message.get("content"), message.get("older_content")])
            self._strings[key] = set(told)
        return self._strings[key]
