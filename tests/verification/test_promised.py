"""What an archive says of itself is held against what is there, whatever of the two was lost."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gptexit.cli import main
from gptexit.schemas import errors
from support.archives.damage import seal
from support.build import chain, conversation, message
from support.exports import ROOT

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"


def run(*words: Path | str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder that `gptexit exit` wrote of a small export, and the export."""
    home = tmp_path_factory.mktemp("left")
    talk = chain(message("user", "How hot?"), message("assistant", "1,220 degrees."))
    with zipfile.ZipFile(home / "e.zip", "w") as export:
        export.writestr("conversations.json", json.dumps([conversation(talk, title="Kiln")]))
        export.writestr("user.json", '{"id": "u"}')
    done = run("exit", home / "e.zip", "-o", home / "out", "--quiet", "--for", "mcp")
    assert done.exit_code == 0, done.output
    return home / "e.zip", home / "out"


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("markdown", "markdown/: is gone"),
        ("jsonl", "jsonl/: is gone"),
        ("account", "account/: is gone"),
        ("sqlite", "sqlite/: is gone"),
        (".gptexit", ".gptexit/manifest.jsonl: is"),
        ("markdown/.gptexit", "markdown/.gptexit/manifest.jsonl: is"),
        ("jsonl/.gptexit", "jsonl/.gptexit/manifest.jsonl: is"),
        ("account/.gptexit/manifest.jsonl", "account/.gptexit/manifest.jsonl: is"),
        ("markdown/.gptexit/archive.json", "markdown/.gptexit/archive.json: is missing"),
    ],
)
@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_an_exit_knows_what_it_consists_of(
    left: tuple[Path, Path], gone: str, named: str, how: str, tmp_path: Path
) -> None:
    source, out = left
    copy = shutil.copytree(out, tmp_path / "copy")
    if (copy / gone).is_file():
        (copy / gone).unlink()
    else:
        shutil.rmtree(copy / gone)
        if how == "emptied":
            (copy / gone).mkdir()
            named = named.replace("/: is gone", "/.gptexit/manifest.jsonl: is")
    for asked in ((copy,), (source, copy)):
        done = run("verify", *asked)
        assert done.exit_code == 1
        assert "Not complete" in done.output
        assert named in done.output


def test_a_part_that_was_emptied_and_says_so_itself_is_missed(
    left: tuple[Path, Path], tmp_path: Path
) -> None:
    copy = shutil.copytree(left[1], tmp_path / "copy")
    (copy / "jsonl/conversations.jsonl").unlink()
    (copy / "jsonl/.gptexit/manifest.jsonl").write_bytes(b"")
    seal(copy / "jsonl")
    done = run("verify", copy)
    assert done.exit_code == 1
    assert "jsonl/.gptexit/manifest.jsonl: lists 0 files, but 1 were written" in done.output


def test_a_folder_that_is_added_later_stays_a_part(left: tuple[Path, Path], tmp_path: Path) -> None:
    source, out = left
    copy = shutil.copytree(out, tmp_path / "copy")
    run("exit", source, "-o", copy, "--quiet")  # without --for mcp
    assert run("verify", copy).exit_code == 0
    shutil.rmtree(copy / "sqlite")
    assert "sqlite/: is gone" in run("verify", copy).output
    run("exit", source, "-o", copy, "--quiet")  # somebody wanted it so
    assert run("verify", copy).exit_code == 0


def test_every_bit_of_what_an_archive_says_of_itself_counts(
    left: tuple[Path, Path], tmp_path: Path
) -> None:
    copy = shutil.copytree(left[1] / "jsonl", tmp_path / "copy")
    own = copy / ".gptexit/archive.json"
    data = own.read_bytes()
    rng = random.Random(13)
    for at in [*rng.sample(range(len(data)), 150), *range(data.index(b'"checksum"'), len(data))]:
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        own.write_bytes(changed)
        done = run("verify", copy)
        assert done.exit_code == 1, (at, data[at - 20 : at + 20], done.output)
        assert ".gptexit/archive.json" in done.output


