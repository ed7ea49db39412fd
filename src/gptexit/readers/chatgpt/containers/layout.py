"""Which members of a volume are conversations, side files and assets, by their place and name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gptexit.chatgpt.names import CONVERSATIONS, file_id
from gptexit.codes import Lost, Passed
from gptexit.readers.chatgpt.containers.base import BUNDLED, Loss, Member, Volume
from gptexit.readers.chatgpt.containers.recognize import (
    foreign,
    head_of,
    holds_conversations,
    holds_trees,
)

KNOWN = {
    "ads.json",
    "chat.html",
    "codex.json",
    "conversation_asset_file_names.json",
    "export_manifest.json",
    "group_chats.json",
    "library_files.json",
    "message_feedback.json",
    "model_comparisons.json",
    "sectioned_conversations.json",
    "shared_conversations.json",
    "shopping.json",
    "sora.json",
    "user.json",
    "user_settings.json",
}
"""Side files that exports of 2023 to 2026 are known to hold, beside the conversations."""


@dataclass(slots=True)
class Layout:
    """The members of one volume, sorted out."""

    roots: list[str]
    """The folders that an export begins in: `""` or `some/folder/`. Mostly one."""
    conversations: list[tuple[str, int, Member]] = field(default_factory=list)
    """Root, number of the shard (-1 for the one file) and member."""
    sides: list[tuple[str, Member]] = field(default_factory=list)
    """Name below the root, and member."""
    assets: list[Member] = field(default_factory=list)
    more: list[tuple[str, Member]] = field(default_factory=list)
    """Root and member of what else holds conversations: `codex.json` and its like."""


MORE = ("codex.json", "group_chats.json", "sectioned_conversations.json")
"""Side files that may hold conversations of their own; mostly they are empty."""
_MORE_SIGNS = (
    re.compile(rb'"turns"\s*:\s*\['),
    re.compile(rb'"chats"\s*:\s*\[\s*\{'),
    re.compile(rb'"(?:mapping|messages)"\s*:\s*[\[{]'),
)


def lay_out(volume: Volume) -> Layout:
    """Sort out the members of `volume`; conversations that are passed over become losses."""
    if volume.bare:
        return _bare(volume.members[0])
    layout = Layout(_roots(volume))
    last = {member.path: member for member in volume.members}
    bundle = any(BUNDLED.search(member.path) for member in volume.members)
    named = _folders_of(volume)
    for member in volume.members:
        root, name = _below(member.path, layout.roots)
        found = CONVERSATIONS.search(member.path)
        if found and root is not None and "/" not in name:
            if last[member.path] is not member:  # as programs that unpack ZIPs have it
                where = f"{volume.label}: {member.name}"
                volume.losses.append(Loss(where, Lost.TWICE_IN_ZIP.say()))
                continue
            layout.conversations.append((root, _shard(name), member))
        elif found:
            where = f"{volume.label}: {member.name}"
            volume.losses.append(Loss(where, Lost.EXPORT_INSIDE.say()))
        elif member.base in MORE and _is_own(member, name, named) and _holds_more(member):
            layout.more.append((layout.roots[0] if root is None else root, member))
            layout.sides += [] if root is None else [(name, member)]
        elif root is not None and _may_be_chats(member, name):
            inner = "/" in name and member.path.rpartition("/")[0] in named
            _sort_json(volume, layout, root, name, member, chats=not inner)
        elif root is None and _may_be_chats(member, name) and holds_conversations(head_of(member)):
            # Outside of the export's folder: chats all the same, and nowhere else.
            layout.conversations.append((layout.roots[0], _SINGLE, member))
        elif _is_known(member, name) and holds_trees(head_of(member)):
            # Conversations under the name of another file: chats all the same, and nowhere else.
            own = layout.roots[0] if root is None else root
            layout.conversations.append((own, _SINGLE, member))
        elif root is not None and _is_side(name):
            layout.sides.append((name, member))
        elif not BUNDLED.search(member.path):
            _sort_other(volume, layout, member, bundle=bundle)
    layout.conversations.sort(key=lambda each: each[1])
    return layout


def _sort_other(volume: Volume, layout: Layout, member: Member, *, bundle: bool) -> None:
    """Sort out a file that is neither conversations nor a side file by its place and name.

    `bundle`: whether the volume is a ZIP with the account's files and an export's ZIPs in it.
    """
    where = f"{volume.label}: {member.name}"
    if bundle:
        layout.sides.append((member.path, member))
        volume.passed.append(Loss(where, Passed.ACCOUNT_FILE.say()))
        return
    layout.assets.append(member)
    if _is_strange(volume, member):
        volume.passed.append(Loss(where, Passed.UNKNOWN_FILE.say()))


def _holds_more(member: Member) -> bool:
    """Whether one of the files in MORE is not empty; one that cannot be read may hold anything."""
    head = head_of(member)
    return any(sign.search(head) for sign in _MORE_SIGNS) or (not head and member.size > 0)


def _folders_of(volume: Volume) -> set[str]:
    """The folders that a file named for conversations stands in."""
    return {
        member.path.rpartition("/")[0]
        for member in volume.members
        if CONVERSATIONS.search(member.path)
    }


def _is_own(member: Member, name: str, named: set[str]) -> bool:
    """Tell whether a side file is of no other export inside, whose folder is one of `named`."""
    return name == member.base or member.path.rpartition("/")[0] not in named


def _is_known(member: Member, name: str) -> bool:
    """Tell whether a file has the name, and the place, of one beside the conversations."""
    return member.base in KNOWN and name == member.base


def _may_be_chats(member: Member, name: str) -> bool:
    """Whether a file may be a saved chat: JSON that no export is known to hold under its name."""
    base = member.base
    ending = base.lower().endswith((".json", ".jsonl"))
    return ending and not _is_known(member, name) and file_id(base) == base and bool(name)


def _sort_json(
    volume: Volume, layout: Layout, root: str, name: str, member: Member, *, chats: bool
) -> None:
    """Sort out a JSON file of whatever name, by its first bytes; `chats`: it may hold some."""
    head = head_of(member)
    if chats and holds_conversations(head):
        layout.conversations.append((root, _SINGLE, member))
        return
    where = f"{volume.label}: {member.name}"
    if _is_side(name):
        layout.sides.append((name, member))
    else:
        layout.assets.append(member)
        if volume.zipped and not foreign(head):
            return  # it is one of the files that an archive keeps
    if member.base not in KNOWN:
        what = foreign(head)
        why = Passed.OTHER_PROGRAM.say(what=what) if what else Passed.UNKNOWN_FILE.say()
        volume.passed.append(Loss(where, why))


_SINGLE = -1
"""Stands for the number of a shard where a file is none."""


def _is_strange(volume: Volume, member: Member) -> bool:
    """Whether a file of an unpacked folder has no name of ChatGPT's; it may be anybody's."""
    return not volume.zipped and file_id(member.base) == member.base


def _bare(member: Member) -> Layout:
    """The layout of one file, whatever its name is: a browser may have made it `… (1).json`."""
    if member.base.lower().endswith((".html", ".htm")):
        return Layout([""], sides=[("chat.html", member)])
    return Layout([""], conversations=[("", _shard(member.path), member)])


def _shard(path: str) -> int:
    found = CONVERSATIONS.search(path)
    return int(found[1]) if found and found[1] and not found["copy"] else -1


def _roots(volume: Volume) -> list[str]:
    """The shallowest folders with conversations, else with the viewer, else with side files."""
    paths = [(member.path, member.base) for member in volume.members]
    return (
        _shallowest(path for path, _ in paths if CONVERSATIONS.search(path))
        or _shallowest(path for path, base in paths if base == "chat.html")
        or _shallowest(path for path, base in paths if base in KNOWN)
        or [""]
    )


def _shallowest(paths: Iterable[str]) -> list[str]:
    folders = {path[: path.rfind("/") + 1] for path in paths}
    least = min((folder.count("/") for folder in folders), default=0)
    return sorted(folder for folder in folders if folder.count("/") == least)


def _below(path: str, roots: list[str]) -> tuple[str | None, str]:
    """The root that `path` lies in and its rest; None where it lies in none."""
    for root in roots:
        if path.startswith(root):
            return root, path[len(root) :]
    return None, path


def _is_side(name: str) -> bool:
    """Whether a name below the root is that of a side file. An asset may end in `.json` too."""
    folder, _, base = name.rpartition("/")
    if base in KNOWN:
        return "/" not in folder  # `sites/export_manifest.json` of 2026 is one too
    return not folder and name.endswith((".json", ".html")) and file_id(name) == name
