"""What clients of Triton do, with Triton's own client library; prints `ok NAME` for each thing that works.

A program of its own: `python client.py GRPC_ADDRESS HTTP_ADDRESS`, in an environment with tritonclient[grpc,http]. In
the process of a host its stubs would be a second copy of the same messages.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import time
from functools import partial

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.grpc.aio as triton_grpc_aio
import tritonclient.http as triton_http
import tritonclient.http.aio as triton_http_aio
from tritonclient.utils import InferenceServerException, shared_memory

ROW = np.arange(16, dtype=np.int32).reshape(1, 16)


def simple_inputs(library):
    inputs = []
    for name in ("INPUT0", "INPUT1"):
        tensor = library.InferInput(name, [1, 16], "INT32")
        tensor.set_data_from_numpy(ROW)
        inputs.append(tensor)
    return inputs


def text_input(library, text):
    tensor = library.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode()], dtype=np.object_))
    return tensor


def failure(call):
    try:
        call()
    except InferenceServerException as error:
        return error
    raise AssertionError("a call that is wrong succeeded")


def check_sums(result):
    assert np.array_equal(result.as_numpy("OUTPUT0"), ROW * 2)
    assert not result.as_numpy("OUTPUT1").any()


def health_and_metadata(library, client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert not client.is_model_ready("product")
    client.load_model("simple")
    assert client.is_model_ready("simple", "1")
    as_json = {"as_json": True} if library is triton_grpc else {}
    server = client.get_server_metadata(**as_json)
    assert server["name"] == "orchestrion"
    described = client.get_model_metadata("simple", **as_json)
    assert [own["name"] for own in described["inputs"]] == ["INPUT0", "INPUT1"]
    configuration = client.get_model_config("simple", **as_json)
    configuration = configuration.get("config", configuration)
    assert configuration["max_batch_size"] == 8
    assert configuration["backend"] == "onnxruntime"


def model_control(library, client):
    as_json = {"as_json": True} if library is triton_grpc else {}

    def state():
        index = client.get_model_repository_index(**as_json)
        models = index["models"] if isinstance(index, dict) else index
        return next(model["state"] for model in models if model["name"] == "product")

    client.load_model("product")
    assert state() == "READY"
    client.unload_model("product")
    assert state() == "UNAVAILABLE"
    error = failure(lambda: client.load_model("nothing"))
    assert "no model 'nothing'" in str(error)


def settings(library, client):
    client.get_trace_settings()
    client.get_log_settings()


def infer(library, client):
    outputs = [library.InferRequestedOutput("OUTPUT0"), library.InferRequestedOutput("OUTPUT1")]
    result = client.infer("simple", simple_inputs(library), outputs=outputs, request_id="7", priority=1, timeout=10**7)
    check_sums(result)
    assert (
        result.get_response(as_json=True)["id"] == "7" if library is triton_grpc else result.get_response()["id"] == "7"
    )
    check_sums(client.infer("simple", simple_inputs(library)))


def compressed(library, client):
    if library is triton_grpc:
        check_sums(client.infer("simple", simple_inputs(library), compression_algorithm="gzip"))
        return
    for name in ("gzip", "deflate"):
        packing = {"request_compression_algorithm": name, "response_compression_algorithm": name}
        check_sums(client.infer("simple", simple_inputs(library), **packing))


def json_tensors(library, client):
    if library is triton_grpc:
        return
    inputs = []
    for name in ("INPUT0", "INPUT1"):
        tensor = library.InferInput(name, [1, 16], "INT32")
        tensor.set_data_from_numpy(ROW, binary_data=False)
        inputs.append(tensor)
    outputs = [library.InferRequestedOutput(name, binary_data=False) for name in ("OUTPUT0", "OUTPUT1")]
    check_sums(client.infer("simple", inputs, outputs=outputs))


def half_precision(library, client):
    halves = np.array([[0.5, -1, 65504, 2**-24]], np.float16)
    tensor = library.InferInput("INPUT0", [1, 4], "FP16")
    tensor.set_data_from_numpy(halves)
    assert np.array_equal(client.infer("halves", [tensor]).as_numpy("OUTPUT0"), halves)


def strings(library, client):
    words = np.array([["a", "ü", ""]], dtype=np.object_)
    tensor = library.InferInput("INPUT0", [1, 3], "BYTES")
    tensor.set_data_from_numpy(words)
    result = client.infer("strings", [tensor]).as_numpy("OUTPUT0")
    assert [item.decode() for item in result[0]] == ["a", "ü", ""]
    label = client.infer("vader", [text_input(library, "What a wonderful day!")]).as_numpy("label")
    assert label[0].decode() == "positive"


def errors(library, client):
    tensor = library.InferInput("INPUT0", [1, 15], "INT32")
    tensor.set_data_from_numpy(ROW[:, :15])
    error = failure(lambda: client.infer("simple", [tensor]))
    assert "[-1, 16] is expected" in str(error)
    assert "INVALID_ARGUMENT" in error.status() if library is triton_grpc else error.status() == "400"


def statistics(library, client):
    as_json = {"as_json": True} if library is triton_grpc else {}
    (own,) = client.get_inference_statistics("simple", **as_json)["model_stats"]
    assert int(own["inference_count"]) > 0
    assert int(own["inference_stats"]["success"]["count"]) == int(own["inference_count"])
    assert len(client.get_inference_statistics(**as_json)["model_stats"]) > 3


def system_shared_memory(library, client):
    size = ROW.nbytes
    source = shared_memory.create_shared_memory_region("inputs", f"/orchestrion-in-{os.getpid()}", size * 2)
    target = shared_memory.create_shared_memory_region("outputs", f"/orchestrion-out-{os.getpid()}", size * 2)
    try:
        shared_memory.set_shared_memory_region(source, [ROW, ROW])
        client.register_system_shared_memory("inputs", f"/orchestrion-in-{os.getpid()}", size * 2)
        client.register_system_shared_memory("outputs", f"/orchestrion-out-{os.getpid()}", size * 2)
        inputs, outputs = [], []
        for place, (name, wanted) in enumerate([("INPUT0", "OUTPUT0"), ("INPUT1", "OUTPUT1")]):
            inputs.append(library.InferInput(name, [1, 16], "INT32"))
            inputs[-1].set_shared_memory("inputs", size, place * size)
            outputs.append(library.InferRequestedOutput(wanted))
            outputs[-1].set_shared_memory("outputs", size, place * size)
        client.infer("simple", inputs, outputs=outputs)
        sums = shared_memory.get_contents_as_numpy(target, np.int32, [1, 16])
        assert np.array_equal(sums, ROW * 2)
        as_json = {"as_json": True} if library is triton_grpc else {}
        status = client.get_system_shared_memory_status(**as_json)
        assert len(status["regions"] if isinstance(status, dict) else status) == 2
        client.unregister_system_shared_memory("inputs")
        client.unregister_system_shared_memory()
        del sums
    finally:
        shared_memory.destroy_shared_memory_region(source)
        shared_memory.destroy_shared_memory_region(target)


def grpc_async(client):
    results = queue.Queue()
    for _ in range(8):
        client.async_infer(
            "simple", simple_inputs(triton_grpc), partial(lambda result, error: results.put((result, error)))
        )
    for _ in range(8):
        result, error = results.get(timeout=30)
        assert error is None, error
        check_sums(result)


def http_async(client):
    pending = [client.async_infer("simple", simple_inputs(triton_http)) for _ in range(8)]
    for one in pending:
        check_sums(one.get_result())


def stream(client):
    """Many requests on one stream; an error of one ends neither the others nor the stream."""
    results = queue.Queue()
    client.start_stream(callback=lambda result, error: results.put((result, error)))
    for number in range(6):
        client.async_stream_infer(
            "nothing" if number == 2 else "simple", simple_inputs(triton_grpc), request_id=str(number)
        )
    answers = [results.get(timeout=30) for _ in range(6)]
    client.stop_stream()
    assert sum(error is not None for _, error in answers) == 1
    ids = {result.get_response().id for result, error in answers if error is None}
    assert ids == {"0", "1", "3", "4", "5"}


def decoupled(client):
    """The pieces of a text as they are written, then an answer without outputs that is marked as the last."""
    assert client.get_model_config("story-writer").config.model_transaction_policy.decoupled
    results = queue.Queue()
    client.start_stream(callback=lambda result, error: results.put((result, error)))
    inputs = [text_input(triton_grpc, "one two three")]
    client.async_stream_infer("story-writer", inputs, request_id="a", enable_empty_final_response=True)
    pieces = []
    while True:
        result, error = results.get(timeout=60)
        assert error is None, error
        response = result.get_response()
        if response.parameters["triton_final_response"].bool_param:
            assert not response.outputs
            break
        pieces.append(result.as_numpy("text")[0].decode())
    client.stop_stream()
    assert pieces == ["one ", "two ", "three"]
    whole = client.infer("story-writer", [text_input(triton_grpc, "one two three")]).as_numpy("text")[0].decode()
    assert whole == "one two three"


def stream_cancelled(client):
    started = time.monotonic()
    client.start_stream(callback=lambda result, error: None)
    slow = triton_grpc.InferInput("delay_ms", [1], "FP64")
    slow.set_data_from_numpy(np.array([60_000.0]))
    client.async_stream_infer("delay", [text_input(triton_grpc, "x"), slow])
    client.stop_stream(cancel_requests=True)
    assert time.monotonic() - started < 30


async def grpc_aio(address):
    async with triton_grpc_aio.InferenceServerClient(address) as client:
        assert await client.is_server_ready()
        for result in await asyncio.gather(*(client.infer("simple", simple_inputs(triton_grpc)) for _ in range(8))):
            check_sums(result)

        async def requests():
            for number in range(3):
                yield {"model_name": "simple", "inputs": simple_inputs(triton_grpc), "request_id": str(number)}

        count = 0
        async for result, error in client.stream_infer(requests()):
            assert error is None, error
            check_sums(result)
            count += 1
        assert count == 3


async def http_aio(address):
    async with triton_http_aio.InferenceServerClient(address) as client:
        assert await client.is_server_ready()
        for result in await asyncio.gather(*(client.infer("simple", simple_inputs(triton_http)) for _ in range(8))):
            check_sums(result)


def keepalive(address):
    options = triton_grpc.KeepAliveOptions(keepalive_time_ms=10_000, keepalive_timeout_ms=5_000)
    with triton_grpc.InferenceServerClient(address, keepalive_options=options) as client:
        check_sums(client.infer("simple", simple_inputs(triton_grpc)))


def main():
    grpc_address, http_address = sys.argv[1:]
    shared = [
        health_and_metadata,
        model_control,
        settings,
        infer,
        compressed,
        json_tensors,
        half_precision,
        strings,
        errors,
        statistics,
        system_shared_memory,
    ]
    with triton_grpc.InferenceServerClient(grpc_address) as over_grpc:
        checks = [(f"grpc {check.__name__}", partial(check, triton_grpc, over_grpc)) for check in shared]
        own = (grpc_async, stream, decoupled, stream_cancelled)
        checks += [(check.__name__, partial(check, over_grpc)) for check in own]
        checks.append(("grpc_aio", lambda: asyncio.run(grpc_aio(grpc_address))))
        checks.append(("keepalive", lambda: keepalive(grpc_address)))
        over_http = triton_http.InferenceServerClient(http_address, concurrency=8)
        checks += [(f"http {check.__name__}", partial(check, triton_http, over_http)) for check in shared]
        checks.append(("http_async", lambda: http_async(over_http)))
        checks.append(("http_aio", lambda: asyncio.run(http_aio(http_address))))
        for name, check in checks:
            check()
            print("ok", name, flush=True)
        over_http.close()


if __name__ == "__main__":
    main()
