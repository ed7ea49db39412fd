"""Commands on the pages that gptexit writes: they are to be copied as they are."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from click.testing import CliRunner, Result

from gptexit.cli import main
from support.exports import ROOT


def run(*words: str) -> Result:
    done = CliRunner().invoke(main, list(words), prog_name="gptexit")
    assert done.exit_code == 0, done.output
    return done


def test_commands_to_copy_name_the_export(tmp_path: Path) -> None:
    export = tmp_path / "my export of a long name.zip"
    shutil.copy(ROOT / "fixtures/slim-2026.zip", export)
    told = run("inspect", str(export)).stdout
    assert told.count(f'`gptexit inspect "{export}" --attachments missing`') == 2
    out = tmp_path / "out"
    run("convert", str(export), "--to", "claude", "--to", "gemini", "-o", str(out))
    for page in ("claude/START-HERE.md", "claude/memory.md", "gemini/START-HERE.md"):
        text = (out / page).read_text(encoding="utf-8")
        assert f'`gptexit memory "{export}" --for ' in text, page
        assert "EXPORT" not in text, page
    run("memory", str(export), "-o", str(tmp_path / "memory.md"))
    text = (tmp_path / "memory.md").read_text(encoding="utf-8")
    assert f'`gptexit memory "{export}" --for ' in text


def test_commands_say_EXPORT_where_nobody_knows_its_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(ROOT / "fixtures/slim-2026.zip") as archive:
        name = next(name for name in archive.namelist() if name.startswith("conversations"))
        piped = archive.read(name)
    words = ["convert", "-", "--to", "claude", "-o", str(tmp_path)]
    assert CliRunner().invoke(main, words, input=piped, prog_name="gptexit").exit_code == 0
    assert "gptexit convert EXPORT --to sqlite" in (tmp_path / "START-HERE.md").read_text("utf-8")
