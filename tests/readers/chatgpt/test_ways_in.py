"""Every way that a history arrives reads as the same conversations."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gptexit.cli import main
from gptexit.codes import Lost
from gptexit.readers.chatgpt.export_set import open_export
from support.build import add, chain, conversation, message
from support.packing import unpack, write, zip_of

Raw = dict[str, Any]


def chat(key: str, *words: str, **more: Any) -> Raw:
    said = [
        message("assistant" if at % 2 else "user", text, create_time=1_740_000_000.0 + at)
        for at, text in enumerate(words or ("Hello?", "Hello."))
    ]
    return conversation(chain(*said), id=key, conversation_id=key, title=f"Chat {key}", **more)


def listed(raw: Raw) -> Raw:
    """The same conversation in the web application's form."""
    messages = [node["message"] for node in raw["mapping"].values() if node["message"]]
    rest = {key: value for key, value in raw.items() if key != "mapping"}
    return {**rest, "messages": messages, "page_info": {"has_next": False}}


def as_nodes(raw: Raw) -> Raw:
    """The same conversation with its nodes in a list."""
    return {**raw, "mapping": list(raw["mapping"].values())}


def said(raw: Raw) -> list[str]:
    """Who said what, from the first message to the current one."""
    branch: list[str] = []
    at = raw["current_node"]
    while at is not None:
        node = raw["mapping"][at]
        if node["message"]:
            found = node["message"]
            branch.append(f"{found['author'].get('role')}: {found['content']['parts'][0]}")
        at = node["parent"]
    return branch[::-1]


def read(*sources: Any, **more: Any) -> tuple[dict[str, list[str]], Any]:
    """What each conversation says, by its id, and the export, closed."""
    with open_export(list(sources), **more) as export:
        export.settle()
        return {raw["id"]: said(raw) for _, raw in export.conversations()}, export


SHAPES = (lambda raw: raw, listed, as_nodes)


def gptexit(*arguments: Any) -> tuple[int, str]:
    """Run the command line: its exit code, and what it said."""
    done = CliRunner().invoke(main, list(map(str, arguments)), standalone_mode=False)
    return done.return_value or done.exit_code, done.output


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def array(raws: list[Raw], folder: Path) -> Any:
    return write(folder / "conversations.json", dumped(raws))


def shards(raws: list[Raw], folder: Path) -> Any:
    for number, raw in enumerate(raws):
        write(folder / f"in/Conversations-{number:03}.json", dumped([raw]))
    return folder / "in"


def single_files(raws: list[Raw], folder: Path) -> Any:
    for number, raw in enumerate(raws):
        write(folder / f"in/sub {number % 2}/My chat, {number}.json", dumped(raw))
    write(folder / "in/package.json", b'{"name": "x", "version": "1"}')
    return folder / "in"


def zipped_files(raws: list[Raw], folder: Path) -> Any:
    members = {f"chat {number}.json": dumped(raw) for number, raw in enumerate(raws)}
    return write(folder / "in.zip", zip_of(members))


def lines(raws: list[Raw], folder: Path) -> Any:
    return write(folder / "chats.jsonl", b"\n".join(map(dumped, raws)))


def concatenated(raws: list[Raw], folder: Path) -> Any:
    half = len(raws) // 2
    data = dumped(raws[:half]) + b"\n\xef\xbb\xbf" + json.dumps(raws[half:], indent=2).encode()
    return write(folder / "conversations.json", data)


def wrapped(raws: list[Raw], folder: Path) -> Any:
    data = {"version": 3, "data": {"conversations": raws, "total": len(raws)}}
    return write(folder / "conversations.json", dumped(data))


def by_id(raws: list[Raw], folder: Path) -> Any:
    return write(folder / "conversations.json", dumped({raw["id"]: raw for raw in raws}))


def one_deeper(raws: list[Raw], folder: Path) -> Any:
    return write(folder / "conversations.json", dumped([{"conversation": raw} for raw in raws]))


def utf_16(raws: list[Raw], folder: Path) -> Any:
    text = json.dumps(raws, ensure_ascii=False)
    return write(folder / "conversations.json", text.encode("utf-16"))


WAYS = (
    *(array, shards, single_files, zipped_files, lines, concatenated, wrapped, by_id),
    *(one_deeper, utf_16),
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    chats=st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=2, max_size=5), data=st.data()
)
def test_every_way_reads_as_the_same_conversations(
    tmp_path_factory: pytest.TempPathFactory,
    way: Callable[..., Any],
    chats: list[list[str]],
    data: Any,
) -> None:
    raws = [chat(f"c{number}", *words) for number, words in enumerate(chats)]
    wanted = {raw["id"]: said(raw) for raw in raws}
    shaped = [data.draw(st.sampled_from(SHAPES))(raw) for raw in json.loads(json.dumps(raws))]
    got, export = read(way(shaped, tmp_path_factory.mktemp("in")))
    assert got == wanted
    assert export.losses == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_pipe_of_several_arrays_in_any_encoding(encoding: str) -> None:
    text = json.dumps([chat("a"), chat("b")]) + "\n" + json.dumps([listed(chat("c"))])
    got, export = read("-", stdin=io.BytesIO(text.encode(encoding)))
    assert list(got) == ["a", "b", "c"]
    assert export.losses == []


