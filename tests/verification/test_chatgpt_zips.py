"""ZIPs in ChatGPT's layout, held against the export that they were made from."""

from __future__ import annotations

import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.errors import NoArchive
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.schemas import errors
from gptexit.selection import Selection
from gptexit.text.json import dumps
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_raw import RawComparer
from gptexit.verification.result import Result
from gptexit.writers.base import Options
from gptexit.writers.chatgpt.restore import repaired
from support.archives.damage import promise_anew
from support.archives.zip_damage import KINDS, rewrite
from support.build import chain, conversation, message, raw_conversations
from support.exports import FIXTURES, ROOT

pytestmark = pytest.mark.slow

SLIM, FAT = ROOT / "fixtures/slim-2026.zip", ROOT / "fixtures/fat-2024.zip"
CLASSIC = ROOT / "fixtures/classic-2023.zip"
ZIP = "chatgpt-export.zip"
PLACES = 2
FORMS = {
    "classic": Options(),
    "2026": Options(form="2026"),
    "librechat": Options(fit="librechat"),
    "current": Options(branches="current"),
}


def check(source: Path, root: Path) -> Result:
    with open_export([source], careful=True) as export:
        return verify(root, export)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_what_was_just_written_is_complete(source: Path, form: str, tmp_path: Path) -> None:
    made = convert(source, tmp_path, ["chatgpt"], options=FORMS[form])
    result = check(source, tmp_path)
    assert result.problems == []
    (checked,) = result.archives
    assert checked.conversations == made["read"]["conversations"]
    if form != "current":
        assert checked.messages == made["read"]["messages"]
    alone = check(source, tmp_path / ZIP)
    assert alone.problems == []
    assert alone.archives[0].messages == checked.messages
    assert alone.archives[0].assets == checked.assets


@pytest.fixture(scope="module", params=[SLIM, FAT], ids=lambda path: path.stem)
def packed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("packed")
    convert(request.param, root, ["chatgpt"])
    return request.param, root


def damaging(damage: Callable[..., bool], rng: random.Random) -> Callable[[Any], bool]:
    return lambda members: damage(members, rng)


@pytest.mark.parametrize("kind", KINDS)
def test_a_faulty_writer_is_found_out(packed: tuple[Path, Path], kind: str, tmp_path: Path) -> None:
    """Damage that the manifest agrees with can only be found by reading the conversations."""
    source, root = packed
    damage, words = KINDS[kind]
    for place in range(PLACES):
        copy = tmp_path / str(place)
        shutil.copytree(root, copy)
        rng = random.Random(f"{kind}{place}")
        assert rewrite(copy / ZIP, damaging(damage, rng))
        promise_anew(copy)
        assert verify(copy).problems == []
        said = [problem.what for problem in check(source, copy).problems]
        assert [sentence for sentence in said if re.search(words, sentence)], (place, said)


def test_a_title_of_a_conversation_that_has_none_is_found(tmp_path: Path) -> None:
    raw = conversation(chain(message("user", "Hello.")), conversation_id="c1", title=None)
    source = tmp_path / "export.json"
    source.write_bytes(orjson.dumps([raw]))
    convert(source, tmp_path / "pack", ["chatgpt"])
    assert check(source, tmp_path / "pack").problems == []

    def entitle(members: dict[str, bytes]) -> bool:
        (held,) = json.loads(members["conversations.json"])
        assert held["title"] == "New chat"
        members["conversations.json"] = json.dumps([{**held, "title": "Zebras"}]).encode()
        return True

    assert rewrite(tmp_path / "pack" / ZIP, entitle)
    promise_anew(tmp_path / "pack")
    (problem,) = check(source, tmp_path / "pack").problems
    assert "another title: “Zebras”" in problem.what


