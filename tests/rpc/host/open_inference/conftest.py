"""One host with graphs that take tensors and starter experts, called by the protocol's own stubs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import pytest_asyncio
from onnx import TensorProto

from orchestrion._net.transport import channel_options
from orchestrion_host.open_inference.v2.grpc_service_pb2_grpc import GRPCInferenceServiceStub
from tests.rpc.host import tensor_models
from tests.rpc.host.hosts import RunningHost, running_host

if TYPE_CHECKING:
    from orchestrion_host.open_inference.v2.grpc_service_pb2_grpc import GRPCInferenceServiceAsyncStub


@dataclass
class ProtocolHost:
    running: RunningHost
    stub: GRPCInferenceServiceAsyncStub


def write_catalogue(folder: Path) -> Path:
    graphs = {
        "simple": tensor_models.sum_graph(folder / "simple"),
        "product": tensor_models.product_graph(folder / "product"),
        "strings": tensor_models.identity_graph(folder / "strings", TensorProto.STRING, ["batch", "items"]),
        "halves": tensor_models.identity_graph(folder / "halves", TensorProto.FLOAT16, ["batch", 4]),
    }
    return tensor_models.catalogue(folder / "catalogue", graphs)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProtocolHost]:
    folder = tmp_path_factory.mktemp("host")
    settings: dict[str, Any] = {
        "catalogue_paths": (write_catalogue(folder),),
        "allow_shared_memory": True,
        "queue_limit": 32,
        "max_message_bytes": 8 << 20,
    }
    async with running_host(folder / "home", None, **settings) as running:
        options = [*channel_options(running.host.address), ("grpc.max_receive_message_length", 64 << 20)]
        async with grpc.aio.insecure_channel(running.host.address, options=options) as channel:
            yield ProtocolHost(running, GRPCInferenceServiceStub(channel))
