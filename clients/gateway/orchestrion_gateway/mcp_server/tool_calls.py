"""Calls of tools: arguments are read, files stored, a run is started and followed, and its outcome returned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, InputRequiredResult

from orchestrion import ArtifactRef, AsyncClient, OrchestrionError, Plan, Reason, Task, TaskType
from orchestrion.answers import answer_of
from orchestrion_gateway.mcp_server import files, folders, offers, results
from orchestrion_gateway.mcp_server.arguments import checked, files_among, inputs_of
from orchestrion_gateway.mcp_server.following import GONE, followed, unless_gone
from orchestrion_gateway.mcp_server.offers import ASK
from orchestrion_gateway.mcp_server.tool_schemas import input_schema
from orchestrion_gateway.mcp_server.tools import ask_schema

Connect: TypeAlias = Callable[[], Awaitable[AsyncClient]]
"""Returns the client of the controller, which it may take a while to have."""
Context: TypeAlias = ServerRequestContext[Any, Any]

_TASK: Final = "task"


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Which local files calls may name."""

    folders: tuple[Path, ...] = ()
    """The folders that the operator lets them be in, beside the roots that a client declares."""


class ToolCalls:
    """Carries out calls."""

    def __init__(self, connect: Connect, local: LocalFiles | None) -> None:
        """Does nothing yet.

        Args:
            connect: Returns the client of the controller.
            local: Which local files may be named; None for none at all.
        """
        self._connect = connect
        self._local = local

    async def call(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        """Calls a tool; what fails is a result, too, for the model to read.

        Raises:
            MCPError: There is no such tool.
        """
        outcome: CallToolResult | InputRequiredResult | MCPError
        outcome = results.error_result(Reason.CLIENT_LEFT.error("Nobody waits for the result."))

        async def work() -> None:
            nonlocal outcome
            try:
                outcome = await self._outcome(ctx, params)
            except MCPError as error:
                outcome = error

        gone: asyncio.Event | None = ctx.request.scope.get(GONE) if ctx.request is not None else None
        await unless_gone(gone.wait if gone is not None else None, work)
        if isinstance(outcome, MCPError):
            raise outcome
        return outcome

    async def _outcome(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        try:
            client = await self._connect()
            if params.name == ASK:
                return await self._ask(ctx, params, client)
            offered = await offers.current(client)
            offer = offered.get(params.name)
            if offer is None:
                names = ", ".join((ASK, *offered))
                raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name[:100]}. On offer now are: {names}.")
            return await self._task(ctx, params, client, offer.task_type)
        except OrchestrionError as error:
            return results.error_result(error)
        except OSError as error:
            problem = f"{error.filename}: {error.strerror}." if error.filename else f"{error}."
            return results.error_result(Reason.INVALID_FIELD.error(problem, field="files"))

    async def _ask(
        self, ctx: Context, params: CallToolRequestParams, client: AsyncClient
    ) -> CallToolResult | InputRequiredResult:
        wanted = checked(params.arguments, ask_schema(local_files=self._local is not None))
        names = wanted.get("files", [])
        attached = await self._stored(ctx, params, client, names)
        if isinstance(attached, InputRequiredResult):
            return attached
        events = client.run(
            wanted["request"], [attached[name] for name in names], previous_run=wanted.get("previous_run", "")
        )
        run = await followed(client, events, ctx.session.report_progress)
        return await results.answer_result(client, answer_of(run))

    async def _task(
        self, ctx: Context, params: CallToolRequestParams, client: AsyncClient, task_type: TaskType
    ) -> CallToolResult | InputRequiredResult:
        wanted = checked(params.arguments, input_schema(task_type, local_files=self._local is not None))
        attached = await self._stored(ctx, params, client, files_among(task_type, wanted))
        if isinstance(attached, InputRequiredResult):
            return attached
        plan = Plan((Task(_TASK, task_type.name, inputs_of(task_type, wanted, attached)),))
        run = await followed(client, client.execute(plan), ctx.session.report_progress)
        (result,) = run.results
        if not result.succeeded:
            raise result.error.exception() if result.error else Reason.INTERNAL.error("The task did not succeed.")
        return await results.task_result(client, task_type, result)

    async def _stored(
        self, ctx: Context, params: CallToolRequestParams, client: AsyncClient, texts: Iterable[str]
    ) -> Mapping[str, ArtifactRef] | InputRequiredResult:
        """Stores the files that a call names; or returns what asks the client for its roots first."""
        named = files.named(texts, local_files=self._local is not None)
        paths = {text: file for text, file in named.items() if isinstance(file, Path)}
        if paths and self._local is not None:
            allowed = self._local.folders
            # What the operator allows needs no word of the client.
            if not await asyncio.to_thread(folders.within, tuple(paths.values()), allowed):
                roots = await folders.declared(ctx, params)
                if isinstance(roots, InputRequiredResult):
                    return roots
                allowed = (*allowed, *roots)
            for text, path in paths.items():
                named[text] = await asyncio.to_thread(folders.readable, path, allowed)
        return await files.stored(client, named)
