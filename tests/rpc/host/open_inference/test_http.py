"""The Open Inference Protocol over HTTP on a real host: JSON, binary tensors, packing, errors, hanging up."""

from __future__ import annotations

import asyncio
import gzip
import json
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import numpy as np
import pytest
import pytest_asyncio

from tests.rpc.host.open_inference.conftest import ProtocolHost

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROW = list(range(16))
LENGTH = "Inference-Header-Content-Length"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def http(host: ProtocolHost) -> AsyncIterator[httpx2.AsyncClient]:
    base = f"http://{host.running.host.http_address}"
    async with httpx2.AsyncClient(base_url=base, timeout=60, trust_env=False) as client:
        await client.post("/v2/repository/models/simple/load")
        yield client


def simple(**fields: Any) -> dict[str, Any]:
    tensors = [{"name": name, "datatype": "INT32", "shape": [1, 16], "data": [ROW]} for name in ("INPUT0", "INPUT1")]
    return {"id": "mine", "inputs": tensors, **fields}


async def test_the_server_and_its_models_describe_themselves(http: httpx2.AsyncClient) -> None:
    server = (await http.get("/v2")).json()
    assert server["name"] == "orchestrion"
    assert {"binary_tensor_data", "model_repository", "statistics", "system_shared_memory"} <= set(server["extensions"])
    assert (await http.get("/v2/health/live")).status_code == 200
    assert (await http.get("/v2/health/ready")).json() == {"ready": True}
    described = (await http.get("/v2/models/simple/versions/1")).json()
    assert (described["platform"], described["versions"]) == ("onnxruntime_onnx", ["1"])
    assert described["inputs"][0] == {"name": "INPUT0", "datatype": "INT32", "shape": [-1, 16]}
    task = (await http.get("/v2/models/vader")).json()
    assert task["inputs"][0] == {"name": "text", "datatype": "BYTES", "shape": [1]}
    configuration = (await http.get("/v2/models/simple/config")).json()
    assert configuration["max_batch_size"] == 8
    assert configuration["input"][0]["dims"] == [16]


async def test_numbers_travel_as_json(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v2/models/simple/infer", json=simple(outputs=[{"name": "OUTPUT0"}]))
    assert answer.status_code == 200
    assert answer.json() == {
        "model_name": "simple",
        "model_version": "1",
        "id": "mine",
        "outputs": [{"name": "OUTPUT0", "datatype": "INT32", "shape": [1, 16], "data": [2 * item for item in ROW]}],
    }


@pytest.mark.parametrize("packing", ["", "gzip"])
async def test_binary_tensors_follow_the_json(http: httpx2.AsyncClient, packing: str) -> None:
    content = np.arange(16, dtype=np.int32).tobytes()
    parameters = {"binary_data_size": len(content)}
    tensors = [
        {"name": name, "datatype": "INT32", "shape": [1, 16], "parameters": parameters} for name in ("INPUT0", "INPUT1")
    ]
    head = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}}).encode()
    body = head + content * 2
    headers = {LENGTH: str(len(head))}
    if packing:
        body, headers["Content-Encoding"] = gzip.compress(body), packing
    answer = await http.post("/v2/models/simple/infer", content=body, headers=headers)
    length = int(answer.headers[LENGTH])
    described = json.loads(answer.content[:length])
    assert [own["parameters"]["binary_data_size"] for own in described["outputs"]] == [64, 64]
    assert struct.unpack("<16i", answer.content[length : length + 64]) == tuple(2 * item for item in ROW)


async def test_texts_of_a_task_travel_as_json(http: httpx2.AsyncClient) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["Très bien, what a wonderful day!"]}
    answer = (await http.post("/v2/models/vader/infer", json={"inputs": [tensor]})).json()
    outputs = {own["name"]: own for own in answer["outputs"]}
    assert outputs["label"]["data"] == ["positive"]
    assert json.loads(outputs["scores"]["data"][0])[0]["score"] <= 1


