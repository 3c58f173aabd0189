"""An expert written in Python that takes tensors."""

from __future__ import annotations

from pathlib import Path

import grpc
import numpy as np
import pytest

from orchestrion._net.transport import channel_options
from orchestrion_host.open_inference.v2 import grpc_service_pb2 as messages
from orchestrion_host.open_inference.v2.grpc_service_pb2_grpc import GRPCInferenceServiceStub
from tests.rpc.host.hosts import running_host
from tests.rpc.host.open_inference.test_inference import output

MEAN = Path(__file__).with_name("mean.py")


async def test_its_class_says_what_it_takes_before_it_is_loaded(tmp_path: Path) -> None:
    async with running_host(tmp_path / "home", None, experts=(f"{MEAN}:Mean",), profile="none") as running:
        address = running.host.address
        async with grpc.aio.insecure_channel(address, options=channel_options(address)) as channel:
            stub = GRPCInferenceServiceStub(channel)
            described = await stub.ModelMetadata(messages.ModelMetadataRequest(name="mean"))
            assert [(own.name, own.datatype, list(own.shape)) for own in described.inputs] == [
                ("rows", "BF16", [-1, 3]),
                ("names", "BYTES", [-1, 1]),
            ]
            configuration = (await stub.ModelConfig(messages.ModelConfigRequest(name="mean"))).config
            assert (configuration.max_batch_size, list(configuration.input[0].dims)) == (4, [3])
            request = messages.ModelInferRequest(model_name="mean")
            request.inputs.add(name="rows", datatype="BF16", shape=[2, 3])
            request.inputs.add(name="names", datatype="BYTES", shape=[2, 1])
            halves = (np.array([1, 2, 3, -1, 0, 0.5], np.float32).view(np.uint32) >> 16).astype(np.uint16)
            request.raw_input_contents.extend([halves.tobytes(), b"\x01\0\0\0a\0\0\0\0"])
            answer = await stub.ModelInfer(request, timeout=60)
            assert np.frombuffer(output(answer, "mean"), np.float32).tolist() == pytest.approx([2, -1 / 6])
            assert output(answer, "greetings") == b"\x07\0\0\0hello a\x06\0\0\0hello "
            request.inputs.pop()
            request.raw_input_contents.pop()
            with pytest.raises(grpc.aio.AioRpcError, match="`names` is missing"):
                await stub.ModelInfer(request, timeout=60)
