import io
import tracemalloc

import ijson
import pytest

from export.packing import read, reasons, text_of, write, zip_of
from gptexit.export import rows

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (b'[1, "a", {"x": [1, {"y": []}], "z": null}, [], {}, null, [[2]]]', "item"),
        (b"[]", "item"),
        (b'{"a": [1]}', ""),
        (b"7", ""),
    ],
)
def test_the_items_of_an_array(text, items):
    wanted = list(ijson.items(io.BytesIO(text), items)) if items else []
    assert list(rows.items(io.BytesIO(text))) == wanted


def test_numbers_of_any_size():
    text = b"[18446744073709551615, 1e999, 1.5, " + b"9" * 400 + b"]"
    assert list(rows.items(io.BytesIO(text))) == [2**64 - 1, float("inf"), 1.5, int("9" * 400)]


def test_the_pairs_of_an_object():
    text = b'{"a": 1, "b": {"c": 2}, "d": [1, [2]], "a": "again", "e": {}}'
    wanted = [("a", 1), ("b", {"c": 2}), ("d", [1, [2]]), ("a", "again"), ("e", {})]
    assert list(rows.pairs(io.BytesIO(text))) == wanted
    assert list(rows.pairs(io.BytesIO(b'[{"a": 1}]'))) == []


@pytest.mark.parametrize("name", ["library_files.json", "message_feedback.json"])
def test_a_side_file_that_nests_without_end_takes_no_memory(tmp_path, name):
    from gptexit.pipeline import _feedback

    source = write(
        tmp_path / "e.zip", zip_of({"conversations.json": text_of("a"), name: b"[1," + DEEP + b"]"})
    )
    tracemalloc.start()
    try:
        with rows_of(source) as export:
            export.lookup("file-x")
            _feedback(export)
            most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20_000_000
    assert "nested too deep" in reasons(export)
    assert read(source)[0] == ["a"]


def rows_of(source):
    from gptexit.export.container import open_export

    return open_export([source])


@pytest.mark.parametrize("text", [b"[1,", b'["\xff"]', b"[1][2]", b"", b"nonsense"])
def test_a_reason_is_one_line(text):
    with pytest.raises(rows.ERRORS) as caught:
        list(rows.items(io.BytesIO(text)))
    reason = rows.reason(caught.value)
    assert reason
    assert "\n" not in reason
    assert "b'" not in reason