async def test_a_file_must_be_asked_for_as_binary(http: httpx2.AsyncClient) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["Hello."]}
    refused = await http.post("/v2/models/espeak-ng/infer", json={"inputs": [tensor]})
    assert refused.status_code == 400
    assert "ask for it with binary_data" in refused.json()["error"]
    wanted = [{"name": "audio", "parameters": {"binary_data": True}}]
    answer = await http.post("/v2/models/espeak-ng/infer", json={"inputs": [tensor], "outputs": wanted})
    length = int(answer.headers[LENGTH])
    assert answer.content[length + 4 :].startswith(b"RIFF")


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("models/nothing/infer", simple(), 404, "no model 'nothing'"),
        ("models/simple/versions/7/infer", simple(), 404, "version 1 alone"),
        ("models/simple/infer", b"{", 400, "body is no JSON"),
        ("models/simple/infer", [], 400, "body must be an object"),
        ("models/simple/infer", simple(input=[]), 400, "input is no field of a request"),
        ("models/simple/infer", simple(inputs=[{"name": "INPUT0", "shape": "x"}]), 400, "inputs.INPUT0.shape"),
        ("models/simple/infer", {"inputs": [{**simple()["inputs"][0], "data": ROW[1:]}]}, 400, "has 15 elements"),
        ("models/simple/infer", {"inputs": [{**simple()["inputs"][0], "data": ["x"]}]}, 400, "holds what is no INT32"),
        ("models/simple/infer", {"inputs": [{**simple()["inputs"][0], "datatype": "FP16"}]}, 400, "send it raw"),
        ("repository/models/simple/load", {"parameters": {"config": "{}"}}, 400, "the host's catalogue says"),
        ("logging", {"log_verbose_level": 1}, 501, "log_level"),
        ("cudasharedmemory/region/a/register", {}, 501, "no CUDA memory"),
        ("nothing", {}, 404, "There is no POST"),
        ("models/simple/config", {}, 405, "takes GET"),
    ],
)
async def test_what_is_wrong_is_named(http: httpx2.AsyncClient, path: str, body: Any, status: int, words: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await http.post(f"/v2/{path}", content=content)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.json()


async def test_pages_of_the_web_are_refused(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v2/models/simple/infer", json=simple(), headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_a_body_that_unpacks_to_too_much_is_refused(http: httpx2.AsyncClient) -> None:
    bomb = gzip.compress(bytes(65 << 20))
    answer = await http.post("/v2/models/simple/infer", content=bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["reason"]) == (413, "MESSAGE_TOO_LARGE")


async def test_a_full_queue_says_when_to_try_again(host: ProtocolHost, http: httpx2.AsyncClient) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["x"]}
    slow = {"inputs": [tensor], "parameters": {"delay_ms": 60_000}}
    calls = [asyncio.create_task(http.post("/v2/models/delay/infer", json=slow)) for _ in range(80)]
    done, going_on = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    refused = done.pop().result()
    assert (refused.status_code, refused.json()["reason"]) == (503, "QUEUE_FULL")
    assert int(refused.headers["Retry-After"]) >= 1
    for call in going_on:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await host.running.when("delay", lambda status: status.running_count + status.queued_count == 0)


async def test_a_client_that_hangs_up_cancels_its_call(host: ProtocolHost, http: httpx2.AsyncClient) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["x"]}
    slow = {"inputs": [tensor], "parameters": {"delay_ms": 60_000}}
    call = asyncio.create_task(http.post("/v2/models/delay/infer", json=slow))
    await host.running.when("delay", lambda status: status.running_count == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await host.running.when("delay", lambda status: status.running_count == 0)


async def test_models_are_loaded_and_unloaded(http: httpx2.AsyncClient) -> None:
    async def state() -> str:
        index = (await http.post("/v2/repository/index")).json()
        return next(str(model["state"]) for model in index if model["name"] == "halves")

    await http.post("/v2/repository/models/halves/load")
    assert await state() == "READY"
    assert (await http.get("/v2/models/halves/ready")).status_code == 200
    await http.post("/v2/repository/models/halves/unload")
    assert await state() == "UNAVAILABLE"
    assert (await http.get("/v2/models/halves/ready")).status_code == 503
