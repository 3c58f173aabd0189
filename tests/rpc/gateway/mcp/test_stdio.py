"""`orchestrion mcp`: the protocol over standard input and output, with local files, and how the process ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp_types import ListRootsResult, Root
from typer.testing import CliRunner

from orchestrion import AsyncClient
from orchestrion.runs import RunState
from orchestrion_gateway.mcp_command import mcp
from tests.doc_blocks import blocks_of
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import Gate, ScriptedHost
from tests.rpc.gateway.mcp.conftest import LEGACY, MODERN, names_of
from tests.rpc.gateway.mcp.test_lives import only_run
from tests.rpc.gateway.mcp.test_tools import PIXEL, reason_of, text_of

ROOT = Path(__file__).parents[4]
MODULE = "orchestrion_gateway.mcp_command"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRION_")}

Declares = Callable[..., Any]


def assistant_of(address: str, *flags: str, mode: str = MODERN, roots: Path | None = None) -> Client:
    """A client that starts the server, and declares a root perhaps."""

    async def declare(context: ClientRequestContext) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=roots.as_uri())] if roots else [])  # type: ignore[arg-type]  # A text.

    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", MODULE, "--address", address, *flags], env=ENVIRONMENT
    )
    callback = declare if roots is not None else None
    return Client(parameters, mode=mode, read_timeout_seconds=60, list_roots_callback=callback)


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_files_are_sent_from_the_roots_of_the_client_and_the_folders_of_the_operator_alone(
    address: str, poster_host: ScriptedHost, tmp_path: Path, mode: str
) -> None:
    root, folder, secret = tmp_path / "pictures", tmp_path / "more", tmp_path / "secret.png"
    root.mkdir()
    folder.mkdir()
    (folder / "my sign.png").write_bytes(PIXEL)
    secret.write_bytes(PIXEL)
    (root / "my sign.png").write_bytes(PIXEL)
    (root / "link.png").symlink_to(secret)
    reports: list[str | None] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        reports.append(message)

    async with assistant_of(address, "--folder", str(folder), mode=mode, roots=root) as assistant:
        assert await names_of(assistant) == ["ask", "poster-making"]
        for name in (str(root / "my sign.png"), (root / "my sign.png").as_uri(), str(folder / "my sign.png")):
            arguments = {"picture": name, "style": "loud"}
            result = await assistant.call_tool("poster-making", arguments, progress_callback=tell)
            assert result.structured_content["poster"]["file_name"] == "my sign.png", result
        for path in (secret, root / "link.png", root / ".." / "secret.png", Path("/etc/hostname")):
            refused = await assistant.call_tool("poster-making", {"picture": str(path), "style": "loud"})
            assert reason_of(refused) == "PERMISSION_DENIED"
            assert f"start the server with --folder {path.parent}" in text_of(refused)
        absent = await assistant.call_tool("poster-making", {"picture": str(root / "no.png"), "style": "loud"})
        assert (reason_of(absent), "no.png is no file" in text_of(absent)) == ("INVALID_FIELD", True)
        relative = await assistant.call_tool("poster-making", {"picture": "my sign.png", "style": "loud"})
        assert "the absolute path of a local file" in text_of(relative)
    assert "poster-making: runs on poster" in reports
    assert len(poster_host.calls) == 3


async def test_without_a_controller_there_is_one_tool_that_says_what_to_do() -> None:
    async with assistant_of("127.0.0.1:1") as assistant:
        assert await names_of(assistant) == ["ask"]
        result = await assistant.call_tool("ask", {"request": "Say hello."})
    assert reason_of(result) == "SERVER_UNREACHABLE"
    assert "Start one with `orchestrion up`" in text_of(result)


@asynccontextmanager
async def started(*flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, *flags, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.parametrize("way", ["end of input", "SIGTERM"])
async def test_it_ends_with_its_client_and_what_it_did_with_it(
    address: str, start_host: StartHost, client: AsyncClient, way: str
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    async with started("--address", address, "--log-level", "debug") as process:
        assert process.stdin is not None
        for message in (
            {"id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/call", "params": {"name": "test-delay", "arguments": {"text": "hello"}}},
        ):  # fmt: skip
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        await process.stdin.drain()
        await gate.entered.wait()
        if way == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        output, log = await process.communicate()
    assert process.returncode == 0, log
    assert b"Traceback" not in log
    # Nothing but the protocol is on standard output, whatever is logged.
    assert log
    messages = [json.loads(line) for line in output.splitlines()]
    assert [message["jsonrpc"] for message in messages] == ["2.0"] * len(messages)
    assert messages[0]["result"]["protocolVersion"] == "2025-06-18"
    await host.cancelled.wait()
    assert await only_run(client) == (RunState.CANCELLED, "CANCELLED")


def command_line() -> typer.Typer:
    """The command as a command line of its own."""
    app = typer.Typer()
    app.command()(mcp)
    return app


def test_flags_that_do_not_fit_are_refused() -> None:
    for flags, text in (
        (["--expert", "x.py:X"], "goes with --embedded"),
        (["--llm-expert", "x"], "goes with --embedded"),
        (["--folder", "/nowhere"], "does not exist"),
    ):
        result = CliRunner().invoke(command_line(), flags)
        assert (result.exit_code, text in result.output) == (2, True), result.output


def test_the_command_line_has_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["entry-points"]["orchestrion.commands"]["mcp"].partition(":")
    assert module == MODULE
    assert callable(getattr(import_module(module), function))


def test_the_page_for_assistants_has_settings_that_start_it() -> None:
    flags = {name for option in typer.main.get_command(command_line()).params for name in option.opts}
    blocks = [json.loads(block.text) for block in blocks_of("mcp.md") if block.language == "json"]
    started_by = [server for block in blocks for server in block.get("mcpServers", {}).values()]
    assert len(started_by) == 3
    for server in started_by:
        assert server["command"] == "orchestrion"
        assert server["args"][0] == "mcp"
        assert {word for word in server["args"] if word.startswith("--")} <= flags
        assert set(server.get("env", ())) <= {"ORCHESTRION_CONTROLLER"}
