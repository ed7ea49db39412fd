"""A plain reading of an export, with no code of gptexit: how many conversations are in it.

It follows what is documented of the format and nothing else. Where the damage is such that a plain
reading is no longer possible it says so, and then gptexit has to say so too.
"""

from __future__ import annotations

import html
import io
import json
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

_CONVERSATIONS = re.compile(
    r"(?:^|/)conversations(?:[-_]\d+)?(?:[-_ ]+(?:copy|\d+|\(\d+\)))*\.json$", re.I
)
_NOISE = re.compile(r"(?:^|/)(?:__MACOSX/?$|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.I)
_UPLOAD = re.compile(r"(?:^|/)file[-_][A-Za-z0-9]{16,}[^/]*$")
"""A file of the user's, whatever it holds: it goes into the archive as it is."""
_DATA = re.compile(r"\bjsonData\s{0,99}=\s{0,99}(?=\[)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_WRAPPER = re.compile(r'\{\s*"(?:conversations|items|chats|data)"\s*:\s*\[')
_SCALAR_END = re.compile(r'[ \t\r\n]*(?:[,\]{\["]|\Z)')
_GAP = re.compile(r"[ \t\r\n,]*")


def _whole(digits: str) -> int | float:
    """A whole number as most programs hold it: with 64 bits, else as a double."""
    number = int(digits[:30])
    return number if len(digits) < 21 and -(2**63) <= number < 2**64 else float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_int=_whole, parse_constant=lambda name: None)
TOO_DEEP = object()
"""Stands for an item that nests too deep to be parsed."""


class Unclear(Exception):
    """No plain reading is possible; `str(error)` says why."""


@dataclass(slots=True)
class Reading:
    """What a plain reading found."""

    items: list[Any] = field(default_factory=list)
    """What the arrays of conversations hold: objects, and whatever else stands there."""
    vague: int = 0
    """Objects in files beside the conversations that may be chats without a message."""
    told: bool = False
    """Whether there is something that has to be told: the run cannot be complete."""
    unclear: list[str] = field(default_factory=list)
    """Files beside the conversations of which no plain reading is possible; if one may have held
    chats, gptexit says that it cannot be read."""


def read_zip(data: bytes) -> Reading:
    """The items of a ZIP's conversation files. Raises Unclear."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except Exception as error:
        raise Unclear(f"no directory: {error}") from error
    end = data.rfind(b"PK\x05\x06")
    if int.from_bytes(data[end + 10 : end + 12], "little") != len(infos):
        raise Unclear("the directory has another number of members than its end says")
    if b"PK\x03\x04" in data[: max(0, min((info.header_offset for info in infos), default=0))]:
        raise Unclear("the directory of a ZIP in the ZIP")
    named = {}
    found = Reading()
    for info in infos:
        path = info.filename.replace("\\", "/")
        if _NOISE.search(path) or path.endswith("/"):
            continue
        if _CONVERSATIONS.search(path) or path.rsplit("/", 1)[-1] == "chat.html":
            found.told |= path in named and bool(_CONVERSATIONS.search(path))
            named[path] = info
    files = {path: info for path, info in named.items() if _CONVERSATIONS.search(path)}
    if not files:
        found.items += _beside(data, infos, found)
        if len(named) != 1 and not any(_is_tree(item) for item in found.items):
            raise Unclear("no conversations.json, and not one chat.html")
        pages = [
            _decoded(_bytes(data, info))
            for info in infos
            if info.filename.rsplit("/", 1)[-1] == "chat.html"
        ]
        for page in pages:
            found.items += _named_as_viewer(page)
        # The viewer holds what the conversation files do, and is read where there is none.
        beside = any(_is_tree(item) for item in found.items)
        for page in pages:
            start = _DATA.search(page)
            if start and not beside:
                found.items += _unescaped(items(page[start.end() :], alone=False))
            if not start and not _named_as_viewer(page):
                found.told |= page.lstrip()[:1] in ("[", "{")
        return found
    least = min(path.count("/") for path in files)
    found.items += _beside(data, infos, found)
    for info in infos:
        path = info.filename.replace("\\", "/")
        if path.rsplit("/", 1)[-1] == "chat.html" and path.count("/") <= least:
            found.items += _named_as_viewer(_decoded(_bytes(data, info)))
    for path, info in files.items():
        if path.count("/") > least:
            found.told = True
        else:
            found.items += read_json(_bytes(data, info)).items
    return found


def _named_as_viewer(page: str) -> list[Any]:
    """The items of a file with conversations that has the name of the viewer; none of others."""
    if page.lstrip()[:1] not in ("[", "{"):
        return []
    found = items(page)
    return found if any(map(_is_tree, found)) else []


def _beside(data: bytes, infos: list[zipfile.ZipInfo], reading: Reading) -> list[Any]:
    """The items of files of other names that hold chats: tasks of Codex, renamed shards."""
    found: list[Any] = []
    paths = [info.filename.replace("\\", "/") for info in infos]
    folders = [path.rpartition("/")[0] for path in paths if _CONVERSATIONS.search(path)]
    least = min((folder.count("/") + bool(folder) for folder in folders), default=0)
    # Those of another export inside, which is told as a whole.
    inner = {folder for folder in folders if folder.count("/") + bool(folder) > least}
    for path, info in zip(paths, infos, strict=True):
        if path.rpartition("/")[0] in inner:
            continue
        other = path.endswith(".json") and not any(
            kind.search(path) for kind in (_CONVERSATIONS, _NOISE, _UPLOAD)
        )
        if other:
            try:
                more = items(_decoded(_bytes(data, info)))
            except Unclear:
                reading.unclear.append(path)
                continue
            objects = [item for item in more if _is_object(item) and _says(item)]
            mere = path.rpartition("/")[2] != "group_chats.json"
            empty = [_is_empty(value) or (mere and _is_list_entry(value)) for value in objects]
            if any(not bare and _is_chat(each) for each, bare in zip(objects, empty, strict=True)):
                found += more
            elif TOO_DEEP in more:
                reading.unclear.append(path)
            within = [
                inner for item in objects for value in _within(item) for inner in _listed(value)
            ]
            reading.vague += sum(empty) + sum(_is_empty(item) for item in within)
    return found


def _says(value: dict[str, Any]) -> bool:
    """Whether the keys of a chat hold what one has; another file may have one by a fault."""
    held = [value[key] for key in ("mapping", "messages") if key in value]
    return all(isinstance(item, dict | list) for item in held)


def _is_tree(value: Any) -> bool:
    return isinstance(value, dict) and ("mapping" in value or "messages" in value)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


_ESCAPE = re.compile("&(?:lt|gt|quot|amp|#x27);")


def _unescaped(found: list[Any]) -> list[Any]:
    """The items of a viewer; where all of its strings are HTML-escaped, without that."""
    try:
        text = json.dumps(found, ensure_ascii=False)
    except (RecursionError, ValueError, TypeError):
        return found
    bare = text.replace('\\"', "\0").replace("\\\\", "")
    if not _ESCAPE.search(bare) or re.search("[<>'\0]", bare):
        return found
    return [_leaf_by_leaf(item) for item in found]


def _leaf_by_leaf(value: Any) -> Any:
    if isinstance(value, str):
        return html.unescape(value)
    if isinstance(value, dict):
        return {key: _leaf_by_leaf(item) for key, item in value.items()}
    return [_leaf_by_leaf(item) for item in value] if isinstance(value, list) else value


def read_json(data: bytes) -> Reading:
    """The items of one conversations.json. Raises Unclear."""
    return Reading(items(_decoded(data)))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = _CESU.sub(_paired, data).decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


_CESU = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")


def _paired(found: re.Match[bytes]) -> bytes:
    halves = found[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()


def _bytes(data: bytes, info: zipfile.ZipInfo) -> bytes:
    """A member's bytes, as the directory says of them. Raises Unclear."""
    if info.flag_bits & 1 or info.compress_type not in (0, 8) or info.external_attr >> 28 == 0o12:
        raise Unclear("a member that may not be read")
    head = data[info.header_offset : info.header_offset + 30]
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise Unclear("no header")
    start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:]))
    packed = data[start : start + info.compress_size]
    if info.compress_type == 8:
        unpacker = zlib.decompressobj(-15)
        try:
            packed = unpacker.decompress(packed)
        except zlib.error as error:
            raise Unclear(str(error)) from error
        if not unpacker.eof:
            raise Unclear("packed data without an end")
    if len(packed) != info.file_size or zlib.crc32(packed) != info.CRC:
        raise Unclear("another length or checksum")
    return packed


