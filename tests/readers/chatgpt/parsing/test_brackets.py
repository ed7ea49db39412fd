"""The end of a value that is counted in bulk is the one that a look at each token finds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.readers.chatgpt.parsing import brackets
from gptexit.readers.chatgpt.parsing.brackets import counted_end
from gptexit.readers.chatgpt.parsing.json_scanner import Window, careful_end

_TEXTS = st.text(alphabet='"\\{}[]\n\u00e9a,:/', max_size=12)
_VALUES = st.recursive(
    _TEXTS | st.integers(0, 99) | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXTS, inner, max_size=5),
    max_leaves=40,
)


def _end(data: bytes, chunk: int, careful: bool) -> int:
    window = Window(io.BytesIO(data), chunk, 1 << 30)
    window.more()
    return (careful_end if careful else counted_end)(window, 0)


@given(
    value=st.lists(_VALUES, min_size=1, max_size=8),
    times=st.integers(1, 30),
    behind=st.sampled_from([b"", b",{", b'"]', b"]}}", b"\\"]),
    chunk=st.integers(1, 400),
    step=st.integers(2, 300),
)
def test_of_any_json(value: Any, times: int, behind: bytes, chunk: int, step: int) -> None:
    data = json.dumps(value * times, ensure_ascii=False).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brackets, "_STEP", step)
        patch.setattr(brackets, "_FINE", max(1, step // 8))
        assert _end(data + behind, chunk, careful=False) == len(data)
    assert _end(data + behind, chunk, careful=True) == len(data)


@pytest.mark.parametrize("cut", [1, 2, 5_000, 100_000])
def test_of_what_is_cut_off_none_is_seen(cut: int) -> None:
    data = json.dumps([{"a": ['{"b": "\\"]"}'] * 20}] * 500).encode()
    assert _end(data, 1 << 16, careful=False) == len(data)
    assert _end(data[:-cut], 1 << 16, careful=False) == -1


@pytest.mark.parametrize("sign", [b"[", b"{", b'\\"', b"\\", b'"', b'[""]', b"[]{", b'"\\"{'])
def test_whatever_the_signs_it_comes_to_an_end(sign: bytes) -> None:
    data = b"[" + sign * (1_000_000 // len(sign))
    assert _end(data, 1 << 20, careful=False) <= len(data)
