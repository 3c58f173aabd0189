"""Assembles a controller from its configuration, and shuts it down in order."""

from __future__ import annotations

import asyncio
import logging
from threading import Thread
from typing import Final

from orchestrion import task_types
from orchestrion.errors import Reason
from orchestrion.v1 import (
    artifact_service_pb2,
    artifact_service_pb2_grpc,
    execute_service_pb2,
    execute_service_pb2_grpc,
    plan_service_pb2,
    plan_service_pb2_grpc,
    registry_service_pb2,
    registry_service_pb2_grpc,
    respond_service_pb2,
    respond_service_pb2_grpc,
    run_service_pb2,
    run_service_pb2_grpc,
    select_service_pb2,
    select_service_pb2_grpc,
)
from orchestrion_controller import languages
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.artifacts.store import LocalStore
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.ownership import FileLock, InUseError
from orchestrion_controller.executor.execution import CallLimits
from orchestrion_controller.executor.executor import Executor
from orchestrion_controller.hosted_model import HostedChatModel
from orchestrion_controller.language_model.chat_model import ChatModel
from orchestrion_controller.language_model.choices import ModelChoice
from orchestrion_controller.language_model.measured import MeasuredChatModel
from orchestrion_controller.language_models import language_models
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.performers import performers
from orchestrion_controller.pipeline.context import StageContext
from orchestrion_controller.pipeline.pipeline import Pipeline
from orchestrion_controller.registry.discovery import HOSTS_PATH, discovery_page
from orchestrion_controller.registry.listed_hosts import ListedHosts
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.retention import Retention, RetentionPolicy
from orchestrion_controller.runs.runs import RunLimits, RunSupervisor
from orchestrion_controller.selector.llm.chooser import LLMChooser
from orchestrion_controller.selector.selector import Selector
from orchestrion_controller.selector.stage import SelectStage
from orchestrion_controller.servicers.artifact import ArtifactServicer
from orchestrion_controller.servicers.programs import Programs
from orchestrion_controller.servicers.registry import RegistryServicer
from orchestrion_controller.servicers.run import RunServicer
from orchestrion_controller.servicers.stages import ExecuteServicer, PlanServicer, RespondServicer, SelectServicer
from orchestrion_controller.upkeep import Upkeep
from orchestrion_serving.health import health_pages
from orchestrion_serving.metrics_endpoint import MetricsEndpoint
from orchestrion_serving.process import GrpcServer
from orchestrion_serving.request_bounds import RequestBounds
from orchestrion_serving.value_sizes import ResultBounds

_log = logging.getLogger(__name__)
_LAST_WORDS_S: Final = 0.5
"""How long a call may take at the very end that is about to be told why it ends, in seconds."""

_SERVICES = [
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (plan_service_pb2, "PlanService"),
        (select_service_pb2, "SelectService"),
        (execute_service_pb2, "ExecuteService"),
        (respond_service_pb2, "RespondService"),
        (run_service_pb2, "RunService"),
        (artifact_service_pb2, "ArtifactService"),
        (registry_service_pb2, "RegistryService"),
    )
]


