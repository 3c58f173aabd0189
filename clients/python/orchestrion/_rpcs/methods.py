"""The methods of the API's services. Made from protos/ by `make protos`: do not edit."""

from __future__ import annotations

from typing import Final

from google.protobuf import empty_pb2

from orchestrion._rpcs.rpc import Method, StreamMethod, UnaryMethod, UploadMethod
from orchestrion.v1 import (
    artifact_service_pb2,
    artifacts_pb2,
    events_pb2,
    execute_service_pb2,
    experts_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
)

UPLOAD: Final = UploadMethod(
    "/orchestrion.v1.ArtifactService/Upload", artifact_service_pb2.UploadRequest, artifacts_pb2.Artifact
)
DOWNLOAD: Final = StreamMethod(
    "/orchestrion.v1.ArtifactService/Download",
    artifact_service_pb2.DownloadRequest,
    artifact_service_pb2.DownloadResponse,
)
GET_ARTIFACT: Final = UnaryMethod(
    "/orchestrion.v1.ArtifactService/GetArtifact", artifact_service_pb2.GetArtifactRequest, artifacts_pb2.Artifact
)
LIST_ARTIFACTS: Final = UnaryMethod(
    "/orchestrion.v1.ArtifactService/ListArtifacts",
    artifact_service_pb2.ListArtifactsRequest,
    artifact_service_pb2.ListArtifactsResponse,
)
DELETE_ARTIFACT: Final = UnaryMethod(
    "/orchestrion.v1.ArtifactService/DeleteArtifact", artifact_service_pb2.DeleteArtifactRequest, empty_pb2.Empty
)
EXECUTE: Final = StreamMethod(
    "/orchestrion.v1.ExecuteService/Execute", execute_service_pb2.ExecuteRequest, events_pb2.Event
)
INFER: Final = StreamMethod(
    "/orchestrion.v1.ModelHostService/Infer", model_host_service_pb2.InferRequest, model_host_service_pb2.InferEvent
)
RESERVE: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/Reserve",
    model_host_service_pb2.ReserveRequest,
    model_host_service_pb2.Reservation,
)
RELEASE: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/Release", model_host_service_pb2.ReleaseRequest, empty_pb2.Empty
)
LOAD_EXPERT: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/LoadExpert", model_host_service_pb2.LoadExpertRequest, experts_pb2.ExpertStatus
)
UNLOAD_EXPERT: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/UnloadExpert",
    model_host_service_pb2.UnloadExpertRequest,
    experts_pb2.ExpertStatus,
)
GET_HOST: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/GetHost", model_host_service_pb2.GetHostRequest, experts_pb2.Host
)
ADD_MODEL: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/AddModel", model_host_service_pb2.AddModelRequest, experts_pb2.Expert
)
PULL_MODEL: Final = StreamMethod(
    "/orchestrion.v1.ModelHostService/PullModel",
    model_host_service_pb2.PullModelRequest,
    model_host_service_pb2.ModelProgress,
)
REMOVE_MODEL: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/RemoveModel", model_host_service_pb2.RemoveModelRequest, empty_pb2.Empty
)
PIN_EXPERT: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/PinExpert", model_host_service_pb2.PinExpertRequest, experts_pb2.ExpertStatus
)
EXPORT_MODEL: Final = StreamMethod(
    "/orchestrion.v1.ModelHostService/ExportModel",
    model_host_service_pb2.ExportModelRequest,
    model_host_service_pb2.ModelProgress,
)
REFRESH_MODELS: Final = StreamMethod(
    "/orchestrion.v1.ModelHostService/RefreshModels",
    model_host_service_pb2.RefreshModelsRequest,
    model_host_service_pb2.ModelProgress,
)
LIST_MODELS: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/ListModels",
    model_host_service_pb2.ListModelsRequest,
    model_host_service_pb2.ListModelsResponse,
)
SEARCH_MODELS: Final = UnaryMethod(
    "/orchestrion.v1.ModelHostService/SearchModels",
    model_host_service_pb2.SearchModelsRequest,
    model_host_service_pb2.SearchModelsResponse,
)
PLAN: Final = StreamMethod("/orchestrion.v1.PlanService/Plan", plan_service_pb2.PlanRequest, events_pb2.Event)
ADVERTISE: Final = Method(
    "/orchestrion.v1.RegistryService/Advertise", registry_service_pb2.HostReport, registry_service_pb2.HostOrder
)
LIST_HOSTS: Final = UnaryMethod(
    "/orchestrion.v1.RegistryService/ListHosts",
    registry_service_pb2.ListHostsRequest,
    registry_service_pb2.ListHostsResponse,
)
LIST_EXPERTS: Final = UnaryMethod(
    "/orchestrion.v1.RegistryService/ListExperts",
    registry_service_pb2.ListExpertsRequest,
    registry_service_pb2.ListExpertsResponse,
)
LIST_TASK_TYPES: Final = UnaryMethod(
    "/orchestrion.v1.RegistryService/ListTaskTypes",
    registry_service_pb2.ListTaskTypesRequest,
    registry_service_pb2.ListTaskTypesResponse,
)
WATCH: Final = StreamMethod(
    "/orchestrion.v1.RegistryService/Watch", registry_service_pb2.WatchRequest, registry_service_pb2.RegistryChange
)
RESPOND: Final = StreamMethod(
    "/orchestrion.v1.RespondService/Respond", respond_service_pb2.RespondRequest, events_pb2.Event
)
RUN: Final = StreamMethod("/orchestrion.v1.RunService/Run", run_service_pb2.RunRequest, events_pb2.Event)
WATCH_RUN: Final = StreamMethod(
    "/orchestrion.v1.RunService/WatchRun", run_service_pb2.WatchRunRequest, events_pb2.Event
)
GET_RUN: Final = UnaryMethod("/orchestrion.v1.RunService/GetRun", run_service_pb2.GetRunRequest, runs_pb2.Run)
LIST_RUNS: Final = UnaryMethod(
    "/orchestrion.v1.RunService/ListRuns", run_service_pb2.ListRunsRequest, run_service_pb2.ListRunsResponse
)
CANCEL_RUN: Final = UnaryMethod("/orchestrion.v1.RunService/CancelRun", run_service_pb2.CancelRunRequest, runs_pb2.Run)
APPROVE_PLAN: Final = UnaryMethod(
    "/orchestrion.v1.RunService/ApprovePlan", run_service_pb2.ApprovePlanRequest, runs_pb2.Run
)
DELETE_RUN: Final = UnaryMethod(
    "/orchestrion.v1.RunService/DeleteRun", run_service_pb2.DeleteRunRequest, empty_pb2.Empty
)
SELECT: Final = StreamMethod("/orchestrion.v1.SelectService/Select", select_service_pb2.SelectRequest, events_pb2.Event)
