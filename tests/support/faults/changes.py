"""Faults, a function a kind: each changes one place of an export, chosen by a seed.

Those of bytes take and give bytes. Those of members change a list of them. Those of values and
nodes change what JSON holds; some values cannot be made by `json.dumps`, and are put in as text.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from support.faults.bases import Packed

Rng = random.Random
Json = Any


# Bytes


def flipped(data: bytes, rng: Rng) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = _place(data, rng)
        out[at] ^= 1 << rng.randrange(8)
    return bytes(out)


def overwritten(data: bytes, rng: Rng) -> bytes:
    at = _place(data, rng)
    new = rng.choice((rng.randbytes(_length(rng)), b"\0" * _length(rng), _word(rng)))
    return data[:at] + new[: len(data) - at] + data[at + len(new) :]


def cut(data: bytes, rng: Rng) -> bytes:
    return data[: rng.choice((rng.randrange(len(data)), len(data) - min(_length(rng), len(data))))]


def beheaded(data: bytes, rng: Rng) -> bytes:
    return data[min(_length(rng), len(data) - 1) :]


def deleted(data: bytes, rng: Rng) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + _length(rng) :]


def inserted(data: bytes, rng: Rng) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.choice((rng.randbytes(_length(rng)), _word(rng))) + data[at:]


def doubled(data: bytes, rng: Rng) -> bytes:
    at = _place(data, rng)
    piece = data[at : at + _length(rng)]
    to = rng.choice((at, _place(data, rng)))
    return data[:to] + piece + data[to:]


def moved(data: bytes, rng: Rng) -> bytes:
    at = _place(data, rng)
    piece = data[at : at + _length(rng)]
    rest = data[:at] + data[at + len(piece) :]
    to = rng.randrange(len(rest) + 1)
    return rest[:to] + piece + rest[to:]


BYTES: list[Callable[[bytes, Rng], bytes]] = [
    *(flipped, flipped, overwritten, cut, beheaded, deleted, inserted, doubled, moved),
]
_WORDS = [
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"},{", b'"mapping":', b"\0"),
    *(b"\xed\xa0\xbd", b"\xff", b"\xef\xbb\xbf", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"),
    *(b"PK\x07\x08", b"NaN", b"1e999", b"\\ud83d", b'"mapping":{},', b"[]", b"{}", b"\n", b" "),
]


def _word(rng: Rng) -> bytes:
    return rng.choice(_WORDS) * rng.choice((1, 1, 1, 2, 50))


def _length(rng: Rng) -> int:
    return rng.choice((1, 1, 2, 3, rng.randrange(1, 40), rng.randrange(1, 4000)))


def _place(data: bytes, rng: Rng) -> int:
    """A place in the bytes; near the end as often as elsewhere, where a ZIP has its directory."""
    near = rng.randrange(1, min(len(data), 3000) + 1)
    return len(data) - near if rng.random() < 0.4 else rng.randrange(len(data))


# Members


def dropped(members: list[Packed], rng: Rng) -> None:
    members.remove(_pick(members, rng))


def emptied(members: list[Packed], rng: Rng) -> None:
    _pick(members, rng).data = b""


def renamed(members: list[Packed], rng: Rng) -> None:
    member = _pick(members, rng)
    member.name = _name(member.name, members, rng)


def twice(members: list[Packed], rng: Rng) -> None:
    member = _pick(members, rng)
    data = member.data if rng.random() < 0.5 else _pick(members, rng).data
    name = member.name if rng.random() < 0.5 else _name(member.name, members, rng)
    members.insert(rng.randrange(len(members) + 1), Packed(name, data))


def swapped(members: list[Packed], rng: Rng) -> None:
    one, other = _pick(members, rng), _pick(members, rng)
    one.data, other.data = other.data, one.data


def shuffled(members: list[Packed], rng: Rng) -> None:
    rng.shuffle(members)


def foldered(members: list[Packed], rng: Rng) -> None:
    folder = rng.choice(("export/", "a/b/c/", "../", "/", "__MACOSX/", "con/", "x\\"))
    for member in members if rng.random() < 0.5 else [_pick(members, rng)]:
        member.name = folder + member.name


MEMBERS: list[Callable[[list[Packed], Rng], None]] = [
    *(dropped, dropped, emptied, renamed, renamed, twice, swapped, shuffled, foldered),
]


def is_conversations(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base.startswith("conversations") and base.endswith(".json")


def _pick(members: list[Packed], rng: Rng) -> Packed:
    """A member: conversations every other time."""
    wanted = [member for member in members if is_conversations(member.name)]
    return rng.choice(wanted if wanted and rng.random() < 0.5 else members)


def _name(name: str, members: list[Packed], rng: Rng) -> str:
    folder, _, base = name.rpartition("/")
    made = rng.choice(
        (
            *("../" + base, "/" + base, "..\\" + base, "C:\\" + base, "a/../../" + base),
            *(
                base.upper(),
                base + ".",
                base + " ",
                "con",
                "nul.txt",
                "x" * 300 + base,
                "\u202e" + base,
            ),
            *("conversations.json", f"conversations-{rng.randrange(9):03}.json", "chat.html"),
            *(
                "conversations-99999999999999999999.json",
                "conversations_1.json",
                "export_manifest.json",
            ),
            *("library_files.json", "message_feedback.json", base + "\n", "ünïcödé/" + base),
            *("file-" + "a" * 22 + ".dat", rng.choice(members).name, base[:-1], "." + base),
        )
    )
    return f"{folder}/{made}" if folder and rng.random() < 0.7 else made


# Values

DEEP = (50, 200, 250, 300, 900, 1020, 1100, 5000, 100_000)


class AsText(str):
    """A value as JSON text, for what `json.dumps` does not make."""


def _nested(rng: Rng) -> AsText:
    left, right = rng.choice((("[", "]"), ('{"a":', "}"), ('[{"mapping":', "}]")))
    depth = rng.choice(DEEP)
    return AsText(left * depth + "1" + right * depth)


_STRINGS = [
    *("", "\0", "a\0b", "\ud800", "\udc00\ud800", "x\ud83d", "\ufffe\uffff", "\u2028", "\x1b[2J"),
    *("x" * 100_000, "word " * 3000, '"mapping":', '},{"mapping":{', "true", "1e5", "2024-05-01"),
    *(
        "2024-13-45T99:99:99Z",
        "9999-12-31T23:59:59-14:00",
        "1e999",
        "-inf",
        "../../etc",
        "\n\n---\n",
    ),
    *("```", "\ue200cite\ue202turn0search0\ue201", "\ue200" * 50, "sediment://file_0#p_1", "all"),
    *("user", "tool", "system", "assistant", "python", "bio", "canmore.update_textdoc", "text"),
    *(
        "multimodal_text",
        "code",
        "thoughts",
        "image_asset_pointer",
        "file-service://",
        "https://x?a=1",
    ),
    *(
        "[[a]]",
        "\u202eabc",
        "\x7f\x80\x9f",
        "<script>",
        "=1+1",
        "%%",
        "$$",
        "\\(",
        "http://[::1",
        "١٢",
    ),
]
_NUMBERS = [
    *(0, 1, -1, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 1e-300, 1e300, -0.0, 1e18, 1.5),
    *(253402300799, 253402300800, -62135596800, -62135596801, 4e9, -1.5e9, 1e9 + 0.1234567, 9e15),
]
_TEXTS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 5000, "0.1e-99999"]


def a_value(rng: Rng) -> Json:
    """A value of any kind."""
    kind = rng.randrange(10)
    if kind < 4:
        return rng.choice(_STRINGS)
    if kind < 6:
        return rng.choice(_NUMBERS)
    if kind == 6:
        return AsText(rng.choice(_TEXTS)) if rng.random() < 0.6 else _nested(rng)
    if kind == 7:
        return rng.choice((None, True, False))
    made: list[Any] = [None, True, 0, "", {}, [], rng.choice(_STRINGS), rng.choice(_NUMBERS)]
    keys = (
        "",
        "id",
        "parent",
        "mapping",
        "message",
        "text",
        "parts",
        "content_type",
        "\ud800",
        "a",
    )
    if kind == 8:
        return [rng.choice(made) for _ in range(rng.choice((0, 1, 2, 30)))]
    return {rng.choice(keys): rng.choice(made) for _ in range(rng.randrange(4))}


def _places(root: Json, rng: Rng) -> tuple[Json, Any]:
    """Some container below `root`, and a key or index of it that is there."""
    holder, key = None, None
    node = root
    while isinstance(node, (dict, list)) and node:
        holder, key = node, rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        node = holder[key]
        if rng.random() < 0.12:
            break
    return holder, key


def key_deleted(root: Json, rng: Rng) -> None:
    holder, key = _places(root, rng)
    if holder is not None:
        del holder[key]


def key_renamed(root: Json, rng: Rng) -> None:
    holder, key = _places(root, rng)
    if isinstance(holder, dict):
        others = [*holder, key + "x", key.upper(), "", "mapping", "id", "\ud800", "\0", "x" * 5000]
        holder[rng.choice(others)] = holder.pop(key)


def value_replaced(root: Json, rng: Rng) -> None:
    holder, key = _places(root, rng)
    if holder is not None:
        holder[key] = a_value(rng)


def value_added(root: Json, rng: Rng) -> None:
    holder, key = _places(root, rng)
    if isinstance(holder, dict):
        holder[rng.choice((key + "_", "surprise", "mapping", "extra", ""))] = a_value(rng)
    elif isinstance(holder, list):
        holder.insert(key, a_value(rng))


def values_swapped(root: Json, rng: Rng) -> None:
    one, key = _places(root, rng)
    other, place = _places(root, rng)
    if (
        one is not None
        and other is not None
        and not (_holds(one[key], other) or _holds(other[place], one))
    ):
        one[key], other[place] = other[place], one[key]


def _holds(root: Json, wanted: Json) -> bool:
    stack = [root]
    while stack:
        node = stack.pop()
        if node is wanted:
            return True
        if isinstance(node, (dict, list)):
            stack.extend(node.values() if isinstance(node, dict) else node)
    return False


def type_changed(root: Json, rng: Rng) -> None:
    """The same value, as another type."""
    holder, key = _places(root, rng)
    if holder is not None:
        value = holder[key]
        turned = [[value], {"a": value}, {"0": value}, str(value)[:200], bool(value)]
        if isinstance(value, list):
            turned += [{str(n): item for n, item in enumerate(value)}, *value[:1]]
        if isinstance(value, dict):
            turned += [list(value.values()), list(value)]
        holder[key] = rng.choice(turned)


VALUES: list[Callable[[Json, Rng], None]] = [
    *(key_deleted, key_deleted, key_renamed, value_replaced, value_replaced, value_replaced),
    *(value_added, values_swapped, type_changed),
]
