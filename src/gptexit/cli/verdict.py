"""What a verification says at its end, to a person."""

from __future__ import annotations

from gptexit.cli.summary import listed
from gptexit.printable import count
from gptexit.verify.result import Checked, Problem, Result


def verdict(result: Result) -> str:
    """The end of a verification in plain words."""
    lines = [_checked(each, result) for each in result.archives]
    if result.edited:
        lines.append(f"You added to {count(len(result.edited), 'file')}; nothing was lost by it:")
        lines += listed(result.edited)
    lines.append(_SENTENCES[result.verdict](result))
    lines += listed([_shown(each) for each in result.problems])
    if result.lacking and result.problems:
        lines.append(f"The export itself lacks {_joined(result.lacking)}.")
    return "\n".join(lines)


def _checked(each: Checked, result: Result) -> str:
    name = each.path if each.path != "." else each.format or "archive"
    words = f"{name}: {count(each.files, 'file')}"
    if result.source is None or not (each.conversations or each.assets):
        return f"{words} compared with the archive's manifest."
    if each.conversations:
        words += f", {count(each.conversations, 'conversation')}"
        words += f", {count(each.messages, 'message')}"
        words += f", {count(each.assets, 'attachment')}" if each.assets else ""
    words += f" compared with {result.source}."
    if each.left_out:
        words += f" {count(each.left_out, 'conversation')} left out by the archive's options."
    if each.older:
        words += f" {count(each.older, 'conversation')} kept that this export does not have."
    return words


def _complete(result: Result) -> str:
    if result.source is None:
        return "Complete: every file is as it was written."
    return "Complete: all that the export holds is in the archive."


def _complete_except(result: Result) -> str:
    return f"Complete, except for what the export itself lacks: {_joined(result.lacking)}."


def _not_complete(result: Result) -> str:
    found = len(result.problems)
    return f"Not complete: {count(found, 'thing')} {'is' if found == 1 else 'are'} not right:"


_SENTENCES = {
    "complete": _complete,
    "complete except": _complete_except,
    "not complete": _not_complete,
}


def _joined(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]


def _shown(problem: Problem) -> str:
    about = f"conversation “{problem.title or problem.conversation}”"
    if problem.file is None:
        return f"{about} {problem.what}"
    words = f"{problem.file}: {problem.what}"
    return f"{words} ({about})" if problem.conversation else words
