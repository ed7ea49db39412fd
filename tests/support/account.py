"""An account of two years: 60 memories, and custom instructions that changed twice.

Of the memories 40 are plain, 8 correct an earlier one, 5 delete one, and 7 repeat one in other case
or punctuation. `WRITTEN` says of each what is to become of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from support.build import Raw, chain, conversation, message

BEGIN = datetime(2024, 1, 5, 9, tzinfo=UTC)
STEP = timedelta(days=12, hours=1)


@dataclass(frozen=True)
class Note:
    kind: str
    """`plain`, `repeat`, `correction` or `deletion`."""
    text: str
    of: str | None = None
    """What it repeats, corrects or deletes, where that is certain."""
    now: str | None = None
    """What a correction leaves, where that is not the whole of it."""


WRITTEN = [
    Note("plain", "User's name is Ines."),
    Note("plain", "User lives in Porto."),
    Note("plain", "User teaches chemistry at a secondary school."),
    Note("plain", "User is allergic to penicillin."),
    Note("plain", "User has two cats, Bica and Galão."),
    Note("repeat", "user is ALLERGIC to Penicillin", "User is allergic to penicillin."),
    Note("plain", "User prefers metric units."),
    Note("plain", "User is learning Dutch and wants short daily exercises."),
    Note("plain", "User drives an old Renault 4."),
    Note(
        "correction",
        "Correction: User lives in Braga, not Porto.",
        "User lives in Porto.",
        "User lives in Braga, not Porto.",
    ),
    Note("plain", "User plans a cycling trip along the Danube in June 2024."),
    Note("plain", "User's sister Marta is an architect in Rotterdam."),
    Note("plain", "User does not eat meat."),
    Note("repeat", "User prefers metric units", "User prefers metric units."),
    Note("plain", "User uses a Framework laptop with Fedora."),
    Note("plain", "User wants code examples in Python 3.12."),
    Note(
        "deletion", "Forget that the user drives an old Renault 4.", "User drives an old Renault 4."
    ),
    Note("plain", "User keeps a sourdough starter named Otto."),
    Note("plain", "User is writing a workbook on acids and bases for grade 10."),
    Note("repeat", "“User does not eat meat!”", "User does not eat meat."),
    Note("plain", "User goes to bed early and dislikes calls after nine."),
    Note(
        "correction",
        'Replace "User wants code examples in Python 3.12." with "User wants code examples in '
        'Python 3.13."',
        "User wants code examples in Python 3.12.",
        "User wants code examples in Python 3.13.",
    ),
    Note("plain", "User plays the viola in an amateur orchestra."),
    Note("plain", "User's budget for a new bicycle is 1,500 euros."),
    Note(
        "deletion",
        "Delete the memory: User's budget for a new bicycle is 1,500 euros.",
        "User's budget for a new bicycle is 1,500 euros.",
    ),
    Note("plain", "User has a garden plot with tomatoes and kale."),
    Note("repeat", "User has two cats: Bica and Galão", "User has two cats, Bica and Galão."),
    Note("plain", "User asks for sources when medical topics come up."),
    Note(
        "correction",
        "User no longer plays the viola in an amateur orchestra.",
        "User plays the viola in an amateur orchestra.",
    ),
    Note("plain", "User is preparing for the B1 exam in Dutch."),
    Note("plain", "User's school uses Moodle for homework."),
    Note("plain", "User reads mostly Iris Murdoch at the moment."),
    # Which of the memories is meant is not said, so both stay.
    Note("correction", "Update: User is preparing for the B2 exam in Dutch."),
    Note("plain", "User runs a small weather station on the balcony."),
    Note("plain", "User wants answers without bullet points."),
    Note(
        "deletion",
        "Please forget: user reads mostly Iris Murdoch at the moment",
        "User reads mostly Iris Murdoch at the moment.",
    ),
    Note(
        "repeat",
        "USER KEEPS A SOURDOUGH STARTER NAMED OTTO",
        "User keeps a sourdough starter named Otto.",
    ),
    Note("plain", "User's partner is called Wim and cooks on Sundays."),
    Note("plain", "User is afraid of flying and travels by train."),
    Note(
        "correction",
        "User uses a Framework laptop with Debian instead of Fedora.",
        "User uses a Framework laptop with Fedora.",
    ),
    Note("plain", "User volunteers at a repair café every second Saturday."),
    Note("plain", "User keeps household accounts in hledger."),
    Note("plain", "User wants recipes for four people."),
    Note(
        "repeat",
        "User  wants answers without bullet points…",
        "User wants answers without bullet points.",
    ),
    Note("plain", "User's weather station reports to Home Assistant."),
    Note(
        "correction",
        "Update the memory “User wants recipes for four people.” to “User wants recipes "
        "for two people.”",
        "User wants recipes for four people.",
        "User wants recipes for two people.",
    ),
    Note("plain", "User is looking for a choir that sings Renaissance music."),
    Note("plain", "User's favourite mountain is Serra da Estrela."),
    Note(
        "deletion",
        "Do not remember that the user's favourite mountain is Serra da Estrela.",
        "User's favourite mountain is Serra da Estrela.",
    ),
    Note("plain", "User moved the workbook project to Typst."),
    Note("plain", "User has a driving licence for motorcycles."),
    Note(
        "correction",
        "Correction: User's school uses Canvas for homework (previously: User's school uses Moodle "
        "for homework).",
        "User's school uses Moodle for homework.",
        "User's school uses Canvas for homework (previously: User's school uses Moodle "
        "for homework).",
    ),
    Note(
        "plain",
        "User teaches a robotics club on Wednesdays.\nIt has twelve members, aged 13 to 15.",
    ),
    Note(
        "repeat",
        "User's sister Marta: is an architect in Rotterdam",
        "User's sister Marta is an architect in Rotterdam.",
    ),
    Note("plain", "User is saving for a heat pump."),
    # It names nothing that is known, so it is shown.
    Note("deletion", "Forget what I said about the job offer."),
    Note("plain", "User wears hearing aids and prefers text to voice."),
    # Nothing is like it: only the mark tells that something is not right any more.
    Note("correction", "Correction: exam in November."),
    Note("plain", "User collects fountain pens."),
    Note("plain", "User's goal for 2026 is to swim one kilometre."),
]

INSTRUCTIONS = [
    (0, "I teach chemistry.", "Answer briefly."),
    (25, "I teach chemistry and learn Dutch.", "Answer briefly. No emoji."),
    (48, "I teach chemistry and robotics, and learn Dutch.", "Answer briefly, in prose. No emoji."),
]
"""From which memory on; about the user, and how to respond."""


def when(number: int) -> datetime:
    return BEGIN + STEP * number


def conversations() -> list[Raw]:
    """A raw conversation for each memory, with the instructions of its time in every third."""
    return [_talk(number, note) for number, note in enumerate(WRITTEN)]


def _talk(number: int, note: Note) -> Raw:
    time = when(number).timestamp()
    turns: list[Any] = []
    if number % 3 == 0:
        _, about, response = [
            instruction for instruction in INSTRUCTIONS if instruction[0] <= number
        ][-1]
        content = {
            "content_type": "user_editable_context",
            "user_profile": f"User profile:\n```{about}```",
            "user_instructions": f"The user provided:\n```{response}```",
        }
        turns.append(message("user", content, create_time=time))
    turns += [
        message("user", "Something to remember.", create_time=time),
        message("assistant", note.text, recipient="bio", create_time=time + 5),
        message("tool", "Model set context updated.", name="bio", create_time=time + 6),
        message("assistant", "I will.", create_time=time + 7),
    ]
    mapping = chain(*turns)
    identity = f"00000000-0000-4000-8000-{number:012}"
    return conversation(
        mapping,
        title=f"{note.kind.capitalize()} {number}",
        conversation_id=identity,
        id=identity,
        create_time=time,
        update_time=time + 10,
    )
