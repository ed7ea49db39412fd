"""What the guide shows of the tools is what they give.

`PYTHONPATH=tests:tests/mcp python tests/mcp/test_guide.py` renews it.
"""

import json
import re
from pathlib import Path

import served
from exports import ROOT
from gptexit import convert

GUIDE = ROOT / "docs/assistant-search.md"
_SHOWN = re.compile(
    r"(<!-- tool: (\w+) (\{[^\n]*\}) -->\n```text\n).*?(?=^```$)", re.DOTALL | re.MULTILINE
)


def renewed(text, folder):
    convert(ROOT / "fixtures/slim-2026.zip", folder, ["sqlite"])

    async def conversation(session):
        calls = [(found[2], json.loads(found[3])) for found in _SHOWN.finditer(text)]
        return [(await served.ask(session, tool, **given))[1] for tool, given in calls]

    answers = iter(served.talk(folder, conversation))
    return _SHOWN.sub(lambda found: f"{found[1]}{next(answers)}\n", text)


def test_the_answers_shown_are_real(tmp_path):
    text = GUIDE.read_text(encoding="utf-8")
    assert _SHOWN.search(text)
    assert text == renewed(text, tmp_path)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        GUIDE.write_text(renewed(GUIDE.read_text(encoding="utf-8"), Path(made)), encoding="utf-8")
