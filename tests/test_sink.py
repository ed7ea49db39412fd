import io

import pytest

from gptexit.sink import Folder, Stream
from gptexit.targets.base import Copy, File

NOTE = File("2025/a.md", b"first", "conversation/1")


def files(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".gptexit" not in path.parts
    }


def run(root, *puts):
    folder = Folder(root)
    outcomes = [folder.put(each) for each in puts]
    folder.finish()
    return outcomes


def copy(path="assets/x.png", key="asset/x"):
    return Copy(path, key, "x.dat")


def test_an_unchanged_file_is_not_touched(tmp_path):
    assert run(tmp_path, NOTE) == ["written"]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert run(tmp_path, NOTE) == ["unchanged"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_changed_conversation_replaces_its_note(tmp_path):
    run(tmp_path, NOTE)
    assert run(tmp_path, File("2025/a.md", b"second", "conversation/1")) == ["written"]
    assert files(tmp_path) == {"2025/a.md": b"second"}


def test_an_edited_note_survives(tmp_path):
    run(tmp_path, NOTE)
    (tmp_path / "2025/a.md").write_bytes(b"mine")
    assert run(tmp_path, NOTE) == ["unchanged"]
    changed = File("2025/a.md", b"second", "conversation/1")
    for _ in range(2):
        folder = Folder(tmp_path)
        assert folder.put(changed) == "edited"
        assert folder.edited == ["2025/a.md"]
        folder.finish()
        assert files(tmp_path) == {"2025/a.md": b"mine", "2025/a.new.md": b"second"}


def test_a_file_that_was_there_before_survives(tmp_path):
    (tmp_path / "index.md").write_bytes(b"mine")
    assert run(tmp_path, File("index.md", b"ours", "index")) == ["edited"]
    assert files(tmp_path) == {"index.md": b"mine", "index.new.md": b"ours"}


def test_a_deleted_note_comes_back(tmp_path):
    run(tmp_path, NOTE)
    (tmp_path / "2025/a.md").unlink()
    assert run(tmp_path, NOTE) == ["written"]


def test_a_killed_run_knows_its_own_files(tmp_path):
    run(tmp_path, NOTE)
    killed = Folder(tmp_path)
    killed.put(File("2025/a.md", b"second", "conversation/1"))
    del killed  # no finish: the manifest still tells of the first text
    assert run(tmp_path, File("2025/a.md", b"third", "conversation/1")) == ["written"]
    assert files(tmp_path) == {"2025/a.md": b"third"}


def test_names_of_an_earlier_run_are_known(tmp_path):
    folder = Folder(tmp_path)
    path = folder.catalog.name("conversation/1", "2025", "first title", ending=".md")
    folder.put(File(path, b"x", "conversation/1"))
    folder.finish()
    again = Folder(tmp_path)
    assert again.catalog.name("conversation/1", "2025", "other title", ending=".md") == path
    assert again.catalog.name("conversation/2", "2025", "first title", ending=".md") != path


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "c:/x", "a\\..\\x"])
def test_no_path_leads_out(tmp_path, path):
    folder = Folder(tmp_path / "out")
    with pytest.raises(ValueError, match="out of the archive"):
        folder.put(File(path, b"x", "k"))


def test_assets_are_copied_once(tmp_path):
    folder = Folder(tmp_path)
    assert folder.copy(copy(), 3, lambda: io.BytesIO(b"png")) == "written"
    folder.finish()
    again = Folder(tmp_path)

    def unread():
        raise AssertionError("read again")

    assert again.copy(copy(), 3, unread) == "unchanged"
    assert files(tmp_path) == {"assets/x.png": b"png"}


def test_an_asset_that_the_user_replaced_survives(tmp_path):
    folder = Folder(tmp_path)
    folder.copy(copy(), 3, lambda: io.BytesIO(b"png"))
    folder.finish()
    (tmp_path / "assets/x.png").write_bytes(b"retouched")
    again = Folder(tmp_path)
    assert again.copy(copy(), 3, lambda: io.BytesIO(b"png")) == "edited"
    assert files(tmp_path) == {"assets/x.png": b"retouched"}


def test_an_asset_of_a_lost_manifest_is_recognised(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/x.png").write_bytes(b"png")
    assert Folder(tmp_path).copy(copy(), 3, lambda: io.BytesIO(b"png")) == "unchanged"


def test_a_broken_asset_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("bad CRC")

    folder = Folder(tmp_path)
    with pytest.raises(OSError, match="bad CRC"):
        folder.copy(copy(), 3, Broken)
    folder.finish()
    assert files(tmp_path) == {}
    assert [path.name for path in (tmp_path / ".gptexit").iterdir()] == ["manifest.jsonl"]


def test_appended_files_appear_at_the_end(tmp_path):
    lines = [File("a.jsonl", b"1\n", "jsonl", append=True), File("a.jsonl", b"2\n", "jsonl", True)]
    folder = Folder(tmp_path)
    for line in lines:
        folder.put(line)
    assert files(tmp_path) == {}
    folder.restart()
    for line in lines:
        folder.put(line)
    folder.finish()
    assert files(tmp_path) == {"a.jsonl": b"1\n2\n"}
    stamp = (tmp_path / "a.jsonl").stat().st_mtime_ns
    run(tmp_path, *lines)
    assert (tmp_path / "a.jsonl").stat().st_mtime_ns == stamp


def test_a_damaged_manifest_is_read_as_far_as_it_goes(tmp_path):
    run(tmp_path, NOTE)
    with (tmp_path / ".gptexit/manifest.jsonl").open("ab") as manifest:
        manifest.write(b'{"key": "conver\n[]\n{"other": 1}\n')
    assert run(tmp_path, NOTE) == ["unchanged"]


def test_standard_output_takes_lines():
    out = io.BytesIO()
    stream = Stream(out)
    assert stream.put(File("a.jsonl", b"1\n", "jsonl", append=True)) == "written"
    assert stream.copy(copy(), 3, io.BytesIO) == "unchanged"
    assert stream.finish() == 2
    assert out.getvalue() == b"1\n"
    with pytest.raises(RuntimeError):
        stream.restart()
