"""`--redact`, and what is said of it at the end of a run."""

from __future__ import annotations

from typing import Any

import click

from gptexit.redact import CannotRedact
from gptexit.text.terminal import count
from gptexit.writers.base import NOTHING, SECRETS

redact_option = click.option(
    "--redact",
    type=click.Choice([SECRETS, NOTHING]),
    help="Replace API keys, tokens, private keys and passwords by marks, and list them in "
    "redacted.csv. [default: secrets for packs, which go to another company; nothing for archives]",
)
_KINDS = 5
"""Kinds that the summary names."""


def cannot_redact(error: CannotRedact) -> str:
    """What to do about it."""
    return f"{error}. To write a pack with all secrets in it: --redact nothing."


def redacted(report: dict[str, Any]) -> list[str]:
    """What was taken out, and where nothing could be looked for."""
    without = [each for each in report["targets"] if each["redact"] == SECRETS]
    lines = [_taken_out(report["redacted"], without)] if without else []
    if report["redacted"] and report["redacted"]["unsearched"]:
        lines.append(
            f"Not searched for secrets: {count(report['redacted']['unsearched'], 'file')}, such as "
            "pictures, PDFs, Office files and ZIPs."
        )
    return lines


def _taken_out(found: dict[str, Any], without: list[dict[str, Any]]) -> str:
    formats = ", ".join(each["format"] for each in without)
    if not found["secrets"]:
        return f"Searched for secrets in {formats}: none found."
    kinds = sorted(found["kinds"].items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{number:,} × {kind}" for kind, number in kinds[:_KINDS])
    rest = f", and {len(kinds) - _KINDS:,} more kinds" if len(kinds) > _KINDS else ""
    where = next((each["out"] for each in without if each["out"] != "-"), None)
    listed = f"; {where}/redacted.csv lists them" if where else ""
    places = count(found["conversations"], "conversation or file", "conversations or files")
    return (
        f"Redacted in {formats}: {count(found['secrets'], 'secret')} ({named}{rest}) in "
        f"{places}{listed}."
    )
