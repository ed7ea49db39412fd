"""docs/assistant-search.md shows what the tools answer; `python tests/renew.py` renews it."""

import json
import re
import tempfile
from pathlib import Path

from mcp import ClientSession

from gptexit import convert
from support.exports import ROOT
from support.mcp import served

GUIDE = ROOT / "docs/assistant-search.md"
SHOWN = re.compile(
    r"(<!-- tool: (\w+) (\{[^\n]*\}) -->\n```text\n).*?(?=^```$)", re.DOTALL | re.MULTILINE
)


def renewed(text: str, folder: Path) -> str:
    convert(ROOT / "fixtures/slim-2026.zip", folder, ["sqlite"])

    async def conversation(session: ClientSession) -> list[str]:
        calls = [(found[2], json.loads(found[3])) for found in SHOWN.finditer(text)]
        return [(await served.ask(session, tool, **given))[1] for tool, given in calls]

    answers = iter(served.talk(folder, conversation))
    return SHOWN.sub(lambda found: f"{found[1]}{next(answers)}\n", text)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = renewed(GUIDE.read_text(encoding="utf-8"), Path(folder))
    GUIDE.write_text(text, encoding="utf-8")
