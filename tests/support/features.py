"""What survives in each format: `python tests/renew.py` renews the table in docs/features.md.

One export holds one thing of each kind, told by a word or by bytes that stand nowhere else. It is
converted to each format with the options that a person gets without choosing; a thing survives
where its word or its bytes are in some file of the output.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gptexit.conversion import convert
from gptexit.writers.registry import FORMATS
from support.build import add, chain, conversation, message
from support.exports import ROOT

DOCUMENT = ROOT / "docs/features.md"
_TABLE = re.compile(r"(?<=<!-- features -->\n).*?(?=\n\n|\Z)", re.DOTALL)
PICTURE, RECORDING = b"\x89PNG\r\n\x1a\nsundial", b"RIFF0000WAVEharpsichord"
PDF, LOOSE = b"%PDF-1.4 marmalade", b"GIF89a caterpillar"
ASSETS = {
    "file_00000000000000000000000000000001-drawing.png": PICTURE,
    "file_00000000000000000000000000000002-voice.wav": RECORDING,
    "file_00000000000000000000000000000003-paper.pdf": PDF,
    "file_00000000000000000000000000000004-loose.gif": LOOSE,
}
POINTER = "sediment://file_0000000000000000000000000000000"
CITE = "\ue200cite\ue202turn0search0\ue201"
FEATURES: dict[str, str | bytes] = {
    "what you wrote": "quokka",
    "ChatGPT's answers": "wombat",
    "title of the conversation": "platypus",
    "time of each message": "time",
    "model of each answer": "gpt-echidna",
    "generated picture": PICTURE,
    "recording": RECORDING,
    "uploaded file": PDF,
    "name of an uploaded file": "almanac",
    "file that no conversation mentions": LOOSE,
    "source of an answer": "https://heron.example/page",
    "reasoning": "bandicoot",
    "code that ChatGPT ran": "numbat_of",
    "what the code printed": "potoroo",
    "canvas document": "thylacine",
    "passage that you replied to": "cassowary",
    "what ChatGPT noted as memory": "kookaburra",
    "custom instructions": "bilby",
    "other versions of a message": "dunnart",
    "hidden message": "quoll",
    "thumbs up or down": "feedback",
    "project": "g-p-0123456789abcdef0123456789abcdef",
    "custom GPT": "g-wallaroo1",
    "keys that gptexit does not know": "taipan",
}
"""By its name in the table: what tells it."""


def export(path: Path) -> Path:
    """An export that holds one thing of each kind."""
    code = {"content_type": "code", "language": "python", "text": "numbat_of(1)"}
    printed = {"content_type": "execution_output", "text": "potoroo"}
    made = {
        "content_type": "multimodal_text",
        "parts": [{"content_type": "image_asset_pointer", "asset_pointer": f"{POINTER}1"}],
    }
    spoken = {
        "content_type": "multimodal_text",
        "parts": [{"content_type": "audio_asset_pointer", "asset_pointer": f"{POINTER}2"}],
    }
    document = json.dumps({"name": "notes", "type": "document", "content": "The thylacine."})
    thought = {"content_type": "thoughts", "thoughts": [{"summary": "", "content": "A bandicoot."}]}
    about = {
        "content_type": "user_editable_context",
        "user_profile": "I keep a bilby.",
        "user_instructions": "Be brief.",
    }
    source = {
        "matched_text": CITE,
        "type": "grouped_webpages",
        "items": [{"title": "Herons", "url": "https://heron.example/page"}],
    }
    paper = {"id": "file_00000000000000000000000000000003", "name": "almanac.pdf"}
    mapping = chain(
        message("user", about, metadata={"is_visually_hidden_from_conversation": True}),
        message("system", "A quoll.", metadata={"is_visually_hidden_from_conversation": True}),
        message(
            "user",
            "Tell me of the quokka.",
            metadata={"attachments": [paper], "targeted_reply": "the cassowary", "taipan": 1},
            create_time=1_741_262_399.0,
        ),
        message("user", spoken),
        message("assistant", thought),
        message("assistant", code, recipient="python"),
        message("tool", printed, name="python"),
        message("tool", made, name="t2uay3k.sj1i4kz"),
        message("assistant", document, recipient="canmore.create_textdoc"),
        message("assistant", "The user keeps a kookaburra.", recipient="bio"),
        message("tool", "Model set context updated.", name="bio"),
        message(
            "assistant",
            f"Like a wombat. {CITE}",
            metadata={"model_slug": "gpt-echidna", "content_references": [source]},
            create_time=1_741_262_400.0,
        ),
    )
    last = next(reversed(mapping))
    add(mapping, "other", mapping[last]["parent"], message("assistant", "Like a dunnart."))
    talk = conversation(
        mapping,
        title="The platypus",
        current_node=last,
        gizmo_id="g-wallaroo1",
    )
    project = "g-p-0123456789abcdef0123456789abcdef"
    other = conversation(
        chain(message("user", "Hello."), message("assistant", "Hello.")),
        id="c0ffee00-0000-4000-8000-000000000002",
        conversation_id="c0ffee00-0000-4000-8000-000000000002",
        gizmo_id=project,
        conversation_template_id=project,
    )
    rated = [{"conversation_id": talk["id"], "id": last, "rating": "thumbs_up", "content": "{}"}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps([talk, other]))
        archive.writestr("message_feedback.json", json.dumps(rated))
        for name, data in ASSETS.items():
            archive.writestr(name, data)
    return path


def _bytes(folder: Path) -> Iterator[bytes]:
    """The bytes of every file of an archive, of ZIPs and databases what is in them."""
    for path in folder.rglob("*"):
        if not path.is_file() or ".gptexit" in path.parts:
            continue
        data = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from (archive.read(name) for name in archive.namelist())
        elif data.startswith(b"SQLite format 3"):
            yield "\n".join(sqlite3.connect(path).iterdump()).encode()
        else:
            yield data


def survives(feature: str, sign: str | bytes, data: bytes) -> bool:
    """Whether the output of a format has a thing."""
    if feature == "time of each message":
        # 6 March 2025, 11:59:59 UTC: as a number, or with its minute.
        return any(sign in data for sign in (b"1741262399", b"11:59"))
    if feature == "thumbs up or down":
        signs = (b"thumbs_up", b'"up"', b"thumbsUp", b"'up'", b"rated good")
        return any(sign in data for sign in signs)
    if isinstance(sign, bytes):
        return sign in data or base64.b64encode(sign)[:-4] in data
    return sign.encode() in data or sign.replace("/", "\\/").encode() in data


def table() -> dict[str, dict[str, bool]]:
    """For each feature and format whether it survives."""
    with tempfile.TemporaryDirectory() as folder:
        source = export(Path(folder) / "export.zip")
        outputs = {}
        for name in FORMATS:
            convert(source, Path(folder) / name, [name])
            outputs[name] = b"\0".join(_bytes(Path(folder) / name))
    return {
        feature: {name: survives(feature, sign, data) for name, data in outputs.items()}
        for feature, sign in FEATURES.items()
    }


def as_markdown(found: dict[str, dict[str, Any]]) -> str:
    """The table as Markdown."""
    lines = [f"| | {' | '.join(f'`{name}`' for name in FORMATS)} |"]
    lines.append(f"|---|{':-:|' * len(FORMATS)}")
    for feature, formats in found.items():
        marks = ("yes" if there else "–" for there in formats.values())
        lines.append(f"| {feature} | {' | '.join(marks)} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """The document with the table as it is now."""
    return _TABLE.sub(lambda _: as_markdown(table()), text)


def main() -> None:
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
