"""`inference.GRPCInferenceService`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Final

from google.protobuf import json_format

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.open_inference import descriptions, grpc_messages
from orchestrion_host.open_inference.calls import ProtocolCalls
from orchestrion_host.open_inference.messages import ModelAnswer
from orchestrion_host.open_inference.repository import ModelRepository
from orchestrion_host.open_inference.streams import RequestStream
from orchestrion_host.open_inference.v2 import grpc_service_pb2 as messages
from orchestrion_host.open_inference.v2.grpc_service_pb2_grpc import GRPCInferenceServiceServicer
from orchestrion_serving.interceptors import Context

_log = logging.getLogger(__name__)
# What an answer on a stream is wrapped in.
_STREAM_BYTES: Final = 16
# What is kept of a deadline to answer before it passes.
_ANSWER_MARGIN_S: Final = 0.1


class OpenInferenceServicer(GRPCInferenceServiceServicer):
    """Serves the Open Inference Protocol over gRPC."""

    def __init__(self, calls: ProtocolCalls, repository: ModelRepository, max_message_bytes: int) -> None:
        """Keeps what runs requests, what answers everything else, and how many bytes an answer may have."""
        self._calls = calls
        self._max_message_bytes = max_message_bytes
        self._repository = repository

    async def ServerLive(self, request: messages.ServerLiveRequest, context: Context) -> messages.ServerLiveResponse:
        return messages.ServerLiveResponse(live=True)

    async def ServerReady(self, request: messages.ServerReadyRequest, context: Context) -> messages.ServerReadyResponse:
        return messages.ServerReadyResponse(ready=self._repository.ready)

    async def ModelReady(self, request: messages.ModelReadyRequest, context: Context) -> messages.ModelReadyResponse:
        return messages.ModelReadyResponse(ready=self._repository.model_ready(request.name, request.version))

    async def ServerMetadata(
        self, request: messages.ServerMetadataRequest, context: Context
    ) -> messages.ServerMetadataResponse:
        return json_format.ParseDict(self._repository.server(), messages.ServerMetadataResponse())

    async def ModelMetadata(
        self, request: messages.ModelMetadataRequest, context: Context
    ) -> messages.ModelMetadataResponse:
        described = self._repository.model(request.name, request.version)
        return json_format.ParseDict(described, messages.ModelMetadataResponse())

    async def ModelConfig(self, request: messages.ModelConfigRequest, context: Context) -> messages.ModelConfigResponse:
        described = {"config": self._repository.configuration(request.name, request.version)}
        return json_format.ParseDict(described, messages.ModelConfigResponse())

    async def ModelStatistics(
        self, request: messages.ModelStatisticsRequest, context: Context
    ) -> messages.ModelStatisticsResponse:
        described = self._repository.statistics(request.name, request.version)
        return json_format.ParseDict(described, messages.ModelStatisticsResponse())

    async def ModelInfer(self, request: messages.ModelInferRequest, context: Context) -> messages.ModelInferResponse:
        answer = await self._calls.infer(grpc_messages.request_of(request), _remaining(context))
        return self._bounded(grpc_messages.message_of(answer))

    async def ModelStreamInfer(
        self, request_iterator: AsyncIterator[messages.ModelInferRequest], context: Context
    ) -> AsyncIterator[messages.ModelStreamInferResponse]:
        stream: RequestStream[messages.ModelInferRequest, messages.ModelStreamInferResponse] = RequestStream()
        async with stream:

            async def run(request: messages.ModelInferRequest) -> None:
                async def send(answer: ModelAnswer) -> None:
                    message = self._bounded(grpc_messages.message_of(answer, streams=True))
                    await stream.send(messages.ModelStreamInferResponse(infer_response=message))

                try:
                    await self._calls.stream(grpc_messages.request_of(request), send, _remaining(context))
                except OrchestrionError as error:
                    await stream.send(grpc_messages.failure_of(request.id, error))
                except Exception:
                    _log.exception("a request of a stream failed")
                    fault = Reason.INTERNAL.error("The server met a fault of its own; its log has the details.")
                    await stream.send(grpc_messages.failure_of(request.id, fault))

            async for message in stream.run(request_iterator, run):
                yield message

    async def RepositoryIndex(
        self, request: messages.RepositoryIndexRequest, context: Context
    ) -> messages.RepositoryIndexResponse:
        models = self._repository.index(repository=request.repository_name, ready=request.ready)
        return json_format.ParseDict({"models": models}, messages.RepositoryIndexResponse())

    async def RepositoryModelLoad(
        self, request: messages.RepositoryModelLoadRequest, context: Context
    ) -> messages.RepositoryModelLoadResponse:
        await self._repository.load(
            request.model_name, request.parameters, _remaining(context), request.repository_name
        )
        return messages.RepositoryModelLoadResponse()

    async def RepositoryModelUnload(
        self, request: messages.RepositoryModelUnloadRequest, context: Context
    ) -> messages.RepositoryModelUnloadResponse:
        await self._repository.unload(request.model_name, request.repository_name)
        return messages.RepositoryModelUnloadResponse()

    async def SystemSharedMemoryStatus(
        self, request: messages.SystemSharedMemoryStatusRequest, context: Context
    ) -> messages.SystemSharedMemoryStatusResponse:
        response = messages.SystemSharedMemoryStatusResponse()
        for name, region in self._repository.shared_memory.regions(request.name).items():
            response.regions[name].MergeFrom(
                messages.SystemSharedMemoryStatusResponse.RegionStatus(
                    name=name, key=region.key, offset=region.offset, byte_size=region.size_bytes
                )
            )
        return response

    async def SystemSharedMemoryRegister(
        self, request: messages.SystemSharedMemoryRegisterRequest, context: Context
    ) -> messages.SystemSharedMemoryRegisterResponse:
        self._repository.shared_memory.register(request.name, request.key, request.offset, request.byte_size)
        return messages.SystemSharedMemoryRegisterResponse()

    async def SystemSharedMemoryUnregister(
        self, request: messages.SystemSharedMemoryUnregisterRequest, context: Context
    ) -> messages.SystemSharedMemoryUnregisterResponse:
        self._repository.shared_memory.unregister(request.name)
        return messages.SystemSharedMemoryUnregisterResponse()

    async def CudaSharedMemoryStatus(
        self, request: messages.CudaSharedMemoryStatusRequest, context: Context
    ) -> messages.CudaSharedMemoryStatusResponse:
        return messages.CudaSharedMemoryStatusResponse()

    async def CudaSharedMemoryRegister(
        self, request: messages.CudaSharedMemoryRegisterRequest, context: Context
    ) -> messages.CudaSharedMemoryRegisterResponse:
        raise Reason.NOT_SERVED_YET.error("This host takes no CUDA memory of clients; send the tensors.")

    async def CudaSharedMemoryUnregister(
        self, request: messages.CudaSharedMemoryUnregisterRequest, context: Context
    ) -> messages.CudaSharedMemoryUnregisterResponse:
        return messages.CudaSharedMemoryUnregisterResponse()

    async def TraceSetting(
        self, request: messages.TraceSettingRequest, context: Context
    ) -> messages.TraceSettingResponse:
        if request.settings:
            raise Reason.NOT_SERVED_YET.error("Tracing is set by the host's setting otlp_endpoint, at its start.")
        response = messages.TraceSettingResponse()
        for name, values in descriptions.trace_settings().items():
            response.settings[name].value.extend(values)
        return response

    async def LogSettings(self, request: messages.LogSettingsRequest, context: Context) -> messages.LogSettingsResponse:
        if request.settings:
            raise Reason.NOT_SERVED_YET.error("What is logged is set by the host's setting log_level, at its start.")
        response = messages.LogSettingsResponse()
        for name, value in descriptions.log_settings().items():
            setting = response.settings[name]
            if isinstance(value, bool):
                setting.bool_param = value
            elif isinstance(value, int):
                setting.uint32_param = value
            else:
                setting.string_param = value
        return response

    def _bounded(self, message: messages.ModelInferResponse) -> messages.ModelInferResponse:
        """Returns an answer that fits in a message of the server, which gRPC would drop without a reason otherwise."""
        size = message.ByteSize() + _STREAM_BYTES
        if size > self._max_message_bytes:
            text = (
                f"The answer has {size:,} bytes, and max_message_bytes allows {self._max_message_bytes:,}. Ask for "
                "fewer outputs, take them by shared memory, or have the operator raise it."
            )
            raise Reason.MESSAGE_TOO_LARGE.error(text, size_bytes=str(size), limit=str(self._max_message_bytes))
        return message


def _remaining(context: Context) -> float | None:
    remaining: float | None = context.time_remaining()  # The stubs forget that a call may have no deadline.
    return None if remaining is None else max(remaining - _ANSWER_MARGIN_S, 0.0)
