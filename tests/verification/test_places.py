"""A message that stands in its note as it was said hides no fault around it."""

import json
from pathlib import Path

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.archives.damage import promise_anew
from support.build import chain, conversation, message

TURNS = [
    ("user", "Which tree stands there?"),
    ("assistant", "It is an oak.\nOaks grow **slowly**."),
    ("user", "And the other one?"),
    ("assistant", "A beech."),
]


def problems(folder: Path, old: str, new: str) -> list[str]:
    """Put `new` in the place of `old` in a note, as if it had been written so, and verify it."""
    turns = [
        message(role, text, create_time=1_700_000_000 + 60 * number)
        for number, (role, text) in enumerate(TURNS)
    ]
    source = folder / "conversations.json"
    source.write_text(json.dumps([conversation(chain(*turns))]))
    convert(source, folder / "out")
    [note] = (path for path in (folder / "out").rglob("*.md") if path.name != "index.md")
    text = note.read_text()
    assert text.count(old) == 1
    note.write_text(text.replace(old, new))
    promise_anew(folder / "out")
    with open_export([source], careful=True) as export:
        return [problem.what for problem in verify(folder / "out", export).problems]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("A beech.", "A beech.", None),
        ("Oaks grow **slowly**.", "Oaks grow \\*\\*slowly\\*\\*.", None),
        ("Oaks grow **slowly**.", "Oaks grow **slow ly**.", "does not have: ly"),
        ("A beech.", "A beech.\n\nTrust us.", "does not have: trust"),
        ("A beech.", "A birch.\n\nA beech.", "does not have: birch"),
        ("A beech.", "A beech tree.", "is incomplete: “Abeech.”"),
        ("A beech.", "<https://evil.example/a>\n\nA beech.", "https://evil.example/a"),
        ("A beech.", "[A](https://evil.example/a) beech.", "https://evil.example/a"),
        ("A beech.", "A beech.[^1]", "a footnote that is missing: 1"),
        ("A beech.", "A beech.\n\n## You\n\nAnd the other one?", "does not have: ## You"),
        ("It is an oak.\nOaks", "Oaks", "is incomplete: “Itisanoak.Oaks"),
        ("And the other one?", "A beech.", "“Andtheotherone?”"),
    ],
)
def test_a_fault_beside_words_that_are_right_is_found(
    old: str, new: str, said: str | None, tmp_path: Path
) -> None:
    found = problems(tmp_path, old, new)
    assert found == [] if said is None else any(said in what for what in found), found
