"""The application: routers put together, with what all of their calls share."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from orchestrion import AsyncClient
from orchestrion_gateway import api_pages, errors, schemas
from orchestrion_gateway.acting import ActingMiddleware
from orchestrion_gateway.boundary import Boundary, BoundaryMiddleware
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.hugginggpt import calls as hugginggpt_calls
from orchestrion_gateway.hugginggpt import files as hugginggpt_files
from orchestrion_gateway.mcp_server import endpoint as mcp_endpoint
from orchestrion_gateway.openai_api import app as openai_app
from orchestrion_gateway.openai_api.shared_state import OpenAiState
from orchestrion_gateway.rest import artifacts, health, hosts, models, offers, plans, runs
from orchestrion_gateway.rest.shared import Shared
from orchestrion_gateway.streaming import StreamSettings
from orchestrion_gateway.web import page

_OPENAPI_URL: Final = "/api/v1/openapi.json"
_PREFIX: Final = "/api/v1"

_DESCRIPTION: Final = """\
Runs, plans, artifacts, model hosts and experts over HTTP. Bodies are the proto3 JSON of the API's messages. What goes
on is a stream of server-sent events.
"""


def create_app(config: GatewayConfig, client: AsyncClient, ending: asyncio.Event) -> FastAPI:
    """Makes the application.

    Args:
        config: The settings.
        client: The client of the controller, which all calls share; who made it closes it.
        ending: Set when the gateway stops: streams of events then end.
    """
    app = FastAPI(
        title="Orchestrion",
        version=version("orchestrion"),
        description=_DESCRIPTION,
        openapi_url=_OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.shared = Shared(config, client, StreamSettings(config.keep_alive_s, ending))
    for module in (runs, plans, artifacts, hosts, models, offers):
        app.include_router(module.router, prefix=_PREFIX)
    for module in (hugginggpt_calls, hugginggpt_files):
        app.include_router(module.router)
    app.include_router(health.router)
    app.router.routes.append(mcp_endpoint.route(config, client, ending))
    app.mount(openai_app.PREFIX, openai_app.create(OpenAiState(config, client, app.state.shared.streams)))
    app.include_router(page.router)
    errors.install(app)
    api_pages.install(app, _OPENAPI_URL)
    app.openapi = schemas.complete(app)  # type: ignore[method-assign]  # As FastAPI's guide has it.
    if config.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=config.allowed_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[
                "Content-Disposition",
                "Content-Range",
                "ETag",
                "Location",
                "Mcp-Session-Id",
                "Retry-After",
            ],
        )
    app.add_middleware(ActingMiddleware)
    # The one added last stands in front.
    app.add_middleware(BoundaryMiddleware, boundary=Boundary.of(config))
    return app
