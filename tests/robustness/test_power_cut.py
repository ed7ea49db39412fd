"""A power cut: what was not on the disk is lost. A recorded run is cut at many points.

The disk that is played here keeps nothing but what was synced: of a file that was written and not
synced there is nothing, zeros, or the beginning; a name that was made, changed or removed since its
folder was synced is there or not, as chance has it. Another disk lies: it keeps names, and loses
the bytes of files of which it said that it had them.
"""

from __future__ import annotations

import io
import os
import random
from pathlib import Path
from typing import Any

import pytest

from gptexit.archive import batch
from gptexit.archive import folder as sink
from gptexit.archive import places as house
from gptexit.archive.files import Copy, File
from gptexit.archive.folder import ArchiveFolder
from gptexit.files import background as growing
from gptexit.files import disk

pytestmark = pytest.mark.slow

CUTS = 200
NOTES = [File(f"2025/{n}.md", f"note {n}\n".encode() * 40, f"conversation/{n}") for n in range(9)]
PICTURE = b"picture" * 100


def work(root: Path) -> ArchiveFolder:
    """A run: notes, an asset, a file that grows; an index at its end. Returns what it healed."""
    folder = ArchiveFolder(root)
    for note in NOTES:
        folder.put(note)
    folder.copy(Copy("assets/a.png", "asset/a", "a"), len(PICTURE), lambda: io.BytesIO(PICTURE))
    for number in range(5):
        folder.put(File("lines.jsonl", b"line %d\n" % number * 30, "jsonl", append=True))
    folder.put(File("index.md", b"index\n" * 50, "index"))
    folder.finish()
    folder.archive.describe({"format": "test"})
    return folder


