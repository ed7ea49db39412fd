"""What push promises for apps that keep their conversations in files on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from gptexit.archive.lock import owning
from gptexit.push.places import PLACES, Machine, jan_folder, lm_studio_folder
from support import jan, lm_studio
from support.build import add, chain, conversation, message
from support.command import as_text, gptexit
from support.exports import FIXTURES, ROOT

SLIM = ROOT / "fixtures/slim-2026.zip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as Jan leaves it, with a thread of its own."""
    own = tmp_path / "data/threads/own"
    own.mkdir(parents=True)
    (own / "thread.json").write_text('{"id": "own"}')
    return tmp_path / "data"


def push(*words: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = as_text(gptexit("push", *words, env=environment))
    assert "Traceback" not in done.stderr
    return done


def into(folder: Path, source: Path, *words: Path | str) -> subprocess.CompletedProcess[str]:
    return push("jan", source, "--data-folder", folder, *words)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def source(path: Path, *answers: str, **rest: Any) -> Path:
    mapping = chain(message("user", "Which tea?"))
    for number, words in enumerate(answers):
        add(mapping, f"a{number}", "m1", message("assistant", words, create_time=2.0 + number))
    path.write_bytes(orjson.dumps([conversation(mapping, **rest)]))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("export", FIXTURES, ids=lambda path: path.stem)
def test_jan_has_every_conversation_and_a_second_run_writes_nothing(
    export: Path, folder: Path
) -> None:
    done = into(folder, export)
    (folder / "threads/own/thread.json").unlink()
    there = jan.threads(folder)
    assert f"Wrote {len(there)} conversations to {folder}: {len(there)} new" in done.stdout
    before = files(folder)
    done = into(folder, export)
    assert "Nothing new to write." in done.stdout
    assert files(folder) == before


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    before = files(folder)
    done = into(folder, SLIM, "--dry-run")
    assert done.returncode == 0
    assert f"Would write 23 conversations to {folder}: 23 new" in done.stdout
    assert files(folder) == before
    assert [path.name for path in folder.iterdir()] == ["threads"]


def test_what_the_app_has_of_its_own_stays(folder: Path) -> None:
    into(folder, SLIM)
    assert (folder / "threads/own/thread.json").read_text() == '{"id": "own"}'


def test_a_conversation_that_has_grown_is_replaced(folder: Path, tmp_path: Path) -> None:
    into(folder, source(tmp_path / "a.json", "Black."))
    done = into(folder, source(tmp_path / "b.json", "Black.", "Green."))
    assert "0 new, 1 in place of an older version" in done.stdout
    (folder / "threads/own/thread.json").unlink()
    [(_, messages)] = jan.threads(folder).values()
    assert len(messages) == 3
    assert sorted(path.name for path in folder.iterdir()) == [".gptexit", "threads"]


@pytest.mark.parametrize("name", ["messages.jsonl", "thread.json", "notes.txt"])
def test_one_that_was_changed_in_the_app_is_left_alone(
    name: str, folder: Path, tmp_path: Path
) -> None:
    into(folder, source(tmp_path / "a.json", "Black."))
    [path] = [path for path in (folder / "threads").iterdir() if path.name != "own"]
    with (path / name).open("ab") as file:
        file.write(b" ")
    before = files(folder / "threads")
    done = into(folder, source(tmp_path / "b.json", "Black.", "Green."))
    assert done.returncode == 0
    assert "You changed these in the app, so they are left as they are:\n  A title" in done.stdout
    assert files(folder / "threads") == before


def test_a_folder_of_somebody_else_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    into(folder, source(tmp_path / "a.json", "Black."))
    (folder / ".gptexit/pushed.jsonl").unlink()
    before = files(folder / "threads")
    done = into(folder, source(tmp_path / "b.json", "Green."))
    assert "left as they are" in done.stdout
    assert files(folder / "threads") == before


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links for everybody")
def test_nothing_is_written_through_a_link(folder: Path, tmp_path: Path) -> None:
    export = source(tmp_path / "a.json", "Black.")
    (tmp_path / "elsewhere").mkdir()
    key = "c0ffee00-0000-4000-8000-000000000001"
    (folder / "threads" / key).symlink_to(tmp_path / "elsewhere")
    assert "left as they are" in into(folder, export).stdout
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / "house").mkdir()
    (folder / ".gptexit").symlink_to(tmp_path / "house")
    assert into(folder, export).returncode == 2


