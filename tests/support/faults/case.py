"""One faulty export, from the name of a sample and a seed: the same in every run."""

from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from support.faults.bases import Packed, base
from support.faults.changes import BYTES, MEMBERS, VALUES, Rng, is_conversations
from support.faults.nodes import ITEMS, dumped, in_a_tree


@dataclass(slots=True)
class Case:
    """A faulty export, ready to be given."""

    sample: str
    seed: int
    name: str = "export.zip"
    """The file's name; `-` for standard input."""
    data: bytes = b""
    done: list[str] = field(default_factory=list)
    """What was done to it."""
    packed_as_was: bool = False
    """Whether the members are those of the sample, and only the ZIP around them was damaged."""


def case(sample: str, seed: int) -> Case:
    """The faulty export of that seed."""
    rng = random.Random(f"{sample} {seed}")
    made = Case(sample, seed)
    members = base(sample)
    kind = rng.choice(KINDS)
    kind(made, members, rng)
    if not made.data:
        if rng.random() < 0.12:
            _bare(made, members, rng)
        else:
            made.data = zipped(members, rng)
    return made


def pristine(sample: str) -> Case:
    """The sample without any fault."""
    return Case(sample, -1, data=zipped(base(sample), None), packed_as_was=True)


# What a case is made of


def _zip_bytes(made: Case, members: list[Packed], rng: Rng) -> None:
    made.packed_as_was = True
    made.data = zipped(members, rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        made.data = _changed(made, "the ZIP", made.data, rng)


def _zip_fields(made: Case, members: list[Packed], rng: Rng) -> None:
    """A field of a member's header: flags, method, sizes, offset, lengths."""
    made.packed_as_was = True
    data = bytearray(zipped(members, rng))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos, at = archive.infolist(), archive.start_dir
    places = []
    for info in infos:
        places += [(at, 46), (info.header_offset, 30)]
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    for _ in range(rng.choice((1, 1, 2))):
        start, size = rng.choice(places)
        width = rng.choice((2, 4))
        offset = rng.randrange(4, size - width + 1, 2)
        form = {2: "<H", 4: "<I"}[width]
        known = struct.unpack_from(form, data, start + offset)[0]
        most = 256**width - 1
        value = rng.choice((0, 1, most, known ^ 1, known + 1, known - 1, rng.randrange(most)))
        struct.pack_into(form, data, start + offset, value & most)
        made.done.append(f"the header at {start}: {width} bytes at {offset} are {value & most}")
    made.data = bytes(data)


def _member_bytes(made: Case, members: list[Packed], rng: Rng) -> None:
    for _ in range(rng.choice((1, 1, 2))):
        member = _any(members, rng, 0.7)
        if member.data:
            member.data = _changed(made, member.name, member.data, rng)


def _members(made: Case, members: list[Packed], rng: Rng) -> None:
    for _ in range(rng.choice((1, 1, 2, 3))):
        if members:
            change = rng.choice(MEMBERS)
            change(members, rng)
            made.done.append(change.__name__)


def _values(made: Case, members: list[Packed], rng: Rng) -> None:
    member = _any([member for member in members if _is_json(member)], rng, 0.75)
    root = _loaded(member)
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        change = rng.choice(VALUES)
        change(root, rng)
        made.done.append(f"{member.name}: {change.__name__}")
    member.data = dumped(root, rng)


def _items(made: Case, members: list[Packed], rng: Rng) -> None:
    member = _any(members, rng, 1)
    items = _loaded(member)
    for _ in range(rng.choice((1, 1, 2, 4))):
        if items:
            change = rng.choice(ITEMS)
            change(items, rng)
            made.done.append(f"{member.name}: {change.__name__}")
    member.data = dumped(items if rng.random() < 0.9 else {"conversations": items}, rng)


def _nodes(made: Case, members: list[Packed], rng: Rng) -> None:
    member = _any(members, rng, 1)
    items = _loaded(member)
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        done = in_a_tree(items, rng)
        if done:
            made.done.append(f"{member.name}: {done}")
    member.data = dumped(items, rng)


def _several(made: Case, members: list[Packed], rng: Rng) -> None:
    for kind in rng.sample((_values, _items, _nodes), 2):
        with suppress(_TooOdd, RecursionError):
            kind(made, members, rng)
    rng.choice((_member_bytes, _members))(made, members, rng)


KINDS: list[Callable[[Case, list[Packed], Rng], None]] = [
    *(_zip_bytes, _zip_fields, _member_bytes, _member_bytes, _members, _values, _values, _values),
    *(_items, _nodes, _nodes, _several),
]


def _changed(made: Case, where: str, data: bytes, rng: Rng) -> bytes:
    change = rng.choice(BYTES)
    made.done.append(f"{where}: {change.__name__}")
    return change(data, rng) if data else data


def _any(members: list[Packed], rng: Rng, conversations: float) -> Packed:
    wanted = [member for member in members if is_conversations(member.name)]
    return rng.choice(wanted if wanted and rng.random() < conversations else members)


class _TooOdd(Exception):
    """A member that faults have made into something else than a list."""


def _loaded(member: Packed) -> Any:
    try:
        root = json.loads(member.data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise _TooOdd from error
    if is_conversations(member.name) and not isinstance(root, list):
        raise _TooOdd
    return root


def _is_json(member: Packed) -> bool:
    try:
        json.loads(member.data)
    except (ValueError, RecursionError):
        return False
    return "/._" not in member.name


def _bare(made: Case, members: list[Packed], rng: Rng) -> None:
    """One file with conversations by itself, or through a pipe."""
    wanted = [member for member in members if is_conversations(member.name)]
    if not wanted:
        made.data = zipped(members, rng)
        return
    made.data = rng.choice(wanted).data
    made.name = rng.choice(("-", "conversations.json"))


class _Unseekable(io.RawIOBase):
    """What a server writes a ZIP to: sizes then stand behind each member."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


def zipped(members: list[Packed], rng: Rng | None) -> bytes:
    """The members as a ZIP, packed in one of the ways that ZIPs are."""
    draw = rng.random() if rng else 1.0
    target = _Unseekable() if draw < 0.3 else io.BytesIO()
    method = zipfile.ZIP_STORED if draw > 0.2 and draw < 0.4 else zipfile.ZIP_DEFLATED
    with (
        warnings.catch_warnings(action="ignore"),  # of a name that comes twice
        zipfile.ZipFile(target, "w", method, compresslevel=1) as archive,
    ):
        for member in members:
            info = zipfile.ZipInfo(member.name)
            info.compress_type = method
            archive.writestr(info, member.data)
    return bytes(target.data) if isinstance(target, _Unseekable) else target.getvalue()