class Disk:
    """Records what a run does below `root`: (what, path, bytes or other path)."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = str(root)
        self.log: list[Any] = []
        self._paths: dict[int, Path | str] = {}
        self.real = {name: getattr(os, name) for name in ("open", "fsync", "replace", "mkdir")}
        for name in ("open", "fsync", "replace", "mkdir"):
            monkeypatch.setattr(os, name, getattr(self, name))
        unlink = Path.unlink

        def unlinked(path: Path, missing_ok: bool = False) -> None:
            self.note("unlink", path)
            unlink(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", unlinked)
        write_all = disk.write_all

        def written(stream: Any, data: bytes) -> None:
            write_all(stream, data)
            self.note("write", self._paths[stream.fileno()], bytes(data))

        for module in (disk, growing, house, sink):
            monkeypatch.setattr(module, "write_all", written)
        monkeypatch.setattr(batch, "_AT_ONCE", 1)

    def note(self, what: str, path: Path | str, other: bytes | str | None = None) -> None:
        name = os.path.relpath(path, self.root)
        self.log.append((what, "" if name == "." else name, other))

    def open(self, path: Path | str, flags: int, *rest: int, **more: Any) -> Any:
        descriptor = self.real["open"](path, flags, *rest, **more)
        self._paths[descriptor] = path
        if flags & os.O_CREAT:
            self.note("create", path)
        return descriptor

    def fsync(self, descriptor: int) -> None:
        self.note("sync", self._paths[descriptor])

    def replace(self, part: str, target: str) -> None:
        self.note("rename", part, os.path.relpath(target, self.root))
        self.real["replace"](part, target)

    def mkdir(self, path: str, *rest: int, **more: Any) -> None:
        self.note("mkdir", path)
        self.real["mkdir"](path, *rest, **more)


def after_cut(log: list[Any], root: Path, rng: random.Random, *, lies: bool = False) -> None:
    """Make in `root` what is left of the files if the power goes after the operations of `log`."""
    # By the number of a file.
    written: dict[int, bytes] = {}
    synced: dict[int, bytes | None] = {}
    # The numbers by name: as the run sees them, as the disk has them.
    now: dict[str, int] = {}
    kept: dict[str, int] = {}
    folders = []
    for what, path, other in log:
        if what == "create":
            now[path] = len(written)
            written[now[path]], synced[now[path]] = b"", None
        elif what == "write":
            written[now[path]] += other
        elif what == "rename":
            now[other] = now.pop(path)
        elif what == "unlink":
            now.pop(path, None)
        elif what == "mkdir":
            folders.append(path)
        elif path in now:
            synced[now[path]] = written[now[path]]
        else:
            kept = {name: n for name, n in kept.items() if os.path.dirname(name) != path}
            kept |= {name: n for name, n in now.items() if os.path.dirname(name) == path}
    for path in folders:
        (root / path).mkdir(parents=True, exist_ok=True)
    for name in sorted({*now, *kept}):
        number = rng.choice([now.get(name), kept.get(name)])
        if number is None:
            continue
        data = written[number]
        if synced[number] != data or (lies and rng.random() < 0.4):
            data = rng.choice([b"", bytes(len(data)), data[: len(data) // 2]])
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, ns=(1, 1))  # before anything that a person did


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != "times.jsonl"
    }


@pytest.fixture
def recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[tuple[str, str, bytes | None]], dict[str, bytes]]:
    """What a run does, and what it leaves."""
    with monkeypatch.context() as patched:
        played = Disk(tmp_path / "whole", patched)
        work(tmp_path / "whole")
    return played.log, contents(tmp_path / "whole")


def test_a_run_after_a_power_cut_ends_as_one_that_was_not_disturbed(
    recorded: tuple[list[tuple[str, str, bytes | None]], dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, wanted = recorded
    rng = random.Random(5)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # the disk is played
    for number in range(CUTS):
        cut = tmp_path / str(number)
        cut.mkdir()
        after_cut(log[: 1 + number * len(log) // CUTS], cut, rng)
        folder = work(cut)
        assert folder.edited == []
        assert contents(cut) == wanted
        if number % 20 == 0:
            assert work(cut).tally.healed == []
            assert contents(cut) == wanted


def test_what_is_recorded_is_on_the_disk(
    recorded: tuple[list[tuple[str, str, bytes | None]], dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, _ = recorded
    rng = random.Random(7)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    for number in range(0, len(log), 3):
        cut = tmp_path / str(number)
        cut.mkdir()
        after_cut(log[:number], cut, rng)
        # Nothing is to be healed: a file in its place is whole.
        assert work(cut).tally.healed == []


def test_what_a_lying_disk_lost_is_written_again_and_named(recorded: Any, tmp_path: Path) -> None:
    log, wanted = recorded
    rng = random.Random(9)
    for number in range(20):
        cut = tmp_path / str(number)
        cut.mkdir()
        after_cut(log, cut, rng, lies=True)
        for name in ("manifest.jsonl", "archive.json"):
            (cut / ".gptexit" / name).write_bytes(wanted[f".gptexit/{name}"])
        (cut / ".gptexit/times.jsonl").write_bytes(
            (tmp_path / "whole/.gptexit/times.jsonl").read_bytes()
        )
        damaged = {name for name, data in contents(cut).items() if data != wanted[name]}
        folder = work(cut)
        assert set(folder.tally.healed) == damaged - {".gptexit/names.json"}
        assert folder.edited == []
        assert contents(cut) == wanted


@pytest.mark.parametrize("damage", [b"", bytes(360), b"note 3\nnote 3\n"])
def test_what_was_changed_later_may_be_the_users(tmp_path: Path, damage: Any) -> None:
    work(tmp_path)
    note = tmp_path / "2025/3.md"
    note.write_bytes(damage)  # its time is later than the record
    folder = work(tmp_path)
    assert folder.tally.healed == []
    assert folder.tally.new_texts == {"2025/3.md": "2025/3.new.md"}
    assert note.read_bytes() == damage
    assert (tmp_path / "2025/3.new.md").read_bytes() == NOTES[3].data


def test_an_archive_without_times_heals_what_holds_nothing_else(tmp_path: Path) -> None:
    work(tmp_path)
    (tmp_path / ".gptexit/times.jsonl").unlink()  # as those of earlier versions
    for number, damage in enumerate([b"", bytes(360), NOTES[2].data[:50], b"mine"]):
        path = tmp_path / f"2025/{number}.md"
        path.write_bytes(damage)
        os.utime(path, ns=(1, 1))
    folder = work(tmp_path)
    assert folder.tally.healed == [f"2025/{number}.md" for number in range(3)]
    assert (tmp_path / "2025/3.md").read_bytes() == b"mine"


def copied(root: Any, *, checks: Any) -> Any:
    folder = ArchiveFolder(root)
    folder.checks = checks
    folder.copy(Copy("assets/a.png", "asset/a", "a"), len(PICTURE), lambda: io.BytesIO(PICTURE))
    folder.finish()
    return folder


def test_a_check_compares_bytes(tmp_path: Path) -> None:
    work(tmp_path)
    path = tmp_path / "assets/a.png"
    zeroed, flipped = bytes(len(PICTURE)), b"P" + PICTURE[1:]
    path.write_bytes(zeroed)
    os.utime(path, ns=(1, 1))
    assert copied(tmp_path, checks=False).tally.healed == ["assets/a.png"]
    assert path.read_bytes() == PICTURE
    path.write_bytes(flipped)
    assert copied(tmp_path, checks=False).edited == []
    checked = copied(tmp_path, checks=True)
    assert checked.tally.new_texts == {"assets/a.png": "assets/a.new.png"}
    assert path.read_bytes() == flipped
    assert (tmp_path / "assets/a.new.png").read_bytes() == PICTURE
