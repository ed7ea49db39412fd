"""Whether merging lost anything: each copy of a conversation held against what it became."""

from __future__ import annotations

from gptexit.verify.raw import Raw, leaves, nodes_of, object_of


def lost(copy: Raw, merged: Raw) -> list[str]:
    """A sentence for each message of `copy` that `merged` does not hold in full.

    A text may go on in the merged conversation: an answer that was exported half-written.
    """
    held = nodes_of(merged)
    found = []
    for key, node in nodes_of(copy).items():
        if not isinstance(node.get("message"), dict):
            continue
        message = object_of(object_of(held.get(key)).get("message"))
        there = set(leaves([message.get("content"), message.get("older_content")]))
        for text in leaves(node["message"].get("content")):
            if text not in there and not any(each.startswith(text) for each in there):
                found.append(f"has lost part of message {key} in merging")
                break
    return found
