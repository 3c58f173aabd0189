"""`orchestrion mcp`."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import exits, options
from orchestrion_gateway.command import LogLevel, not_installed

if TYPE_CHECKING:
    from orchestrion import AsyncClient

_log: Final = logging.getLogger(__name__)


def mcp(
    *,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            "--folder",
            exists=True,
            file_okay=False,
            metavar="FOLDER",
            envvar="ORCHESTRION_MCP_FOLDERS",
            help="A folder whose files the assistant may send by their paths, beside those that its client declares as "
            "roots. Repeatable; in the variable with : between.",
        ),
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a private controller and host for as long as this runs.")
    ] = False,
    expert: options.Experts = None,
    llm_expert: options.LlmExpert = None,
    address: options.Address = None,
    log_level: Annotated[
        LogLevel, typer.Option(envvar="ORCHESTRION_MCP_LOG_LEVEL", help="What is logged, to standard error.")
    ] = LogLevel.WARNING,
) -> None:
    """Serve the platform to an assistant, over standard input and output.

    For the settings of a client of the Model Context Protocol, which starts it. It ends when the client closes its
    standard input. `orchestrion gateway` serves the same over HTTP, at /mcp.
    """
    with exits.handled():
        if not embedded and (expert or llm_expert):
            name = "--expert" if expert else "--llm-expert"
            raise typer.BadParameter("goes with --embedded; `orchestrion up` has it too", param_hint=f"'{name}'")

        def connecting() -> AbstractAsyncContextManager[AsyncClient]:
            from orchestrion import AsyncClient, async_embedded

            if embedded:
                return async_embedded(experts=expert or (), llm_expert=llm_expert or "", log=_tell)
            return AsyncClient(address)

        try:
            from orchestrion_gateway.mcp_server import stdio, tool_calls
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
        stdio.run(connecting, tool_calls.LocalFiles(tuple(folder or ())), str(log_level))


def _tell(server: str, line: str) -> None:
    _log.info("%s | %s", server, line)


if __name__ == "__main__":
    typer.run(mcp)
