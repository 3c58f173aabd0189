"""Assembles a controller from its configuration, and shuts it down in order."""

from __future__ import annotations

import asyncio
import logging
from threading import Thread

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
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.runs import RunLimits, RunSupervisor
from orchestrion_controller.selector.llm.chooser import LLMChooser
from orchestrion_controller.selector.selector import Selector
from orchestrion_controller.selector.stage import SelectStage
from orchestrion_controller.servicers.artifact import ArtifactServicer
from orchestrion_controller.servicers.programs import Programs
from orchestrion_controller.servicers.registry import RegistryServicer
from orchestrion_controller.servicers.run import RunServicer
from orchestrion_controller.servicers.stages import ExecuteServicer, PlanServicer, RespondServicer, SelectServicer
from orchestrion_serving.health import health_pages
from orchestrion_serving.metrics_endpoint import MetricsEndpoint
from orchestrion_serving.process import GrpcServer
from orchestrion_serving.request_bounds import RequestBounds
from orchestrion_serving.value_sizes import ResultBounds

_log = logging.getLogger(__name__)

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
            FailedPreconditionError: The database cannot be opened.
            OSError: The home folder cannot be made.
        """
        self._config = config
        config.home.mkdir(parents=True, exist_ok=True)
        self.metrics = metrics = ControllerMetrics()
        self._database = Database(config.resolved_database_url, metrics, synchronous=config.synchronous)
        self._journal = Journal(self._database)
        self._artifacts = OwnedArtifacts(
            LocalStore(config.home / "artifacts", config.max_artifact_bytes), self._database, metrics
        )
        self._registry = Registry(config.lease_ms, metrics, task_types.load())
        limits = RunLimits(
            config.max_running_runs, config.detach_grace_ms, config.approval_timeout_ms, config.max_resumes
        )
        self._runs = RunSupervisor(self._journal, metrics, limits)
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
        self._grpc = GrpcServer(metrics, RequestBounds(config.max_request_bytes, config.max_request_parts))
        self._grpc.readiness.require(lambda: self._database.problem)
        self._grpc.readiness.mention(
            lambda: "" if self._registry.hosts() else "No host is listed: tasks wait for none, they fail."
        )
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

    async def start(self) -> None:
        """Goes on with the runs that an earlier process left unfinished, and opens the ports.

        Raises:
            OSError: A port is taken.
        """
        await self._runs.load()
        if count := await self._runs.resume(self._programs.resume):
            _log.warning("goes on with %d runs that an earlier process left unfinished", count)
        await self._artifacts.measure()
        pages = {
            **health_pages(self._grpc.readiness, asyncio.get_running_loop()),
            HOSTS_PATH: lambda: discovery_page(self._registry.hosts()),
        }
        self._endpoint = MetricsEndpoint(
            self.metrics.registry, self._config.listen_host, self._config.metrics_port, pages
        )
        await self._grpc.start(self._config.listen_host, self._config.port, _SERVICES)

    def prepare(self) -> None:
        """Begins what a first request would otherwise wait for; call it once there is time."""
        self._performers.prepare()
        Thread(target=languages.prepare, name="languages").start()
        self.language_models.prepare()

    async def stop(self) -> None:
        """Cancels runs with a reason, lets clients read it, and closes everything."""
        self._grpc.readiness.drain()
        await self._runs.stop(Reason.SERVER_STOPPING.error("The controller is shutting down; ask again."))
        await self._grpc.stop(self._config.shutdown_grace_s)
        await self.language_models.aclose()
        self._registry.close()
        await self._executor.close()
        await self._database.close()
        if self._endpoint is not None:
            await asyncio.to_thread(self._endpoint.close)

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
