"""Whether a run did what it promises, whatever it was given.

The sum: conversations in = conversations written + conversations named as unreadable + copies left
out. What came in is counted by a plain reading (`plain`) that shares no code with gptexit.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from gptexit.codes import Lost
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.schemas import errors
from gptexit.text.json import loads_deep
from support.exports import leaves, mended, messages
from support.faults.case import Case, pristine
from support.faults.plain import TOO_DEEP, Reading, Unclear, read_json, read_zip
from support.faults.ride import Ride, a_house, ride

Report = dict[str, Any]
_ITEM = re.compile(r", byte \d+(?: “.*”)?$", re.DOTALL)
_LOST = re.compile(
    r"where a conversation should be|cannot be read as JSON|larger than|failed on it"
)


def judge(case: Case, done: Ride) -> list[str]:
    """What is wrong; nothing where all is as it should be."""
    wrong = list(done.problems)
    if done.code is None:
        return wrong
    if "Traceback" in done.complained or "Warning" in done.complained:
        wrong.append(f"a traceback: {done.complained}")
    if done.code == 3:
        return wrong + _refused(case, done)
    if done.code not in (0, 1):
        return [*wrong, f"exit code {done.code}: {done.complained}"]
    if done.complained and done.code == 0:  # what could not be read is told there
        wrong.append(f"complains: {done.complained}")
    if not done.report.exists():
        return [*wrong, "wrote no report"]
    report = orjson.loads(done.report.read_bytes())
    wrong += [f"the report: {error}" for error in errors("report", report)]
    lines = _lines(done.out)
    wrong += _agreed(report, done, lines)
    wrong += _proved(case, done, report)
    return wrong + _summed(case, done, report, lines)


def _proved(case: Case, done: Ride, report: Report) -> list[str]:
    """Whether verify agrees with the ledger: it may not refuse what was said to be converted.

    Where something could not be read, it may not say "Complete" without a word of it.
    """
    if case.name == "-":
        return []
    with open_export([done.house / case.name], careful=True) as export:
        proved = verify(done.out, export)
    told = report["read"]["unreadable"] + report["assets"]["not_copied"]
    if done.code == 0 and proved.problems:
        some = [(problem.file, problem.what) for problem in proved.problems[:3]]
        return [f"all was converted, and verify says: {some}"]
    if proved.problems and not told and not report["source"]["missing_files"]:
        return [f"verify says what the ledger does not: {proved.problems[:3]}"]
    if told and proved.verdict == "complete":
        return [f"verify says that it is complete, and the ledger: {told[:3]}"]
    return []


def _refused(case: Case, done: Ride) -> list[str]:
    wrong = []
    choices = r"(?:[^\n]+:\n(?:  [^\n]+\n)+)?"
    if not re.fullmatch(rf"Error: [^\n]+\.\n{choices}", done.complained) or done.said:
        wrong.append(f"no one sentence: {done.said}{done.complained!r}")
    if done.out.exists():
        wrong.append("refused, and wrote all the same")
    report = json.loads(done.report.read_bytes()) if done.report.exists() else {}
    if report.get("complete") or not report.get("error"):
        wrong.append("refused, and the report does not say so")
    try:
        found = _plainly(case)
    except Unclear:
        return wrong
    if any(isinstance(item, dict) and item.get("mapping") for item in found.items):
        wrong.append(f"refused, though there are conversations: {done.complained}")
    return wrong


def _plainly(case: Case) -> Reading:
    return read_zip(case.data) if case.name.endswith(".zip") else read_json(case.data)


def _lines(out: Path) -> list[bytes]:
    path = out / "jsonl/conversations.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return loads_deep(line)


_valid: set[bytes] = set()
"""The digests of lines and front matters that were checked before: most are those of the sample."""


def _is_new(data: bytes) -> bool:
    digest = hashlib.sha1(data, usedforsecurity=False).digest()
    if digest in _valid:
        return False
    if len(_valid) > 100_000:
        _valid.clear()
    _valid.add(digest)
    return True


def _agreed(report: Report, done: Ride, lines: list[bytes]) -> list[str]:
    """Whether report, lines and notes say the same."""
    wrong = []
    counts = {target["format"]: target["conversations"] for target in report["targets"]}
    counts |= {"lines": len(lines), "read": report["read"]["conversations"]}
    notes = [path for path in (done.out / "markdown").rglob("*.md") if "assets" not in path.parts]
    if len(set(counts.values())) > 1:
        wrong.append(f"counts differ: {counts}")
    ids = {_parsed(line)["id"] for line in lines}  # without ids, equal ones have one note
    if len(notes) - 1 != len(ids):  # less the index
        wrong.append(f"{len(ids)} conversations in {len(notes) - 1} notes")
    if report["exit_code"] != done.code or report["complete"] != (done.code == 0):
        wrong.append(f"exit code {done.code}, and the report says {report['exit_code']}")
    told = report["read"]["unreadable"] + report["source"]["missing_files"]
    if bool(told or report["assets"]["refused"]) != (done.code == 1):
        wrong.append(f"exit code {done.code}, and told: {told}")
    for loss in report["read"]["unreadable"]:
        if loss["code"] == Lost.OUR_FAULT:
            wrong.append(f"a fault of our own: {loss}")
    for line in lines:
        if _is_new(line):
            wrong += [f"a line: {error}" for error in errors("conversation", _parsed(line))]
    for note in notes:
        data = note.read_bytes()
        if note.name != "index.md" and _is_new(data):
            front = data.decode()[4:].partition("\n---\n")[0]
            if not isinstance(yaml.safe_load(front).get("id"), str):
                wrong.append(f"the front matter of {note.name}: {front}")
    litter = [str(path) for path in done.out.rglob("*.part")]
    return wrong + ([f"left behind: {litter}"] if litter else [])


@cache
def _lines_of_sample(sample: str) -> frozenset[bytes]:
    with a_house() as house:
        done = ride(pristine(sample), house)
        assert done.code == 0, (sample, done)
        return _told(_lines(done.out))


def _told(lines: list[bytes]) -> frozenset[bytes]:
    """What lines say, without what the headers of a ZIP say of assets that nobody shows."""
    return frozenset(orjson.dumps({**orjson.loads(line), "assets": []}) for line in lines)


def _summed(case: Case, done: Ride, report: Report, lines: list[bytes]) -> list[str]:
    """The sum, by a plain reading."""
    if case.packed_as_was and done.code == 0 and _told(lines) != _lines_of_sample(case.sample):
        return ["the ZIP is damaged, something is missing, and the run says that it is complete"]
    try:
        found = _plainly(case)
    except Unclear as error:
        if done.code == 0 and not case.packed_as_was:
            return [f"complete, though there is no plain reading: {error}"]
        return []
    if found.told and done.code == 0:
        return ["complete, though something had to be told"]
    lost = [
        loss
        for loss in report["read"]["unreadable"]
        if _ITEM.search(loss["where"])
        and _LOST.search(loss["reason"])
        and not any(f": {path}, byte" in loss["where"] for path in found.unclear)
    ]
    counts = {
        "in": len(found.items),
        "written": len(lines),
        "left out": report["read"]["duplicates"],
        "unreadable": len(lost),
    }
    out = counts["written"] + counts["left out"] + counts["unreadable"]
    # What a plain reading cannot read, gptexit may have read as far as it goes.
    if counts["in"] > out or (counts["in"] + found.vague < out and not found.unclear):
        return [f"the sum does not hold: {counts}"]
    return _held(found, lines, len(lost))


def _held(found: Reading, lines: list[bytes], lost: int) -> list[str]:
    """Whether each conversation but `lost` is there by its id, with all that was said in it."""
    wrong = []
    absent = 0
    by_id = {line["id"]: line for line in map(_parsed, lines)}
    keys = [_key(item) for item in found.items]
    for key, item in zip(keys, found.items, strict=True):
        if key is None or item is TOO_DEEP:
            continue
        if key not in by_id:
            absent += 1
            if absent > lost:
                wrong.append(f"the conversation {key!r} is not there")
        elif keys.count(key) == 1:
            wanted = {
                _plain(mended(leaf)) for message in messages(item) for leaf in leaves(message)
            }
            gone = wanted - set(map(_plain, leaves(by_id[key]))) - _TAKEN
            if gone:
                some = [words[:80] for words in gone][:5]
                wrong.append(f"of the conversation {key!r} is lost: {some}")
    return wrong


def _plain(text: str) -> str:
    """A text without a count of the marks that stand for bytes that are none."""
    return _MARKS.sub("\ufffd", text) if "\ufffd" in text else text


_MARKS = re.compile("\ufffd+")
_TAKEN = {"all", "text"}
"""Words that stand for themselves in the neutral form: the recipient, the kind of a content."""


def _key(item: Any) -> str | None:
    if isinstance(item, dict):
        for name in ("conversation_id", "id"):
            if isinstance(item.get(name), str) and item[name]:
                return mended(item[name])
    return None
