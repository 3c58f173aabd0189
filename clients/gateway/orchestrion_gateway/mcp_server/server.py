"""The server: which requests of the protocol it answers, and what answers them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp_types import (
    DiscoverResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    NotificationParams,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    RequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from orchestrion import AsyncClient, OrchestrionError
from orchestrion_gateway.mcp_server import offers, resources, tools
from orchestrion_gateway.mcp_server.changes import ToolListChanges
from orchestrion_gateway.mcp_server.offers import ASK, OfferedTaskType
from orchestrion_gateway.mcp_server.tool_calls import Connect, Context, LocalFiles, ToolCalls

_log: Final = logging.getLogger(__name__)

_INSTRUCTIONS: Final = """\
Orchestrion serves expert AI models: each tool but `ask` is a task that an expert here performs, and `ask` plans and \
carries out a request in plain words with all of them. The list of tools changes as model hosts come and go. Files \
that tools make are resources (orchestrion://artifacts/…); their URIs are what other tools take as files, also where a \
text is wanted and the file is one."""


class ProtocolServer(Server[None]):
    """Answers clients of the Model Context Protocol with what a controller offers."""

    def __init__(self, connect: Connect, local: LocalFiles | None = None) -> None:
        """Makes the server; nothing is sent yet.

        Args:
            connect: Returns the client of the controller, which it may take a while to have.
            local: Which local files calls may name; None for none at all.
        """
        self._connect = connect
        self._local_files = local is not None
        self._changes = ToolListChanges(connect)
        super().__init__(
            "orchestrion",
            title="Orchestrion",
            version=version("orchestrion"),
            instructions=_INSTRUCTIONS,
            lifespan=self._live,
            get_tool_input_schema=lambda _: None,  # No argument of a tool is sent as a header.
            on_list_tools=self._list_tools,
            on_call_tool=ToolCalls(connect, local).call,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=self._changes.listen,
        )
        self.add_notification_handler("notifications/initialized", NotificationParams, self._initialized)
        self.add_request_handler("server/discover", RequestParams, self._discover)

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Returns what a handshake tells a client; all transports ask for it without arguments."""
        options = notification_options or NotificationOptions(tools_changed=True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)

    @asynccontextmanager
    async def _live(self, _: Server[None]) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self._changes.close()

    async def _discover(self, ctx: Context, _: RequestParams) -> DiscoverResult:
        capabilities = self.get_capabilities(protocol_version=ctx.protocol_version)
        if capabilities.resources is not None:
            # Changes of the tools alone are told; the library takes them for all that is listed.
            capabilities.resources.list_changed = capabilities.resources.subscribe = False
        versions = list(MODERN_PROTOCOL_VERSIONS)
        return DiscoverResult(supported_versions=versions, capabilities=capabilities, instructions=_INSTRUCTIONS)

    async def _initialized(self, ctx: Context, _: NotificationParams) -> None:
        # Goes on for as long as the session does, whose end ends it.
        await self._changes.tell(ctx.session)

    async def _list_tools(self, _: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        offered: Mapping[str, OfferedTaskType] = {}
        try:
            offered = await offers.current(await self._connect())
        except OrchestrionError as error:
            # Whoever calls the tool that is left is told what is wrong, and what to do.
            _log.warning("no tool but `%s` is on offer: %s", ASK, error.message)
        self._changes.listed(offered)
        return ListToolsResult(tools=tools.tools_of(offered.values(), local_files=self._local_files))

    async def _list_resources(self, _: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        return await resources.page(await self._reached(), params.cursor if params else None)

    async def _list_templates(self, _: Context, __: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        return resources.TEMPLATES

    async def _read_resource(self, _: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        return await resources.read(await self._reached(), params.uri)

    async def _reached(self) -> AsyncClient:
        try:
            return await self._connect()
        except OrchestrionError as error:
            raise resources.protocol_error(error) from error
