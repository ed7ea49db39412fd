"""An export whose words and files try to run in a page, to load something, or to lead away."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from support.build import chain, conversation, message

AWAY = "http://192.0.2.1"
"""An address that nobody has."""
RUN = "window.ran=1;alert(1)"
WORDS = (
    f"<script>{RUN}</script>",
    f"</article></main><script>{RUN}</script>",
    f'<img src="{AWAY}/a.png" onerror="{RUN}">',
    f'<iframe src="{AWAY}/"></iframe><object data="{AWAY}/o"></object><embed src="{AWAY}/e">',
    f'<meta http-equiv="refresh" content="0;url={AWAY}/">',
    f'<base href="{AWAY}/"><link rel="stylesheet" href="{AWAY}/s.css">',
    f"<style>@import url({AWAY}/i.css); body {{ background: url({AWAY}/b.png) }}</style>",
    f'<svg onload="{RUN}"><image href="{AWAY}/v.png"/></svg>',
    f'<form action="{AWAY}/"><button autofocus onfocus="{RUN}">go</button></form>',
    f'<video src="{AWAY}/v.mp4" autoplay></video><audio src="{AWAY}/a.mp3" autoplay></audio>',
    f"![picture]({AWAY}/p.png) ![again][1]\n\n[1]: {AWAY}/q.png",
    f"[click](javascript:{RUN}) <javascript:{RUN}> [data](data:text/html,<script>{RUN}</script>)",
    "[file](file:///etc/passwd) ![file](file:///etc/passwd) [out](../../../../etc/passwd)",
    f'[x](https://example.org "\\" onmouseover=\\"{RUN}")',
    f'```html\n<script>{RUN}</script>\n```\n\n```"><script>{RUN}</script>\ncode\n```',
    f"$\\href{{javascript:{RUN}}}{{x}} \\text{{</math><script>{RUN}</script>}}$",
    f"| a | b |\n|---|---|\n| <img src={AWAY}/t.png> | <b onclick={RUN}>b</b> |",
)
SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="{RUN}">'
    f'<script>{RUN}</script><image href="{AWAY}/i.png" width="9" height="9"/></svg>'
)  # fmt: skip


def export(path: Path) -> Path:
    """Write it."""
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Drawn1"}
    raws = []
    for number, words in enumerate(WORDS, 1):
        mapping = chain(
            message("user", words),
            message("assistant", words, metadata={"model_slug": words}),
            message("user", {"content_type": "multimodal_text", "parts": [pointer, words]}),
            message("tool", {"content_type": "execution_output", "text": words}, name=words),
        )
        key = f"c0ffee00-0000-4000-8000-{number:012}"
        ids = {"conversation_id": key, "id": key, "gizmo_id": f'g-"><script>{RUN}</script>'}
        raws.append(conversation(mapping, title=words, **ids))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps(raws))
        archive.writestr("file-Drawn1-drawing.svg", SVG)
    return path
