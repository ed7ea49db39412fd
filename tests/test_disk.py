"""Writing files: what an error of the disk names."""

from __future__ import annotations

from pathlib import Path

import pytest

from gptexit.files.disk import write_whole


def test_an_error_names_the_file_that_was_to_be_written(tmp_path: Path) -> None:
    wanted = tmp_path / "gone" / "report.json"
    with pytest.raises(FileNotFoundError) as raised:
        write_whole(wanted, b"{}")
    assert raised.value.filename == str(wanted)
    assert ".part" not in str(raised.value)
