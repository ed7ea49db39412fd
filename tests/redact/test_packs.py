"""Planted secrets, the whole way: none of them in any byte of a pack, all of them in archives."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.redact.occurrences import MARK
from gptexit.schemas import errors
from gptexit.writers.base import Options
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message
from support.planted import KINDS, planted

pytestmark = pytest.mark.slow

TALKS = 4 * len(KINDS)
PACKS = tuple(FORMATS)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\n]{24,}={0,2}")
TURN = "What is wrong with this?\n\n{}\n\nIt says 403."


def _spellings(secret: str) -> set[bytes]:
    """Each line of a secret, in every way that JSON spells it."""
    lines = secret.split("\n")
    escaped = [json.dumps(line)[1:-1] for line in lines]
    return {text.encode() for text in (*lines, *escaped, *(s.replace("/", "\\/") for s in escaped))}


class Account:
    """An export in which every conversation has one secret, in three places."""

    def __init__(self, path: Path, number_of_talks: int) -> None:
        self.path = path
        self.secrets = []
        kinds = [
            secret
            for seed in range(number_of_talks // len(KINDS) + 1)
            for secret in planted(100 + seed)
        ]
        talks, files = [], {}
        for number, each in enumerate(kinds[:number_of_talks]):
            self.secrets.append(each.secret)
            key = f"file-{number:022d}"
            attachment = {"id": key, "name": f"notes-{number}.env", "mime_type": "text/plain"}
            files[f"{key}-notes-{number}.env"] = f"# mine\n{each.text}\n# end\n".encode()
            tool = {"content_type": "execution_output", "text": f"ran: {each.text}"}
            talks.append(
                conversation(
                    chain(
                        message(
                            "user",
                            TURN.format(each.text),
                            metadata={"attachments": [attachment], "note": [each.text]},
                        ),
                        message("tool", tool, name="python"),
                        message("assistant", "Take a new one.\n\n```\nimport os\n```"),
                    ),
                    conversation_id=f"{number:08d}-0000-4000-8000-000000000000",
                    title=f"Talk {number}",
                )
            )
        with zipfile.ZipFile(path, "w") as out:
            out.writestr("conversations.json", json.dumps(talks))
            for name, data in files.items():
                out.writestr(name, data)
        self._spelled = [(text, secret) for secret in self.secrets for text in _spellings(secret)]

    def in_bytes(self, data: bytes) -> set[str]:
        """The secrets that stand in `data`, any line of them, however JSON spells it."""
        return {secret for text, secret in self._spelled if text in data}


def every_byte(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of every file, those in ZIPs and in base64 too, by where they are."""
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, path.name.encode() + data
            yield f"{path.name}, from base64", b"\n".join(_from_base64(data))
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as inner:
                    for name in inner.namelist():
                        yield f"{path.name}/{name}", inner.read(name)


