"""The table of names: what a person filled in comes back, however a spreadsheet saved the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.errors import BadNames
from gptexit.names import COLUMNS, NameRow, Table, load_table

BAKERY, HELPER = "g-p-67a1b2c3", "g-abc123"
HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["=1+1", "'=x", "''-1", "@sum", "\t=1", "a\r\nb", "a;b,c\td", '"', "'", "\u202egpj", "👩‍👩‍👧"]
)


def row(own: str, name: str = "", *, others: Any = (), titles: str = "A title") -> NameRow:
    cells = {"id": own, "kind": "project", "name": name, "conversations": "2", "titles": titles}
    return NameRow([cells.get(column, "") for column in COLUMNS], list(others))


def written(tmp_path: Path, data: bytes | str) -> Path:
    path = tmp_path / "names.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.slow
@given(
    names=st.lists(HOSTILE, min_size=1, max_size=4),
    others=st.lists(HOSTILE, max_size=2),
    delimiter=st.sampled_from([",", ";", "\t"]),
    mark=st.booleans(),
)
def test_what_is_written_is_read_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    others: list[str],
    delimiter: str,
    mark: bool,
) -> None:
    rows = {f"g-{at}": row(f"g-{at}", name, others=others) for at, name in enumerate(names)}
    table = Table(rows, [f"mine {at}" for at in range(len(others))], delimiter, mark)
    path = tmp_path_factory.mktemp("table") / "names.csv"
    path.write_bytes(table.text().encode("utf-8", "replace"))
    found = load_table(path)
    assert [row.cells for row in found.rows.values()] == [row.cells for row in rows.values()]
    assert [row.others for row in found.rows.values()] == [list(others)] * len(rows)
    assert (found.delimiter, found.mark, found.others) == (delimiter, mark, table.others)
    assert found.names() == {f"g-{at}": name for at, name in enumerate(names) if name.strip()}


@pytest.mark.slow
@given(HOSTILE, HOSTILE)
def test_no_cell_begins_as_a_formula(name: str, title: str) -> None:
    text = Table({"g-1": row("g-1", name, titles=title)}).text()
    for cells in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@pytest.mark.parametrize(
    "data",
    [
        b"id,kind,name\ng-p-67a1b2c3,project,B\xc3\xa4ckerei\n",
        b"\xef\xbb\xbfid;kind;name\r\ng-p-67a1b2c3;project;B\xc3\xa4ckerei\r\n",
        "id\tkind\tname\r\ng-p-67a1b2c3\tproject\tBäckerei\r\n".encode("utf-16"),
        "sep=;\r\nid;kind;name\r\ng-p-67a1b2c3;project;Bäckerei\r\n",
        "Name , ID\nBäckerei, g-p-67a1b2c3 \n",
        'mine,"id","name"\nx,"g-p-67a1b2c3","Bäckerei"\n\n,,\n',
        "id,name\rg-p-67a1b2c3,Bäckerei\r",
        "id,name\ng-p-67a1b2c3,\ng-p-67a1b2c3,Bäckerei\ng-p-67a1b2c3,Bäckerei\ng-x\n",
        "id,name\ng-p-67a1b2c3,Bäckerei,and,more,cells\n",
    ],
)
def test_a_table_is_read_as_spreadsheets_and_people_leave_it(data: bytes, tmp_path: Path) -> None:
    names = load_table(written(tmp_path, data)).names()
    assert {own: name.strip() for own, name in names.items()} == {BAKERY: "Bäckerei"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"id,name\ng-p-67a1b2c3,B\xe4ckerei\n", "is not in UTF-8: save it as “CSV UTF-8”"),
        (b"\xff\xfei", "is not in UTF-8"),
        (b"", "is not a table of names"),
        (b"PK\x03\x04\0\0", "is not a table of names"),
        ("Titel;Wert\n1;2\n", "lacks the columns “id” and “name”"),
        ('id,name\ng-1,"open\ng-2,b\n', "cannot be read as a table up to line 3"),
        ('id,name\n"g-1"x,b\n', "cannot be read as a table"),
        ("id,name\n,Bakery\n", "line 2: “Bakery” has no id"),
        (
            "id,name\ng-1,One\ng-2,Two\ng-1,Another\n",
            "g-1 has two names, “One” in line 2 and “Another” in line 4. Keep one of them.",
        ),
    ],
)
def test_what_is_no_table_is_said_in_a_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadNames, match=r"names\.csv") as error:
        load_table(written(tmp_path, data))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_written_again_a_table_keeps_what_a_person_put_into_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "\ufeffid;mine;name;titles\r\n"
        "g-p-67a1b2c3;my note;Bakery;old\r\n"
        "g-gone;=kept;=Gone;long ago\r\n",
    )
    renewed = load_table(path).renewed([row(HELPER), row(BAKERY, titles="new")])
    path.write_bytes(renewed.text().encode("utf-8", "replace"))
    assert path.read_text(encoding="utf-8").splitlines() == [
        "\ufeffid;kind;name;conversations;first;last;titles;mine",
        "g-abc123;project;;2;;;A title;",
        "g-p-67a1b2c3;project;Bakery;2;;;new;my note",
        "g-gone;;'=Gone;;;;long ago;'=kept",
    ]
    assert load_table(path).names() == {BAKERY: "Bakery", "g-gone": "=Gone"}
    assert [path.name for path in tmp_path.iterdir()] == ["names.csv"]
