"""RegistryService: hosts report here; clients list and watch hosts and experts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from orchestrion._codec import codec
from orchestrion.experts import Device, ExpertStatus, Host, HostFacts
from orchestrion.v1 import registry_service_pb2 as pb
from orchestrion.v1 import registry_service_pb2_grpc
from orchestrion_controller.registry.registry import Registry, Report, stopping
from orchestrion_serving.interceptors import Context


class RegistryServicer(registry_service_pb2_grpc.RegistryServiceServicer):
    """Lists hosts and experts."""

    def __init__(self, registry: Registry) -> None:
        """Keeps the registry."""
        self._registry = registry

    async def Advertise(
        self, request_iterator: AsyncIterator[pb.HostReport], context: Context
    ) -> AsyncIterator[pb.HostOrder]:
        """Takes a host's reports, and answers each with the lease."""
        stream, reported = object(), set[str]()
        closed = asyncio.ensure_future(self._registry.closed())
        try:
            while (message := await _next(request_iterator, closed)) is not None:
                facts_wanted = self._registry.report(_report(message), stream)
                reported.add(message.name)
                yield pb.HostOrder(lease_ms=self._registry.lease_ms, facts_wanted=facts_wanted)
        finally:
            closed.cancel()
            for name in reported:
                self._registry.disconnect(name, stream)

    async def ListHosts(self, request: pb.ListHostsRequest, context: Context) -> pb.ListHostsResponse:
        """Lists hosts."""
        return pb.ListHostsResponse(hosts=[codec.encode(host) for host in self._registry.hosts()])

    async def ListExperts(self, request: pb.ListExpertsRequest, context: Context) -> pb.ListExpertsResponse:
        """Lists experts."""
        experts = self._registry.experts(request.task_type)
        return pb.ListExpertsResponse(experts=[codec.encode(expert) for expert in experts])

    async def ListTaskTypes(self, request: pb.ListTaskTypesRequest, context: Context) -> pb.ListTaskTypesResponse:
        """Lists the task types."""
        task_types = self._registry.listed_task_types()
        return pb.ListTaskTypesResponse(task_types=[codec.encode(listed) for listed in task_types])

    async def Watch(self, request: pb.WatchRequest, context: Context) -> AsyncIterator[pb.RegistryChange]:
        """Streams hosts as they change."""
        async for change in self._registry.watch():
            if isinstance(change, Host):
                yield pb.RegistryChange(host=codec.encode(change))
            else:
                yield pb.RegistryChange(removed_host=change)


async def _next(reports: AsyncIterator[pb.HostReport], closed: asyncio.Future[None]) -> pb.HostReport | None:
    """Returns the next report; None at the end of the stream.

    Raises:
        UnavailableError: The controller stops.
    """
    following = asyncio.ensure_future(_first(reports))
    try:
        both: list[asyncio.Future[Any]] = [following, closed]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not following.done():
            raise stopping()
        return following.result()
    finally:
        following.cancel()


async def _first(reports: AsyncIterator[pb.HostReport]) -> pb.HostReport | None:
    return await anext(reports, None)


def _report(message: pb.HostReport) -> Report:
    return Report(
        name=message.name,
        instance_id=message.instance_id,
        facts_digest=message.facts_digest,
        facts=codec.decode(message.facts, HostFacts) if message.HasField("facts") else None,
        devices=tuple(codec.decode(device, Device) for device in message.devices),
        statuses=tuple(codec.decode(status, ExpertStatus) for status in message.statuses),
        draining=message.draining,
        worker_restart_count=message.worker_restart_count,
    )
