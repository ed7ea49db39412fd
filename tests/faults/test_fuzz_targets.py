"""The fuzz targets on what they start from: their judgement holds without a fuzzer too."""

from __future__ import annotations

import importlib
import random
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.exports import ROOT

pytestmark = pytest.mark.slow

FUZZ = ROOT / "fuzz"
TARGETS = sorted(path.name for path in (FUZZ / "corpus").iterdir())


@pytest.fixture(params=TARGETS)
def target(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[types.ModuleType, list[Path]]]:
    """A target's module, and its inputs."""
    monkeypatch.syspath_prepend(str(FUZZ))
    module = importlib.import_module(request.param)
    yield module, sorted((FUZZ / "corpus" / request.param).iterdir())
    del sys.modules[request.param]


def test_the_corpus_holds_no_finding(target: tuple[types.ModuleType, list[Path]]) -> None:
    module, inputs = target
    assert inputs
    for path in inputs:
        module.check(path.read_bytes())


def test_nor_does_what_comes_of_it(target: tuple[types.ModuleType, list[Path]]) -> None:
    module, inputs = target
    for path in inputs[:20]:
        data = path.read_bytes()
        for seed in range(3):
            rng = random.Random(f"{path.name} {seed}")
            made = getattr(module, "mutate", lambda *_: None)(data, 6000, rng.randrange(1 << 32))
            if made is None:
                at = rng.randrange(len(data))
                made = data[:at] + rng.randbytes(3) + data[at + 2 :]
            module.check(made)


def test_the_corpus_is_small() -> None:
    sizes = [path.stat().st_size for path in (FUZZ / "corpus").rglob("*") if path.is_file()]
    assert max(sizes) < 3000
    assert sum(sizes) < 200_000
