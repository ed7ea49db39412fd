"""Each format declares its options once, and the command line, its help and its refusals follow."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gptexit.archive.archive import Archive
from gptexit.cli import main
from gptexit.cli.convert import convert as command
from gptexit.conversion import convert
from gptexit.errors import BadOption
from gptexit.writers.base import CommonOptions, Format
from gptexit.writers.chatgpt.zip_volume import FITS, FORMS
from gptexit.writers.registry import FORMATS, own_options
from support.exports import ROOT

SAMPLE = str(ROOT / "fixtures/slim-2026.zip")
OWN = own_options()


def given_wrongly() -> Iterator[tuple[str, str, str, list[Format]]]:
    """Each option of single formats, a value, and a format that has no such option."""
    values = {"max_size": "1GB", "tokens": "30000", "topics": "tax=tax", "archive_title": "Mine"}
    for name, (spec, takers) in OWN.items():
        value = spec.choices[0] if spec.choices else values[name]
        others = [each for each in FORMATS if FORMATS[each] not in takers]
        yield spec.flag_of(name), value, others[0], takers


def test_option_names_are_unique_over_all_formats() -> None:
    common = {field.name for field in fields(CommonOptions)}
    flags = [option for param in command.params for option in [*param.opts, *param.secondary_opts]]
    assert len(flags) == len(set(flags))
    for name, (spec, takers) in OWN.items():
        assert name not in common
        assert {id(format.options.own()[name]) for format in takers} == {id(spec)}, name
        assert flags.count(spec.flag_of(name)) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_lists_its_own_options(name: str) -> None:
    listed = CliRunner().invoke(main, ["formats", name]).output
    own = FORMATS[name].options.own()
    assert FORMATS[name].what in listed
    for field, (spec, _) in OWN.items():
        assert (f"  {spec.flag_of(field)} " in listed) is (field in own)


def test_help_lists_the_options_of_a_format_under_a_heading() -> None:
    text = CliRunner().invoke(main, ["convert", "--help"]).output
    claude = text.partition("Options of claude:\n")[2]
    assert claude.startswith("  --topic NAME=WORDS")
    assert "--tokens NUMBER" in claude
    assert "--layout" in text.partition("Options of markdown:\n")[2].partition("Options of")[0]


@pytest.mark.parametrize(("flag", "value", "other", "takers"), list(given_wrongly()))
def test_an_option_that_no_format_of_the_run_has_is_refused(
    tmp_path: Path, flag: str, value: str, other: str, takers: list[Format]
) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["convert", SAMPLE, "-o", str(out), "--to", other, flag, value])
    assert done.exit_code == 2
    assert flag in done.output
    assert all(f"--to {format.name}" in done.output for format in takers)
    assert not out.exists()


def test_the_library_refuses_an_option_that_no_format_of_the_run_has(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"jsonl has no option 'layout'"):
        convert(SAMPLE, tmp_path / "out", ["jsonl"], options={"layout": "flat"})
    with pytest.raises(BadOption, match=r"layout is one of year, project, flat"):
        convert(SAMPLE, tmp_path / "out", options={"layout": "round"})
    convert(SAMPLE, tmp_path / "out", ["jsonl", "markdown"], options={"layout": "flat"})
    assert (tmp_path / "out/markdown/notes").is_dir()


def test_the_writer_of_chatgpt_knows_every_value_of_its_options() -> None:
    own = FORMATS["chatgpt"].options.own()
    assert set(own["fit"].choices) == set(FITS) <= set(FORMS)
    assert set(own["form"].choices) == set(FORMS) - set(FITS)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("option", "values"),
    [("include", ({"hidden", "tools", "reasoning"}, set())), ("branches", ("all", "current"))],
)
def test_what_a_format_ignores_changes_nothing_and_is_refused(
    name: str, option: str, values: tuple[Any, Any], tmp_path: Path
) -> None:
    made = []
    for number, value in enumerate(values):
        out = tmp_path / str(number)
        convert(ROOT / "fixtures/fat-2024.zip", out, [name], options={option: value})
        made.append({entry.path: entry.sha256 for entry in Archive(out).catalog})
    ignored = option in FORMATS[name].ignores
    assert (made[0] == made[1]) is ignored
    words = ["convert", SAMPLE, "-o", str(tmp_path / "out"), "--to", name, f"--{option}"]
    value = "tools" if option == "include" else "all"
    done = CliRunner().invoke(main, [*words, value, "--dry-run"])
    assert done.exit_code == (2 if ignored else 0), done.output
    assert (f"--{option} changes nothing in {name}: leave it out." in done.output) is ignored
