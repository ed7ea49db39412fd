"""A fence in a message, however it is written, takes no later message from its speaker."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.build import chain, conversation, message

LINES = ["", "words", "- a", "1. a", "  - b", "    code", "```", "   ```", "      ```", "    ```"]
LINES += ["- ```", "  ```", "\t```", "~~~", "   ~~~~", "> ```", "```js", "`````", "* ```py"]
texts = st.lists(st.sampled_from(LINES), min_size=1, max_size=7).map("\n".join)


def problems(answers: list[str], folder: Path) -> list[str]:
    turns = [
        message(role, words)
        for number, answer in enumerate(answers)
        for role, words in (("user", f"Question {number}"), ("assistant", answer))
    ]
    source = folder / "conversations.json"
    source.write_text(json.dumps([conversation(chain(*turns, message("user", "The last words")))]))
    convert(source, folder / "out")
    with open_export([source], careful=True) as export:
        return [problem.what for problem in verify(folder / "out", export).problems]


@pytest.mark.parametrize(
    "answer",
    [
        "   ```\n   fenced\n   ```\n      ```\n      code",
        "- item\n\n  ```\n  fenced\n  ```\n\n      ```",
        "1. item\n   ```\n   fenced\n   ```\n\t\t```",
        "words\n    ```\nwords",
    ],
)
def test_an_indented_line_opens_no_fence(answer: str, tmp_path: Path) -> None:
    assert problems([answer, "An answer", answer], tmp_path) == []


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(texts, min_size=12, max_size=12))
def test_no_fence_takes_a_message_from_its_speaker(
    tmp_path_factory: pytest.TempPathFactory, answers: list[str]
) -> None:
    assert problems(answers, tmp_path_factory.mktemp("fences")) == []