@pytest.mark.parametrize("sealed", [True, False])
def test_of_a_format_that_nobody_knows_nothing_is_said_to_be_complete(
    left: tuple[Path, Path], sealed: bool, tmp_path: Path
) -> None:
    source, out = left
    copy = shutil.copytree(out / "jsonl", tmp_path / "copy")
    own = copy / ".gptexit/archive.json"
    record = json.loads(own.read_bytes())
    record["format"] = "papyrus"
    if not sealed:  # as an earlier gptexit wrote it
        del record["checksum"]
        record["version"] = 1
    (copy / "conversations.jsonl").unlink()
    (copy / ".gptexit/manifest.jsonl").write_bytes(b"")
    own.write_text(json.dumps(record))
    seal(copy)
    for asked in ((copy,), (source, copy)):
        done = run("verify", *asked)
        assert done.exit_code == 1
        assert "a format that gptexit does not know: papyrus" in done.output
        assert "Complete:" not in done.output


def test_where_nothing_was_compared_nothing_is_complete(left: tuple[Path, Path]) -> None:
    source, out = left
    done = run("verify", source, out / "account")
    assert done.exit_code == 0
    assert "Complete" not in done.output
    result = json.loads(run("verify", source, out / "account", "--json").output)
    assert result["verdict"] == "as written"
    assert not list(errors("verification", result))


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, Result]:
    """An export of which one byte of a picture was changed, and what was made of it."""
    home = tmp_path_factory.mktemp("damaged")
    export = home / "export.zip"
    shutil.copy(SLIM, export)
    with zipfile.ZipFile(export) as archive:
        image = next(member for member in archive.infolist() if member.filename.endswith(".dat"))
    data = bytearray(export.read_bytes())
    data[image.header_offset + 40 + len(image.filename)] ^= 0xFF
    export.write_bytes(bytes(data))
    done = run("exit", export, "-o", home / "out")
    return export, home / "out", image.filename, done


def test_a_file_that_could_not_be_read_is_named_by_every_later_verdict(
    damaged: tuple[Path, Path, str, Result],
) -> None:
    export, out, name, done = damaged
    assert done.exit_code == 1
    for asked in ((export, out), (export, out / "markdown"), (out,), (out / "markdown",)):
        told = run("verify", *asked).output
        assert "Complete:" not in told.replace(
            "Complete: every file is as it was written, except", ""
        )
        assert f"\n  {name}: " in told
    result = json.loads(run("verify", out, "--json").output)
    assert result["verdict"] == "complete except"
    assert [loss["where"] for loss in result["unread"]] == [name]
    assert not list(errors("verification", result))


def test_the_page_does_not_say_that_it_was_copied(damaged: tuple[Path, Path, str, Result]) -> None:
    _, out, name, _ = damaged
    page = (out / "START-HERE.md").read_text(encoding="utf-8")
    assert "and were copied" not in page
    assert "1 file of the export could not be copied" in page
    assert name in page
    report = json.loads((out / "report.json").read_bytes())
    assert [asset["where"] for asset in report["assets"]["not_copied"]] == [name]
    assert not list(errors("report", report))


def test_the_whole_export_says_what_is_missing_and_heals_it(
    damaged: tuple[Path, Path, str, Result], tmp_path: Path
) -> None:
    _, out, name, _ = damaged
    copy = shutil.copytree(out, tmp_path / "copy")
    assert run("verify", SLIM, copy).exit_code == 1
    assert run("exit", SLIM, "-o", copy, "--quiet").exit_code == 0
    assert name not in run("verify", copy).output


def test_a_conversation_that_could_not_be_read_is_named_by_every_later_verdict(
    tmp_path: Path,
) -> None:
    export, out = tmp_path / "conversations.json", tmp_path / "out"
    whole = json.dumps(conversation(chain(message("user", "Whole"))))
    export.write_text(f"[{whole}, {whole[: len(whole) // 2]}")
    assert run("convert", export, "-o", out, "--to", "markdown", "--to", "jsonl").exit_code == 1
    for asked in ((export, out), (out,), (out / "jsonl",)):
        told = run("verify", *asked).output
        assert "Could not be read" in told
        assert "conversations.json, byte" in told
