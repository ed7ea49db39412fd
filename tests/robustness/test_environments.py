"""The commands in odd environments: each ends with one sentence and a documented exit code.

A process each, since what is odd is what a shell hands over: streams, locales, devices, signals.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import gptexit
from gptexit.errors import Exit
from support.build import chain, conversation, message
from support.packing import write_export

pytestmark = pytest.mark.slow

if os.name != "posix":
    pytest.skip("needs a POSIX shell", allow_module_level=True)

SOURCE = str(Path(gptexit.__file__).parent.parent)
PYTHON = f"{sys.executable} -m gptexit"
ASCII = "env LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0"
CODES = {int(code) for code in Exit}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("odd")
    talk = conversation(
        chain(message("user", "Käse “und” 日本"), message("assistant", "dragon")),
        title="日本 – Käse",
    )
    write_export(root / "e.zip", talk)
    gptexit.convert(root / "e.zip", root / "sq", ["sqlite"])
    gptexit.convert(root / "e.zip", root / "md")
    (root / "deep.json").write_text("[" * 100_000)
    os.mkfifo(root / "pipe")
    os.mkfifo(root / "pipe2")
    (root / "taken").mkdir()
    (root / "taken/.gptexit").write_text("mine")
    (root / "shadow").mkdir()
    (root / "shadow/click.py").write_text(
        # A shell that starts this in the background lets it ignore the signal.
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
    )
    return root


CASES = [
    # command, exit code, words of the sentence on standard error (none: nothing is printed there)
    (f"{PYTHON} convert e.zip -o a >&-", 1, "standard output"),
    (f"{PYTHON} convert e.zip -o a2 --quiet >&-", 0, ""),
    (f"{PYTHON} convert e.zip -o a3 <&-", 0, ""),
    (f"{PYTHON} inspect - <&-", 3, "there is no standard input"),
    (f"{PYTHON} convert e.zip -o a4 2>&-", 0, ""),
    (f"{PYTHON} inspect e.zip <&- >&- 2>&-", 1, ""),
    (f"{PYTHON} convert e.zip -o j --quiet --jobs 2 <&- >&- 2>&-", 0, ""),
    (f"{PYTHON} convert /dev/stdin -o j2 --quiet --jobs 2 <e.zip", 0, ""),
    (f"{PYTHON} verify e.zip md --quiet --jobs 2 >&-", 0, ""),
    (f"TMPDIR=/nowhere {PYTHON} convert e.zip -o j3 --quiet --jobs 2", 0, ""),
    (f"ulimit -n 32; {PYTHON} convert e.zip -o j4 --quiet --jobs 12", 0, ""),
    (f"{PYTHON} formats >/dev/full", 1, "No space left"),
    (f"{PYTHON} verify e.zip md | true; exit ${{PIPESTATUS[0]}}", 0, ""),
    (f"PYTHONIOENCODING=cp1252 {PYTHON} inspect e.zip", 0, ""),
    (f"PYTHONIOENCODING=ascii {PYTHON} search sq Käse", 0, ""),
    (f"{ASCII} {PYTHON} convert e.zip -o c", 0, ""),
    (f"{ASCII} {PYTHON} inspect 日本.zip", 3, "does not exist"),
    (f"{PYTHON} convert /dev/zero -o d", 3, "is a device"),
    (f"{PYTHON} verify pipe md", 3, "is a pipe"),
    (f"{PYTHON} validate /dev/zero", 2, "is a device"),
    (f"{PYTHON} convert e.zip -o d2 --quiet --report /dev/full", 1, "/dev/full"),
    (f"{PYTHON} convert e.zip -o d2 --quiet --report /dev/null", 0, ""),
    (f"{PYTHON} convert e.zip -o d2 --quiet --report >(cat >report.json)", 0, ""),
    (f"{PYTHON} convert e.zip -o d2 --quiet --report /dev/stdout > report.json", 0, ""),
    (f"{PYTHON} convert deep.json -o d3", 3, "not a list of ChatGPT conversations"),
    (f"{PYTHON} convert e.zip -o taken", 2, "is not a folder"),
    (f"{PYTHON} verify --quiet nothing.zip md", 3, ""),
    (f"PYTHONPATH=shadow:{SOURCE} {PYTHON} formats", 130, "Interrupted"),
    (
        # Without bytecode: Python's own files would be cut too, and stay so.
        f"ulimit -f 20; PYTHONDONTWRITEBYTECODE=1 {PYTHON} convert e.zip --to chatgpt --quiet -o z",
        1,
        "could not read or write",
    ),
]


@pytest.mark.parametrize(("command", "code", "words"), CASES)
def test_an_odd_environment_ends_with_a_sentence_and_a_code(
    place: Path, command: str, code: int, words: str
) -> None:
    if "ulimit -f" in command:
        noise = [message("user", os.urandom(40_000).hex())]
        write_export(place / "e.zip", conversation(chain(*noise)))
    if "shadow" not in command:
        command = f"export PYTHONPATH={SOURCE}; {command}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=place, capture_output=True, timeout=60, check=False
    )
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert code in CODES
    assert "Traceback" not in said
    assert words in said if words else said == ""


def test_a_report_does_not_take_the_place_of_a_pipe(place: Path) -> None:
    assert (place / "pipe2").is_fifo()


def test_names_and_texts_survive_a_locale_of_ascii(place: Path) -> None:
    command = f"export PYTHONPATH={SOURCE}; {ASCII} {PYTHON} search sq dragon"
    done = subprocess.run(["bash", "-c", command], cwd=place, capture_output=True, check=False)
    assert "日本 – Käse" in done.stdout.decode()


def altered(place: Path, tmp_path: Path, script: str) -> Path:
    """A copy of the database that `script` has altered."""
    data = (place / "sq/chatgpt.sqlite").read_bytes()
    path = tmp_path / "chatgpt.sqlite"
    path.write_bytes(data)
    base = sqlite3.connect(path)
    base.executescript(script)
    base.close()
    return path


ALTERED = {
    "a view that never ends": (
        "PRAGMA legacy_alter_table = ON; ALTER TABLE conversations RENAME TO old; "
        "CREATE VIEW conversations AS WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL "
        "SELECT n + 1 FROM r) SELECT n AS number, 'x' AS id FROM r",
        "altered",
    ),
    "a missing table": ("DROP TABLE conversations", "altered"),
    "a newer schema": ("UPDATE gptexit SET value = '99' WHERE key = 'schema'", "schema 99"),
    "a schema of 5,000 digits": (
        f"UPDATE gptexit SET value = '{'9' * 5000}' WHERE key = 'schema'",
        "schema 999999999",
    ),
    "a schema of bytes": ("UPDATE gptexit SET value = x'ff' WHERE key = 'schema'", "altered"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_database_is_refused_with_a_sentence(
    place: Path, tmp_path: Path, name: str
) -> None:
    from gptexit.errors import NoLibrary
    from gptexit.library import open_library

    script, words = ALTERED[name]
    with pytest.raises(NoLibrary, match=re.escape(words)):
        open_library(altered(place, tmp_path, script))


def test_bytes_where_text_should_be_are_read(place: Path, tmp_path: Path) -> None:
    from gptexit.library import Query, open_library

    script = "UPDATE conversations SET title = x'ff41'; UPDATE messages SET text = x'fe42'"
    with open_library(altered(place, tmp_path, script)) as library:
        assert library.search(Query("")).hits[0].title == "\ufffdA"


def test_a_value_larger_than_memory_allows_is_not_read(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gptexit.errors import NoLibrary
    from gptexit.library import connection, open_library

    monkeypatch.setattr(connection, "_LONGEST", 50_000)
    script = "UPDATE messages SET text = hex(zeroblob(100000))"
    with pytest.raises(NoLibrary, match="too big"):
        open_library(altered(place, tmp_path, script))


def test_a_schema_that_is_no_text_is_a_damaged_database(place: Path, tmp_path: Path) -> None:
    """SQLite quotes the damage in its message, which Python cannot read."""
    from gptexit.errors import NoLibrary
    from gptexit.library import Query, open_library

    data = (place / "sq/chatgpt.sqlite").read_bytes()
    path = tmp_path / "chatgpt.sqlite"
    path.write_bytes(data.replace(b"CREATE TABLE messages", b"CREATE TABLE mess\xb9ges"))
    with pytest.raises(NoLibrary, match="cannot be read as a database"):
        open_library(path)
    before = path.read_bytes()
    assert gptexit.convert(place / "e.zip", tmp_path, ["sqlite"])["exit_code"] == 0
    assert path.read_bytes() == before
    with open_library(tmp_path / "chatgpt.new.sqlite") as library:
        assert library.search(Query("")).hits


def test_a_newer_database_is_left_alone_by_convert(place: Path, tmp_path: Path) -> None:
    from gptexit.errors import OtherArchive

    script, words = ALTERED["a newer schema"]
    path = altered(place, tmp_path, script)
    before = path.read_bytes()
    with pytest.raises(OtherArchive, match=words):
        gptexit.convert(place / "e.zip", tmp_path, ["sqlite"])
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", [None, 5, [], {}, [[]], {"a": 1}, -(10**400)])
def test_a_selection_of_odd_types_excuses_nothing(value: int | None) -> None:
    from gptexit.verification.selection import leaves_out

    raw = conversation(chain(message("user", "Hi")))
    for name in ("since", "until", "title"):
        assert not leaves_out(raw, {name: value})
    kinds = ("titles", "texts", "projects", "dates", "ids")
    for name in (*kinds, "exclude"):
        assert not leaves_out(raw, {"exclude": {name: [value]}})
        leaves_out(raw, {"exclude": value})


def test_one_path_needs_no_list(place: Path) -> None:
    with gptexit.open(str(place / "e.zip")) as export:
        assert len(list(export)) == 1


def test_a_damaged_side_file_is_named_once_after_a_second_pass(tmp_path: Path) -> None:
    import zipfile

    from gptexit.readers.chatgpt.normalize.conversation import ReadStats

    export = write_export(tmp_path / "e.zip", conversation(chain(message("user", "Hi"))))
    with zipfile.ZipFile(export, "a") as archive:
        archive.writestr("message_feedback.json", b"[{")
    with gptexit.open(export) as opened:
        for _ in range(2):
            assert len(list(opened.source.neutral(ReadStats()))) == 1
        assert len(opened.errors) == 1


def test_an_offset_beyond_every_file_is_a_damaged_directory(tmp_path: Path) -> None:
    import struct

    export = write_export(tmp_path / "e.zip", conversation(chain(message("user", "Hi"))))
    data = bytearray(export.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    length = struct.unpack_from("<H", data, entry + 28)[0]
    extra = struct.pack("<HHQ", 1, 8, 2**63 + 5)
    struct.pack_into("<H", data, entry + 30, len(extra))
    struct.pack_into("<I", data, entry + 42, 0xFFFFFFFF)
    data[entry + 46 + length : entry + 46 + length] = extra
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, struct.unpack_from("<I", data, end + 12)[0] + len(extra))
    export.write_bytes(data)
    with gptexit.open(export) as opened:
        assert len(list(opened)) == 1
        assert "list of files" in opened.errors[0].reason
