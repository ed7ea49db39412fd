"""Several exports of one account, given as one."""

from __future__ import annotations

import io
import itertools
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import gptexit
from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.merge import stream as union
from gptexit.readers.chatgpt.merge.conversation import MergedConversation, merge, messages_of
from gptexit.schemas import errors, validate_lines
from gptexit.writers.base import Options
from support.build import chain, conversation, message
from support.exports import FIXTURES, ROOT, leaves, messages
from support.slimming import accounts, later, pack, slimmed, two_years

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
FILES = [f"file_{number:032x}.dat" for number in range(4)]


def written(sources: list[Path], *names: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Every file that converting gives, by its path; and the report."""
    with tempfile.TemporaryDirectory() as folder:
        names = names or ("markdown", "jsonl")
        report = convert(sources, folder, names, options=Options(branches="all"))
        assert list(errors("report", report)) == []
        root = Path(folder)
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and path.name != "times.jsonl"  # of this run
        }
    return files, report


def lines_of(files: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    (data,) = (data for path, data in files.items() if path.endswith(".jsonl") and path[0] != ".")
    assert list(validate_lines(io.BytesIO(data))) == []
    return {line["id"]: line for line in map(json.loads, data.splitlines())}


def jsonl(*sources: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    files, report = written(list(sources), "jsonl")
    return lines_of({"conversations.jsonl": files["conversations.jsonl"]}), report


def raws(*sources: Path) -> list[dict[str, Any]]:
    with open_export(sources) as export:
        return [raw for _, raw in export.conversations()]


@pytest.mark.slow
@settings(max_examples=40)
@given(st.data())
def test_a_full_and_a_slim_export_merge_in_either_order_and_nothing_is_lost(data: Any) -> None:
    account = data.draw(accounts())
    new = data.draw(later(account, "n"))
    with tempfile.TemporaryDirectory() as folder:
        old_zip = pack(
            Path(folder) / "old.zip",
            2025,
            {"conversations.json": account, FILES[0]: PNG, FILES[1]: PNG + b"1"},
        )
        new_zip = pack(
            Path(folder) / "new.zip", 2026, {"conversations-000.json": new, FILES[2]: PNG + b"2"}
        )
        files, report = written([old_zip, new_zip])
        backwards, _ = written([new_zip, old_zip])
        assert files == backwards
        assert raws(old_zip, new_zip) == raws(new_zip, old_zip)
        merged = {raw["id"]: raw for raw in raws(old_zip, new_zip)}
        with open_export([old_zip, new_zip]) as export:
            for number in (0, 1, 2):
                assert export.lookup(f"file_{number:032x}").member == FILES[number]
            assert export.lookup(FILES[3].removesuffix(".dat")).member is None
    titles = {raw["id"]: raw["title"] for raw in [*account, *new]}
    assert {key: raw["title"] for key, raw in merged.items()} == titles
    assert report["read"]["conversations"] == len(titles)
    assert report["read"]["differing"] == []
    for raw in [*account, *new]:
        assert_holds(merged[raw["id"]], raw)
    lines = lines_of({"x.jsonl": files["jsonl/conversations.jsonl"]})
    newest = {raw["id"]: raw for raw in new}
    for raw in account:
        gone = lines[raw["id"]]["source"]["gone"]
        if raw["id"] not in newest:
            assert gone["conversation"]
            continue
        said = set(slimmed(raw)["mapping"]) & {key for key in raw["mapping"] if is_text(raw, key)}
        lost = said - set(newest[raw["id"]]["mapping"])
        assert (set(gone["messages"]) if gone else set()) == lost


def is_text(raw: dict[str, Any], key: str) -> bool:
    content = (raw["mapping"][key]["message"] or {}).get("content", {})
    return content.get("content_type") in ("text", "multimodal_text")


def assert_holds(merged: dict[str, Any], raw: dict[str, Any]) -> None:
    """Assert that each node, key and text of a copy is in the merged conversation."""
    assert raw.keys() - {"gizmo_id"} <= merged.keys()
    for key, node in raw["mapping"].items():
        held = merged["mapping"][key]
        assert node.keys() <= held.keys()
        said = node["message"] or {}
        assert said.keys() <= (held["message"] or {}).keys()
        assert not Counter(leaves(said)) - Counter(leaves(held["message"]))
        if "children" in node:
            assert set(node["children"]) <= set(held["children"])
            assert held["parent"] == node["parent"]
    if any("children" in node for node in raw["mapping"].values()):
        assert all("children" in node for node in merged["mapping"].values())


@pytest.mark.slow
@settings(max_examples=15)
@given(st.data())
def test_three_exports_merge_in_any_order(data: Any) -> None:
    account = data.draw(accounts())
    second = data.draw(later(account, "s"))
    third = data.draw(later(account + [raw for raw in second if "new" in raw["id"]], "t"))
    with tempfile.TemporaryDirectory() as folder:
        zips = [
            pack(Path(folder) / f"{year}.zip", year, {"conversations.json": each})
            for year, each in ((2024, account), (2025, second), (2026, third))
        ]
        files, report = written(zips, "jsonl")
        for order in itertools.permutations(zips):
            assert written(list(order), "jsonl")[0] == files
    held = [export["conversations"] for export in report["source"]["exports"]]
    assert held == [len(account), len(second), len(third)]
    assert report["read"]["duplicates"] == sum(held) - report["read"]["conversations"]


@pytest.mark.slow
@settings(max_examples=15)
@given(st.data())
def test_one_file_and_shards_of_one_export_are_merged_and_nothing_is_marked(data: Any) -> None:
    account = data.draw(accounts())
    new = data.draw(later(account, "n"))
    with tempfile.TemporaryDirectory() as folder:
        both = {"conversations.json": account, "conversations-000.json": new}
        source = pack(Path(folder) / "e.zip", 2026, both)
        merged = {raw["id"]: raw for raw in raws(source)}
        lines, report = jsonl(source)
    assert report["source"]["exports"] == []
    assert all(line["source"]["gone"] is None for line in lines.values())
    for raw in [*account, *new]:
        assert_holds(merged[raw["id"]], raw)


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_an_export_merged_with_itself_is_itself(source: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    again.write_bytes(source.read_bytes())
    alone, report = written([source], "jsonl")
    both, twice = written([source, again], "jsonl")
    name = "conversations.jsonl"
    assert sorted(both[name].splitlines()) == sorted(alone[name].splitlines())
    assert twice["read"]["gone"] == {"conversations": 0, "messages": 0}
    assert twice["read"]["differing"] == report["read"]["differing"] == []
    assert twice["assets"] == report["assets"]


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_an_export_merged_with_a_part_of_itself_is_itself(source: Path, tmp_path: Path) -> None:
    with open_export([source]) as export:
        export.settle()
        half = [raw for _, raw in export.conversations()][::2]
    part = pack(tmp_path / "half.zip", 2023, {"conversations.json": half})
    alone, both = written([source], "jsonl")[0], written([source, part], "jsonl")[0]
    name = "conversations.jsonl"
    assert sorted(both[name].splitlines()) == sorted(alone[name].splitlines())


def talk(key: str, *words: dict[str, Any], **rest: float | str) -> dict[str, Any]:
    return conversation(chain(*words), conversation_id=key, id=key, title=key, **rest)


def user(words: str) -> dict[str, Any]:
    return message("user", words)


def answer(words: Any, **rest: str) -> dict[str, Any]:
    return message("assistant", words, **rest)


@pytest.mark.slow
@settings(max_examples=15)
@given(st.data())
def test_an_archive_of_several_exports_is_found_complete_and_what_it_lacks_is_found(
    data: Any,
) -> None:
    account = data.draw(accounts())
    new = data.draw(later(account, "n"))
    with tempfile.TemporaryDirectory() as folder:
        old_zip = pack(Path(folder) / "old.zip", 2025, {"conversations.json": account})
        new_zip = pack(Path(folder) / "new.zip", 2026, {"conversations.json": new})
        convert([old_zip, new_zip], Path(folder) / "both", ["markdown", "jsonl"])
        convert([new_zip], Path(folder) / "new", ["jsonl"])
        with open_export([new_zip, old_zip], careful=True) as export:
            assert verify(Path(folder) / "both", export).problems == []
        with open_export([new_zip, old_zip], careful=True) as export:
            checked = verify(Path(folder) / "new", export)
        full = sum(len(list(messages(raw))) for raw in account)
        slim = sum(len(list(messages(slimmed(raw)))) for raw in account)
        if slim < full or len(new) < len(account):
            assert checked.problems


def test_what_merging_loses_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        pack(
            tmp_path / "old.zip", 2025, {"conversations.json": [talk("a", user("Hi"), user("Ho"))]}
        ),
        pack(tmp_path / "new.zip", 2026, {"conversations.json": [talk("a", user("Hi"))]}),
    ]
    monkeypatch.setattr(
        union, "merge", lambda copies: MergedConversation(list(copies)[-1][1], {"m1": 3})
    )
    convert(paths, tmp_path / "out", ["jsonl"])
    with open_export(paths, careful=True) as export:
        (problem,) = verify(tmp_path / "out", export).problems
    assert (problem.what, problem.title) == (
        "lost part of message m2 when exports were merged",
        "a",
    )


def test_a_message_that_reads_differently_is_named_and_kept(tmp_path: Path) -> None:
    old = pack(
        tmp_path / "old.zip",
        2025,
        {"conversations.json": [talk("a", user("Hi"), answer("The first text"))]},
    )
    new = pack(
        tmp_path / "new.zip",
        2026,
        {"conversations.json": [talk("a", user("Hi"), answer("Another text"))]},
    )
    lines, report = jsonl(new, old)
    said = lines["a"]["messages"][1]
    assert said["parts"][0]["text"] == "Another text"
    assert said["extra"]["older_content"][0]["parts"] == ["The first text"]
    assert report["read"]["differing"] == [
        {"conversation": "a", "message": "m2", "export": "old.zip"}
    ]
    assert [export["differing"] for export in report["source"]["exports"]] == [1, 0]
    assert report["complete"]


def test_an_answer_that_was_not_finished_is_no_other_text(tmp_path: Path) -> None:
    paths = [
        pack(tmp_path / f"{n}.zip", 2025 + n, {"conversations.json": [talk("a", answer(words))]})
        for n, words in enumerate(["It is", "It is seven."])
    ]
    for order in (paths, paths[::-1]):
        lines, report = jsonl(*order)
        assert lines["a"]["messages"][0]["parts"][0]["text"] == "It is seven."
        assert "older_content" not in lines["a"]["messages"][0]["extra"]
        assert report["read"]["differing"] == []


def test_tools_stay_between_question_and_answer(tmp_path: Path) -> None:
    call = answer({"content_type": "code", "text": "1 + 1"}, recipient="python")
    output = message("tool", {"content_type": "execution_output", "text": "2"}, name="python")
    full = talk("a", user("One and one?"), call, output, answer("Two."))
    slim = slimmed(full)
    assert list(slim["mapping"]) == ["client-created-root", "m1", "m4"]
    slim["mapping"]["m5"] = {"id": "m5", "message": user("Thanks"), "parent": "m4"}
    slim |= {"current_node": "m5", "title": "Sums", "update_time": full["update_time"] + 9}
    old = pack(tmp_path / "old.zip", 2025, {"conversations.json": [full]})
    new = pack(tmp_path / "new.zip", 2026, {"conversations-000.json": [slim]})
    line = jsonl(old, new)[0]["a"]
    assert [message["id"] for message in line["messages"]] == ["m1", "m2", "m3", "m4", "m5"]
    assert [message["parent"] for message in line["messages"]] == [None, "m1", "m2", "m3", "m4"]
    assert (line["current"], line["title"], line["source"]["gone"]) == ("m5", "Sums", None)
    assert line["source"]["nodes"] == "full"
    assert sorted(line["extra"]["mapping"]) == ["client-created-root", "m1"]


def test_what_the_newest_lacks_is_marked_in_data_and_notes(tmp_path: Path) -> None:
    more = talk("b", user("Stays"), answer("Goes"), answer("Goes too"))
    fewer = talk("b", user("Stays"))
    old = pack(tmp_path / "old.zip", 2025, {"conversations.json": [talk("a", user("Hi")), more]})
    new = pack(tmp_path / "new.zip", 2026, {"conversations.json": [fewer]})
    files, report = written([old, new])
    lines = lines_of({"x.jsonl": files["jsonl/conversations.jsonl"]})
    since = "2026-09-02T03:04:06Z"
    gone = {"since": since, "conversation": True, "messages": []}
    assert lines["a"]["source"]["gone"] == gone
    gone = {"since": since, "conversation": False, "messages": ["m2", "m3"]}
    assert lines["b"]["source"]["gone"] == gone
    assert lines["b"]["current"] == "m3"
    assert report["read"]["gone"] == {"conversations": 1, "messages": 2}
    notes = {path: data.decode() for path, data in files.items() if path.endswith(".md")}
    assert "\ngone: conversation\n" in notes["markdown/2025/2025-02-19-a.md"]
    assert '\ngone: "2 messages"\n' in notes["markdown/2025/2025-02-19-b.md"]
    assert [tuple(export.values()) for export in report["source"]["exports"]] == [
        ("old.zip", "2025-09-02T03:04:06Z", 2, 1, 3, 0),
        ("new.zip", since, 1, 0, 0, 0),
    ]


@pytest.mark.parametrize("harm", ["cut", "bad item", "missing shard", "lone shard"])
def test_an_export_that_is_not_whole_says_nothing_of_what_is_gone(
    tmp_path: Path, harm: str
) -> None:
    old = pack(tmp_path / "old.zip", 2025, {"conversations.json": [talk("a", user("Hi"))]})
    shard = [talk("b", user("Hi"), update_time=1.9e9)]
    members: dict[str, Any] = {
        "conversations-000.json": [*shard, None] if harm == "bad item" else shard
    }
    if harm == "missing shard":
        listed = [{"path": "conversations-000.json"}, {"path": "conversations-001.json"}]
        members["export_manifest.json"] = {"export_files": listed}
    new = pack(tmp_path / "new.zip", 2026, members)
    if harm == "cut":
        new.write_bytes(new.read_bytes()[:-30])
    if harm == "lone shard":
        new = tmp_path / "conversations-003.json"
        new.write_text(json.dumps(shard))
    lines, report = jsonl(old, new)
    assert set(lines) == {"a", "b"}
    assert report["read"]["gone"] == {"conversations": 0, "messages": 0}


def test_ratings_and_names_come_from_every_export(tmp_path: Path) -> None:
    rows = [
        [{"id": "m1", "rating": "thumbs_up"}, {"id": "m2", "rating": "thumbs_up"}],
        [{"id": "m2", "rating": "thumbs_down"}],
    ]
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_aa"}
    shown = message("user", {"content_type": "multimodal_text", "parts": [pointer]})
    library = [{"file_id": "file_aa", "file_name": "From 2025.png", "origination_thread_id": "a"}]
    paths = [
        pack(
            tmp_path / f"{number}.zip",
            2025 + number,
            {
                "conversations.json": [talk("a", shown, answer("Nice"))],
                "message_feedback.json": rows[number],
                **({"library_files.json": library, "file_aa.dat": PNG} if number == 0 else {}),
            },
        )
        for number in (0, 1)
    ]
    for order in (paths, paths[::-1]):
        line = jsonl(*order)[0]["a"]
        assert [message["feedback"] for message in line["messages"]] == ["up", "down"]
        assert line["assets"][0]["name"] == "From 2025.png"
        assert line["assets"][0]["member"] == "file_aa.dat"


def test_of_two_files_with_one_id_the_one_with_bytes_counts(tmp_path: Path) -> None:
    paths = [
        pack(
            tmp_path / f"{number}.zip",
            2025 + number,
            {"conversations.json": [talk("a", user("Hi"))], "file_aa.dat": data},
        )
        for number, data in enumerate([PNG, b""])
    ]
    with open_export(paths) as export:
        assert export.open(export.lookup("file_aa").member or "").read() == PNG


def test_the_latest_project_and_place_count(tmp_path: Path) -> None:
    first = talk("a", user("Hi"), answer("Ho"), gizmo_id="g-p-old", gizmo_type="snorlax")
    second = slimmed(talk("a", user("Hi"))) | {"update_time": 1.8e9}
    second["mapping"]["m9"] = {"id": "m9", "message": user("On"), "parent": "m1"}
    second |= {"conversation_template_id": "g-p-new", "current_node": None, "title": None}
    old = pack(tmp_path / "old.zip", 2025, {"conversations.json": [first]})
    new = pack(tmp_path / "new.zip", 2026, {"conversations-000.json": [second]})
    line = jsonl(old, new)[0]["a"]
    assert line["project"]["id"] == "g-p-new"
    assert "gizmo_type" not in line["extra"]
    assert line["title"] == "a"
    assert line["current"] in ("m2", "m9")
    assert line["created"] == "2025-02-19T21:20:00.250000Z"


def test_a_pipe_and_a_file_are_two_exports(tmp_path: Path) -> None:
    old = pack(tmp_path / "old.zip", 2024, {"conversations.json": [talk("a", user("Hi"))]})
    more = json.dumps([talk("a", user("Hi"), answer("Ho"), update_time=1.8e9)]).encode()
    orders: list[list[str | Path]] = [["-", old], [old, "-"]]
    for sources in orders:
        with open_export(sources, io.BytesIO(more)) as export:
            found = [raw for _, raw in export.conversations()]
            assert [edition.label for edition in export.editions] == ["old.zip", "standard input"]
        assert [list(raw["mapping"])[1:] for raw in found] == [["m1", "m2"]]


def test_folders_and_parts_know_which_export_they_are_of(tmp_path: Path) -> None:
    for name, year, words in (("x", 2024, "Hi"), ("y", 2025, "Ho")):
        folder = tmp_path / "both" / name
        folder.mkdir(parents=True)
        raw = talk(name, user(words), update_time=1.7e9 + year)
        (folder / "conversations.json").write_text(json.dumps([raw]))
    with open_export([tmp_path / "both"]) as export:
        export.settle()
        assert [edition.label for edition in export.editions] == ["both: x", "both: y"]
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        for part in (0, 1):
            pack(
                tmp_path / name / f"e-part-000{part + 1}.zip",
                2025 if name == "old" else 2026,
                {f"conversations-00{part}.json": [talk(f"{name}{part}", user("Hi"))]},
            )
    parts = sorted(tmp_path.glob("*/e-part-*.zip"))
    with open_export(parts) as export:
        assert [len(edition.feeds) for edition in export.editions] == [2, 2]
        keys = [raw["id"] for _, raw in export.conversations()]
    assert keys == ["old0", "old1", "new0", "new1"]


@pytest.mark.slow
def test_a_second_run_with_another_export_adds_and_changes_only_what_is_new(tmp_path: Path) -> None:
    old = pack(
        tmp_path / "old.zip",
        2025,
        {"conversations.json": [talk("a", user("Hi")), talk("b", user("Ho"))]},
    )
    more = talk("b", user("Ho"), answer("He"), update_time=1.8e9)
    new = pack(tmp_path / "new.zip", 2026, {"conversations.json": [talk("a", user("Hi")), more]})
    convert([old], tmp_path / "out")
    report = convert([new, old], tmp_path / "out")
    assert report["targets"][0]["files_written"] == 1
    assert convert([old, new], tmp_path / "out")["targets"][0]["files_written"] == 0


def test_the_library_gives_merged_conversations(tmp_path: Path) -> None:
    old = pack(tmp_path / "old.zip", 2025, {"conversations.json": [talk("a", user("Hi"))]})
    new = pack(
        tmp_path / "new.zip", 2026, {"conversations.json": [talk("a", user("Hi"), answer("Ho"))]}
    )
    with gptexit.open(new, old) as export:
        (found,) = export
    assert [message["id"] for message in found["messages"]] == ["m1", "m2"]


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_no_message_depends_on_which_copies_are_merged_first(data: Any) -> None:
    account = data.draw(accounts())[:1]
    states = [account, data.draw(later(account, "s")), data.draw(later(account, "t"))]
    every = [raw for state in states for raw in state if raw["id"] == account[0]["id"]]
    copies = list(enumerate(every))
    whole = merge(copies).raw
    first = merge([(0, merge(copies[:2]).raw), *copies[2:]]).raw
    last = merge([*copies[:1], (1, merge(copies[1:]).raw)]).raw if len(copies) > 1 else whole
    for other in (first, last):
        assert dict(messages_of(other)) == dict(messages_of(whole))
        assert other["title"] == whole["title"]


@pytest.mark.slow
def test_the_whole_exit_of_two_exports(tmp_path: Path) -> None:
    two_years(ROOT / "fixtures/fat-2024.zip", tmp_path)
    sources = [str(tmp_path / f"chatgpt-{year}.zip") for year in (2026, 2025)]
    done = CliRunner().invoke(main, ["exit", *sources, "-o", str(tmp_path / "out")])
    assert done.exit_code == 5, done.output  # the sample holds forms that nobody knows
    assert "Merged 2 exports, the oldest first:\n  chatgpt-2025.zip (2025-11-02)" in done.output
    assert "No longer in chatgpt-2026.zip: 1 conversation and 1 message of others" in done.output
    page = (tmp_path / "out/START-HERE.md").read_text(encoding="utf-8")
    assert "2 exports were merged, the oldest first: chatgpt-2025.zip, chatgpt-2026.zip." in page
    assert (tmp_path / "out/account/user.json").exists()
