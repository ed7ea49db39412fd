"""A small export with what is hard to move: versions, a picture, thoughts, code, sources."""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from pathlib import Path

from support.build import add, chain, conversation, message

TITLE = "A garden on the north side"
PICTURE = "file-GardenNorth00000000001"
QUESTION = "This is my garden, on the north side of the house. What will grow there, and how much?"
FIRST = "Ferns, hostas and hellebores stand shade well."
SECOND = (
    "Go for **ferns** and **hostas**: both stand deep shade. \ue200cite\ue202turn0search0\ue201 "
    "Hellebores flower from January. "
    "\ue200cite\ue202turn0search1\ue202turn0search0\ue201\n\n"
    "| plant | distance | for your bed |\n|---|--:|--:|\n"
    "| fern | 50 cm | 12 |\n| hosta | 40 cm | 20 |\n\n"
    "In short: $n = \\lfloor A / d^2 \\rfloor$ plants on an area $A$ at a distance $d$."
)
THOUGHT = "A north side has two hours of sun at most, so plants for deep shade."
CODE = "area = 3.0 * 1.0\nprint(int(area / 0.5**2), int(area / 0.4**2) + 2)"


def picture(width: int = 480, height: int = 270) -> bytes:
    """Hills under an evening sky, as a PNG."""
    rows = []
    for y in range(height):
        row = bytearray(b"\0")
        for x in range(width):
            near = height * (0.72 + 0.06 * math.sin(x / 60) + 0.02 * math.sin(x / 11))
            far = height * (0.55 + 0.10 * math.sin(x / 95 + 2))
            sun = math.hypot(x - width * 0.7, y - height * 0.4)
            if y > near:
                row += bytes((34, 84 + (y - int(near)) // 3, 48))
            elif y > far:
                row += bytes((70, 120, 110))
            elif sun < 26:
                row += bytes((255, 226, 150))
            else:
                row += bytes((250 - y // 3, 190 - y // 4, 140 + y // 3))
        rows.append(bytes(row))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    blocks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in blocks
    )


def export(path: Path) -> Path:
    """Write it."""
    image = {
        "content_type": "image_asset_pointer",
        "asset_pointer": f"file-service://{PICTURE}",
        "width": 480,
        "height": 270,
    }
    pages = [
        {
            "ref_id": {"turn_index": 0, "ref_type": "search", "ref_index": at},
            "url": f"https://example.org/{name}",
            "title": title,
        }
        for at, (name, title) in enumerate(
            (("shade", "Plants for deep shade"), ("hellebores", "Hellebores through the year"))
        )
    ]
    found = {"search_result_groups": [{"type": "search_result_group", "entries": pages}]}
    mapping = chain(
        message("user", {"content_type": "multimodal_text", "parts": [image, QUESTION]}),
        message("assistant", FIRST, metadata={"model_slug": "gpt-4o"}),
    )
    thoughts = [{"summary": "How much light", "content": THOUGHT}]
    above = "m1"
    for key, each in (
        ("think", message("assistant", {"content_type": "thoughts", "thoughts": thoughts})),
        (
            "recap",
            message(
                "assistant", {"content_type": "reasoning_recap", "content": "Thought for 7 seconds"}
            ),
        ),
        (
            "call",
            message(
                "assistant",
                {"content_type": "code", "language": "python", "text": CODE},
                recipient="python",
            ),
        ),
        (
            "result",
            message("tool", {"content_type": "execution_output", "text": "12 20"}, name="python"),
        ),
        ("answer", message("assistant", SECOND, metadata={"model_slug": "gpt-5", **found})),
        ("thanks", message("user", "Thank you. And in a pot?")),
        ("pot", message("assistant", "A hosta will do, in a pot of 30 cm.")),
    ):
        add(mapping, key, above, each)
        above = key
    raw = conversation(mapping, title=TITLE, default_model_slug="gpt-5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps([raw]))
        archive.writestr(f"{PICTURE}-garden.png", picture())
    return path
