"""The HTML archive as a person sees it: from the disk, in the system's Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from support import scripts
from support.apps import demo, hostile_export, house, node, sights
from support.exports import FIXTURES, ROOT
from support.html_archive import HtmlArchive

SHOTS = ROOT / "build/screenshots"
QUERIES = {
    "hellebor": "hellebor",
    '"deep shade"': "deep shade",
    "天秤": "天秤",
    "кириллица": "кириллица",
    "ελληνικα": "ελληνικά",
}
"""What is typed, and what is then marked or in the title, in small letters."""


def tour(archive: Path, **more: Any) -> dict[str, Any]:
    browser = house.chromium()
    if browser is None:
        pytest.skip("no Chromium is installed")
    modules = node.installed("axe", "axe-core@4.14.1")
    python = house.environment("html-pages", ["playwright==1.65.2", "pypdf==7.1.1"]) / "python"
    SHOTS.mkdir(parents=True, exist_ok=True)
    asked = {
        "browser": browser,
        "root": str(archive),
        "shots": str(SHOTS),
        "axe": str(modules / "axe-core/axe.min.js"),
        "demo": "",
        "sights": None,
        **more,
    }
    command = [str(python), str(ROOT / "tests/support/apps/tour.py"), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    convert(
        [demo.export(folder / "demo.zip"), ROOT / "fixtures/slim-2026.zip"],
        folder / "out",
        ["html"],
    )
    return folder / "out"


@pytest.fixture(scope="module")
def seen(archive: Path) -> dict[str, Any]:
    [chat] = (str(path.relative_to(archive)) for path in archive.glob("20*/*garden-on*.html"))
    lists = sorted(str(path.relative_to(archive)) for path in archive.glob("list/*.html"))
    kinds = sights.of(HtmlArchive(archive)).pages
    assert len(kinds) > 8
    paths = ["index.html", lists[0], chat, *sorted({*kinds.values()})]
    return tour(archive, demo=demo.TITLE, chat=chat, paths=paths, queries=list(QUERIES))


def test_the_list_leads_to_a_conversation(seen: dict[str, Any]) -> None:
    assert seen["list"]["status"] == "24 conversations"
    assert seen["list"]["rows"] == 24
    assert "A letter to the landlord" in seen["list"]["titles"]
    assert seen["list"]["opened"] == seen["list"]["current"] == demo.TITLE


def test_filters_go_along_to_the_next_page(seen: dict[str, Any]) -> None:
    filters = seen["filters"]
    assert filters["pictures"].endswith(" of 24 conversations")
    assert [heading.split(" · ")[0] for heading in filters["headings"]][:2] == ["2026", "2025"]
    assert filters["after"] == filters["pictures"]
    assert filters["address"] == "by=year&has=p"
    assert filters["cleared"] == "24 conversations"


def test_versions_by_arrows_and_by_a_link(seen: dict[str, Any]) -> None:
    versions = seen["versions"]
    assert versions["first"][0] == "m1"
    assert versions["first"][-3:] == ["answer", "thanks", "pot"]
    assert "m2" not in versions["first"]
    assert versions["other"] == versions["linked"] == ["m1", "m2"]
    assert versions["pager"].split() == ["‹", "1/2", "›"]
    assert versions["back"] == versions["first"]
    assert versions["focused"] == "m2"


def test_all_by_the_keyboard(seen: dict[str, Any]) -> None:
    keyboard = seen["keyboard"]
    assert keyboard["skip"] == "Skip to the conversation"
    assert keyboard["main"] == "chat"
    assert keyboard["j"][0] == keyboard["k"] == "m1"
    assert keyboard["j"][1] != "m1"
    assert "Next message" in keyboard["help"]
    assert keyboard["closed"] == 0
    assert keyboard["field"] == "search"
    assert "row" in keyboard["row"].split()
    assert keyboard["went"]


def test_a_picture_larger(seen: dict[str, Any]) -> None:
    assert seen["pictures"] == {"larger": [480, 270], "closed": 0}


def test_dark_by_the_system_and_light_by_the_switch(seen: dict[str, Any]) -> None:
    assert seen["themes"]["system"] == "rgb(25, 24, 22)"
    assert seen["themes"]["switched"] == seen["themes"]["kept"] == "rgb(253, 252, 250)"


def test_the_list_is_a_drawer_on_a_narrow_screen(seen: dict[str, Any]) -> None:
    assert seen["drawer"] == {"before": 0, "wider": 0, "open": "true", "closed": 0}


def test_a_page_is_read_without_scripts(seen: dict[str, Any]) -> None:
    plain = seen["plain"]
    assert len(plain["years"]) > 1
    assert plain["links"] > 0
    assert plain["versions"] == ["1 other version from here"]
    assert demo.QUESTION in plain["text"]
    assert "both stand deep shade" in plain["text"]


@pytest.mark.parametrize("scripts", ["True", "False"])
def test_paper_has_the_branch_in_its_order_and_nothing_else(
    seen: dict[str, Any], scripts: str
) -> None:
    text = " ".join(seen["paper"][scripts].split())
    parts = (
        demo.TITLE,
        demo.QUESTION,
        "both stand deep shade",
        "(https://example.org/shade)",
        "And in a pot?",
        "a pot of 30 cm",
    )
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert "print(int(area" in text
    for other in (demo.FIRST, demo.THOUGHT, "Copy", "Search", "Keys"):
        assert other not in text


def test_axe_finds_nothing(seen: dict[str, Any]) -> None:
    assert seen["rules"] == []


def test_the_search_in_several_scripts(seen: dict[str, Any]) -> None:
    for query, marked in QUERIES.items():
        found = seen["search"][query]
        assert marked in " ".join([*found["marked"], found["title"]]).casefold(), query
        assert found["query"] == query


def test_no_page_asks_for_anything_outside_or_fails(seen: dict[str, Any], archive: Path) -> None:
    assert_at_home(seen, archive)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_each_sample_is_read_searched_and_printed(path: Path, tmp_path: Path) -> None:
    convert(path, tmp_path / "out", ["html"])
    there = sights.of(HtmlArchive(tmp_path / "out"))
    seen = tour(tmp_path / "out", sights=asdict(there))
    assert_at_home(seen, tmp_path / "out")
    counted = f"{there.chats} conversations"
    assert seen["list"]["status"] == counted
    for chip, count in there.chips.items():
        left = counted if count == there.chats else f"{count} of {counted}"
        assert seen["list"]["chips"][chip] == left, chip
    assert seen["list"]["current"] == seen["list"]["title"]
    assert len(there.words) > 5 or "slim" not in path.name
    for word, found in seen["words"].items():
        assert word.casefold() in [mark.casefold() for mark in found["marked"]], found
    if "versions" in there.pages:
        first, other, back = seen["versions"]
        assert first == back != other
    if "a picture" in there.pages:
        assert seen["picture"]
    if "a recording" in there.pages:
        assert seen["player"] > 20
        assert seen["recording"][0] in ("loadedmetadata", "error")
    assert seen["dark"] == "rgb(25, 24, 22)"
    assert seen["drawer"] == {"before": 0, "wider": 0, "open": "true", "closed": 0}
    assert "Next message" in seen["keyboard"]["help"]
    assert seen["keyboard"]["went"]
    for page, lines in there.lines.items():
        assert sights.missing_lines(lines, seen["paper"][page]) == [], page
        plain = sights.squeezed(seen["plain"][page])
        assert [line for line in lines if line not in plain] == [], page


def in_firefox(archive: Path, log: Path, **more: Any) -> dict[str, Any]:
    browser = shutil.which("firefox-esr") or shutil.which("firefox")
    if browser is None:
        pytest.skip("no Firefox is installed")
    steps = ["marionette_driver==3.7.1", "pypdf==7.1.1"]
    python = house.environment("html-firefox", steps) / "python"
    asked = {
        "browser": browser,
        "root": str(archive),
        "port": house.free_port(),
        "log": str(log),
        **more,
    }
    command = [str(python), str(ROOT / "tests/support/apps/firefox.py"), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_firefox(archive: Path, tmp_path: Path) -> None:
    [chat] = (str(path.relative_to(archive)) for path in archive.glob("20*/*garden-on*.html"))
    words = sights.of(HtmlArchive(archive)).words.values()
    seen = in_firefox(archive, tmp_path / "log", chat=chat, queries=[*QUERIES, *words])
    assert seen["list"]["status"] == "24 conversations"
    assert seen["list"]["pictures"].endswith(" of 24 conversations")
    assert seen["list"]["title"].startswith(seen["list"]["opened"])
    assert seen["list"]["current"] == seen["list"]["opened"]
    versions = seen["versions"]
    assert versions["other"] == ["m1", "m2"]
    assert versions["first"] == versions["back"] != versions["other"]
    keyboard = seen["keyboard"]
    assert keyboard["skip"] == "Skip to the conversation"
    assert keyboard["j"] == "m1"
    assert "Next message" in keyboard["help"]
    assert keyboard["closed"] == 0
    assert keyboard["field"] == "search"
    assert "row" in keyboard["row"].split()
    assert seen["picture"] == {"larger": [480, 270], "closed": 0}
    assert seen["theme"]["system"] == "rgb(25, 24, 22)"
    assert seen["theme"]["switched"] == seen["theme"]["kept"] == "rgb(253, 252, 250)"
    assert seen["drawer"]["wider"] <= 0
    assert seen["drawer"] | {"wider": 0} == {"before": 0, "wider": 0, "open": "true", "closed": 0}
    assert len(words) > 5
    for query, marked in {**QUERIES, **{word: word.casefold() for word in words}}.items():
        found = seen["search"][query]
        assert marked in " ".join([*found["marked"], found["title"]]).casefold(), query
        assert found["query"] == query
    lines = sights.lines_of((archive / chat).read_text(encoding="utf-8"))
    assert sights.missing_lines(lines, seen["paper"]) == []
    assert seen["plain"]["versions"] == ["1 other version from here"]
    assert demo.QUESTION in seen["plain"]["text"]
    assert len(seen["plain"]["years"]) > 1
    assert_nothing_ran(seen, archive)


def test_nothing_of_a_hostile_export_runs_in_firefox(tmp_path: Path) -> None:
    convert(hostile_export.export(tmp_path / "hostile.zip"), tmp_path / "out", ["html"])
    assert_nothing_ran(in_firefox(tmp_path / "out", tmp_path / "log"), tmp_path / "out")


def assert_nothing_ran(seen: dict[str, Any], archive: Path) -> None:
    """No page ran what is not ours, led elsewhere, or asked a server."""
    assert seen["requests"] == []
    assert len(seen["ended"]) > 1
    for end in seen["ended"]:
        ran, path = end.split(" ", 1)
        assert ran == "undefined"
        assert path.startswith(archive.as_posix())


def test_types(tmp_path: Path) -> None:
    modules = node.installed("typescript", scripts.TYPESCRIPT)
    assert scripts.faults_of_types(modules, tmp_path) == ""


def test_nothing_of_a_hostile_export_runs_loads_or_leads_away(tmp_path: Path) -> None:
    convert(hostile_export.export(tmp_path / "hostile.zip"), tmp_path / "out", ["html"])
    pages = list(tmp_path.glob("out/2025/*.html"))
    assert len(pages) == len(hostile_export.WORDS)
    assert_at_home(tour(tmp_path / "out"), tmp_path / "out")


def assert_at_home(seen: dict[str, Any], archive: Path) -> None:
    """Nothing ran, no dialog stood up, each page stayed, and no request left the folder."""
    home = archive.as_uri() + "/"
    assert [request for request in seen["requests"] if not request.startswith(home)] == []
    assert seen["dialogs"] == []
    assert seen["errors"] == []
    assert_nothing_ran({**seen, "requests": []}, archive)
