"""The pages for a person: every template renders, and nothing of an export is taken for one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from gptexit import templates
from gptexit.codes import Hidden, NotKept
from gptexit.exit_page import DESTINATIONS, Stale
from gptexit.exit_page import start_here as exit_page
from gptexit.inspection.run import GENERATIONS, as_markdown
from gptexit.memories.assistants import ASSISTANTS
from gptexit.memories.model import Mark, Memory, MemoryEntry, Origin, Version
from gptexit.memories.text import memory_text
from gptexit.verification.result import Checked, Problem, Result, UnknownForm
from gptexit.writers.base import NOTHING, SECRETS
from gptexit.writers.packs.claude import ClaudePack, Filled, ProjectFolder, instructions
from gptexit.writers.packs.claude import start_here as claude_page
from gptexit.writers.packs.gemini import GeminiPack
from gptexit.writers.packs.gemini import start_here as gemini_page
from gptexit.writers.packs.placement import KnowledgeFile
from support.exports import ROOT

HOSTILE = "{{ 12345 * 9 }}{% include 'exit/before.md.j2' %}{# gone #}"
KINDS = ("projects/g-p-1", "gpts/g-1", "topics/tax", "recent")
VERIFIED = Checked("out", "markdown", 1, 1, 1, read_back=True)


def report(**lost: list[Any]) -> dict[str, Any]:
    """The report of a run, in which this is lost."""
    several = [{"label": "old.zip"}, {"label": HOSTILE}] if lost else []
    gone = {"conversations": len(several), "messages": len(several)}
    return {
        "complete": not lost,
        "source": {
            "label": HOSTILE,
            "exports": several,
            "made": {"time": "2026-08-01T00:00:00Z", "by": "zip"} if lost else None,
            "missing_files": lost.get("missing_files", []),
        },
        "read": {
            "conversations": 2,
            "messages": 4,
            "newest": None,
            "gone": gone,
            "unreadable": lost.get("unreadable", []),
        },
        "assets": {
            "mentioned": 50,
            "found": 20,
            "missing": lost.get("missing", []),
            "not_copied": lost.get("not_copied", []),
        },
    }


def lossy() -> dict[str, Any]:
    parts = [
        {"where": f"part {number} {HOSTILE}", "code": "file-cut", "reason": "is cut"}
        for number in range(30)
    ]
    unnamed = {"name": None, "title": None, "conversation": None}
    files = [{"id": f"file-{number}", **unnamed} for number in range(30)]
    return report(
        missing_files=[HOSTILE],
        unreadable=parts,
        not_copied=parts,
        missing=[{"name": HOSTILE, "id": "file-a", "title": HOSTILE, "conversation": "a"}, *files],
    )


def results() -> Iterator[Result]:
    """A result for each verdict."""
    bad = Problem(None, "is gone", "id", HOSTILE)
    odd = UnknownForm("id", HOSTILE, None, "marker")
    yield Result("e.zip", [VERIFIED])
    yield Result("e.zip", [VERIFIED], lacking=["a file"])
    yield Result("e.zip", [VERIFIED], unknown=[odd], unknown_messages=1)
    yield Result("e.zip")
    yield Result("e.zip", [VERIFIED], problems=[bad])


def remembered() -> Memory:
    """A memory with everything in it that a page can have."""
    origin = Origin("2024-03-01T00:00:00Z", "id", HOSTILE, "message", "written", HOSTILE)
    origins = [
        origin,
        replace(origin, how="snapshot", saved="2024-02-01"),
        replace(origin, how="own list", saved="2024-02-01"),
        *(replace(origin, how="cited", conversation=f"id {number}") for number in range(9)),
    ]
    entry = MemoryEntry(id="a", text=HOSTILE, origins=origins, marks=[Mark("asks to forget")])
    ended = MemoryEntry(id="b", text=HOSTILE, origins=[origin], ended="forgotten", by=origin)
    versions = [Version(HOSTILE, HOSTILE, origin, replace(origin, time=None))]
    return Memory(entries=[entry] * 900, ended=[ended], versions=versions, conversations=9, slim=1)


def packs() -> Iterator[ClaudePack]:
    """A pack for Claude with everything in it, and one with nothing."""
    made = [KnowledgeFile(f"{number:02}-a.md", 10, 60_000, 2) for number in range(1, 4)]
    folders = [
        Filled(ProjectFolder("projects/a", HOSTILE, f"projects/{number}", "key"), made, 3, 1)
        for number in range(201)
    ]
    hidden, not_kept = Counter({Hidden.CONTEXT: 2}), Counter({NotKept.FILE_UNSHOWN: 2})
    yield ClaudePack(2, SECRETS, HOSTILE, [HOSTILE], folders, True, hidden, not_kept)
    yield ClaudePack(0, NOTHING, "all chosen")
    yield ClaudePack(0, NOTHING, "not excluded")


def pages() -> Iterator[str]:
    """All pages, with as much and as little in them as there can be."""
    for result in results():
        for made in (report(), lossy()):
            yield exit_page(made, result, ["user.json", "new.json"], "", list(DESTINATIONS))
            yield exit_page(made, result, [], "slim", [], [Stale("claude", "gptexit exit a.zip")])
    yield from map(claude_page, packs())
    sources = [KnowledgeFile(f"{number:02}-a.md", 10, 10, 2) for number in range(60)]
    zips = [f"upload/{number}.zip" for number in range(9)]
    yield gemini_page(GeminiPack(zips, sources, 2, 2, asks=True))
    yield gemini_page(GeminiPack(zips[:1], [], 0))
    for kind in KINDS:
        yield instructions(ProjectFolder(kind, HOSTILE, "projects/a", "key")).data.decode()
    for name in ASSISTANTS:
        yield memory_text(remembered(), name, None)
        yield memory_text(Memory(), name, None)
    yield templates.render("open-webui/HOW-TO-IMPORT.md.j2", files=2, last="import-002.json")
    for number in (1, 3):
        yield templates.render("chatgpt-text/HOW-TO-IMPORT.md.j2", files=number)
    yield templates.render("llama-cpp/HOW-TO-IMPORT.md.j2", zips=2, last="chats-002.zip")
    yield templates.render("llama-cpp/HOW-TO-IMPORT.md.j2", zips=0, last="")
    yield templates.render("llm/HOW-TO-USE.md.j2")
    yield templates.render("librechat/HOW-TO-IMPORT.md.j2")
    yield templates.render("jan/HOW-TO-IMPORT.md.j2")
    yield templates.render("enex/HOW-TO-IMPORT.md.j2")
    yield templates.render("sillytavern/HOW-TO-IMPORT.md.j2")
    yield templates.render("lm-studio/HOW-TO-IMPORT.md.j2")


@pytest.mark.slow
def test_every_template_renders_and_ends_with_a_line() -> None:
    templates._environment.cache_clear()
    made = list(pages())
    environment = templates._environment()
    rendered = {name for _, name in environment.cache or ()}
    assert rendered == set(environment.list_templates(extensions=["j2"]))
    for page in made:
        assert page.endswith("\n")
        assert not page.endswith("\n\n")
        assert "\n\n\n" not in page


def test_a_fact_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="last"):
        templates.render("open-webui/HOW-TO-IMPORT.md.j2", files=1)


def test_nothing_of_an_export_is_taken_for_a_template() -> None:
    leaving = exit_page(lossy(), next(results()), [], "")
    moving = claude_page(next(packs()))
    memory = memory_text(remembered(), "text", None)
    for page in (leaving, moving, memory):
        assert "111105" not in page
        assert HOSTILE in page.replace("\\", "")


@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_page_says_of_each_place_what_is_there_and_what_to_do_with_it(name: str) -> None:
    page = exit_page(report(), Result("e.zip"), [], "", [name])
    here = f"{DESTINATIONS[name].format}/{DESTINATIONS[name].place}"
    assert f"| `{here}` | " in page
    _, _, steps = page.partition("## In your new assistant")
    assert (here if name != "mcp" else "--write chatgpt-exit") in steps.partition("\n## ")[0]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_is_absent_is_one_item_each(generation: str) -> None:
    assert all(item.startswith("- **") for item in as_markdown(generation).split("\n"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["exit", "--help"],
        ["inspect", str(ROOT / "fixtures/slim-2026.zip")],
        [
            *("convert", str(ROOT / "fixtures/slim-2026.zip"), "-o", "out"),
            *("--to", "markdown", "--to", "jsonl"),
        ],
    ],
    ids=lambda words: " ".join(words[:1] + words[-1:]),
)
def test_what_writes_no_page_does_without_jinja(words: list[str], tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules['jinja2'] = None; sys.argv[1:] = {words!r}\n"
        "from gptexit.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
