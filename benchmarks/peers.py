"""What to compare with: a bare gRPC echo, measured in the same run, and figures of HuggingGPT, which are quoted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import grpc

from benchmarks import echo_server
from benchmarks.throughput import CLIENT_COUNTS, Load, measure
from benchmarks.workload import CHAIN, fresh_text
from orchestrion import AsyncClient
from orchestrion._codec import codec
from orchestrion._net.endpoint import Endpoint

HUGGING_GPT_NOTE: Final = (
    "microsoft/JARVIS (HuggingGPT) with an instant language model and models of 0 or 200 ms, measured before this "
    "project began, not in this run. It polls every 0.5 s."
)
HUGGING_GPT_MS: Final[Mapping[tuple[str, float], float]] = {
    ("1 task", 0.0): 17.5,
    ("chain of 3", 0.0): 1020.0,
    ("diamond of 4", 0.0): 1022.0,
    ("1 task", 200.0): 223.0,
    ("chain of 3", 200.0): 1230.0,
    ("diamond of 4", 200.0): 1233.0,
}
"""The total of a run of HuggingGPT's server, by shape and delay, in milliseconds."""
HUGGING_GPT_CHAIN_PROMPT_TOKENS: Final = 5_600
"""The prompt tokens that it sends for a chain of three tasks, in five calls."""
HUGGING_GPT_CHAINS_PER_SECOND: Final = 3.9
"""What HuggingGPT's server did with 8 clients."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What a bare `grpc.aio` server does that returns what it gets."""

    unary: Sequence[Load]
    stream: Sequence[Load]
    """A stream of as many messages of the same size as the events of one chain."""
    message_count: int
    message_bytes: int


async def measure_echo(controller: str, address: str, seconds: float) -> Echo:
    """Measures the echo server with the payload of `Execute` of a chain, which is run once to see how large it is."""
    async with AsyncClient(controller) as client:
        sizes = [codec.encode(event).ByteSize() async for event in client.execute(CHAIN.make(fresh_text(), 0.0))]
    payload = bytes(sum(sizes) // len(sizes))
    metadata = grpc.aio.Metadata((echo_server.COUNT, str(len(sizes))))

    async def unary(channel: grpc.aio.Channel) -> None:
        # Without serializers the stubs take no type at all.
        call: Any = channel.unary_unary(echo_server.UNARY)
        await call(payload)

    async def stream(channel: grpc.aio.Channel) -> None:
        call: Any = channel.unary_stream(echo_server.STREAM)
        async for _ in call(payload, metadata=metadata):
            pass

    return Echo(
        unary=[await _measure(address, count, unary, seconds) for count in CLIENT_COUNTS],
        stream=[await _measure(address, count, stream, seconds) for count in CLIENT_COUNTS],
        message_count=len(sizes),
        message_bytes=len(payload),
    )


async def _measure(
    address: str, count: int, make_call: Callable[[grpc.aio.Channel], Awaitable[None]], seconds: float
) -> Load:
    async with AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(_channel(address)) for _ in range(count)]
        return await measure([partial(make_call, channel) for channel in channels], seconds)


@asynccontextmanager
async def _channel(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """Opens a channel as the clients of the controller do."""
    async with grpc.aio.insecure_channel(address, options=Endpoint(address).options()) as channel:
        yield channel
