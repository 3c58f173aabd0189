"""The application under `/v1`: its routers, and errors in OpenAI's form for all of them, also for what is not there."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from orchestrion_gateway.openai_api import (
    api_errors,
    chat,
    embeddings,
    files,
    images,
    models,
    moderations,
    responses,
    speech,
    transcriptions,
)
from orchestrion_gateway.openai_api.shared_state import OpenAiState

PREFIX: Final = "/v1"

_ROUTERS: Final = (models, chat, responses, embeddings, transcriptions, speech, images, moderations, files)


def create(state: OpenAiState) -> FastAPI:
    """Makes the application, to be mounted under `PREFIX`."""
    app = FastAPI(title="Orchestrion, as OpenAI's API", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.openai = state
    for module in _ROUTERS:
        app.include_router(module.router)
    api_errors.install(app)
    return app
