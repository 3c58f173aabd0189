"""The model host put together: everything it is made of, started and stopped in order."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import grpc

from orchestrion import task_types
from orchestrion._net.transport import MAX_MESSAGE_BYTES, channel_options
from orchestrion.v1 import model_host_service_pb2, model_host_service_pb2_grpc
from orchestrion_host.advertiser import Advertiser
from orchestrion_host.artifacts.cache import ArtifactCache
from orchestrion_host.artifacts.exchange import ArtifactExchange
from orchestrion_host.artifacts.store import ArtifactStore
from orchestrion_host.catalogue import reader
from orchestrion_host.catalogue.plugins import Plugins, discover
from orchestrion_host.catalogue.reader import CatalogueError
from orchestrion_host.changes import Changes
from orchestrion_host.config import HostConfig
from orchestrion_host.experts.expert import HostedExpert, MediaLimits
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.experts.pins import Pins
from orchestrion_host.experts.reservations import GrantedReservations
from orchestrion_host.gauges import CacheUse, HostGauges
from orchestrion_host.inference import Inference
from orchestrion_host.memory import probe
from orchestrion_host.memory.devices import DeviceAccount, Devices
from orchestrion_host.memory.graphics import GraphicsWatch
from orchestrion_host.memory.measurements import Measurements
from orchestrion_host.memory.nvml import NvmlReader
from orchestrion_host.memory.worker_shares import WorkerShares
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.models.collection import Collection
from orchestrion_host.models.library import ModelLibrary
from orchestrion_host.open_inference.calls import ProtocolCalls
from orchestrion_host.open_inference.http.app import ProtocolApp
from orchestrion_host.open_inference.http.server import HttpServer
from orchestrion_host.open_inference.models import ServedModels
from orchestrion_host.open_inference.repository import ModelRepository
from orchestrion_host.open_inference.shared_memory import SharedMemory
from orchestrion_host.open_inference.v2 import grpc_service_pb2, grpc_service_pb2_grpc
from orchestrion_host.report import HostDescription
from orchestrion_host.results import ResultCache
from orchestrion_host.servicers.model_host import ModelHostServicer
from orchestrion_host.servicers.open_inference import OpenInferenceServicer
from orchestrion_host.workers.pool import WorkerPool, WorkerSettings
from orchestrion_host.workers.spool import SpoolRoot
from orchestrion_host.workers.worker import Worker
from orchestrion_serving.health import health_pages
from orchestrion_serving.metrics import CallMetrics
from orchestrion_serving.metrics_endpoint import MetricsEndpoint
from orchestrion_serving.process import GrpcServer
from orchestrion_serving.request_bounds import RequestBounds
from orchestrion_serving.value_sizes import ResultBounds

_log = logging.getLogger(__name__)
_LEAST_CALL_MEMORY_BYTES: Final = 1 << 30
_SERVICES: Final = (
    model_host_service_pb2.DESCRIPTOR.services_by_name["ModelHostService"].full_name,
    grpc_service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name,
)


class ModelHost:
    """A host that serves. Made by `start`, ended by `stop`."""

    def __init__(self, config: HostConfig, devices: Devices, plugins: Plugins) -> None:
        """Builds everything that needs no port.

        Args:
            config: The settings.
            devices: The devices found.
            plugins: What third parties bring.

        Raises:
            CatalogueError: A file of the catalogue is wrong, or an expert to preload is not in it.
            OSError: The home folder cannot be written.
        """
        self._config = config
        calls = CallMetrics("orchestrion_host")
        metrics = HostMetrics(calls)
        self._measurements = Measurements(config.folder / "measurements.json")
        collection = Collection(
            config,
            lambda facts, presence: HostedExpert(
                facts, presence, config.queue_limit, self._measurements, metrics.note_batch
            ),
            plugins.experts,
        )
        experts = collection.experts
        missing = [expert_id for expert_id in config.preload if expert_id not in experts]
        if missing:
            raise CatalogueError(f"preload: this host offers no expert {missing[0]!r}; it offers {', '.join(experts)}.")
        self._preload = [experts[expert_id] for expert_id in config.preload]
        # Everything that is reported may have made room; the end of a call makes room and is not reported.
        room = Changes()
        changes = Changes(also=room)
        self._spool = SpoolRoot(config.folder, config.spool_bytes)
        self._workers = WorkerPool(
            WorkerSettings(
                config.hang_timeout_s,
                config.log_level,
                config.log_format,
                config.log_content,
                config.hub_offline,
                config.call_memory_bytes or max(_LEAST_CALL_MEMORY_BYTES, probe.main_memory().total_bytes // 4),
                config.max_output_bytes,
            ),
            self._spool,
        )
        shares = WorkerShares(devices.main, self._measurements)
        self._loader = ExpertLoader(
            experts=experts,
            devices=devices,
            workers=self._workers,
            shares=shares,
            changes=changes,
            room=room,
            metrics=metrics,
            limits=MediaLimits(config.max_image_pixels, config.max_audio_seconds, config.max_video_seconds),
        )
        self._reservations = GrantedReservations(self._loader, changes)
        self._pins = Pins(config.folder / "pins.json", experts, self._loader, changes, config.room_wait_s)
        # An expert that was pinned, then removed, is loaded again when it is there again.
        collection.on_offer = self._pins.resume
        self._graphics = GraphicsWatch(devices, changes)
        defined_task_types = {**plugins.task_types, **task_types.load()}
        self._library = ModelLibrary.build(
            config,
            collection,
            self._loader,
            changes,
            measurements=self._measurements,
            task_types=tuple(defined_task_types),
            has_graphics=any(device.name != devices.main.name for device in devices.describe()),
        )
        self._channel = grpc.aio.insecure_channel(config.controller, options=channel_options(config.controller))
        cache = ArtifactCache(config.folder / "artifacts", config.cache_bytes)
        exchange = ArtifactExchange(cache, ArtifactStore(self._channel), self._spool, metrics)
        results = ResultCache(config.result_cache_bytes)
        self._inference = inference = Inference(
            task_types=defined_task_types,
            loader=self._loader,
            reservations=self._reservations,
            exchange=exchange,
            on_demand=self._library.on_demand,
            room=room,
            metrics=metrics,
            results=results,
            result_bounds=ResultBounds(config.max_result_bytes, config.max_result_parts),
        )
        self._description = HostDescription(
            config.name,
            config.max_concurrent_calls,
            experts,
            devices,
            self._workers,
            profile=config.profile,
            fetches_on_demand=config.fetch_on_demand,
            task_types=plugins.task_types,
            absent_experts=collection.absent_experts,
        )
        self._advertiser = Advertiser(self._channel, self._description, changes)
        bounds = RequestBounds(MAX_MESSAGE_BYTES, config.max_request_parts)
        self._server = GrpcServer(
            calls,
            bounds,
            max_calls=config.max_server_calls,
            believe_all=True,
            max_message_bytes=config.max_message_bytes,
        )
        servicer = ModelHostServicer(
            library=self._library,
            inference=inference,
            reservations=self._reservations,
            loader=self._loader,
            pins=self._pins,
            description=self._description,
            room_wait_s=config.room_wait_s,
        )
        model_host_service_pb2_grpc.add_ModelHostServiceServicer_to_server(servicer, self._server.server)
        models = ServedModels(experts, defined_task_types, collection.find)
        self._shared_memory = SharedMemory(allowed=config.allow_shared_memory)
        protocol_calls = ProtocolCalls(
            models=models,
            inference=inference,
            exchange=exchange,
            shared_memory=self._shared_memory,
            description=self._description,
            room_wait_s=config.room_wait_s,
        )
        repository = ModelRepository(
            models=models,
            loader=self._loader,
            on_demand=self._library.on_demand,
            shared_memory=self._shared_memory,
            description=self._description,
            queue_limit=config.queue_limit,
            room_wait_s=config.room_wait_s,
        )
        grpc_service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
            OpenInferenceServicer(protocol_calls, repository, config.max_message_bytes), self._server.server
        )
        self._http = HttpServer(ProtocolApp(protocol_calls, repository, metrics, config.max_message_bytes))
        self._nvml = NvmlReader()
        metrics.registry.register(
            HostGauges(
                experts=lambda: tuple(experts.values()),
                devices=devices,
                readings=self._nvml.read,
                artifacts=CacheUse(lambda: cache.used_bytes, config.cache_bytes),
                results=CacheUse(lambda: results.used_bytes, config.result_cache_bytes),
                connected=lambda: self._advertiser.connected,
                workers=lambda: len(self._workers.workers),
                worker_bytes=shares.describe,
                queue_limit=config.queue_limit,
            )
        )
        self._registry = metrics.registry
        self._server.readiness.require(
            lambda: "" if self._advertiser.connected else f"No controller at {config.controller} lists this host yet."
        )
        self._endpoint: MetricsEndpoint | None = None

    @classmethod
    async def start(cls, config: HostConfig) -> ModelHost:
        """Builds a host, listens, and begins to advertise.

        Raises:
            CatalogueError: A file of the catalogue is wrong, or an expert that the settings name cannot be taken.
            OSError: A port is taken, or the home folder cannot be written.
        """
        own = reader.read((), test_experts=config.test_experts)
        plugins = await discover(config.experts, ids=own, own_task_types=task_types.load())
        host = cls(config, await find_devices(config), plugins)
        await host._listen()
        return host

    @property
    def address(self) -> str:
        """The address and port of the gRPC server."""
        return self._server.address

    @property
    def metrics_address(self) -> str:
        """The address and port of the metrics."""
        return self._endpoint.address if self._endpoint else ""

    @property
    def http_address(self) -> str:
        """The address and port of the Open Inference Protocol over HTTP."""
        return self._http.address

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers that run now."""
        return self._workers.workers

    async def stop(self) -> None:
        """Leaves the registry at once, finishes what it holds within the grace, and ends the workers.

        Calls that come meanwhile are refused with HOST_DRAINING, so that whoever made them goes to another host.
        """
        _log.info("stopping")
        loop = asyncio.get_running_loop()
        grace_end = loop.time() + self._config.drain_grace_s
        self._server.drain()
        await self._advertiser.drain()
        await self._inference.until_idle(grace_end - loop.time())
        grace_s = max(0.0, grace_end - loop.time())
        await asyncio.gather(self._server.stop(grace_s), self._http.stop(grace_s))
        await self._advertiser.close()
        self._reservations.close()
        await self._library.close()
        await self._pins.close()
        await self._loader.close()
        await self._workers.close()
        await self._graphics.close()
        await self._measurements.close()
        await self._channel.close()
        if self._endpoint is not None:
            await asyncio.to_thread(self._endpoint.close)
        await asyncio.to_thread(self._nvml.close)
        self._shared_memory.unregister()
        self._spool.close()

    def _reached_metrics(self, endpoint: MetricsEndpoint) -> str:
        """Returns where Prometheus reads the metrics; empty for a unix socket, which it cannot."""
        if not endpoint.port:
            return ""
        # Whoever reaches its calls from another machine reaches its metrics there, on their own port.
        reached_at, _, port = self._description.address.rpartition(":")
        apart = bool(self._config.metrics_host) or not port.isdigit()
        return endpoint.address if apart else f"{reached_at}:{endpoint.port}"

    async def _listen(self) -> None:
        try:
            await self._server.start(self._config.listen_host, self._config.port, _SERVICES)
            self._endpoint = MetricsEndpoint(
                self._registry,
                self._config.metrics_address,
                self._config.metrics_port,
                health_pages(self._server.readiness, asyncio.get_running_loop()),
            )
            await self._http.start(self._config.http_address, self._config.max_server_calls)
        except BaseException:  # A port is taken, or the host is to stop before it serves.
            await self._server.stop(0)
            if self._endpoint is not None:
                await asyncio.to_thread(self._endpoint.close)
            await self._channel.close()
            self._spool.close()
            raise
        _log.info(
            "the Open Inference Protocol is served over gRPC at %s, over HTTP at %s", self.address, self.http_address
        )
        self._description.address = self._config.advertise_address or self.address
        self._description.metrics_address = self._reached_metrics(self._endpoint)
        self._advertiser.start()
        self._measurements.start()
        self._graphics.start()
        self._pins.start()
        for expert in self._preload:
            self._loader.load_in_background(expert, self._config.room_wait_s)


async def find_devices(config: HostConfig) -> Devices:
    """Finds the devices of this machine; a budget in the settings bounds main memory."""
    graphics = [DeviceAccount(device, budget_bytes=None, measure=None) for device in await probe.nvidia_devices()]
    main = DeviceAccount(
        probe.main_memory(),
        budget_bytes=config.memory_budget_bytes,
        measure=lambda: probe.main_memory().free_bytes,
    )
    return Devices([*graphics, main])
