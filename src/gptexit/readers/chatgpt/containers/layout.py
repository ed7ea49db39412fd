"""Sort the members of a volume into conversations, side files and assets, by place and name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gptexit.chatgpt.names import CONVERSATIONS, file_id
from gptexit.codes import Lost, Passed
from gptexit.readers.chatgpt.containers.base import BUNDLED, Loss, Member, Volume
from gptexit.readers.chatgpt.containers.recognize import (
    head_of,
    holds_conversations,
    holds_trees,
    program_of,
)

KNOWN = {
    *("ads.json", "chat.html", "codex.json", "conversation_asset_file_names.json"),
    *("export_manifest.json", "group_chats.json", "library_files.json", "message_feedback.json"),
    *("model_comparisons.json", "sectioned_conversations.json", "shared_conversations.json"),
    *("shopping.json", "sora.json", "user.json", "user_settings.json"),
}
"""Side files that exports of 2023 to 2026 are known to hold, beside the conversations."""
MORE = ("codex.json", "group_chats.json", "sectioned_conversations.json")
"""Side files that may hold conversations of their own; mostly they are empty."""
_MORE_SIGNS = (
    re.compile(rb'"turns"\s*:\s*\['),
    re.compile(rb'"chats"\s*:\s*\[\s*\{'),
    re.compile(rb'"(?:mapping|messages)"\s*:\s*[\[{]'),
)
SINGLE = -1
"""The number of a file with conversations that is no shard."""


@dataclass(slots=True, eq=False)
class Layout:
    """The members of one volume, sorted."""

    volume: Volume
    roots: list[str]
    """The folders that an export begins in: `""` or `some/folder/`. Mostly one."""
    conversations: list[tuple[str, int, Member]] = field(default_factory=list)
    """Root, number of the shard (or SINGLE) and member."""
    sides: list[tuple[str, Member]] = field(default_factory=list)
    """Name below the root, and member."""
    assets: list[Member] = field(default_factory=list)
    more: list[tuple[str, Member]] = field(default_factory=list)
    """Root and member of the files of MORE that hold conversations."""


def lay_out(volume: Volume) -> Layout:
    """Sort the members of `volume`; conversations that are passed over become losses."""
    if volume.bare:
        return _bare(volume)
    layout = Layout(volume, _roots(volume))
    last = {member.path: member for member in volume.members}
    bundle = any(BUNDLED.search(member.path) for member in volume.members)
    folders = {_folder(member) for member in volume.members if CONVERSATIONS.search(member.path)}
    for member in volume.members:
        root, name = _below(member.path, layout.roots)
        own = layout.roots[0] if root is None else root
        below = name != member.base and _folder(member) in folders  # of another export inside
        if CONVERSATIONS.search(member.path):
            if root is None or "/" in name:
                volume.losses.append(Loss(volume.where(member), Lost.EXPORT_INSIDE.say()))
            elif last[member.path] is not member:  # as programs that unpack ZIPs have it
                volume.losses.append(Loss(volume.where(member), Lost.TWICE_IN_ZIP.say()))
            else:
                layout.conversations.append((root, _shard(name), member))
        elif member.base in MORE and not below and _holds_more(member):
            layout.more.append((own, member))
            layout.sides += [] if root is None else [(name, member)]
        elif root is not None and _may_be_chats(member, name):
            _sort_json(layout, root, name, member, chats=not below)
        elif _holds_odd_chats(member, name, outside=root is None):
            layout.conversations.append((own, SINGLE, member))  # and nowhere else
        elif root is not None and _is_side(name):
            layout.sides.append((name, member))
        elif not BUNDLED.search(member.path):
            _sort_other(layout, member, bundle=bundle)
    layout.conversations.sort(key=lambda entry: entry[1])
    return layout


def _folder(member: Member) -> str:
    return member.path.rpartition("/")[0]


def _holds_odd_chats(member: Member, name: str, *, outside: bool) -> bool:
    """Tell whether conversations are outside of the export's folder, or in a side file."""
    if outside and _may_be_chats(member, name) and holds_conversations(head_of(member)):
        return True
    return _is_known(member, name) and holds_trees(head_of(member))


def _sort_other(layout: Layout, member: Member, *, bundle: bool) -> None:
    """Sort any other file; `bundle`: the volume holds the account's files and an export's ZIPs."""
    volume = layout.volume
    if bundle:
        layout.sides.append((member.path, member))
        volume.passed.append(Loss(volume.where(member), Passed.ACCOUNT_FILE.say()))
        return
    layout.assets.append(member)
    # A file of an unpacked folder without a name of ChatGPT's may be anybody's.
    if not volume.zipped and file_id(member.base) == member.base:
        volume.passed.append(Loss(volume.where(member), Passed.UNKNOWN_FILE.say()))


def _holds_more(member: Member) -> bool:
    """Tell whether a file of MORE is not empty; one that cannot be read may hold anything."""
    head = head_of(member)
    return any(sign.search(head) for sign in _MORE_SIGNS) or (not head and member.size > 0)


def _is_known(member: Member, name: str) -> bool:
    """Tell whether a file has the name, and the place, of one beside the conversations."""
    return member.base in KNOWN and name == member.base


def _may_be_chats(member: Member, name: str) -> bool:
    """Tell whether a file may be a saved chat: JSON whose name no export is known to use."""
    base = member.base
    ending = base.lower().endswith((".json", ".jsonl"))
    return ending and not _is_known(member, name) and file_id(base) == base and bool(name)


def _sort_json(layout: Layout, root: str, name: str, member: Member, *, chats: bool) -> None:
    """Sort a JSON file of whatever name by its first bytes; `chats`: it may hold some."""
    head = head_of(member)
    if chats and holds_conversations(head):
        layout.conversations.append((root, SINGLE, member))
        return
    volume, program = layout.volume, program_of(head)
    if _is_side(name):
        layout.sides.append((name, member))
    else:
        layout.assets.append(member)
        if volume.zipped and not program:
            return  # it is one of the files that an archive keeps
    if member.base not in KNOWN:
        why = Passed.OTHER_PROGRAM.say(what=program) if program else Passed.UNKNOWN_FILE.say()
        volume.passed.append(Loss(volume.where(member), why))


def _bare(volume: Volume) -> Layout:
    """Lay out one file, whatever its name is: a browser may have made it `… (1).json`."""
    member = volume.members[0]
    if member.base.lower().endswith((".html", ".htm")):
        return Layout(volume, [""], sides=[("chat.html", member)])
    return Layout(volume, [""], conversations=[("", _shard(member.path), member)])


def _shard(path: str) -> int:
    shard = CONVERSATIONS.search(path)
    return int(shard[1]) if shard and shard[1] and not shard["copy"] else SINGLE


def _roots(volume: Volume) -> list[str]:
    """Return the shallowest folders with conversations, else with the viewer, else side files."""
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
    """Return the root that `path` is below, and the rest of it; None and all of it without one."""
    for root in roots:
        if path.startswith(root):
            return root, path[len(root) :]
    return None, path


def _is_side(name: str) -> bool:
    """Tell whether a name below the root is that of a side file. Assets may end in `.json` too."""
    folder, _, base = name.rpartition("/")
    if base in KNOWN:
        return "/" not in folder  # `sites/export_manifest.json` of 2026 is one too
    return not folder and name.endswith((".json", ".html")) and file_id(name) == name