def items(text: str, *, alone: bool = True) -> list[Any]:
    """The conversations, and what stands where one should, in the arrays and objects of a text.

    Commas too many or too few are no matter. With `alone` unset only the first array counts.
    Raises Unclear.
    """
    found: list[Any] = []
    at = _next(text, 0)
    if text[at : at + 1] not in ("[", "{"):
        raise Unclear("no array")
    while text[at : at + 1] in ("[", "{"):
        wrapper = _WRAPPER.match(text, at)
        if wrapper:
            some, _ = _array(text, wrapper.end())
            found += some
            try:
                _, at = _item(text, at)
            except Unclear:  # what stands behind the conversations is not read
                break
        elif text[at] == "{":
            value, at = _item(text, at)
            found.append(value)
        else:
            some, at = _array(text, at + 1)
            found += some
        at = _next(text, at)
        if not alone:
            break
    return [part for item in found for part in _spread(item)]


def _next(text: str, at: int) -> int:
    """Where the next thing stands behind what may stand between arrays."""
    while text[at : at + 1] in (" ", "\t", "\r", "\n", "\ufeff", "\x1e") and at < len(text):
        at += 1
    return at


def _array(text: str, at: int) -> tuple[list[Any], int]:
    """The items from behind an opening bracket on, and the place behind the closing one."""
    found: list[Any] = []
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        if text[at : at + 1] == "]":
            return found, at + 1
        value, at = _item(text, at)
        bare = value is None or isinstance(value, int | float)
        if bare and not _SCALAR_END.match(text, at):
            raise Unclear("no end of a number or word")
        found.append(value)