def test_a_byte_that_changed_since_is_found(packed: tuple[Path, Path], tmp_path: Path) -> None:
    source, root = packed
    shutil.copytree(root, tmp_path / "pack")
    path = tmp_path / "pack" / ZIP
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    for problems in (verify(path).problems, check(source, path).problems):
        assert (ZIP, "is not as it was written") in {
            (problem.file, problem.what) for problem in problems
        }
    path.write_bytes(bytes(data[:2000]))
    assert [
        problem
        for problem in check(source, path.parent).problems
        if "read as a ZIP" in problem.what
    ]


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An export of 40 conversations of 100 kB, and the ZIPs of those with a 1 in their title."""
    folder = tmp_path_factory.mktemp("several")
    items = []
    for number in range(40):
        mapping = chain(
            message("user", f"{number} " + "word " * 20_000), message("assistant", "Yes")
        )
        items.append(conversation(mapping, title=f"Talk {number}", conversation_id=f"id-{number}"))
    source = folder / "export.json"
    source.write_bytes(orjson.dumps(items))
    options = Options(max_size=1 << 20)
    convert(source, folder / "pack", ["chatgpt"], selection=Selection(title="1"), options=options)
    return source, folder / "pack"


def test_several_zips_cover_the_selection_together(several: tuple[Path, Path]) -> None:
    source, root = several
    result = check(source, root)
    assert result.problems == []
    (checked,) = result.archives
    assert (checked.conversations, checked.left_out, checked.elsewhere) == (13, 27, [])


def test_one_zip_of_several_says_what_the_others_have(several: tuple[Path, Path]) -> None:
    source, root = several
    zips = sorted(root.glob("*.zip"))
    assert len(zips) == 2
    for path, other in zip(zips, zips[::-1], strict=True):
        result = check(source, path)
        assert result.problems == []
        (checked,) = result.archives
        assert checked.path == path.name
        assert checked.conversations + len(checked.elsewhere) == 13
        assert checked.conversations > 0
        assert {path.file for path in checked.elsewhere} == {other.name}
        assert list(errors("verification", result.as_json())) == []


def test_a_zip_that_is_gone_is_missed(several: tuple[Path, Path], tmp_path: Path) -> None:
    source, root = several
    shutil.copytree(root, tmp_path / "pack")
    (tmp_path / "pack/chatgpt-export-2.zip").unlink()
    said = [problem.what for problem in check(source, tmp_path / "pack" / ZIP).problems]
    assert set(said) == {"is missing from the chatgpt archive"}


def test_what_was_not_selected_may_not_be_in_it(several: tuple[Path, Path], tmp_path: Path) -> None:
    """The ZIPs go to somebody else: more than was asked for is no lesser fault than less."""
    source, root = several
    shutil.copytree(root, tmp_path / "pack")
    convert(source, tmp_path / "other", ["chatgpt"], selection=Selection(title="Talk 22"))
    with zipfile.ZipFile(tmp_path / "other" / ZIP) as archive:
        more = json.loads(archive.read("conversations.json"))

    def add(members: dict[str, bytes]) -> bool:
        items = json.loads(members["conversations.json"])
        members["conversations.json"] = json.dumps(items + more).encode()
        return True

    rewrite(tmp_path / "pack" / ZIP, add)
    promise_anew(tmp_path / "pack")
    (problem,) = check(source, tmp_path / "pack").problems
    assert problem.title == "Talk 22"
    assert "though its options leave it out" in problem.what


def test_a_zip_by_itself_is_held_against_the_whole_export(
    several: tuple[Path, Path], tmp_path: Path
) -> None:
    source, root = several
    shutil.copy(root / ZIP, tmp_path / "lone.zip")
    result = check(source, tmp_path / "lone.zip")
    assert result.archives[0].conversations + len(result.problems) == 40
    # A sample without Codex tasks, which are conversations but not in `conversations.json`.
    assert (
        check(CLASSIC, Path(shutil.copy(CLASSIC, tmp_path / "own.zip"))).verdict
        == "complete except"
    )
    with pytest.raises(NoArchive):
        verify(tmp_path / "lone.zip")
    with pytest.raises(NoArchive):
        verify(source)


@settings(max_examples=60)
@given(raw_conversations())
def test_no_odd_conversation_gives_a_false_alarm(raw: dict[str, Any]) -> None:
    source = json.loads(dumps(raw))
    out, _ = repaired(read_conversation(raw, Account(), ReadStats()))
    count, lacks = RawComparer(CheckedArchive(ROOT, "chatgpt", {})).differences(
        source, json.loads(dumps(out))
    )
    assert lacks == []
    mapping = source.get("mapping")
    assert count <= (len(mapping) if isinstance(mapping, dict) else 0)