def test_one_run_at_a_time_writes_to_a_folder(folder: Path) -> None:
    with owning(folder):
        done = into(folder, SLIM)
    assert done.returncode == 6
    assert [path.name for path in (folder / "threads").iterdir()] == ["own"]


def test_what_a_killed_run_left_is_taken_away(folder: Path, tmp_path: Path) -> None:
    left = folder / ".gptexit-0123456789abcdef.part"
    left.mkdir()
    (left / "thread.json").write_text("{")
    into(folder, source(tmp_path / "a.json", "Black."))
    assert not left.exists()


def test_a_run_that_was_killed_before_its_record_goes_on(folder: Path, tmp_path: Path) -> None:
    export = source(tmp_path / "a.json", "Black.")
    into(folder, export)
    (folder / ".gptexit/pushed.jsonl").write_bytes(b'{"key": "conv')
    assert "There already: 1 conversation." in into(folder, export).stdout


def test_the_output_in_the_documents_is_real(folder: Path, studio: Path) -> None:
    for app, place, told in (
        ("jan", folder, "/home/you/.local/share/Jan/data"),
        ("lm-studio", studio, "/home/you/.lmstudio"),
    ):
        shown = (ROOT / f"docs/{app}.md").read_text(encoding="utf-8")
        done = push(app, SLIM, "--data-folder", place)
        for line in done.stdout.splitlines():
            assert line.replace(str(place), told) in shown


