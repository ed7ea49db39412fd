"""The list of missing files, for eyes and for spreadsheets; and names that attack either."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from gptexit.inspection.attachments import Attachments, Missing
from gptexit.inspection.output import COLUMNS, as_csv, as_text
from gptexit.inspection.survey import Survey
from gptexit.readers.chatgpt.normalize.conversation import Account
from gptexit.text.terminal import columns, printable
from support.build import chain, conversation, message

HOSTILE = st.text(st.characters(exclude_categories=[]), max_size=30) | st.sampled_from(
    [
        "=1+1",
        "+49",
        "-x",
        "@sum",
        "\t=1",
        "\x1b[31mred",
        "\x1b]8;;http://x\x07",
        "a\r\nb",
        "\u202egpj",
    ]
)
ROWS = st.lists(
    st.builds(
        Missing,
        id=HOSTILE,
        name=st.none() | HOSTILE,
        kind=st.sampled_from(["image", "other"]),
        conversation=st.none() | HOSTILE,
        title=st.none() | HOSTILE,
        date=st.none() | st.just("2026-07-22T10:00:00Z"),
    ),
    max_size=4,
)


@given(ROWS)
def test_a_terminal_has_nothing_to_obey(rows: list[Missing]) -> None:
    text = "".join(as_text(rows))
    assert all(sign == "\n" or sign.isprintable() for sign in text)
    assert text.count("\n") == sum(2 + bool(row.conversation) for row in rows)


@given(ROWS)
def test_a_spreadsheet_has_nothing_to_run(rows: list[Missing]) -> None:
    table = list(csv.reader(io.StringIO("".join(as_csv(rows)))))
    assert table[0] == list(COLUMNS)
    assert len(table) == len(rows) + 1
    for line in table[1:]:
        assert len(line) == len(COLUMNS)
        for cell in line:
            assert not cell.startswith(("=", "+", "-", "@"))
            assert cell.isprintable()


@given(HOSTILE, st.integers(1, 20))
def test_what_is_cut_fits(text: str, width: int) -> None:
    assert columns(printable(text, width)) <= width
    assert printable(text).isprintable()


def test_the_name_is_the_best_one_and_the_date_that_of_the_message() -> None:
    attached = {"attachments": [{"id": "file-AbC1", "name": "tax return.pdf"}]}
    raw = conversation(
        chain(
            message("user", "hello", create_time=1_700_000_000),
            message("user", "x", metadata=attached),
        ),
        title="Taxes",
    )
    survey = Survey(Account(), Attachments())
    survey.add(raw, "conversations.json, byte 1")
    assert "".join(as_text(survey.attachments.missing())) == (
        "tax return.pdf (document, 19 February 2025)\n"
        "  in “Taxes”\n"
        "  https://chatgpt.com/c/c0ffee00-0000-4000-8000-000000000001\n"
    )
