"""`gptexit push open-webui`, run as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from support.apps.house import Running

PUSH = [sys.executable, "-m", "gptexit", "push", "open-webui"]


def start(
    app: Running, *arguments: object, url: str | None = None, **rest: Any
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PUSH, *map(str, arguments), "--url", url or app.url],
        env={**os.environ, "OPEN_WEBUI_API_KEY": rest.pop("key", app.token)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **rest,
    )


def push(app: Running, *arguments: object, **rest: Any) -> tuple[int, str, str]:
    """Run it to its end: exit code, standard output, standard error."""
    process = start(app, *arguments, **rest)
    out, err = process.communicate(timeout=900)
    assert "Traceback" not in err
    assert rest.get("key", app.token) not in out + err
    return process.returncode, out, err