def test_a_selection_and_the_report(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = into(folder, SLIM, "--title", "tram", "--report", report)
    assert "Not selected: 20 conversations" in done.stdout
    told = json.loads(report.read_bytes())
    assert (told["new"], told["complete"], told["not_kept"]) == (3, True, {})
    done = into(folder, SLIM, "--title", "nothing like it")
    assert done.returncode == 7
    assert "Nothing was written." in done.stderr


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """LM Studio's folder, with a chat of its own."""
    own = tmp_path / "studio/conversations/1.conversation.json"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    return tmp_path / "studio"


@pytest.mark.slow
@pytest.mark.parametrize("export", FIXTURES, ids=lambda path: path.stem)
def test_lm_studio_has_every_conversation_and_a_second_run_writes_nothing(
    export: Path, studio: Path
) -> None:
    done = push("lm-studio", export, "--data-folder", studio)
    (studio / "conversations/1.conversation.json").unlink()
    names = [chat["name"] for chat in lm_studio.chats(studio).values()]
    number = len([name for name in names if " (version " not in name])
    assert f"{number} new" in done.stdout
    before = files(studio)
    done = push("lm-studio", export, "--data-folder", studio)
    assert "Nothing new to write." in done.stdout
    assert files(studio) == before


def test_a_chat_that_was_gone_on_with_stays_and_a_new_version_of_another_comes(
    studio: Path, tmp_path: Path
) -> None:
    push("lm-studio", source(tmp_path / "a.json", "Black."), "--data-folder", studio)
    [path] = (studio / "conversations/ChatGPT").iterdir()
    before = path.read_bytes()
    grown = source(tmp_path / "b.json", "Black.", "Green.")
    done = push("lm-studio", grown, "--data-folder", studio)
    assert "0 new, 1 in place of an older version" in done.stdout
    [again] = (studio / "conversations/ChatGPT").iterdir()
    assert again == path
    path.write_bytes(before)
    done = push("lm-studio", source(tmp_path / "c.json", "White."), "--data-folder", studio)
    assert "You changed these in the app" in done.stdout
    assert path.read_bytes() == before
    assert (studio / "conversations/1.conversation.json").read_text() == "{}"


def test_a_picture_is_written_once_and_never_replaced(studio: Path) -> None:
    fat = ROOT / "fixtures/fat-2024.zip"
    assert "3 files beside them" in push("lm-studio", fat, "--data-folder", studio).stdout
    [picture, *_] = sorted((studio / "user-files").glob("*.jpg"))
    picture.write_bytes(b"mine")
    push("lm-studio", fat, "--data-folder", studio)
    assert picture.read_bytes() == b"mine"


def test_the_folder_of_lm_studio_is_where_its_pointer_says(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "linux", {})
    assert lm_studio_folder(machine) == tmp_path / ".lmstudio"
    pointer = tmp_path / ".lmstudio-home-pointer"
    for data in (b"", b"\n", b"\xff\xfe", b"a\0b"):
        pointer.write_bytes(data)
        assert lm_studio_folder(machine) == tmp_path / ".lmstudio"
    pointer.write_text("/elsewhere \n")
    assert lm_studio_folder(machine) == Path("/elsewhere")


def test_what_the_app_does_not_get_is_counted(folder: Path) -> None:
    done = into(folder, ROOT / "fixtures/fat-2024.zip")
    assert "Jan does not get: file that the app does not take; its message names it (13)." in (
        done.stdout
    )


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("jan x --url http://127.0.0.1", "--url does nothing for jan"),
        ("jan x --memories", "--memories does nothing for jan"),
        ("jan x --patience 5", "--patience does nothing for jan"),
        ("open-webui x --url http://127.0.0.1 --data-folder y", "--data-folder does nothing for"),
        ("open-webui x", "--url"),
        ("jann x", "jan"),
        ("jan", "the export is missing, as in: gptexit push jan chatgpt-export.zip"),
        ("jan x --data-folder none", "none is not Jan's folder"),
    ],
)
def test_what_is_typed_wrongly_is_refused(words: str, answer: str) -> None:
    done = push(*words.split())
    assert done.returncode == 2
    assert answer in done.stderr


def test_an_app_that_was_never_started_has_no_folder(tmp_path: Path) -> None:
    done = push("jan", SLIM, HOME=str(tmp_path), XDG_DATA_HOME="", JAN_DATA_FOLDER="")
    assert done.returncode == 2
    assert "Start Jan once" in done.stderr


def test_jan_is_found_where_it_says(folder: Path, tmp_path: Path) -> None:
    done = push("jan", SLIM, JAN_DATA_FOLDER=str(folder))
    assert f"to {folder}: 23 new" in done.stdout


@pytest.mark.parametrize(
    ("system", "environment", "found"),
    [
        ("linux", {}, "home/.local/share/Jan/data"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/Jan/data"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "home/Library/Application Support/Jan/data"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming/Jan/data"),
        ("win32", {"JAN_DATA_FOLDER": "/mine"}, "/mine"),
    ],
)
def test_jans_folder_is_that_of_the_system(
    system: str, environment: dict[str, str], found: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", system, environment)
    assert jan_folder(machine) == tmp_path / found


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b'{"data_folder": 3}'])
def test_settings_that_cannot_be_read_leave_the_usual_folder(data: bytes, tmp_path: Path) -> None:
    machine = Machine(tmp_path, "linux", {})
    settings = tmp_path / ".local/share/Jan/settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_bytes(data)
    assert jan_folder(machine) == settings.parent / "data"
    settings.write_text('{"data_folder": "/elsewhere"}')
    assert jan_folder(machine) == Path("/elsewhere")


def test_every_place_is_named_in_the_help() -> None:
    text = push("--help").stdout
    assert all(place in text for place in PLACES)
