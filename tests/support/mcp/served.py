"""A server of an archive, as a process of its own, and the official SDK's client beside it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client

SERVER = [sys.executable, "-P", "-m", "gptexit", "mcp"]


def talk(archive: Path, conversation, *, before: Sequence[str] = (), **environment: str):
    """What the coroutine function `conversation` gives for a session with a server."""
    command, *arguments = [*before, *SERVER, str(archive)]

    async def held():
        parameters = StdioServerParameters(
            command=command, args=arguments, env={**os.environ, **environment}
        )
        async with (
            stdio_client(parameters) as (reading, writing),
            ClientSession(reading, writing) as session,
        ):
            with anyio.fail_after(30):
                await session.initialize()
                return await conversation(session)

    return anyio.run(held)


async def ask(session, tool, **arguments):
    """A tool's answer; whether it is an error, its text, and its data."""
    result = await session.call_tool(tool, arguments)
    (block,) = result.content
    return result.is_error, block.text, result.structured_content


def asked(archive, tool, **arguments):
    """The same, of a server of its own."""
    return talk(archive, functools.partial(ask, tool=tool, **arguments))
