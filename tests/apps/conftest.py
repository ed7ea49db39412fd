"""What the tests of the apps share. They are run by `make test-apps` and by nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from support.apps import compare, house, source
from support.exports import FIXTURES, ROOT


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server of Open WebUI."""
    with house.running(tmp_path_factory.mktemp("open-webui")) as server:
        yield server


@pytest.fixture
def empty_app(app: Any) -> Any:
    """The same, with nothing in it."""
    app.empty()
    return app


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An export of 300 conversations."""
    path = tmp_path_factory.mktemp("generated") / "generated-300.zip"
    make = ["--conversations", "300", "--seed", "7", "--assets", "60"]
    subprocess.run([sys.executable, ROOT / "fixtures/generate.py", path, *make], check=True)
    return path


@pytest.fixture(scope="session", params=[*(path.stem for path in FIXTURES), "generated-300"])
def export(request: pytest.FixtureRequest, generated: Any) -> Any:
    """Each sample, and the generated one."""
    paths = {path.stem: path for path in FIXTURES}
    return paths.get(request.param, generated)


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What an export holds; worked out once for each."""
    known = {}

    def of(path: Any) -> Any:
        if path not in known:
            known[path] = source.read(path, tmp_path_factory.mktemp("held"))
        return known[path]

    return of


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if compare.ROWS:
        terminalreporter.section("in the source → in the app")
        terminalreporter.write_line(compare.table(compare.ROWS))
