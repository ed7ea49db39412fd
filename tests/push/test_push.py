"""What push promises, against a server that takes nothing but what the app's own forms allow."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gptexit import convert
from support.build import chain, conversation, message
from support.command import as_text, gptexit
from support.exports import FIXTURES, ROOT
from support.push_contract import ITEM, App, serving

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"


@pytest.fixture
def app() -> Iterator[App]:
    with serving() as server:
        yield server


def push(
    url: str, *arguments: Path | str, key: str = "sk-secret-0123456789"
) -> subprocess.CompletedProcess[str]:
    environment = {"OPEN_WEBUI_API_KEY": key, "HTTP_PROXY": "http://127.0.0.1:9"}
    done = as_text(gptexit("push", "open-webui", *arguments, "--url", url, env=environment))
    assert not key or key not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def wrote(app: App) -> list[str]:
    return [request for request in app.requests if not request.startswith("GET")]


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_app_takes_every_sample_and_a_second_run_sends_nothing(source: Path, app: App) -> None:
    first = push(app.url, source)
    assert "Not taken" not in first.stdout
    marks = [chat["meta"]["gptexit"]["id"] for chat in app.things["chats"].values()]
    assert len(set(marks)) == len(marks) > 0
    assets = [file["meta"]["data"]["gptexit"]["asset"] for file in app.things["files"].values()]
    assert len(set(assets)) == len(assets)
    app.requests.clear()
    second = push(app.url, source)
    assert second.returncode == first.returncode
    assert "Nothing new" in second.stdout
    assert not wrote(app)


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_import_files_hold_what_the_app_takes(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path, ["open-webui"])
    items = [
        item for path in tmp_path.glob("import-*.json") for item in json.loads(path.read_bytes())
    ]
    assert items
    for item in items:
        jsonschema.Draft202012Validator(ITEM).validate(item)


def test_without_the_extra_it_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['httpx'] = None; sys.argv[1:] = ['push', 'open-webui', 'x', "
        "'--url', 'y']; import gptexit.__main__ as main; main.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'install "httpx>=0.27" "tenacity>=8.3"' in done.stderr


def test_a_dry_run_without_a_key_says_what_would_be_sent_and_asks_no_server(
    app: App, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    done = push(app.url, SLIM, "--dry-run", "--memories", "--report", report, key="")
    assert done.returncode == 0
    assert app.requests == []
    assert f"Would send 23 conversations to {app.url}: 23 new" in done.stdout
    assert "gptexit did not ask the server" in done.stdout
    told = json.loads(report.read_bytes())
    assert (told["new"], told["compared"]) == (23, False)
    asked = json.loads(_dry(app, report))
    assert (asked["new"], asked["files"], asked["bytes"], asked["folders"]) == (
        told["new"],
        told["files"],
        told["bytes"],
        told["folders"],
    )
    wrong = push("http://", SLIM, "--dry-run", key="")
    assert wrong.returncode == 4
    assert "this is not an address" in wrong.stderr


def _dry(app: App, report: Path) -> bytes:
    push(app.url, SLIM, "--dry-run", "--report", report)
    return report.read_bytes()


def test_a_dry_run_only_reads(app: App) -> None:
    done = push(app.url, SLIM, "--dry-run", "--memories")
    assert done.returncode == 0
    assert "Would send 23 conversations" in done.stdout
    assert not wrote(app)


def test_a_selection_that_matches_nothing_sends_nothing_and_says_so(app: App) -> None:
    done = push(app.url, SLIM, "--project", "g-p-nobody")
    assert done.returncode == 7
    assert done.stderr == (
        "No conversation matches --project g-p-nobody. The export has 23 conversations, from "
        "2024-12-08 to 2026-08-22. Nothing was sent.\n"
    )
    assert not wrote(app)


def test_the_output_in_the_documents_is_real(app: App) -> None:
    shown = (ROOT / "docs/open-webui.md").read_text(encoding="utf-8")
    for line in push(app.url, SLIM).stdout.splitlines():
        assert line.replace(app.url, "http://127.0.0.1:8080") in shown


def test_the_report_counts_what_was_done(app: App, tmp_path: Path) -> None:
    push(app.url, SLIM, "--report", tmp_path / "report.json", "--quiet")
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["new"] == len(app.things["chats"]) == 23
    assert report["files"] == len(app.things["files"])
    assert report["folders"] == [folder["name"] for folder in app.things["folders"].values()]
    assert report["complete"]


def test_a_copy_that_a_cut_run_left_is_taken_away(app: App) -> None:
    push(app.url, SLIM)
    double = next(iter(app.things["chats"].values()))
    app.things["chats"]["double"] = {**double, "id": "double"}
    theirs = {**double, "id": "theirs", "chat": {**double["chat"], "originalChatId": "x"}}
    app.things["chats"]["theirs"] = theirs
    done = push(app.url, SLIM)
    assert "now once: 1 conversation" in done.stdout
    ids = app.things["chats"].keys()
    assert len(ids) == 24
    assert "theirs" in ids


def test_a_chat_that_somebody_wrote_in_stays(app: App, tmp_path: Path) -> None:
    def source(*words: str) -> Path:
        roles = ("user", "assistant")
        mapping = chain(*(message(roles[at % 2], word) for at, word in enumerate(words)))
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            archive.writestr("conversations.json", json.dumps([conversation(mapping)]))
        return tmp_path / "export.zip"

    push(app.url, source("Hello", "Hi"))
    (chat,) = app.things["chats"].values()
    chat["chat"]["history"]["messages"]["m2"]["content"] = "Mine now"
    done = push(app.url, source("Hello", "Hi", "More"))
    assert done.returncode == 0
    assert "You went on with these" in done.stdout
    assert list(app.things["chats"].values()) == [chat]


def test_memories_go_in_order_and_once(app: App) -> None:
    fat = ROOT / "fixtures/fat-2024.zip"
    push(app.url, fat, "--memories")
    texts = [memory["content"] for memory in app.memories]
    assert len(set(texts)) == len(texts) > 0
    again = push(app.url, fat, "--memories")
    assert f"Added 0 to the app's memory; {len(texts)} there already" in again.stdout


VERSION, IMPORT = "GET /api/version", "POST /api/v1/chats/import"
AWAY = {"location": "http://elsewhere.example/"}
SENTENCES: dict[str, list[tuple[Any, str]]] = {
    VERSION: [
        ((200, {"version": "0.6.36"}), "update it"),
        ((404, ""), "is not Open WebUI"),
        ((200, "<html>"), "not as Open WebUI does"),
        ((302, "", AWAY), "sends on to http://elsewhere.example/"),
    ],
    "GET /api/v1/chats/list": [((403, {"detail": "no keys"}), "API keys")],
    "GET /api/v1/chats/all": [((429, "", {"retry-after": "100000"}), "try later")],
    "POST /api/v1/files/": [
        ((400, {"detail": "[ERROR: No space left on device]"}), "the disk of the server"),
    ],
    IMPORT: [((400, {"detail": "Something went wrong"}), "stores nothing any more")],
}
"""Answers of a server that cannot be used, and what is said of it then."""


@pytest.mark.parametrize(
    ("request_", "answer", "words"),
    [(request, *case) for request, cases in SENTENCES.items() for case in cases],
)
def test_a_server_that_cannot_be_used_gets_one_sentence(
    request_: str, answer: tuple[int, Any], words: str, app: App
) -> None:
    app.hooks[request_] = answer
    done = push(app.url, SLIM)
    assert done.returncode == 4
    assert words in done.stderr
    assert done.stderr.startswith("Error: ")
    # What was not taken is named below it, on standard error too.
    assert sum(line.startswith("Error: ") for line in done.stderr.splitlines()) == 1


def test_a_key_that_is_refused_is_not_repeated(app: App) -> None:
    for key in ("sk-another-secret", "with space", "ümlaut"):
        done = push(app.url, SLIM, key=key)
        assert done.returncode == 4
        assert "API key" in done.stderr
    assert push(app.url, SLIM, key="").returncode == 2


def test_an_address_that_is_none() -> None:
    for url in ("ftp://127.0.0.1", "http://", "http://a:b@127.0.0.1", "http://127.0.0.1:99999"):
        assert push(url, SLIM).returncode == 4
    done = push("http://127.0.0.1:1", SLIM)
    assert done.returncode == 4
    assert "nothing answers" in done.stderr


PROJECT = "g-p-65ec96f8f6c8cae3b894ed735ea25fc9"


def names_table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["id;name", *lines]) + "\n", encoding="utf-8")
    return path


def test_folders_have_the_names_that_a_table_gives(app: App, tmp_path: Path) -> None:
    names = names_table(tmp_path / "names.csv", f"{PROJECT};Bäckerei / =Ost", "g-f60e52fbf;Helper")
    push(app.url, SLIM, "--names", names)
    assert {folder["name"] for folder in app.things["folders"].values()} == {
        "Bäckerei / =Ost",
        "Helper",
    }
    app.requests.clear()
    assert "Nothing new" in push(app.url, SLIM, "--names", names).stdout
    assert "Nothing new" in push(app.url, SLIM).stdout
    assert not wrote(app)


def test_a_folder_of_an_earlier_run_gets_its_name_later(app: App, tmp_path: Path) -> None:
    push(app.url, SLIM)
    names = names_table(tmp_path / "names.csv", f"{PROJECT};Bakery", "g-f60e52fbf;Helper")
    mine = next(folder for folder in app.things["folders"].values() if folder["name"][:3] == "GPT")
    mine["name"] = "As I call it"
    app.requests.clear()
    assert "Would rename 1 folder" in push(app.url, SLIM, "--names", names, "--dry-run").stdout
    assert not wrote(app)
    done = push(app.url, SLIM, "--names", names)
    assert "Renamed 1 folder" in done.stdout
    assert {folder["name"] for folder in app.things["folders"].values()} == {
        "Bakery",
        "As I call it",
    }
    assert len(wrote(app)) == 1
    app.requests.clear()
    assert "Renamed" not in push(app.url, SLIM, "--names", names).stdout
    assert not wrote(app)
