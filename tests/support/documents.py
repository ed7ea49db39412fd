"""The documents show real output: `python tests/renew.py` runs their commands and renews it.

Marks stand in front of what a command made; one runs a command that shows nothing:

    <!-- output: gptexit … -->      a block of text follows: what the command prints
    <!-- page: PATH -->             a block quote follows: a Markdown file that it wrote
    <!-- run: gptexit … -->         run before all others
    <!-- file: PATH -->             a block of text follows: a file that it wrote
    <!-- part: PATH KEY … -->       a block of JSON follows: what a JSON file has at these keys
    <!-- python -->                 a block of Python follows, and below it what it prints
    <!-- sql: PATH -->              a query follows, and below it the rows that a database gives

The commands of a document run one after the other in an empty folder that holds the sample export
`fixtures/slim-2026.zip` as `chatgpt-export.zip` and as `export.zip`, and two exports of one
account, of different years, as `chatgpt-2025.zip` and `chatgpt-2026.zip`. `broken-off.zip` is two
thirds of the sample.
`with-secrets.json` is an export of two chats with secrets of `planted` in them. `filled.csv` is a
table of names that is filled in. `answer.txt` is what ChatGPT may answer when it is asked what it
remembers.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from support import slimming
from support.build import chain, conversation, message
from support.command import gptexit
from support.exports import ROOT
from support.planted import planted

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SAMPLE = ROOT / "fixtures/slim-2026.zip"
FULL = ROOT / "fixtures/fat-2024.zip"
ANSWER = """\
Here is everything that I have saved:

```
- [2025-11-03] - Is allergic to walnuts.
- [2026-02-14] - Gets up at six.
- [2026-05-30] - Is training for a half marathon.
```

That is the complete set.
"""
FILLED = """\
id;kind;name;conversations
g-p-65ec96f8f6c8cae3b894ed735ea25fc9;project;Bakery;1
g-f60e52fbf;GPT;Receipt reader;1
"""
_OUTPUT = re.compile(r"(<!-- output: (gptexit [^\n]*?) -->\n```text\n).*?(?=^```$)", re.S | re.M)
_RUN = re.compile(r"<!-- run: (gptexit [^\n]*?) -->")
_SQL = re.compile(
    r"(<!-- sql: (\S+) -->\n```sql\n(.*?)\n```\n\n```text\n).*?(?=^```$)", re.S | re.M
)
_PYTHON = re.compile(
    r"(<!-- python -->\n```python\n(.*?)\n```\n\n```text\n).*?(?=^```$)", re.S | re.M
)
_FILE = re.compile(r"(<!-- file: (\S+) -->\n```text\n).*?(?=^```$)", re.S | re.M)
_PART = re.compile(r"(<!-- part: (\S+) ([^\n]+?) -->\n```json\n).*?(?=^```$)", re.S | re.M)
_TERMINAL = {"TZ": "UTC", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
_PAGE = re.compile(r"(<!-- page: ([^\n]*?) -->\n)(?:>[^\n]*\n)*", re.M)


def renewed(document: Path) -> str:
    """The document with what its commands give now."""
    text = document.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        for command in _RUN.findall(text):
            _printed(command, Path(folder))
        text = _OUTPUT.sub(lambda found: found[1] + _printed(found[2], Path(folder)), text)
        text = _PYTHON.sub(lambda found: found[1] + _ran(found[2], Path(folder)), text)
        text = _FILE.sub(
            lambda found: found[1] + (Path(folder) / found[2]).read_text(encoding="utf-8"), text
        )
        text = _PART.sub(
            lambda found: found[1] + _value(Path(folder) / found[2], found[3].split()), text
        )
        text = _SQL.sub(lambda found: found[1] + _rows(Path(folder) / found[2], found[3]), text)
        return _PAGE.sub(lambda found: found[1] + _quoted(Path(folder) / found[2]), text)


def lay_out(folder: Path) -> None:
    """Put the sample exports into a folder."""
    sample = SAMPLE.read_bytes()
    for name in ("chatgpt-export.zip", "export.zip"):
        (folder / name).write_bytes(sample)
    (folder / "broken-off.zip").write_bytes(sample[: len(sample) * 2 // 3])
    (folder / "answer.txt").write_text(ANSWER, encoding="utf-8")
    (folder / "filled.csv").write_text(FILLED, encoding="utf-8")
    slimming.two_years(FULL, folder)
    _with_secrets(folder / "with-secrets.json")


def runs_of(text: str) -> list[str]:
    """The commands that mark what a document needs before its others."""
    return _RUN.findall(text)


def _with_secrets(path: Path) -> None:
    texts = {secret.kind: secret.text for secret in planted(7)}
    why = f"Why does this give 403?\n\n{texts['GitHub access token']}"
    settings = f"Is this right?\n\n```ini\n{texts['password in an .env file']}\n```"
    talks = [
        conversation(
            chain(message("user", text), message("assistant", answer)),
            title=title,
            conversation_id=f"{number:08d}-0000-4000-8000-000000000000",
        )
        for number, (title, text, answer) in enumerate(
            [
                ("A token that does not work", why, "Make a new one, and do not post it."),
                ("Settings of the database", settings, "Yes, it is."),
            ]
        )
    ]
    path.write_text(json.dumps(talks), encoding="utf-8")


def _printed(command: str, folder: Path) -> str:
    done = gptexit(*command.split()[1:], cwd=folder, env={"HOME": str(folder), **_TERMINAL})
    return done.stdout.decode()


def _ran(program: str, folder: Path) -> str:
    """What a program prints, which may not fail."""
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", program],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **_TERMINAL},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout


def _value(path: Path, keys: list[str]) -> str:
    """What a JSON file has at these keys, one below the other."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for key in keys:
        found = found[int(key) if isinstance(found, list) else key]
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _rows(database: Path, query: str) -> str:
    """What a query gives, its columns' names above."""
    base = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    found = base.execute(query)
    names = [column[0] for column in found.description]
    rows = [["" if value is None else str(value) for value in row] for row in found]
    base.close()
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    lines = (zip(row, widths, strict=True) for row in (names, *rows))
    return "".join("  ".join(f"{cell:{w}}" for cell, w in line).rstrip() + "\n" for line in lines)


def _quoted(page: Path) -> str:
    """A page as a block quote, its headings a level lower."""
    lines = page.read_text(encoding="utf-8").splitlines()
    lowered = [re.sub(r"^(?=#+ )", "#", line) for line in lines]
    return "".join(f"> {line}".rstrip() + "\n" for line in lowered)


def main() -> None:
    for document in DOCUMENTS:
        document.write_text(renewed(document), encoding="utf-8")