def _from_base64(data: bytes) -> Iterator[bytes]:
    for run in _BASE64.findall(data):
        letters = run.replace(b"\n", b"").rstrip(b"=")
        yield base64.b64decode(letters[: len(letters) // 4 * 4])
        if len(letters) % 4 > 1:
            yield base64.b64decode(letters + b"==")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return Account(tmp_path_factory.mktemp("export") / "export.zip", TALKS)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account with a secret of each kind."""
    return Account(tmp_path_factory.mktemp("few") / "export.zip", len(KINDS))


@pytest.fixture(scope="module")
def packs(
    account: Account, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("packs")

    def refuse(*_: Any) -> None:
        raise AssertionError("the network was asked for")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        report = convert(account.path, out, PACKS, options=Options(redact="secrets"))
    return out, report


@pytest.mark.parametrize("name", PACKS)
def test_no_secret_is_in_any_byte_of_a_pack(
    account: Account, packs: tuple[Path, dict[str, Any]], name: str
) -> None:
    out, report = packs
    for where, data in every_byte(out / name):
        assert account.in_bytes(data) == set(), where
    target = next(target for target in report["targets"] if target["format"] == name)
    assert (target["redact"], target["conversations"]) == ("secrets", TALKS)
    assert report["complete"]


@pytest.mark.parametrize("name", PACKS)
def test_each_of_them_is_listed(packs: tuple[Path, dict[str, Any]], name: str) -> None:
    out, report = packs
    rows = list(csv.DictReader(io.StringIO((out / name / "redacted.csv").read_text())))
    ids = {f"{number:08d}-0000-4000-8000-000000000000" for number in range(TALKS)}
    assert {row["conversation_id"] for row in rows if row["message_id"] == "m1"} == ids
    assert {row["conversation_id"] for row in rows if row["place"].endswith(".env")} == ids
    assert len(rows) == report["redacted"]["secrets"] == len(report["redacted"]["found"])
    assert list(errors("report", report)) == []


def test_what_is_around_the_secrets_is_as_it_was(packs: tuple[Path, dict[str, Any]]) -> None:
    out, _ = packs
    for line in (out / "jsonl/conversations.jsonl").open():
        text = json.loads(line)["messages"][0]["parts"][0]["text"]
        before, after = TURN.split("{}")
        assert text.startswith(before)
        assert text.endswith(after)
        assert MARK.search(text)


@pytest.mark.parametrize("name", ["markdown", "jsonl", "chatgpt", "gemini"])
def test_verify_takes_marks_for_what_stood_there(
    account: Account, packs: tuple[Path, dict[str, Any]], name: str
) -> None:
    out, _ = packs
    with open_export([account.path], careful=True) as export:
        result = verify(out / name, export)
    assert result.problems == []
    assert result.archives[0].redacted >= TALKS


@pytest.mark.parametrize("name", ["markdown", "jsonl"])
def test_verify_still_misses_what_is_gone(few: Account, tmp_path: Path, name: str) -> None:
    options = Options(redact="secrets")
    convert(few.path, tmp_path, [name], options=options)
    for path in [*tmp_path.glob("*.jsonl"), *tmp_path.rglob("2025/*.md")]:
        path.write_text(path.read_text().replace("Take a new one.", "", 1))
    with open_export([few.path], careful=True) as export:
        told = [problem.what for problem in verify(tmp_path, export).problems]
    assert any("is incomplete" in sentence for sentence in told)


def test_archives_are_untouched_beside_a_pack(few: Account, tmp_path: Path) -> None:
    convert(few.path, tmp_path / "alone", ["markdown"])
    convert(few.path, tmp_path / "both", ["markdown", "gemini"])
    alone = dict(every_byte(tmp_path / "alone"))
    both = dict(every_byte(tmp_path / "both/markdown"))
    assert alone.pop("times.jsonl") != both.pop("times.jsonl")  # when each file was written
    assert alone == both
    assert few.in_bytes(b"".join(alone.values())) == set(few.secrets)
    assert not any(few.in_bytes(data) for _, data in every_byte(tmp_path / "both/gemini"))


def test_a_second_run_changes_nothing(
    account: Account, packs: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, _ = packs
    report = convert(account.path, out / "markdown", options=Options(redact="secrets"))
    assert report["targets"][0]["files_written"] == 0


def test_a_copy_with_its_secrets_does_not_stay(few: Account, tmp_path: Path) -> None:
    convert(few.path, tmp_path, options=Options(redact="nothing"))
    convert(few.path, tmp_path, options=Options(redact="secrets"))
    for where, data in every_byte(tmp_path):
        assert few.in_bytes(data) == set(), where


def test_the_end_of_a_run_says_what_was_redacted(few: Account, tmp_path: Path) -> None:
    words = [str(few.path), "-o", str(tmp_path), "--to", "gemini", "--to", "jsonl"]
    done = CliRunner().invoke(main, ["convert", *words])
    assert f"as jsonl to {tmp_path}/jsonl.\n" in done.output
    assert "Redacted in gemini: " in done.output
    assert f"{tmp_path}/gemini/redacted.csv lists them." in done.output


def test_the_end_of_a_run_says_if_secrets_were_left_in(few: Account, tmp_path: Path) -> None:
    words = [str(few.path), "-o", str(tmp_path), "--to", "gemini", "--redact", "nothing"]
    done = CliRunner().invoke(main, ["convert", *words])
    assert "passwords and keys are in it, as you asked." in done.output


def test_without_the_libraries_a_pack_is_refused(
    few: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gptexit.redact import kingfisher as tokens

    tokens.scanner.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "kingfisher_sdk", None)
    done = CliRunner().invoke(
        main, ["convert", str(few.path), "-o", str(tmp_path), "--to", "gemini"]
    )
    tokens.scanner.cache_clear()
    assert done.exit_code == 2
    assert 'install "detect-secrets>=1.5" "kingfisher-secret-scanner>=1.5"' in done.output
    assert "--redact nothing" in done.output
    assert list(tmp_path.iterdir()) == []