class Controller:
    """A controller in this process. Make it on the event loop that runs it."""

    def __init__(self, config: ControllerConfig) -> None:
        """Builds every part; `start` opens the ports.

        Raises:
            FailedPreconditionError: Another controller uses the home folder, or the database cannot be opened.
            OSError: The home folder cannot be made.
        """
        self._config = config
        config.home.mkdir(parents=True, exist_ok=True)
        try:
            self._home_lock = FileLock(config.home / "controller.lock", f"the folder {config.home}", "--home")
        except InUseError as error:
            raise Reason.NOT_CONFIGURED.error(f"home: {error}.") from error
        self.metrics = metrics = ControllerMetrics()
        self._database = Database(
            config.resolved_database_url, metrics, synchronous=config.synchronous, retry_s=config.database_retry_s
        )
        policy = RetentionPolicy(config.keep_runs_days, config.keep_runs_count, config.keep_artifact_bytes)
        self._journal = Journal(self._database, policy.note)
        store = LocalStore(config.home / "artifacts", config.max_artifact_bytes, syncs=config.synchronous == "full")
        self._artifacts = OwnedArtifacts(store, self._database, metrics)
        self._registry = Registry(config.lease_ms, metrics, task_types.load())
        limits = RunLimits(
            config.max_running_runs,
            config.detach_grace_ms,
            config.approval_timeout_ms,
            config.max_resumes,
            config.max_running_bytes,
            config.max_log_bytes,
        )
        self._runs = RunSupervisor(self._journal, metrics, limits)
        self._listed_hosts = ListedHosts(self._database)
        self._registry.on_listed(self._listed_hosts.add)
        self._registry.on_leaving(self._runs.hosts_leave)
        selector = Selector(self._registry, config.candidate_count, licenses=config.licenses)
        call_limits = CallLimits(
            config.max_run_calls,
            config.max_open_calls,
            config.max_request_parts,
            ResultBounds(config.max_result_bytes, config.max_result_parts),
        )
        self._executor = Executor(
            self._registry,
            selector,
            self._artifacts,
            metrics,
            config.max_attempts,
            silence_s=config.attempt_silence_s,
            limits=call_limits,
        )
        context = StageContext(self._registry, self._artifacts, self._journal)
        executor, registry = self._executor, self._registry

        def hosted(choice: ModelChoice) -> HostedChatModel:
            return HostedChatModel(
                choice.expert,
                registry=registry,
                selector=selector,
                attempts=executor.attempts,
                clients=executor.clients,
                setting=choice.named("expert"),
                context_tokens=choice.context_tokens,
            )

        self.language_models = language_models(config, hosted, metrics)

        def measured(stage: str, model: ChatModel) -> ChatModel:
            return MeasuredChatModel(model, stage, metrics)

        selecting = self.language_models.selector
        chooser = LLMChooser(measured("select", selecting)) if selecting is not None else None
        select_stage = SelectStage(selector, chooser, metrics)
        self._performers = performers(config, self.language_models, measured)
        pipeline = Pipeline(
            self._performers,
            select_stage,
            self._executor,
            context,
            metrics,
            early_dispatch=config.early_dispatch,
        )
        bounds = RequestBounds(config.max_request_bytes, config.max_request_parts)
        self._grpc = GrpcServer(metrics, bounds, max_calls=config.max_server_calls)
        self._grpc.readiness.require(lambda: self._database.problem)
        self._grpc.readiness.mention(self._missing_hosts)
        retention = Retention(policy, self._runs, self._artifacts, metrics)
        self._upkeep = Upkeep(self._artifacts, retention if policy.is_some else None)
        self._programs = Programs(self._runs, pipeline, self._artifacts)
        self._add_services()
        self._endpoint: MetricsEndpoint | None = None

    @property
    def grpc_port(self) -> int:
        """The port of the gRPC services; 0 before the start."""
        return self._grpc.port

    @property
    def metrics_port(self) -> int:
        """The port of /metrics; 0 before the start."""
        return self._endpoint.port if self._endpoint else 0

    @property
    def grpc_address(self) -> str:
        """Where clients reach it: `host:port`, `[::1]:port` or `unix:/path`; empty before the start."""
        return self._grpc.address

    @property
    def metrics_address(self) -> str:
        """Where its metrics are, likewise."""
        return self._endpoint.address if self._endpoint else ""

    async def start(self) -> None:
        """Goes on with the runs that an earlier process left unfinished, and opens the ports.

        Raises:
            OSError: A port is taken.
        """
        self._registry.expect(await self._listed_hosts.load())
        asyncio.get_running_loop().call_later(self._registry.lease_ms / 1000, self._forget_absent_hosts)
        await self._runs.load()
        if count := await self._runs.resume(self._programs.resume):
            _log.warning("goes on with %d runs that an earlier process left unfinished", count)
        await self._artifacts.measure()
        pages = {
            **health_pages(self._grpc.readiness, asyncio.get_running_loop()),
            HOSTS_PATH: lambda: discovery_page(self._registry.hosts()),
        }
        self._endpoint = MetricsEndpoint(
            self.metrics.registry, self._config.metrics_address, self._config.metrics_port, pages
        )
        await self._grpc.start(self._config.listen_host, self._config.port, _SERVICES)
        self._upkeep.start()

    def prepare(self) -> None:
        """Begins what a first request would otherwise wait for; call it once there is time."""
        self._performers.prepare()
        Thread(target=languages.prepare, name="languages").start()
        self.language_models.prepare()

    async def stop(self) -> None:
        """Takes nothing new, lets runs end within the grace, leaves the others to the next process, closes everything.

        Calls other than runs have what is left of the grace, and `_LAST_WORDS_S` at least, so that clients read why.
        """
        loop = asyncio.get_running_loop()
        grace_end = loop.time() + self._config.shutdown_grace_s
        self._grpc.drain()
        if left := await self._runs.drain(self._config.shutdown_grace_s):
            _log.warning("leaves %d runs unfinished in the journal, for the next controller", left)
        self._registry.close()
        await self._grpc.stop(max(_LAST_WORDS_S, grace_end - loop.time()))
        await self.language_models.aclose()
        await self._executor.close()
        await self._upkeep.stop()
        await self._artifacts.finish()
        await self._database.close()
        self._home_lock.release()
        if self._endpoint is not None:
            await asyncio.to_thread(self._endpoint.close)

    def _missing_hosts(self) -> str:
        if awaited := self._registry.awaited:
            return f"Runs wait for {', '.join(sorted(awaited))}, listed before the restart, a lease's time at most."
        return "" if self._registry.hosts() else "No host is listed: tasks wait for none, they fail."

    def _forget_absent_hosts(self) -> None:
        listed = {host.name for host in self._registry.hosts()}
        self._listed_hosts.remove(self._listed_hosts.names - listed)

    def _add_services(self) -> None:
        server, runs, programs = self._grpc.server, self._runs, self._programs
        plan_service_pb2_grpc.add_PlanServiceServicer_to_server(PlanServicer(runs, programs), server)
        select_service_pb2_grpc.add_SelectServiceServicer_to_server(SelectServicer(runs, programs), server)
        execute_service_pb2_grpc.add_ExecuteServiceServicer_to_server(ExecuteServicer(runs, programs), server)
        respond_service_pb2_grpc.add_RespondServiceServicer_to_server(RespondServicer(runs, programs), server)
        run_service_pb2_grpc.add_RunServiceServicer_to_server(RunServicer(runs, programs), server)
        artifact_service_pb2_grpc.add_ArtifactServiceServicer_to_server(
            ArtifactServicer(self._artifacts, self.metrics), server
        )
        registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(RegistryServicer(self._registry), server)
