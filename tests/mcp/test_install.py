"""`gptexit mcp --install`: what is printed, what is written, and what is left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gptexit.cli import main
from gptexit.errors import Exit, SeveralPlaces
from gptexit.mcp.clients import CLIENTS, Machine, entry
from support.mcp import chats

pytestmark = pytest.mark.slow

HEAD = b'\xef\xbb\xbf{\r\n  // mine\r\n  "mcpServers": {\r\n    "other": {"command": "x"}'
COMMENT, TAIL = b" // keep", b"\r\n  }\r\n}"
THEIRS = HEAD + COMMENT + TAIL


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chats.archive(tmp_path_factory.mktemp("archive"), chats.talk("Lisbon", ["Trams?"]))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "GEMINI_CLI_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def run(*arguments: Path | str) -> tuple[Exit | int, str]:
    done = CliRunner().invoke(main, ["mcp", *map(str, arguments)])
    return done.exit_code, done.output


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_printed_is_what_is_written(client: str, archive: Path, home: Path) -> None:
    code, said = run("--install", client, archive)
    assert code == 0
    assert files(home) == {}
    config = CLIENTS[client].place(Machine("Linux", home, {}))
    assert f"that is {config}." in said
    assert all(place in said for place in CLIENTS[client].places.values())
    code, _ = run("--install", client, "--write", archive)
    assert code == 0
    assert config.read_text() in said
    assert config.stat().st_mode & 0o777 == 0o600


def test_what_was_there_stays_and_a_backup_is_beside_it(archive: Path, home: Path) -> None:
    config = home / ".gemini/settings.json"
    config.parent.mkdir()
    config.write_bytes(THEIRS)
    config.chmod(0o640)
    older = config.with_name("settings.json.before-gptexit-1")
    older.write_bytes(b"an older one")
    code, said = run("--install", "gemini-cli", "--write", archive)
    assert code == 0
    now = config.read_bytes()
    assert now.startswith(HEAD + b"," + COMMENT + b'\r\n    "chatgpt-archive": {\r\n')
    assert now.endswith(b"\r\n    }" + TAIL)
    assert config.stat().st_mode & 0o777 == 0o640
    backup = config.with_name("settings.json.before-gptexit-2")
    assert (older.read_bytes(), backup.read_bytes()) == (b"an older one", THEIRS)
    assert backup.stat().st_mode & 0o777 == 0o640
    assert f"What was there before: {backup}" in said
    assert "byte order mark" in said
    assert run("--install", "gemini-cli", "--write", archive)[0] == 0
    assert config.read_bytes() == now
    assert len(list(config.parent.iterdir())) == 3


def test_a_client_that_reads_no_comments_is_told(archive: Path, home: Path) -> None:
    (home / ".claude.json").write_text("{} // mine")
    assert "reads plain JSON only" in run("--install", "claude-code", "--write", archive)[1]


def test_links_stay_links(archive: Path, home: Path) -> None:
    real = home / "dotfiles/claude.json"
    real.parent.mkdir()
    real.write_text("{}")
    link = home / ".claude.json"
    link.symlink_to(real)
    assert run("--install", "claude-code", "--write", archive)[0] == 0
    assert link.is_symlink()
    assert "chatgpt-archive" in real.read_text()


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (b'{"mcpServers": {"a": 1},}', "line 1, column 25"),
        (b'{"mcpServers": []}', "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"{'a': 1}", "line 1, column 2"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b'{"mcpServers": {"chatgpt-archive": {"command": "else"}}}', "--name"),
    ],
    ids=["comma", "list", "root", "quotes", "utf-16", "taken"],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_broken_is_refused_in_a_sentence(
    client: str, before: bytes, why: str, archive: Path, home: Path
) -> None:
    config = CLIENTS[client].place(Machine("Linux", home, {}))
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_bytes(before)
    code, said = run("--install", client, "--write", archive)
    assert code == 2
    assert why in said
    assert said.count("\n") == 1
    assert "othing was written" in said
    assert files(home) == {str(config.relative_to(home)): before}


def test_two_archives_stand_side_by_side(archive: Path, home: Path) -> None:
    config = home / "project/.mcp.json"
    for name in ("one", "two"):
        command = ["--install", "claude-code", "--write", "--name", name, "--config", config]
        assert run(*command, archive)[0] == 0
    assert list(json.loads(config.read_text())["mcpServers"]) == ["one", "two"]


@pytest.mark.parametrize("name", ["", "a b", "-x", "ä", "a" * 65, "a_b"])
def test_odd_names_are_refused(name: str, archive: Path, home: Path) -> None:
    assert run("--install", "claude-code", "--name", name, archive)[0] == 2


def test_what_is_no_archive_is_no_server(home: Path) -> None:
    for more in ([], ["--install", "claude-code", "--write"]):
        code, said = run(*more, home)
        assert code == 2
        assert "--to sqlite" in said
    assert files(home) == {}


def test_the_command_works_from_any_folder_with_any_path(archive: Path, home: Path) -> None:
    """Also where that folder holds files that Python would take for its own."""
    odd = home / "odd"
    for name in ("gptexit", "mcp", "json"):
        (odd / name).mkdir(parents=True)
        (odd / name / "__init__.py").write_text("raise SystemExit('not mine')")
    made = entry(CLIENTS["claude-code"], sys.executable, (archive / "chatgpt.sqlite").absolute())
    done = subprocess.run(
        [made["command"], *made["args"]], cwd=odd, env={"PATH": ""}, input=chats.HELLO,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "gptexit"


def place(client: str, system: Any, home: Path, **environment: str) -> Path:
    return CLIENTS[client].place(Machine(system, home, environment))


def test_places(tmp_path: Path) -> None:
    home = Path("/home/ana")
    desktop = "Claude/claude_desktop_config.json"
    assert place("claude-desktop", "Linux", home) == home / ".config" / desktop
    assert place("claude-desktop", "Linux", home, XDG_CONFIG_HOME="/c") == Path("/c") / desktop
    application = home / "Library/Application Support"
    assert place("claude-desktop", "macOS", home) == application / desktop
    assert place("claude-code", "macOS", home) == home / ".claude.json"
    assert place("claude-code", "Linux", home, CLAUDE_CONFIG_DIR="/c") == Path("/c/.claude.json")
    assert place("gemini-cli", "Windows", home) == home / ".gemini/settings.json"
    gemini = place("gemini-cli", "Linux", home, GEMINI_CLI_HOME="/g")
    assert gemini == Path("/g/.gemini/settings.json")
    roaming, local = tmp_path / "Roaming", tmp_path / "Local"
    windows = {"APPDATA": str(roaming), "LOCALAPPDATA": str(local)}
    assert place("claude-desktop", "Windows", home, **windows) == roaming / desktop
    packed = local / "Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
    packed.mkdir(parents=True)
    config = packed / "claude_desktop_config.json"
    assert place("claude-desktop", "Windows", home, **windows) == config
    (local / "Packages/Claude_other/LocalCache/Roaming/Claude").mkdir(parents=True)
    with pytest.raises(SeveralPlaces):
        place("claude-desktop", "Windows", home, **windows)


def test_without_the_extra_it_says_how_to_get_it(archive: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['mcp'] = None; import importlib.util as u; f = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'mcp' else f(name, *a)\n"
        "from gptexit.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "mcp", archive], capture_output=True, text=True, check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert 'install "mcp>=2.0,<3"' in done.stderr
    assert done.stdout == ""
