"""A server of an archive, as a process of its own, and the official SDK's client beside it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import TextContent

SERVER = [sys.executable, "-P", "-m", "gptexit", "mcp"]


def talk(
    archive: Path,
    conversation: Callable[[ClientSession], Awaitable[Any]],
    *,
    before: Sequence[str] = (),
    **environment: str,
) -> Any:
    """What the coroutine function `conversation` gives for a session with a server."""
    command, *arguments = [*before, *SERVER, str(archive)]

    async def held() -> Any:
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


async def ask(session: ClientSession, tool: str, **arguments: Any) -> tuple[bool, str, Any]:
    """A tool's answer; whether it is an error, its text, and its data."""
    result = await session.call_tool(tool, arguments)
    (block,) = result.content
    assert isinstance(block, TextContent)
    return result.is_error, block.text, result.structured_content


def asked(archive: Path, tool: str, **arguments: Any) -> Any:
    """The same, of a server of its own."""
    return talk(archive, functools.partial(ask, tool=tool, **arguments))
