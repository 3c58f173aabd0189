"""Real hosts for tests: in this process, on free ports, beside a tiny controller."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
from grpc.aio import UnaryUnaryMultiCallable

from orchestrion._codec import codec, value_codec
from orchestrion._net.transport import channel_options, error_of
from orchestrion.experts import ExpertStatus, Host
from orchestrion.inference import InferOutputs, InferPayload, InferPreview, InferProgress, InferText
from orchestrion.v1 import model_host_service_pb2 as messages
from orchestrion.v1.model_host_service_pb2_grpc import ModelHostServiceStub
from orchestrion.v1.registry_service_pb2 import HostReport
from orchestrion.values import Value
from orchestrion_host.config import HostConfig
from orchestrion_host.server import ModelHost
from tests.rpc.host.tiny_controller import TinyController

_PAYLOADS: dict[str, type[InferPayload]] = {
    kind.__name__: kind for kind in (InferProgress, InferText, InferPreview, InferOutputs)
}


RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


class HostClient:
    """Calls a host, and turns messages and errors into those of the domain."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub = ModelHostServiceStub(channel)

    async def events(
        self,
        expert: str,
        inputs: Mapping[str, Value],
        *,
        timeout: float | None = 60,
        task_type: str = "",
        reservation: str = "",
    ) -> AsyncGenerator[InferPayload, None]:
        request = messages.InferRequest(expert_id=expert, task_type=task_type, reservation=reservation)
        value_codec.encode_values(inputs, request.inputs)
        call = self.stub.Infer(request, timeout=timeout)
        try:
            async for event in call:
                member = getattr(event, event.WhichOneof("payload") or "")
                payload: InferPayload = codec.decode(member, _PAYLOADS[member.DESCRIPTOR.name])
                yield payload
        except grpc.RpcError as failure:
            raise error_of(failure) from failure
        finally:
            call.cancel()

    async def infer_with(
        self, expert: str, inputs: Mapping[str, Value], *, timeout: float | None = 60, task_type: str = ""
    ) -> InferOutputs:
        payloads = [payload async for payload in self.events(expert, inputs, timeout=timeout, task_type=task_type)]
        assert isinstance(payloads[-1], InferOutputs)
        return payloads[-1]

    async def infer(self, expert: str, **inputs: Value) -> InferOutputs:
        return await self.infer_with(expert, inputs)

    async def call(
        self, method: UnaryUnaryMultiCallable[RequestT, AnswerT], request: RequestT, timeout: float = 60
    ) -> AnswerT:
        try:
            return await method(request, timeout=timeout)
        except grpc.RpcError as failure:
            raise error_of(failure) from failure

    async def reserve(
        self, reservation: str, expert: str, *, hard: bool = False, ttl_ms: int = 0, timeout: float = 60
    ) -> messages.Reservation:
        request = messages.ReserveRequest(reservation=reservation, expert_id=expert, hard=hard, ttl_ms=ttl_ms)
        return await self.call(self.stub.Reserve, request, timeout)

    async def load(self, expert: str) -> ExpertStatus:
        return codec.decode(
            await self.call(self.stub.LoadExpert, messages.LoadExpertRequest(expert_id=expert)), ExpertStatus
        )

    async def unload(self, expert: str) -> ExpertStatus:
        request = messages.UnloadExpertRequest(expert_id=expert)
        return codec.decode(await self.call(self.stub.UnloadExpert, request), ExpertStatus)

    async def pin(self, expert: str, *, pinned: bool = True) -> ExpertStatus:
        request = messages.PinExpertRequest(expert_id=expert, pinned=pinned)
        return codec.decode(await self.call(self.stub.PinExpert, request), ExpertStatus)

    async def host(self) -> Host:
        return codec.decode(await self.call(self.stub.GetHost, messages.GetHostRequest()), Host)

    async def status(self, expert: str) -> ExpertStatus:
        return next(status for status in (await self.host()).statuses if status.expert_id == expert)


def status_in(report: HostReport, expert: str) -> ExpertStatus:
    return codec.decode(next(status for status in report.statuses if status.expert_id == expert), ExpertStatus)


def memory_of(pid: int, kind: str = "Pss") -> int:
    """Returns a figure of a process: `Pss` (shared pages count by its share), `Pss_Anon` (no files), `Rss`."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{kind}:"))


@dataclass
class RunningHost:
    host: ModelHost
    client: HostClient
    controller: TinyController

    def worker_pid(self, label: str) -> int:
        return next(worker.pid for worker in self.host.workers if worker.label == label)

    def signal_worker(self, label: str, number: signal.Signals) -> int:
        pid = self.worker_pid(label)
        os.kill(pid, number)
        return pid

    async def until(self, expert: str, wanted: Callable[[ExpertStatus], bool]) -> ExpertStatus:
        """Waits for a report in which the expert is as wanted."""
        report = await self.controller.registry.wait(lambda report: wanted(status_in(report, expert)))
        return status_in(report, expert)

    async def when(self, expert: str, wanted: Callable[[ExpertStatus], bool]) -> ExpertStatus:
        """Waits until the host says that the expert is as wanted; for what it does not report at once, as calls."""
        async with asyncio.timeout(30):
            while not wanted(status := await self.client.status(expert)):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return status

    async def metric(self, name: str, **labels: str) -> float:
        url = f"http://{self.host.metrics_address}/metrics"
        with await asyncio.to_thread(urllib.request.urlopen, url) as response:
            text = response.read().decode()
        for line in text.splitlines():
            if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return 0.0


@contextlib.asynccontextmanager
async def running_host(
    home: Path, controller: TinyController | None = None, **settings: Any
) -> AsyncIterator[RunningHost]:
    """Runs a host in this process, with a controller of its own where none is given."""
    async with contextlib.AsyncExitStack() as stack:
        if controller is None:
            controller = await stack.enter_async_context(TinyController())
        defaults: dict[str, Any] = {
            "name": "test-host",
            "port": 0,
            "metrics_port": 0,
            "controller": controller.address,
            "home": home,
            "test_experts": True,
            "drain_grace_s": 1.0,
        }
        host = await ModelHost.start(HostConfig(**(defaults | settings)))
        stack.push_async_callback(host.stop)
        channel = await stack.enter_async_context(
            grpc.aio.insecure_channel(host.address, options=channel_options(host.address))
        )
        yield RunningHost(host, HostClient(channel), controller)