def test_messages_that_name_their_parents_keep_their_branches(tmp_path: Path) -> None:
    mapping = chain(message("user", "q"), message("assistant", "first"))
    add(mapping, "m3", "m1", message("assistant", "second"))
    raw = listed(conversation(mapping, id="a", conversation_id="a", current_node="m2"))
    for each, key in zip(raw["messages"], ("gone", "m1", "m1"), strict=True):
        each["metadata"] = {"parent_id": key}
    got, _ = read(write(tmp_path / "x.json", dumped([raw])))
    assert got == {"a": ["user: q", "assistant: first"]}


def test_words_in_place_of_objects_and_times_in_milliseconds(tmp_path: Path) -> None:
    raw = {
        "title": "Odd",
        "id": "a",
        "create_time": 1_740_000_000_000,
        "messages": [
            {"role": "user", "content": "one", "create_time": 1_740_000_001_500},
            {"author": "ChatGPT", "content": [{"type": "text", "text": "two"}]},
            {"author": {"role": "user"}, "parts": ["three"], "timestamp": "1740000003000"},
        ],
    }
    with open_export([write(tmp_path / "x.json", dumped(raw))]) as export:
        ((_, found),) = export.conversations()
    assert said(found) == ["user: one", "assistant: two", "user: three"]
    assert found["create_time"] == 1_740_000_000
    times = [node["message"].get("create_time") for node in found["mapping"].values()]
    assert times == [1_740_000_001.5, None, 1_740_000_003]


def test_a_message_that_is_a_list_is_each_of_its_messages(tmp_path: Path) -> None:
    raw = chat("a", "one", "two", "four")
    node = raw["mapping"]["m2"]
    node["message"] = [node["message"], message("assistant", "three")]
    got, _ = read(write(tmp_path / "x.json", dumped([raw])))
    assert [each.split()[-1] for each in got["a"]] == ["one", "two", "three", "four"]


def test_an_unknown_form_is_told_and_its_words_are_kept(tmp_path: Path) -> None:
    raw = {"title": "Odd", "conversation_id": "odd", "dialogue": [{"q": "What?", "a": "Walrus."}]}
    source = write(tmp_path / "conversations.json", dumped([raw, chat("a")]))
    code, told = gptexit("convert", source, "-o", tmp_path / "out")
    assert code == 1
    assert Lost.UNKNOWN_FORM.sentence in told
    note = next((tmp_path / "out").rglob("odd.md")).read_text()
    assert "Walrus." in note
    assert "Nothing was said" not in note


def test_files_that_are_no_chats_are_named_and_not_read(tmp_path: Path) -> None:
    foreign = {
        "id": "1",
        "chat": {"history": {"messages": {"a": {"role": "user", "content": "x"}}}},
    }
    folder = unpack(
        tmp_path / "in",
        {
            "conversations.json": dumped([chat("a")]),
            "Saved chat.json": dumped(listed(chat("b"))),
            "conversations (1).json": dumped([chat("c")]),
            "package.json": b'{"name": "x"}',
            "claude.json": b'[{"uuid": "u", "chat_messages": [{"text": "hi"}]}]',
            "owui.json": dumped([foreign]),
            "user.json": b"{}",
            ".DS_Store": b"x",
        },
    )
    code, told = gptexit("convert", folder, "-o", tmp_path / "out")
    assert code == 0
    assert told.startswith("Read 3 conversations")
    assert "claude.json: an export of Claude" in told
    assert "owui.json: an export of Open WebUI" in told
    assert "package.json" in told
    assert "user.json" not in told and "DS_Store" not in told


@pytest.mark.slow
def test_a_bundle_keeps_its_account_files_under_their_names(tmp_path: Path) -> None:
    inner = zip_of({"conversations-000.json": dumped([chat("a")])})
    name = f"User Online Activity/Conversations__{'ab' * 32}-chatgpt-0001.zip"
    members = {name: inner, "Financial/p.csv": b"a,b\n", "User Profile/u.csv": b"x\n"}
    packed = write(tmp_path / "chatgpt_archive_x.zip", zip_of(members))
    for source in (packed, unpack(tmp_path / "bundle", members)):
        got, export = read(source)
        assert list(got) == ["a"]
        assert {"Financial/p.csv", "User Profile/u.csv"} <= set(export.files.side_files())
        assert list(export.others(frozenset())) == []
    assert gptexit("exit", packed, "-o", tmp_path / "out")[0] == 0
    assert (tmp_path / "out/account/Financial/p.csv").read_bytes() == b"a,b\n"


