"""Inference by the Open Inference Protocol on a real host: tensors and tasks, errors that name what is wrong."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np
import pytest

from orchestrion._net.transport import error_of
from orchestrion.errors import OrchestrionError
from orchestrion_host.open_inference.v2 import grpc_service_pb2 as messages
from tests.rpc.host.open_inference.conftest import ProtocolHost

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROW = np.arange(16, dtype=np.int32).reshape(1, 16)


def request(model: str, tensors: Mapping[str, Any] | None = None, **fields: Any) -> messages.ModelInferRequest:
    """A request with raw contents: arrays as they are, texts and bytes as BYTES of one element."""
    message = messages.ModelInferRequest(model_name=model, **fields)
    for name, value in (tensors or {}).items():
        if isinstance(value, str | bytes):
            content = value.encode() if isinstance(value, str) else value
            message.inputs.add(name=name, datatype="BYTES", shape=[1])
            message.raw_input_contents.append(struct.pack("<I", len(content)) + content)
        else:
            kind = {"int32": "INT32", "int64": "INT64", "float32": "FP32", "float64": "FP64", "float16": "FP16"}
            message.inputs.add(name=name, datatype=kind[value.dtype.name], shape=value.shape)
            message.raw_input_contents.append(value.tobytes())
    return message


def output(answer: messages.ModelInferResponse, name: str) -> bytes:
    place = [own.name for own in answer.outputs].index(name)
    return answer.raw_output_contents[place]


def text(answer: messages.ModelInferResponse, name: str) -> str:
    return output(answer, name)[4:].decode()


async def infer(host: ProtocolHost, message: messages.ModelInferRequest) -> messages.ModelInferResponse:
    try:
        return await host.stub.ModelInfer(message, timeout=60)
    except grpc.RpcError as failure:
        raise error_of(failure) from failure


async def test_a_graph_takes_and_returns_raw_tensors(host: ProtocolHost) -> None:
    answer = await infer(host, request("simple", {"INPUT0": ROW, "INPUT1": ROW}, id="mine"))
    assert (answer.model_name, answer.model_version, answer.id) == ("simple", "1", "mine")
    assert [(own.name, own.datatype, list(own.shape)) for own in answer.outputs] == [
        ("OUTPUT0", "INT32", [1, 16]),
        ("OUTPUT1", "INT32", [1, 16]),
    ]
    assert np.array_equal(np.frombuffer(output(answer, "OUTPUT0"), np.int32), ROW[0] * 2)
    assert not np.frombuffer(output(answer, "OUTPUT1"), np.int32).any()


async def test_typed_contents_mean_the_same(host: ProtocolHost) -> None:
    message = messages.ModelInferRequest(model_name="simple")
    for name in ("INPUT0", "INPUT1"):
        own = message.inputs.add(name=name, datatype="INT32", shape=[1, 16])
        own.contents.int_contents.extend(range(16))
    message.outputs.add(name="OUTPUT0")
    answer = await infer(host, message)
    assert [own.name for own in answer.outputs] == ["OUTPUT0"]
    assert np.array_equal(np.frombuffer(output(answer, "OUTPUT0"), np.int32), ROW[0] * 2)


async def test_requests_are_joined_and_each_gets_its_own_rows(host: ProtocolHost) -> None:
    # They all wait for the load, and are there together when it is done.
    await host.running.client.unload("simple")
    rows = [np.full((1 + number % 3, 16), number, np.int32) for number in range(24)]
    answers = await asyncio.gather(*(infer(host, request("simple", {"INPUT0": own, "INPUT1": own})) for own in rows))
    for own, answer in zip(rows, answers, strict=True):
        assert np.array_equal(np.frombuffer(output(answer, "OUTPUT0"), np.int32).reshape(own.shape), own * 2)
    stats = (await host.stub.ModelStatistics(messages.ModelStatisticsRequest(name="simple"))).model_stats[0]
    assert stats.inference_count >= len(rows)
    assert stats.execution_count == sum(own.compute_infer.count for own in stats.batch_stats) < stats.inference_count


async def test_one_request_that_cannot_be_computed_fails_alone(host: ProtocolHost) -> None:
    fits, misfits = np.ones((1, 2, 3), np.float32), np.ones((1, 3, 2), np.float32)
    requests = [request("product", {"a": fits, "b": misfits}) for _ in range(6)]
    requests.insert(3, request("product", {"a": fits, "b": fits}))
    results = await asyncio.gather(*(infer(host, own) for own in requests), return_exceptions=True)
    failed = results.pop(3)
    assert isinstance(failed, OrchestrionError)
    assert "cannot compute these tensors" in failed.message
    for result in results:
        assert isinstance(result, messages.ModelInferResponse)
        assert np.frombuffer(output(result, "c"), np.float32).tolist() == [3.0] * 4


async def test_an_answer_that_no_message_holds_is_an_error_with_a_cure(host: ProtocolHost) -> None:
    column, row = np.ones((1, 1500, 1), np.float32), np.ones((1, 1, 1500), np.float32)
    with pytest.raises(OrchestrionError, match="max_message_bytes allows") as caught:
        await infer(host, request("product", {"a": column, "b": row}))
    assert caught.value.reason == "MESSAGE_TOO_LARGE"


async def test_half_precision_and_strings_come_back_as_they_were(host: ProtocolHost) -> None:
    halves = np.array([[0.5, -1, 65504, 2**-24]], np.float16)
    assert output(await infer(host, request("halves", {"INPUT0": halves})), "OUTPUT0") == halves.tobytes()
    message = messages.ModelInferRequest(model_name="strings")
    own = message.inputs.add(name="INPUT0", datatype="BYTES", shape=[1, 3])
    own.contents.bytes_contents.extend([b"a", "ü".encode(), b""])
    answer = await infer(host, message)
    assert output(answer, "OUTPUT0") == b"\x01\0\0\0a\x02\0\0\0\xc3\xbc\0\0\0\0"


async def test_a_task_takes_texts_and_gives_texts_numbers_and_json(host: ProtocolHost) -> None:
    answer = await infer(host, request("vader", {"text": "What a wonderful day!", "domain": "sentiment"}))
    assert text(answer, "label") == "positive"
    assert struct.unpack("<d", output(answer, "score"))[0] > 0.5
    scores = next(own for own in answer.outputs if own.name == "scores")
    assert scores.parameters["content_type"].string_param == "application/json"
    assert json.loads(text(answer, "scores"))[0]["label"] == "positive"


async def test_inputs_of_a_task_may_be_parameters(host: ProtocolHost) -> None:
    message = request("delay", {"text": "later"})
    message.parameters["delay_ms"].int64_param = 20
    assert text(await infer(host, message), "text") == "later"


async def test_files_travel_by_their_content_and_nothing_is_stored(host: ProtocolHost) -> None:
    stored = len(host.running.controller.artifacts.contents)
    speech = await infer(host, request("espeak-ng", {"text": "Good morning."}))
    place = [own.name for own in speech.outputs].index("audio")
    assert speech.outputs[place].parameters["content_type"].string_param == "audio/wav"
    sound = output(speech, "audio")[4:]
    assert sound.startswith(b"RIFF")
    louder = request("sound-tools", {"audio": sound, "gain_db": np.array([6.0])})
    assert output(await infer(host, louder), "audio")[4:].startswith(b"RIFF")
    assert len(host.running.controller.artifacts.contents) == stored


async def test_the_requests_own_timeout_ends_it(host: ProtocolHost) -> None:
    message = request("delay", {"text": "never"})
    message.parameters["delay_ms"].int64_param = 60_000
    message.parameters["timeout"].int64_param = 50_000
    with pytest.raises(OrchestrionError, match=r"timeout of 0\.05 s") as caught:
        await infer(host, message)
    assert caught.value.reason == "DEADLINE_EXCEEDED"
    # The worker is free again: the call was cancelled down to it.
    assert text(await infer(host, request("delay", {"text": "soon"})), "text") == "soon"


async def test_a_full_queue_says_when_to_try_again_and_health_stays(host: ProtocolHost) -> None:
    slow = request("delay", {"text": "x"})
    slow.parameters["delay_ms"].int64_param = 60_000
    calls = [asyncio.create_task(infer(host, slow)) for _ in range(80)]
    done, going_on = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    error = done.pop().exception()
    assert isinstance(error, OrchestrionError)
    assert error.reason == "QUEUE_FULL"
    assert error.retry_after_ms
    assert (await host.stub.ServerReady(messages.ServerReadyRequest())).ready
    for call in going_on:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await host.running.when("delay", lambda status: status.running_count + status.queued_count == 0)


def wrong(**changes: Any) -> messages.ModelInferRequest:
    message = request("simple", {"INPUT0": ROW, "INPUT1": ROW})
    message.MergeFrom(messages.ModelInferRequest(**changes))
    return message


def with_input(message: messages.ModelInferRequest, **fields: Any) -> messages.ModelInferRequest:
    for name, value in fields.items():
        if name == "shape":
            message.inputs[0].shape[:] = value
        else:
            setattr(message.inputs[0], name, value)
    return message


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        (request("nothing"), "EXPERT_NOT_FOUND", "no model 'nothing'"),
        (request("simple", model_version="2"), "EXPERT_NOT_FOUND", "version 1 alone"),
        (request("vader:translation", {"text": "x"}), "EXPERT_NOT_FOUND", "does not perform 'translation'"),
        (request("simple", {"INPUT0": ROW}), "INVALID_INPUT", "`INPUT1` is missing"),
        (request("simple", {"INPUT0": ROW, "INPUT1": ROW, "X": ROW}), "INVALID_INPUT", "`X` is none of this model"),
        (with_input(wrong(), shape=[1, 15]), "INVALID_INPUT", "has 64 bytes; its shape [1, 15] of INT32 takes 60"),
        (with_input(wrong(), shape=[-1, 16]), "INVALID_INPUT", "lengths are at least 0"),
        (with_input(wrong(), shape=[4, 4]), "INVALID_INPUT", "[-1, 16] is expected"),
        (with_input(wrong(), datatype="FP32"), "INVALID_INPUT", "INT32 is expected"),
        (with_input(wrong(), datatype="FP8"), "INVALID_INPUT", "there are BOOL"),
        (wrong(raw_input_contents=[b"x"]), "INVALID_FIELD", "raw_input_contents: there are 3"),
        (wrong(outputs=[{"name": "OUTPUT9"}]), "INVALID_FIELD", "no output 'OUTPUT9'"),
        (wrong(parameters={"colour": {"string_param": "red"}}), "INVALID_FIELD", "parameters.colour is none of simple"),
        (wrong(parameters={"sequence_id": {"int64_param": 3}}), "INVALID_FIELD", "sequences"),
        (wrong(parameters={"timeout": {"string_param": "soon"}}), "INVALID_FIELD", "microseconds"),
        (
            request("simple", {"INPUT0": np.tile(ROW, (9, 1)), "INPUT1": np.tile(ROW, (9, 1))}),
            "INVALID_INPUT",
            "1 to 8",
        ),
        (request("vader", {"text": b"\xff"}), "INVALID_INPUT", "no text in UTF-8 (byte 0)"),
        (request("vader", {"text": np.ones(1)}), "INVALID_INPUT", "BYTES is expected"),
        (request("vader", {"words": "x"}), "INVALID_INPUT", "text-classification, which takes text, domain"),
        (request("delay", {"text": "x", "delay_ms": "soon"}), "INVALID_INPUT", "a kind of numbers is expected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_is_named(
    host: ProtocolHost, message: messages.ModelInferRequest, reason: str, words: str
) -> None:
    with pytest.raises(OrchestrionError) as caught:
        await infer(host, message)
    assert caught.value.reason == reason
    assert words in caught.value.message


async def test_an_expert_of_tensors_is_no_expert_of_the_hosts_own_call(host: ProtocolHost) -> None:
    with pytest.raises(OrchestrionError, match="Open Inference Protocol"):
        await host.running.client.infer("simple")
