"""What OpenAI puts into no export, and how to get it while the account is there.

Looked up in November 2026: OpenAI's help pages on exporting (7260999), and what people found who
compared an export with their account.
"""

from __future__ import annotations

from typing import NamedTuple


class Absence(NamedTuple):
    """Something that an export does not hold."""

    what: str
    how: str | None
    """How to get it; None where there is no way."""
    since: str | None = None
    """The generation that left it out, a key of `generation.GENERATIONS`; None for every one."""
    until: str | None = None
    """The generation that was the last to leave it out."""


ABSENCES = (
    Absence(
        "Your memory as a whole: what ChatGPT has saved about you, and what it gathered from your "
        "chats",
        "Settings > Personalization > Manage memories: select all and copy. Or ask: “List "
        "everything that you remember about me, word for word.”",
    ),
    Absence(
        "Names, instructions and files of your projects",
        "Open each project and its settings, and copy them. The export has only the project's id.",
    ),
    Absence(
        "What your custom GPTs are made of: name, instructions, knowledge, actions",
        "Open each under “My GPTs”, choose Edit, and copy. The export has only the id.",
    ),
    Absence(
        "Temporary chats, and chats that you deleted",
        "Copy a temporary chat while it is open. There is no way to get a deleted one back.",
    ),
    Absence(
        "Canvas documents as they are now, with what you changed by hand",
        "Open each in its chat, and copy or download it.",
    ),
    Absence(
        "Files that ChatGPT made with code and that you did not download (sandbox:/mnt/data/…)",
        "Open the chat and try the link. Where it has expired, ask ChatGPT to make the file again.",
    ),
    Absence(
        "Scheduled tasks",
        "Copy them from chatgpt.com/schedules.",
    ),
    Absence(
        "Many voice recordings, and old uploads and images that have expired",
        "`gptexit inspect EXPORT --attachments missing` names those that your chats mention. Open "
        "the chat, and save what is still shown.",
    ),
    Absence(
        "Chats of a workspace (Business, Enterprise)",
        "They belong to the workspace: ask its owner.",
    ),
    Absence(
        "Any attachment at all",
        "Ask for a new export. Since 2024 it holds the files that still exist.",
        until="classic",
    ),
    Absence(
        "What tools were asked and what they answered: searches, file searches, agents, prompts of "
        "images",
        "An export from before mid-2026 has it: give both to gptexit in one command. Else open the "
        "chat, and copy what you need.",
        since="slim",
    ),
    Absence(
        "Code that ChatGPT ran, and what came out",
        "An export from before mid-2026 has it, as above.",
        since="slim",
    ),
    Absence(
        "What was written to your memory, and in which chat: only the memories that an answer "
        "cites are there",
        "Copy the memory itself: Settings > Personalization > Manage memories.",
        since="slim",
    ),
)
"""In the order in which to look at them."""


def absences(generation: str) -> list[Absence]:
    """What an export of that generation does not hold."""
    return [
        each
        for each in ABSENCES
        if each.since in (None, generation) and each.until in (None, generation)
    ]


def as_markdown(generation: str) -> str:
    """The same as a list in Markdown."""
    items = []
    for each in absences(generation):
        items.append(f"- **{each.what}.** {each.how or 'There is no way to get it.'}")
    return "\n".join(items)
