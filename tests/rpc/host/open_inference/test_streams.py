"""Streams of the Open Inference Protocol: requests beside each other, errors that end nothing, pieces of texts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from orchestrion._net.transport import channel_options
from orchestrion_host.open_inference.v2 import grpc_service_pb2 as messages
from orchestrion_host.open_inference.v2.grpc_service_pb2_grpc import GRPCInferenceServiceStub
from tests.rpc.host.hosts import running_host
from tests.rpc.host.open_inference.conftest import ProtocolHost
from tests.rpc.host.open_inference.test_inference import ROW, output, request, text

STORY_WRITER = Path(__file__).parents[3] / "triton" / "story_writer.py"


def delayed(name: str, delay_ms: int) -> messages.ModelInferRequest:
    message = request("delay", {"text": name}, id=name)
    message.parameters["delay_ms"].int64_param = delay_ms
    return message


@pytest.mark.asyncio(loop_scope="session")
async def test_a_stream_answers_in_the_order_in_which_requests_are_done(host: ProtocolHost) -> None:
    async def requests() -> AsyncIterator[messages.ModelInferRequest]:
        yield delayed("slow", 1000)
        yield request("simple", {"INPUT0": ROW, "INPUT1": ROW}, id="quick")
        yield request("nothing", id="wrong")
        yield request("simple", {"INPUT0": ROW}, id="short")

    for expert in ("delay", "simple"):
        await host.running.client.load(expert)
    answers = [answer async for answer in host.stub.ModelStreamInfer(requests(), timeout=60)]
    assert answers[-1].infer_response.id == "slow"
    by_id = {answer.infer_response.id: answer for answer in answers}
    assert by_id["wrong"].error_message.startswith("EXPERT_NOT_FOUND: ")
    assert by_id["short"].error_message == "INVALID_INPUT: Input `INPUT1` is missing."
    assert by_id["short"].infer_response.parameters["reason"].string_param == "INVALID_INPUT"
    quick = by_id["quick"].infer_response
    assert np.array_equal(np.frombuffer(output(quick, "OUTPUT0"), np.int32), ROW[0] * 2)
    assert all(answer.infer_response.parameters["triton_final_response"].bool_param for answer in answers)


@pytest.mark.asyncio(loop_scope="session")
async def test_hanging_up_cancels_what_the_stream_runs(host: ProtocolHost) -> None:
    async def requests() -> AsyncIterator[messages.ModelInferRequest]:
        yield delayed("never", 60_000)
        await asyncio.Event().wait()

    call = host.stub.ModelStreamInfer(requests())
    await host.running.when("delay", lambda status: status.running_count == 1)
    call.cancel()
    await host.running.when("delay", lambda status: status.running_count == 0)


@pytest.mark.parametrize("ends_empty", [True, False])
async def test_a_text_comes_in_pieces_and_the_last_answer_is_marked(tmp_path: Path, ends_empty: bool) -> None:
    async def requests() -> AsyncIterator[messages.ModelInferRequest]:
        message = request("story-writer", {"text": "one two three"})
        message.parameters["triton_enable_empty_final_response"].bool_param = ends_empty
        yield message

    async with running_host(
        tmp_path / "home", None, experts=(f"{STORY_WRITER}:StoryWriter",), profile="none"
    ) as running:
        address = running.host.address
        async with grpc.aio.insecure_channel(address, options=channel_options(address)) as channel:
            stub = GRPCInferenceServiceStub(channel)
            answers = [answer.infer_response async for answer in stub.ModelStreamInfer(requests(), timeout=60)]
            whole = await stub.ModelInfer(request("story-writer", {"text": "one two three"}), timeout=60)
    assert [text(answer, "text") for answer in answers if answer.outputs] == ["one ", "two ", "three"]
    assert [answer.parameters["triton_final_response"].bool_param for answer in answers] == [False] * 3 + [True]
    assert not answers[-1].outputs
    assert text(whole, "text") == "one two three"
