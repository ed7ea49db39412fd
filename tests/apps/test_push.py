"""`gptexit push open-webui`, into the real app."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.apps.compare import add_row, compare
from support.apps.open_webui import PUSHED, conversations
from support.apps.proxy import faulty
from support.apps.pushing import push, start
from support.build import add, chain, conversation, message
from support.exports import ROOT
from support.waiting import wait_until

SLIM, FAT = ROOT / "fixtures/slim-2026.zip", ROOT / "fixtures/fat-2024.zip"


def snapshot(app: Any) -> Any:
    """All that a person has in the app, without what differs from run to run."""
    folders = app.folders()
    files = {file["id"]: file["meta"]["data"]["gptexit"]["asset"] for file in app.files()}
    assert len(set(files.values())) == len(files), "a file is there twice"
    assert len(set(folders.values())) == len(folders)
    chats = {}
    for chat in app.chats():
        text = json.dumps(chat["chat"], sort_keys=True)
        for key, asset in files.items():
            text = text.replace(key, asset)
        for message_ in (body := json.loads(text))["history"]["messages"].values():
            message_.pop("user_id", None), message_.pop("user", None)
        chat_id = chat["meta"]["gptexit"]["id"]
        assert chat_id not in chats, "a conversation is there twice"
        fields = ("title", "meta", "pinned", "archived", "created_at", "updated_at")
        chats[chat_id] = {
            **{field: chat[field] for field in (*fields, "current_message_id")},
            "chat": body,
            "folder": folders.get(chat["folder_id"]),
        }
    return {"chats": chats, "files": sorted(files.values()), "folders": sorted(folders.values())}


@pytest.fixture(scope="session")
def undisturbed(app: Any, generated: Any) -> Any:
    """What a run that nothing disturbs makes of the generated export."""
    app.empty()
    code, _, err = push(app, generated)
    assert code == 0, err
    return snapshot(app)


def test_what_is_pushed_is_what_the_export_holds(export: Any, empty_app: Any, held: Any) -> None:
    code, out, err = push(empty_app, export)
    assert code == (1 if "Could not be read" in err else 0), out + err
    assert "Not taken" not in out
    expected = held(export)
    chats = empty_app.chats()
    add_row(PUSHED, export, expected, conversations(expected, chats, empty_app.file))
    groups: dict[str | None, Any] = {}
    for chat in chats:
        groups.setdefault(expected[chat["meta"]["gptexit"]["id"]].group, set()).add(
            chat["folder_id"]
        )
    assert all(len(folders) == 1 for folders in groups.values())
    assert groups.pop(None, {None}) == {None}
    assert len(empty_app.folders()) == len(groups)
    before = snapshot(empty_app)
    assert "Nothing new" in push(empty_app, export)[1]
    assert snapshot(empty_app) == before
    assert [chat["id"] for chat in empty_app.chats()] == [chat["id"] for chat in chats]


def kill_midway(app: Any, export: Any, number: Any) -> None:
    """Push an export until the app has so many chats."""
    process = start(app, export)
    wait_until(lambda: process.poll() is not None or len(app.chats()) >= number)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_that_is_killed_goes_on_where_it_was(
    seed: Any, undisturbed: Any, empty_app: Any, generated: Any
) -> None:
    rng = random.Random(seed)
    for _ in range(3):
        kill_midway(empty_app, generated, len(empty_app.chats()) + rng.randint(1, 100))
    code, out, err = push(empty_app, generated)
    assert code == 0, out + err
    assert snapshot(empty_app) == undisturbed


@pytest.mark.parametrize("seed", range(4))
def test_faults_of_the_line_double_nothing(seed: Any, empty_app: Any, held: Any) -> None:
    """It completes, or says in a sentence why not, and goes on with the next run."""
    with faulty(empty_app.url, seed, rate=(0.2, 0.3, 0.4, 0.5)[seed]) as proxy:
        for _ in range(20):
            code, out, err = push(empty_app, FAT, "--timeout", "3", url=proxy.url)
            assert code in (0, 4), out + err
            if code == 0:
                break
            assert err.startswith("Error: ")
            assert err.count("\n") == 1
        assert code == 0
        assert sum(proxy.played.values()) > proxy.played[""]
    # An answer that was lost may still have been worked on when the run ended.
    assert push(empty_app, FAT)[0] == 0
    snapshot(empty_app)
    compare(PUSHED, held(FAT), conversations(held(FAT), empty_app.chats(), empty_app.file))


def write(path: Any, *raw: Any) -> Any:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps(raw))
    return path


def talk(number: Any, *words: Any, **rest: Any) -> Any:
    key = f"c0ffee00-0000-4000-8000-00000000000{number}"
    roles = ("user", "assistant")
    mapping = chain(*(message(roles[at % 2], word) for at, word in enumerate(words)))
    return conversation(
        mapping, id=key, conversation_id=key, title=f"Talk {number}", **rest
    )  # fmt: skip


def test_a_newer_export_replaces_what_changed_and_leaves_what_the_user_went_on_with(
    empty_app: Any, tmp_path: Path
) -> None:
    first = write(tmp_path / "1.zip", *(talk(number, "Hello", "Hi") for number in range(4)))
    assert push(empty_app, first)[0] == 0
    before = {chat["title"]: chat for chat in empty_app.chats()}
    went_on = before["Talk 1"]["chat"]
    went_on["history"]["messages"]["m2"]["childrenIds"] = ["own"]
    went_on["history"]["messages"]["own"] = {
        "id": "own", "parentId": "m2", "childrenIds": [], "role": "user", "content": "And then?",
    }  # fmt: skip
    went_on["history"]["currentId"] = "own"
    empty_app.post(f"/api/v1/chats/{before['Talk 1']['id']}", {"chat": went_on})
    folder = empty_app.post("/api/v1/folders/", {"name": "Mine"})["id"]
    empty_app.post(f"/api/v1/chats/{before['Talk 2']['id']}/folder", {"folder_id": folder})
    empty_app.post(f"/api/v1/chats/{before['Talk 2']['id']}/pin")
    empty_app.post(f"/api/v1/chats/{before['Talk 3']['id']}/clone", {"title": "My copy"})
    newer = [talk(0, "Hello", "Hi")]
    newer += [talk(number, "Hello", "Hi", "More", "Yes") for number in (1, 2, 3)]
    second = write(tmp_path / "2.zip", *newer)
    code, out, _ = push(empty_app, second, "--report", tmp_path / "report.json")
    assert code == 0
    assert "Talk 1" in out
    after = {chat["title"]: chat for chat in empty_app.chats()}
    assert after.keys() == {"Talk 0", "Talk 1", "Talk 2", "Talk 3", "My copy"}
    assert after["Talk 0"]["id"] == before["Talk 0"]["id"]
    assert after["Talk 1"]["id"] == before["Talk 1"]["id"]
    assert "own" in after["Talk 1"]["chat"]["history"]["messages"]
    assert after["Talk 2"]["chat"]["history"]["messages"].keys() == {"m1", "m2", "m3", "m4"}
    assert after["Talk 2"]["folder_id"] == folder
    assert after["Talk 2"]["pinned"]
    assert "m3" not in after["My copy"]["chat"]["history"]["messages"]
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert (report["changed"], report["same"], report["continued"]) == (2, 1, ["Talk 1"])


def test_chats_that_came_by_file_are_not_doubled(empty_app: Any, tmp_path: Path) -> None:
    from gptexit import convert

    convert(SLIM, tmp_path / "out", ["open-webui"])
    items = json.loads((tmp_path / "out/import-001.json").read_bytes())
    empty_app.post("/api/v1/chats/import", {"chats": items})
    assert push(empty_app, SLIM)[0] == 0
    snapshot(empty_app)
    assert len(empty_app.chats()) == len(items)


def test_a_dry_run_changes_nothing_and_says_what_would_be_done(empty_app: Any) -> None:
    code, out, _ = push(empty_app, SLIM, "--dry-run")
    assert code == 0
    assert "Would send 23 conversations" in out
    assert not empty_app.chats() and not empty_app.files() and not empty_app.folders()
    push(empty_app, SLIM)
    assert "Nothing new" in push(empty_app, SLIM, "--dry-run")[1]


def test_the_key_is_in_no_output_no_report_and_no_list_of_processes(
    empty_app: Any, tmp_path: Path
) -> None:
    key = empty_app.post("/api/v1/auths/api_key")["api_key"]
    process = start(empty_app, FAT, "--report", tmp_path / "report.json", key=key)
    seen = set()
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(path.read_bytes())
            except OSError:
                continue
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    assert any(b"push" in line for line in seen)
    written = [*seen, out.encode(), err.encode(), (tmp_path / "report.json").read_bytes()]
    assert not [text for text in written if key.encode() in text]


def test_a_key_that_is_refused(empty_app: Any) -> None:
    for key in ("sk-0123456789abcdef", "not-a-key", "with space", "ümlaut"):
        code, out, err = push(empty_app, SLIM, key=key)
        assert code == 4
        assert "API key" in err
        assert not out
    assert not empty_app.chats()


def test_a_server_whose_disk_is_full(tmp_path: Path) -> None:
    """On a disk of its own, which only root can make."""
    from support.apps import house

    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "none", disk], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        with house.running(disk / "data") as app:
            free = os.statvfs(disk)
            (disk / "ballast").write_bytes(b"\0" * (free.f_bavail * free.f_frsize - 60_000))
            code, _, err = push(app, FAT)
            assert code == 4
            assert re.match(r"Error: .*(disk|stores nothing|does not answer)", err)
            (disk / "ballast").unlink()
            code, out, err = push(app, FAT)
            assert code == 0, out + err
            snapshot(app)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_branches_survive_the_kill_of_the_current_one(empty_app: Any, tmp_path: Path) -> None:
    """`--branches current` sends only what was seen last; all later brings the others."""
    mapping = chain(message("user", "Tell."), message("assistant", "Once."))
    add(mapping, "other", "m1", message("assistant", "Twice."))
    source = write(tmp_path / "1.zip", conversation(mapping))
    push(empty_app, source, "--branches", "current")
    (chat,) = empty_app.chats()
    assert chat["chat"]["history"]["messages"].keys() == {"m1", "other"}
    push(empty_app, source)
    (chat,) = empty_app.chats()
    assert chat["chat"]["history"]["messages"].keys() == {"m1", "m2", "other"}