def _spread(item: Any) -> list[Any]:
    """The conversations that an object or list of another kind wraps; else itself."""
    if isinstance(item, dict) and ("mapping" in item or _is_chat(item)):
        return [item]
    level = [item]
    for _ in range(4):
        inner = [child for value in level for child in _within(value)]
        found = [item for item in inner if isinstance(item, dict) and _is_chat(item)]
        if found:
            return found
        level = inner
    return [item]


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        pairs = list(value.items())
    else:
        pairs = [("", item) for item in value] if isinstance(value, list) else []
    around = ("chat", "chat_messages", "messages", "mapping")
    return [pair for key, pair in pairs if isinstance(pair, dict | list) and key not in around]


def _listed(value: Any) -> list[dict[str, Any]]:
    """The object, or those of a list."""
    return [each for each in (value if isinstance(value, list) else [value]) if _is_object(each)]


def _is_chat(value: dict[str, Any]) -> bool:
    for name in ("mapping", "messages"):
        held = value.get(name)
        if isinstance(held, dict | list) and held:
            each = list(held.values()) if isinstance(held, dict) else held
            return any(_is_said(one, node=name == "mapping") for one in each)
    if "mapping" in value or "messages" in value:
        return "title" in value or "conversation_id" in value
    turns = value.get("turns")
    listed = turns if isinstance(turns, list) else []
    if any(
        isinstance(turn, dict) and {"input_items", "output_items"} & set(turn) for turn in listed
    ):
        return True
    return "participant_ids" in value


def _is_empty(value: dict[str, Any]) -> bool:
    """Whether it has a place for messages, and none there."""
    held = [value[key] for key in ("mapping", "messages") if key in value]
    return bool(held) and not any(held)


def _is_list_entry(value: dict[str, Any]) -> bool:
    """Whether it is a group chat that is only listed; under another name it is no chat."""
    return "participant_ids" in value and not {"mapping", "messages", "turns"} & set(value)


def _is_said(value: Any, *, node: bool) -> bool:
    if not isinstance(value, dict):
        return False
    if node and "message" in value:
        return True
    if isinstance(value.get("message"), dict):
        value = value["message"]
    speaks = isinstance(value.get("author"), dict | str) or isinstance(value.get("role"), str)
    words = (value.get(name) for name in ("content", "parts", "text"))
    return speaks and any(isinstance(word, str | list | dict) for word in words)


def _item(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        depth = 0
        for token in _TOKEN.finditer(text, at):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
            if depth == 0:
                return TOO_DEEP, token.end()
        raise Unclear("an item without an end") from None
    except ValueError as error:
        raise Unclear(f"no JSON: {error}") from error
