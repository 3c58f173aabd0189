"""The calls of `orchestrion.v1.ModelHostService` about models."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from google.protobuf import empty_pb2

from orchestrion._codec import codec
from orchestrion.errors import Reason
from orchestrion.models import ModelProgress
from orchestrion.v1 import experts_pb2
from orchestrion.v1 import model_host_service_pb2 as messages
from orchestrion.v1.model_host_service_pb2_grpc import ModelHostServiceServicer
from orchestrion_host.models import listing
from orchestrion_host.models.adding import AddRequest
from orchestrion_host.models.library import ModelLibrary
from orchestrion_serving.interceptors import Context

_DEFAULT_LIMIT: Final = 20
_LARGEST_LIMIT: Final = 100


class ModelCalls(ModelHostServiceServicer):
    """Serves the catalogue: what there is, and how it changes. A part of the host's servicer."""

    def __init__(self, library: ModelLibrary) -> None:
        """Keeps the models."""
        self._library = library

    async def AddModel(self, request: messages.AddModelRequest, context: Context) -> experts_pb2.Expert:
        facts = await self._library.adding.add(
            AddRequest(
                model=request.model,
                revision=request.revision,
                task_types=tuple(request.task_types),
                expert_id=request.expert_id,
                allow_pickled_weights=request.allow_pickled_weights,
                allow_remote_code=request.allow_remote_code,
            )
        )
        return codec.encode(self._library.collection.peek(facts.id).describe())

    async def PullModel(
        self, request: messages.PullModelRequest, context: Context
    ) -> AsyncIterator[messages.ModelProgress]:
        async for progress in _encoded(self._library.pulling.pull(request.expert_id)):
            yield progress

    async def RemoveModel(self, request: messages.RemoveModelRequest, context: Context) -> empty_pb2.Empty:
        await self._library.removing.remove(request.expert_id)
        return empty_pb2.Empty()

    async def RefreshModels(
        self, request: messages.RefreshModelsRequest, context: Context
    ) -> AsyncIterator[messages.ModelProgress]:
        async for progress in _encoded(self._library.refreshing.refresh(request.expert_ids)):
            yield progress

    async def ExportModel(
        self, request: messages.ExportModelRequest, context: Context
    ) -> AsyncIterator[messages.ModelProgress]:
        async for progress in _encoded(self._library.exports.export(request.expert_id, request.task_type)):
            yield progress

    async def ListModels(self, request: messages.ListModelsRequest, context: Context) -> messages.ListModelsResponse:
        collection = self._library.collection
        return messages.ListModelsResponse(
            models=[codec.encode(model) for model in listing.models(collection, request.task_type, request.profile)],
            profiles=[codec.encode(profile) for profile in listing.all_profiles(collection)],
        )

    async def SearchModels(
        self, request: messages.SearchModelsRequest, context: Context
    ) -> messages.SearchModelsResponse:
        if not 0 <= request.limit <= _LARGEST_LIMIT:
            text = f"limit must be from 1 to {_LARGEST_LIMIT}, or 0 for {_DEFAULT_LIMIT}."
            raise Reason.INVALID_FIELD.error(text, field="limit")
        models = await self._library.search(request.task_type, request.text, request.limit or _DEFAULT_LIMIT)
        return messages.SearchModelsResponse(models=[codec.encode(model) for model in models])


async def _encoded(progress: AsyncGenerator[ModelProgress, None]) -> AsyncGenerator[messages.ModelProgress, None]:
    async with contextlib.aclosing(progress) as steps:
        async for step in steps:
            yield codec.encode(step)
