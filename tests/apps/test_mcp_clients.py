"""The server and its entry, tried by clients of other people: MCP Inspector, Claude Code and Gemini
CLI, in the versions named here. Claude Desktop is in no package registry."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.apps import node
from support.mcp import chats

CLIENTS = {
    "claude-code": ("claude", "@anthropic-ai/claude-code@2.1.331", ".claude.json"),
    "gemini-cli": ("gemini", "@google/gemini-cli@0.61.0", ".gemini/settings.json"),
}
LONG = "long-0000-1111"
TEXTS = [f"Message {n} on trams.\n\n```py\nx = {n}\n```" for n in range(60)] + ["long, " * 9_000]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("archive")
    return chats.archive(
        folder, chats.talk("Trams", TEXTS, LONG), chats.talk("Hills", ["Which?"], "short-1")
    )


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> None:
    tried = shutil.which("unshare") and subprocess.run(["unshare", "-rn", "true"], check=False)
    if not tried or tried.returncode:
        pytest.skip("this system makes no network namespaces")


@pytest.fixture(scope="module")
def inspector(archive: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Asks the server by the inspector's command line: an exit code, and what it printed."""
    modules = node.installed("inspector", "@modelcontextprotocol/inspector@2.12.0")
    home = tmp_path_factory.mktemp("home")
    install(home, "claude-desktop", archive)
    config = home / ".config/Claude/claude_desktop_config.json"

    def ask(method: Any, **options: Any) -> Any:
        words = ["--cli", "-q", "--format", "json", "--config", str(config)]
        words += ["--server", "chatgpt-archive", "--method", method]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", value]
        code, out, err = node.run(modules, "mcp-inspector", words, home)
        return code, json.loads(out or err)

    return ask


def install(home: Any, client: Any, archive: Any) -> None:
    command = [sys.executable, "-m", "gptexit", "mcp", "--install", client, "--write", str(archive)]
    subprocess.run(command, env={"HOME": str(home), "PATH": ""}, check=True, capture_output=True)


def call(inspector: Any, tool: Any, **given: Any) -> Any:
    code, said = inspector("tools/call", tool_name=tool, tool_args_json=json.dumps(given))
    return code, said["result"]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_lists_the_tools(inspector: Any, era: Any) -> None:
    code, said = inspector("tools/list", protocol_era=era)
    tools = {tool["name"]: tool["annotations"] for tool in said["result"]["tools"]}
    assert code == 0
    assert len(tools) == 5
    assert all(hints["readOnlyHint"] and not hints["openWorldHint"] for hints in tools.values())


def test_the_inspector_reads_a_conversation_to_its_end(inspector: Any) -> None:
    pieces: list[Any] = []
    cursor: dict[str, Any] | None = {}
    while cursor is not None:
        code, said = call(inspector, "read_conversation", id=LONG, characters=30_000, **cursor)
        assert code == 0
        data = said["structuredContent"]
        pieces += [piece["text"] for piece in data["messages"]]
        cursor = {"cursor": data["next_cursor"]} if data["next_cursor"] else None
    assert "".join(pieces) == "".join(TEXTS)


@pytest.mark.parametrize(
    ("tool", "given", "why"),
    [
        ("read_conversation", {"id": "nobody"}, "no conversation"),
        ("read_conversation", {"id": "../../etc/passwd"}, "no conversation"),
        ("read_conversation", {"id": "' OR 1=1 --"}, "no conversation"),
        ("search", {"words": "x" * 100_000}, "100,000 characters"),
        ("search", {"words": 'NEAR("'}, ""),
        ("search", {"words": 5}, "has to be a text"),
    ],
    ids=range(6),
)
def test_what_the_inspector_asks_amiss_gets_a_sentence(
    inspector: Any, tool: Any, given: Any, why: Any
) -> None:
    _, said = call(inspector, tool, **given)
    (block,) = said["content"]
    assert why in block["text"]
    assert bool(said.get("isError")) == bool(why)


def test_the_inspector_finds_resources(inspector: Any) -> None:
    code, said = inspector("resources/list")
    assert code == 0
    uris = {resource["uri"] for resource in said["result"]["resources"]}
    assert uris == {f"chatgpt://conversation/{LONG}", "chatgpt://conversation/short-1"}
    code, said = inspector("resources/read", uri="chatgpt://conversation/short-1")
    assert code == 0
    assert "Which?" in said["result"]["contents"][0]["text"]
    code, said = inspector("resources/read", uri="chatgpt://conversation/nobody")
    assert code != 0
    assert "no conversation" in said["error"]["message"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "before", ["", '{\n  "mcpServers": {"other": {"command": "/bin/false"}}\n}\n']
)
def test_a_client_reads_what_was_written_and_connects(
    client: Any, before: Any, archive: Any, tmp_path: Path
) -> None:
    program, package, config = CLIENTS[client]
    modules = node.installed(client, package)
    path = tmp_path / config
    path.parent.mkdir(exist_ok=True)
    if before:
        path.write_text(before)
    (tmp_path / ".gemini").mkdir(exist_ok=True)
    trusted = json.dumps({str(tmp_path): "TRUST_FOLDER"})
    (tmp_path / ".gemini/trustedFolders.json").write_text(trusted)
    install(tmp_path, client, archive)
    code, out, err = node.run(modules, program, ["mcp", "list"], tmp_path)
    assert code == 0
    lines = [line for line in (out + err).splitlines() if "chatgpt-archive:" in line]
    assert len(lines) == 1
    assert "Connected" in lines[0]
    assert str(archive / "chatgpt.sqlite") in lines[0]
    assert ("other:" in out + err) == bool(before)


def test_claude_code_takes_the_entry_for_its_own_and_removes_it(
    archive: Any, tmp_path: Path
) -> None:
    program, package, config = CLIENTS["claude-code"]
    modules = node.installed("claude-code", package)
    install(tmp_path, "claude-code", archive)
    code, out, _ = node.run(modules, program, ["mcp", "get", "chatgpt-archive"], tmp_path)
    assert code == 0
    assert "User config" in out
    assert "Connected" in out
    remove = ["mcp", "remove", "chatgpt-archive", "-s", "user"]
    assert node.run(modules, program, remove, tmp_path)[0] == 0
    assert json.loads((tmp_path / config).read_text())["mcpServers"] == {}
