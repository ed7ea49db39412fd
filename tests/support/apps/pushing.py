"""`gptexit push open-webui`, run as a process of its own."""

import os
import subprocess
import sys

PUSH = [sys.executable, "-m", "gptexit", "push", "open-webui"]


def start(app, *arguments, url=None, **rest):
    return subprocess.Popen(
        [*PUSH, *map(str, arguments), "--url", url or app.url],
        env={**os.environ, "OPEN_WEBUI_API_KEY": rest.pop("key", app.token)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **rest,
    )


def push(app, *arguments, **rest):
    """Run it to its end: exit code, standard output, standard error."""
    process = start(app, *arguments, **rest)
    out, err = process.communicate(timeout=900)
    assert "Traceback" not in err
    assert rest.get("key", app.token) not in out + err
    return process.returncode, out, err