def test_tasks_of_codex_and_group_chats_are_marked(tmp_path: Path) -> None:
    task = {
        "id": "task_e_1",
        "title": "Fix it",
        "turns": [
            {"id": "t1", "role": "user", "input_items": [_item("Please fix.")]},
            {
                "id": "t2",
                "previous_turn_id": "t1",
                "role": "assistant",
                "output_items": [_item("Fixed.")],
            },
        ],
    }
    group = {"id": "g", "title": "Trip", "create_time": 1.7e9, "participant_ids": ["a", "b"]}
    members = {
        "conversations.json": dumped([chat("a")]),
        "codex.json": dumped([task]),
        "group_chats.json": dumped({"chats": [group]}),
    }
    source = write(tmp_path / "e.zip", zip_of(members))
    code, told = gptexit("convert", source, "-o", tmp_path / "out")
    assert code == 0
    assert "Among them: 1 Codex task and 1 group chat." in told
    note = next((tmp_path / "out").rglob("fix-it.md")).read_text()
    assert "kind: codex" in note and "tags: [chatgpt, codex]" in note and "url:" not in note
    assert note.index("Please fix.") < note.index("Fixed.")
    listed_group = next((tmp_path / "out").rglob("*trip.md")).read_text()
    assert "holds no messages of this group chat" in listed_group
    assert gptexit("verify", source, tmp_path / "out")[0] == 0


def _item(words: str) -> Raw:
    return {"type": "message", "content": [{"content_type": "text", "text": words}]}


def _page(raws: list[Raw], escaped: bool) -> bytes:
    text = json.dumps(raws)
    if escaped:
        for plain, escape in ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#x27;"):
            text = text.replace(plain, escape)
        text = text.replace('\\"', "&quot;")
    code = "for (var i = 0; i < jsonData.length; i++) { show('<b>' + i) }"
    return f"<html><script>\nvar jsonData = {text};\n{code}</script></html>".encode()


@pytest.mark.parametrize("escaped", [True, False])
def test_the_viewer_is_unescaped_where_all_of_it_is_escaped(tmp_path: Path, escaped: bool) -> None:
    raw = chat("a", 'Isn\'t "a < b" & &lt; typed?', "<div>&amp;</div>")
    source = write(tmp_path / "chat.html", _page([raw], escaped))
    got, _ = read(source)
    assert got == {"a": said(raw)}


_MEASURED = """
import sys
from gptexit.cli import main
code = main(sys.argv[1:], standalone_mode=False)
# Of this program alone: what `getrusage` says begins with the memory of whoever started it.
(peak,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024, code or 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
def test_two_hundred_single_chats_of_three_shapes_in_less_than_100_mb(tmp_path: Path) -> None:
    members = {}
    for number in range(200):
        words = f"Answer {number}. " * 12_000
        raw = SHAPES[number % 3](chat(f"c{number:03}", f"Question {number}?", words))
        members[f"{number} chat.json"] = dumped({"conversation": raw} if number % 7 == 0 else raw)
    source = write(tmp_path / "chats.zip", zip_of(members))
    for arguments in (
        ("convert", source, "-o", tmp_path / "out"),
        ("verify", source, tmp_path / "out"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, *map(str, arguments)], capture_output=True, check=True
        )
        *said_so, last = done.stdout.decode().splitlines()
        megabytes, code = map(int, last.split())
        assert code == 0
        assert megabytes < 100
        assert "200 conversations" in said_so[0]


def test_listing_in_reverse_is_turned_round(tmp_path: Path) -> None:
    raw = listed(chat("a", "one", "two", "three"))
    raw["messages"].reverse()
    got, _ = read(write(tmp_path / "x.json", dumped(raw)))
    assert [each.split()[-1] for each in got["a"]] == ["one", "two", "three"]


@pytest.mark.slow
def test_a_large_file_in_the_web_form_is_read_in_pieces(tmp_path: Path) -> None:
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefgh ", k=30_000)) for _ in range(40)]
    raws = [listed(chat(f"c{number}", text, text[::-1])) for number, text in enumerate(words * 4)]
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps(raws))
    got, export = read(tmp_path / "e.zip")
    assert len(got) == 160
    assert export.losses == []


@pytest.mark.parametrize("place", ["other.json", "saved/other.json", "export/saved/other.json"])
def test_chats_outside_of_the_exports_folder_are_read_too(tmp_path: Path, place: str) -> None:
    files = {"export/conversations.json": chat("one"), place: chat("two")}
    data = zip_of({name: json.dumps([raw]).encode() for name, raw in files.items()})
    path = write(tmp_path / "export.zip", data)
    with open_export([path]) as export:
        assert {raw["id"] for _, raw in export.conversations()} == {"one", "two"}
        assert not export.losses


FORMATS = ("--to", "markdown", "--to", "jsonl")


@pytest.mark.parametrize("key", ["voice", "safe_urls", "owner"])
def test_words_below_a_key_that_holds_none_elsewhere_are_kept_and_told(
    key: str, tmp_path: Path
) -> None:
    raw = conversation({}, title="Swapped", conversation_id="swapped")
    raw[key] = chain(message("user", "Where did I go?"))
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps([raw, conversation(chain(message("user", "Here")))]))
    code, told = gptexit("convert", source, *FORMATS, "-o", tmp_path / "out")
    assert code == 1
    assert Lost.UNKNOWN_FORM.sentence in told
    for path in ("markdown/**/*swapped.md", "jsonl/conversations.jsonl"):
        (found,) = (tmp_path / "out").glob(path)
        assert "Where did I go?" in found.read_text(encoding="utf-8")
