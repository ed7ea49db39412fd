"""START-HERE.md: what is where, what was lost and why, what to do now. For a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gptexit import __version__
from gptexit.exit.account_files import ABOUT
from gptexit.exit.destinations import DESTINATIONS, Destination
from gptexit.text.terminal import count
from gptexit.verify.result import Result
from gptexit.writers.markdown.embed import line

LISTED = 20
"""Missing files and unreadable parts that are listed; the report has them all."""

_INCOMPLETE = (
    "**Not yet.** All that could be read is in this folder, but part of the export is missing or "
    "damaged. Do not cancel before you have the rest; what it is, and what to do, is listed below."
)
_HEADLINES = {
    "complete": "**Yes.** All that the export holds is in this folder, and was compared with it.",
    "complete except": "**Yes, all that OpenAI gave you.** What the export itself lacks is listed "
    "below; see whether you need it before you cancel.",
    "complete but": "**Yes, but look at some first.** All that gptexit understands of the export "
    "is in this folder. What it does not understand is listed below: look at these conversations "
    "in ChatGPT and in their notes, before you cancel.",
    "as written": "**Not yet.** Nothing in this folder could be compared with the export.",
    "not complete": "**No, not yet.** Something did not arrive in this folder. Do not cancel "
    "before the list below is empty.",
}


def start_here(
    report: dict[str, Any],
    checked: Result,
    kept: list[str],
    absent: str,
    going_to: Sequence[str] = (),
) -> str:
    """The page. `absent`: what no export holds, as Markdown."""
    sections = (
        ("Your ChatGPT archive", 1, [_opening(report)]),
        ("Do I have everything, and may I cancel now?", 2, _answer(report, checked)),
        ("What is where", 2, [_places(kept, going_to)]),
        ("What no export holds", 2, [absent] if absent else []),
        ("Before you cancel", 2, [_boxes(BEFORE)]),
        ("In your new assistant", 2, [_items(_next(going_to))]),
        ("When you cancel, and after", 2, [_boxes(AFTER)]),
    )
    blocks = []
    for title, level, body in sections:
        if body:
            blocks += [f"{'#' * level} {title}", *body]
    return "\n\n".join(blocks) + "\n"


def _opening(report: dict[str, Any]) -> str:
    return (
        f"Made from {line(report['source']['label'])} by gptexit {__version__}. Everything here is "
        "on your own disk, in plain files that need no program of ours. Nothing was sent anywhere."
    )


def _answer(report: dict[str, Any], checked: Result) -> list[str]:
    read, assets = report["read"], report["assets"]
    counts = [
        f"{count(read['conversations'], 'conversation')} with "
        f"{count(read['messages'], 'message')} were read, written twice (as notes and as data), "
        "and read back from both.",
        f"{count(assets['found'], 'file')} (pictures, recordings, documents) of the "
        f"{assets['mentioned']:,} that your conversations mention are in the export"
        + _copied(report, checked),
    ]
    whole = report["complete"] or checked.problems
    counts += _merged(report)
    blocks = [_HEADLINES[checked.verdict] if whole else _INCOMPLETE, _items(counts)]
    blocks += _problems(checked)
    blocks += _unknown(checked)
    blocks += _lacking(report)
    return blocks


def _copied(report: dict[str, Any], checked: Result) -> str:
    """Return what became of the files that the export holds."""
    if not report["assets"]["found"]:
        return "."
    lost = len({each["where"] for each in report["assets"]["not_copied"]})
    if lost:
        return f"; {count(lost, 'file')} of the export could not be copied, see below."
    return ", and were copied." if not checked.problems else "."


def _merged(report: dict[str, Any]) -> list[str]:
    """What several exports brought together."""
    exports, gone = report["source"]["exports"], report["read"]["gone"]
    if not exports:
        return []
    shown = ", ".join(line(each["label"]) for each in exports)
    words = f"{len(exports)} exports were merged, the oldest first: {shown}."
    if gone["conversations"] or gone["messages"]:
        words += (
            f" {count(gone['conversations'], 'conversation')} and "
            f"{count(gone['messages'], 'message')} of others are only in older ones; they are "
            "kept, and their notes say `gone`."
        )
    return [words]


def _unknown(checked: Result) -> list[str]:
    if not checked.unknown:
        return []
    shown = [
        f"{line(each.title or each.conversation)}: {line(each.what)}" for each in checked.unknown
    ]
    return [
        f"**{count(checked.unknown_messages, 'message')} in a form that gptexit does not know.** "
        "Every string of them was found in the archive, but perhaps not as you saw it:",
        _some(dict.fromkeys(shown)),
    ]


def _problems(checked: Result) -> list[str]:
    if not checked.problems:
        return []
    shown = [
        f"{line(each.file or each.title or each.conversation or '')}: {line(each.what)}"
        for each in checked.problems
    ]
    return [
        "What is not right; run the same command again, and if it stays, tell us:",
        _some(shown),
    ]


def _lacking(report: dict[str, Any]) -> list[str]:
    blocks = []
    files = report["source"]["missing_files"]
    if files:
        blocks += [
            f"**OpenAI's own list names {count(len(files), 'file')} that you did not give.** An "
            "export of several parts needs all of them: download the others from the same "
            "e-mail, and give every ZIP in one command.",
            _some(map(line, files)),
        ]
    unreadable = read = report["read"]["unreadable"]
    if unreadable:
        blocks += [
            f"**{count(len(read), 'part')} of the export cannot be read.** If a file is cut or "
            "damaged, download it again; the link works for 24 hours, after that ask for a new "
            "export.",
            _some(f"{line(each['where'])}: {line(each['reason'])}" for each in unreadable),
        ]
    refused = {each["where"]: each["reason"] for each in report["assets"]["not_copied"]}
    if refused:
        blocks += [
            f"**{count(len(refused), 'file')} of the export could not be read, and "
            f"{'is' if len(refused) == 1 else 'are'} not in this folder.** The export is damaged: "
            "download it again; the link works for 24 hours, after that ask for a new export.",
            _some(f"{line(where)}: {line(reason)}" for where, reason in refused.items()),
        ]
    missing = report["assets"]["missing"]
    if missing:
        blocks += [
            f"**{count(len(missing), 'file')} that your conversations mention "
            f"{'is' if len(missing) == 1 else 'are'} not in the export.** That is common: old "
            "uploads expire, and many voice recordings are left out. Where one matters to you, "
            "open that conversation in ChatGPT and save the file by hand, while you can. "
            "`gptexit inspect EXPORT --attachments missing` lists them all.",
            _some(
                f"{line(each['name'] or each['id'])} in “{line(each['title'] or 'Untitled')}”"
                for each in missing
            ),
        ]
    return blocks


def _places(kept: list[str], going_to: Sequence[str]) -> str:
    rows = [
        ("`markdown/index.md`", "every conversation by year, each a link to its note"),
        ("`markdown/<year>/`", "the notes, one a conversation, readable in any editor"),
        ("`markdown/assets/`", "pictures, recordings and documents"),
        ("`jsonl/conversations.jsonl`", "the same conversations whole, for programs"),
        ("`report.json`", "what was read and written, and what is missing, in full"),
    ]
    chosen = [DESTINATIONS[each] for each in going_to]
    rows[4:4] = [(f"`{each.format}/{each.place}`", each.what) for each in chosen]
    rows += [(f"`account/{name}`", ABOUT.get(name, "as the export had it")) for name in kept]
    rows.append(("`.gptexit/` in each folder", "checksums, for `gptexit verify`; leave it there"))
    return "\n".join(["| here | what it is |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def _next(going_to: Sequence[str]) -> list[str]:
    """What to do with the archive, beginning with what was asked for."""
    steps = [_then(DESTINATIONS[each]) for each in sorted(going_to, key="mcp".__eq__)]
    if set(going_to) <= {"mcp"}:
        steps.insert(0, TO_MOVE)
    if "mcp" not in going_to:
        steps.append(TO_SEARCH)
    return [*steps, *WITH_A_NEW_ASSISTANT]


def _then(going: Destination) -> str:
    return going.then.format(here=f"{going.format}/{going.place}")


def _items(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _boxes(texts: Iterable[str]) -> str:
    return _items(f"[ ] {text}" for text in texts)


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    shown, rest = listed[:LISTED], len(listed) - LISTED
    return _items([*shown, f"… and {rest:,} more, in `report.json`"] if rest > 0 else shown)


BEFORE = (
    "**Ask for the export twice**: in ChatGPT under *Settings > Data controls > Export data*, and "
    "at <https://privacy.openai.com> (*Make a Privacy Request > I have a consumer ChatGPT "
    "account > Download my data*). The two do not always hold the "
    "same. Either can take up to 7 days; the link in the e-mail works for 24 hours.",
    "**Download every part.** A large export comes as several ZIPs; give them all in one command.",
    "**Copy your memory.** No export has all of it: in ChatGPT, *Settings > Personalization > "
    "Manage memories*, select all and paste it into a text file, `answer.txt`. Or ask ChatGPT: "
    "“List everything that you remember about me, word for word, each entry with its date”, and "
    "save its answer. `gptexit memory EXPORT --from-file answer.txt` makes a text of it to paste "
    "elsewhere.",
    "**Copy what your custom GPTs and projects are made of**: their names, instructions and files. "
    "An export only has their ids. Open each, choose *Edit* or the project's settings, and copy.",
    "**Save what is open in a canvas**, if you edited it by hand: an export has only what was "
    "said.",
    "**Look at your shared links** (*Settings > Data controls > Shared links*). They stop working "
    "when the account is deleted; whoever needs them needs a copy.",
    "**Move your API keys** if you use the API: deleting the account ends them too, on every "
    "machine that they are on.",
    "**Find the apps that you sign in to with ChatGPT or OpenAI**, and give them another sign-in.",
    "**Open a few notes at random**, old and new ones, with pictures and without.",
    "**Copy this folder to a second place**, an external disk for one. Then run "
    "`gptexit verify` on the copy.",
)
"""In the order in which to do them; Markdown."""

AFTER = (
    "**End the subscription where you bought it.** On the web: *Settings > Account > Manage*. "
    "Bought through Apple or Google, it can only be ended there, and deleting the account or the "
    "app does not end it. What is paid for stays usable to the end of the period.",
    "**Canceling is not deleting.** After a cancellation the account stays, free of charge, with "
    "all its chats. You can stop here and come back for a newer export later.",
    "**Delete the account** only when nothing is left to fetch: *Settings > Account > Delete "
    "account*, or at <https://privacy.openai.com>. It cannot be undone, and the e-mail address may "
    "not be accepted for a new account.",
    "**Know how long it takes**: OpenAI says that it deletes chats and accounts within 30 days, "
    "and that it may keep some data longer for security or where the law asks for it.",
    "**Next year, run `gptexit verify` on this folder**: it tells whether a byte has changed.",
)
"""The same, for what comes then."""

TO_MOVE = (
    "**To move**, run `gptexit exit` again with `--for claude`, `--for gemini`, `--for open-webui` "
    "or `--for librechat`: it adds what that takes, and says how to go on. `--exclude` leaves out "
    "what is not to go along."
)
"""Where nothing was written for a new assistant."""

TO_SEARCH = (
    "**To have your assistant search the archive** on this machine, run `gptexit exit` again with "
    "`--for mcp` added."
)
"""Where nothing was written for that."""

WITH_A_NEW_ASSISTANT = (
    "**To be known from the start**, paste your memory: `gptexit memory EXPORT` writes it as a "
    "text, with where to paste it.",
    "**To go on with one conversation**, attach its note from `markdown/`, or paste it.",
    "**To have the whole archive at hand**, open `markdown/` as a vault in Obsidian or with any "
    "editor, and search it there.",
    "**For programs**, `jsonl/conversations.jsonl` has everything, one conversation a line; "
    "`gptexit schema` prints what a line holds.",
)
"""What to do with the archive."""
