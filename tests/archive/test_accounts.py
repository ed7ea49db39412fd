"""Exports of two accounts are named, and each gets a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gptexit import convert
from gptexit.cli.choices import choices_of
from gptexit.errors import Choice, OtherAccount
from gptexit.remembering import gather
from gptexit.source import open_source
from support.packing import text_of, write, zip_of


def files_of(own: str, address: object = "") -> dict[str, bytes]:
    about = {"id": f"user-{own}", "email": address or f"{own}@example.com"}
    return {"conversations.json": text_of(own), "user.json": json.dumps(about).encode()}


def export_of(path: Path, own: str, address: object = "") -> Path:
    return write(path, zip_of(files_of(own, address)))


def refused(*sources: Path, out: Path) -> OtherAccount:
    with pytest.raises(OtherAccount) as caught:
        convert(sources, out)
    return caught.value


def test_two_accounts_in_one_command_are_named_with_a_command_for_each(tmp_path: Path) -> None:
    a, b, more = (tmp_path / name for name in ("a.zip", "b.zip", "more.zip"))
    export_of(a, "ina")
    export_of(b, "tom")
    write(more, zip_of({"conversations.json": text_of("c")}))  # of whom nobody knows
    error = refused(a, b, more, out=tmp_path / "out")
    assert "is of ina@example.com" in str(error)
    assert "is of tom@example.com" in str(error)
    words = ["convert", *map(str, (a, b, more)), "-o", str(tmp_path / "out")]
    commands = [line.strip() for line in choices_of(error, words) if "gptexit" in line]
    assert sorted(commands) == [
        f"gptexit convert {a} {more} -o {tmp_path / 'out'}",
        f"gptexit convert {b} {more} -o {tmp_path / 'out-tom'}",
    ]
    assert not (tmp_path / "out").exists()


def test_two_accounts_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    for own in ("ina", "tom"):
        for name, data in files_of(own).items():
            write(tmp_path / "both" / own / name, data)
    error = refused(tmp_path / "both", out=tmp_path / "out")
    assert {choice.paths for choice in error.choices} == {
        (str(tmp_path / "both/ina"),),
        (str(tmp_path / "both/tom"),),
    }
    assert error.given[0] == str(tmp_path / "both")


def test_an_archive_of_another_account_is_named_with_another_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    a, b = export_of(tmp_path / "a.zip", "ina"), export_of(tmp_path / "b.zip", "tom")
    convert(a, out)
    error = refused(b, out=out)
    assert "made from a.zip; this export is of tom@example.com" in str(error)
    assert error.choices == [Choice((), "into a folder of its own", f"{out}-tom")]
    write(tmp_path / "out-tom/notes.txt", b"mine")
    assert refused(b, out=out).choices[0].out == f"{out}-2"
    (tmp_path / "out-tom/notes.txt").unlink()
    convert(b, tmp_path / "out-tom")
    assert refused(b, out=out).choices[0].out == f"{out}-tom"  # where it is already


@pytest.mark.parametrize("address", [5, None, "\x1b[2J", "x" * 5000, "@", "../../etc@x"])
def test_an_odd_address_leads_nowhere(tmp_path: Path, address: object) -> None:
    convert(export_of(tmp_path / "a.zip", "ina"), tmp_path / "out")
    error = refused(export_of(tmp_path / "b.zip", "tom", address), out=tmp_path / "out")
    assert str(error).isprintable()
    assert len(str(error)) < 1000
    (choice,) = error.choices
    assert choice.out and Path(choice.out).parent == tmp_path


def test_a_page_of_memories_is_of_one_account_too(tmp_path: Path) -> None:
    sources = [export_of(tmp_path / f"{own}.zip", own) for own in ("ina", "tom")]
    with open_source(sources) as export, pytest.raises(OtherAccount):
        gather(export)
