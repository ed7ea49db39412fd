from __future__ import annotations

from typing import Any

import pytest

from gptexit.chatgpt.names import file_id
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.assets import AssetBook
from gptexit.readers.chatgpt.normalize.content import read_part


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("file-service://file-AbC123", "file-AbC123"),
        ("sediment://file_00ff", "file_00ff"),
        ("sediment://0123#file_00ff#p_0.jpg", "file_00ff#p_0"),
        ("file-AbC123-holiday.png", "file-AbC123"),
        ("dalle-generations/file-AbC-1234.webp", "file-AbC"),
        ("file_00ff.dat", "file_00ff"),
        ("file_synthetic_image", "file_synthetic_image"),
        ("odd", "odd"),
    ],
)
def test_the_file_id_in_every_spelling(pointer: str, expected: str) -> None:
    assert file_id(pointer) == expected


def test_a_voice_turn_gives_transcript_and_audio() -> None:
    book = AssetBook(lambda key: AssetInfo(member=f"{key}.dat"))
    audio = {
        "content_type": "audio_asset_pointer",
        "asset_pointer": "sediment://file_0a",
        "format": "wav",
    }
    turn = {
        "content_type": "real_time_user_audio_video_asset_pointer",
        "frames_asset_pointers": ["sediment://file_0b"],
        "video_container_asset_pointer": None,
        "audio_asset_pointer": audio,
    }
    said = {"content_type": "audio_transcription", "text": "hello", "direction": "in"}
    assert [part["type"] for raw in (said, turn) for part in read_part(raw, book)] == [
        "transcript",
        "audio",
        "image",
    ]
    assert book.assets["file_0a"]["media_type"] == "audio/wav"
    assert not book.assets["file_0a"]["missing"]


@pytest.mark.parametrize(
    "part",
    [3, [], {}, {"content_type": "image_asset_pointer"}, {"content_type": ["x"], "text": "w"}],
)
def test_what_is_not_known_is_carried_whole(part: Any) -> None:
    [found] = read_part(part, AssetBook(lambda key: AssetInfo()))
    assert found["type"] == "unknown"
    assert found["raw"] == part
