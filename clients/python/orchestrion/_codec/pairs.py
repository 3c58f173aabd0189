"""Which message belongs to which dataclass, for the type checker. Made from protos/ by `make protos`: do not edit."""

from __future__ import annotations

from typing import Protocol, TypeAlias, overload

from orchestrion import events, experts, inference, models, plans, refusals, requests, runs
from orchestrion.v1 import (
    artifacts_pb2,
    assignments_pb2,
    errors_pb2,
    events_pb2,
    experts_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    plans_pb2,
    registry_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
    task_types_pb2,
)

Encodable: TypeAlias = (
    events.AnswerFinished
    | events.AnswerText
    | events.ApprovalAwaited
    | events.AttemptFailed
    | events.Event
    | events.HostsAwaited
    | events.PlanApproved
    | events.PlanFinished
    | events.PlanRejected
    | events.RunFinished
    | events.RunStarted
    | events.StageFinished
    | events.StageStarted
    | events.TaskAssigned
    | events.TaskFinished
    | events.TaskPlanned
    | events.TaskPreview
    | events.TaskProgress
    | events.TaskRevoked
    | events.TaskStarted
    | events.TaskText
    | experts.AbsentExpert
    | experts.AcceptedValues
    | experts.Assignment
    | experts.Candidate
    | experts.Device
    | experts.Expert
    | experts.ExpertPlacement
    | experts.ExpertStatus
    | experts.Host
    | experts.HostFacts
    | experts.InputLimit
    | experts.ListedExpert
    | experts.ListedTaskType
    | inference.InferOutputs
    | inference.InferPreview
    | inference.InferProgress
    | inference.InferText
    | models.HubModel
    | models.ListedModel
    | models.ModelProgress
    | models.Profile
    | plans.Error
    | plans.Parameter
    | plans.Plan
    | plans.Task
    | plans.TaskResult
    | plans.TaskType
    | refusals.NotDone
    | refusals.Question
    | refusals.QuestionChoice
    | requests.AddModelRequest
    | requests.ApprovePlanRequest
    | requests.PlanRequest
    | requests.RunRequest
    | requests.SelectRequest
    | runs.Artifact
    | runs.Message
    | runs.Run
    | runs.RunOptions
)
"""The dataclasses that have a message."""


class Encode(Protocol):
    """The type of `codec.encode`."""

    @overload
    def __call__(self, item: events.AnswerFinished, /) -> events_pb2.AnswerFinished: ...

    @overload
    def __call__(self, item: events.AnswerText, /) -> events_pb2.AnswerText: ...

    @overload
    def __call__(self, item: events.ApprovalAwaited, /) -> events_pb2.ApprovalAwaited: ...

    @overload
    def __call__(self, item: events.AttemptFailed, /) -> events_pb2.AttemptFailed: ...

    @overload
    def __call__(self, item: events.Event, /) -> events_pb2.Event: ...

    @overload
    def __call__(self, item: events.HostsAwaited, /) -> events_pb2.HostsAwaited: ...

    @overload
    def __call__(self, item: events.PlanApproved, /) -> events_pb2.PlanApproved: ...

    @overload
    def __call__(self, item: events.PlanFinished, /) -> events_pb2.PlanFinished: ...

    @overload
    def __call__(self, item: events.PlanRejected, /) -> events_pb2.PlanRejected: ...

    @overload
    def __call__(self, item: events.RunFinished, /) -> events_pb2.RunFinished: ...

    @overload
    def __call__(self, item: events.RunStarted, /) -> events_pb2.RunStarted: ...

    @overload
    def __call__(self, item: events.StageFinished, /) -> events_pb2.StageFinished: ...

    @overload
    def __call__(self, item: events.StageStarted, /) -> events_pb2.StageStarted: ...

    @overload
    def __call__(self, item: events.TaskAssigned, /) -> events_pb2.TaskAssigned: ...

    @overload
    def __call__(self, item: events.TaskFinished, /) -> events_pb2.TaskFinished: ...

    @overload
    def __call__(self, item: events.TaskPlanned, /) -> events_pb2.TaskPlanned: ...

    @overload
    def __call__(self, item: events.TaskPreview, /) -> events_pb2.TaskPreview: ...

    @overload
    def __call__(self, item: events.TaskProgress, /) -> events_pb2.TaskProgress: ...

    @overload
    def __call__(self, item: events.TaskRevoked, /) -> events_pb2.TaskRevoked: ...

    @overload
    def __call__(self, item: events.TaskStarted, /) -> events_pb2.TaskStarted: ...

    @overload
    def __call__(self, item: events.TaskText, /) -> events_pb2.TaskText: ...

    @overload
    def __call__(self, item: experts.AbsentExpert, /) -> experts_pb2.AbsentExpert: ...

    @overload
    def __call__(self, item: experts.AcceptedValues, /) -> experts_pb2.AcceptedValues: ...

    @overload
    def __call__(self, item: experts.Assignment, /) -> assignments_pb2.Assignment: ...

    @overload
    def __call__(self, item: experts.Candidate, /) -> assignments_pb2.Candidate: ...

    @overload
    def __call__(self, item: experts.Device, /) -> experts_pb2.Device: ...

    @overload
    def __call__(self, item: experts.Expert, /) -> experts_pb2.Expert: ...

    @overload
    def __call__(self, item: experts.ExpertPlacement, /) -> registry_service_pb2.ExpertPlacement: ...

    @overload
    def __call__(self, item: experts.ExpertStatus, /) -> experts_pb2.ExpertStatus: ...

    @overload
    def __call__(self, item: experts.Host, /) -> experts_pb2.Host: ...

    @overload
    def __call__(self, item: experts.HostFacts, /) -> registry_service_pb2.HostFacts: ...

    @overload
    def __call__(self, item: experts.InputLimit, /) -> experts_pb2.InputLimit: ...

    @overload
    def __call__(self, item: experts.ListedExpert, /) -> registry_service_pb2.ListedExpert: ...

    @overload
    def __call__(self, item: experts.ListedTaskType, /) -> registry_service_pb2.ListedTaskType: ...

    @overload
    def __call__(self, item: inference.InferOutputs, /) -> model_host_service_pb2.InferOutputs: ...

    @overload
    def __call__(self, item: inference.InferPreview, /) -> model_host_service_pb2.InferPreview: ...

    @overload
    def __call__(self, item: inference.InferProgress, /) -> model_host_service_pb2.InferProgress: ...

    @overload
    def __call__(self, item: inference.InferText, /) -> model_host_service_pb2.InferText: ...

    @overload
    def __call__(self, item: models.HubModel, /) -> model_host_service_pb2.HubModel: ...

    @overload
    def __call__(self, item: models.ListedModel, /) -> model_host_service_pb2.ListedModel: ...

    @overload
    def __call__(self, item: models.ModelProgress, /) -> model_host_service_pb2.ModelProgress: ...

    @overload
    def __call__(self, item: models.Profile, /) -> model_host_service_pb2.Profile: ...

    @overload
    def __call__(self, item: plans.Error, /) -> errors_pb2.Error: ...

    @overload
    def __call__(self, item: plans.Parameter, /) -> task_types_pb2.Parameter: ...

    @overload
    def __call__(self, item: plans.Plan, /) -> plans_pb2.Plan: ...

    @overload
    def __call__(self, item: plans.Task, /) -> plans_pb2.Task: ...

    @overload
    def __call__(self, item: plans.TaskResult, /) -> plans_pb2.TaskResult: ...

    @overload
    def __call__(self, item: plans.TaskType, /) -> task_types_pb2.TaskType: ...

    @overload
    def __call__(self, item: refusals.NotDone, /) -> events_pb2.NotDone: ...

    @overload
    def __call__(self, item: refusals.Question, /) -> events_pb2.Question: ...

    @overload
    def __call__(self, item: refusals.QuestionChoice, /) -> events_pb2.QuestionChoice: ...

    @overload
    def __call__(self, item: requests.AddModelRequest, /) -> model_host_service_pb2.AddModelRequest: ...

    @overload
    def __call__(self, item: requests.ApprovePlanRequest, /) -> run_service_pb2.ApprovePlanRequest: ...

    @overload
    def __call__(self, item: requests.PlanRequest, /) -> plan_service_pb2.PlanRequest: ...

    @overload
    def __call__(self, item: requests.RunRequest, /) -> run_service_pb2.RunRequest: ...

    @overload
    def __call__(self, item: requests.SelectRequest, /) -> select_service_pb2.SelectRequest: ...

    @overload
    def __call__(self, item: runs.Artifact, /) -> artifacts_pb2.Artifact: ...

    @overload
    def __call__(self, item: runs.Message, /) -> runs_pb2.Message: ...

    @overload
    def __call__(self, item: runs.Run, /) -> runs_pb2.Run: ...

    @overload
    def __call__(self, item: runs.RunOptions, /) -> runs_pb2.RunOptions: ...


class EncodeEnum(Protocol):
    """The type of `codec.encode_enum`."""

    @overload
    def __call__(self, member: events.Stage, /) -> events_pb2.Stage.ValueType: ...

    @overload
    def __call__(self, member: events.StageOutcome, /) -> events_pb2.StageOutcome.ValueType: ...

    @overload
    def __call__(self, member: experts.ExpertState, /) -> experts_pb2.ExpertState.ValueType: ...

    @overload
    def __call__(self, member: experts.HostState, /) -> experts_pb2.HostState.ValueType: ...

    @overload
    def __call__(self, member: experts.SelectionPolicy, /) -> assignments_pb2.SelectionPolicy.ValueType: ...

    @overload
    def __call__(self, member: experts.TaskTypeState, /) -> registry_service_pb2.TaskTypeState.ValueType: ...

    @overload
    def __call__(self, member: models.ModelOrigin, /) -> model_host_service_pb2.ModelOrigin.ValueType: ...

    @overload
    def __call__(self, member: plans.ParameterKind, /) -> task_types_pb2.ParameterKind.ValueType: ...

    @overload
    def __call__(self, member: plans.TaskState, /) -> plans_pb2.TaskState.ValueType: ...

    @overload
    def __call__(self, member: runs.Approval, /) -> runs_pb2.Approval.ValueType: ...

    @overload
    def __call__(self, member: runs.OnDetach, /) -> runs_pb2.OnDetach.ValueType: ...

    @overload
    def __call__(self, member: runs.Role, /) -> runs_pb2.Role.ValueType: ...

    @overload
    def __call__(self, member: runs.RunKind, /) -> runs_pb2.RunKind.ValueType: ...

    @overload
    def __call__(self, member: runs.RunState, /) -> runs_pb2.RunState.ValueType: ...


class Decode(Protocol):
    """The type of `codec.decode`."""

    @overload
    def __call__(
        self, message: events_pb2.AnswerFinished, target: type[events.AnswerFinished], /
    ) -> events.AnswerFinished: ...

    @overload
    def __call__(self, message: events_pb2.AnswerText, target: type[events.AnswerText], /) -> events.AnswerText: ...

    @overload
    def __call__(
        self, message: events_pb2.ApprovalAwaited, target: type[events.ApprovalAwaited], /
    ) -> events.ApprovalAwaited: ...

    @overload
    def __call__(
        self, message: events_pb2.AttemptFailed, target: type[events.AttemptFailed], /
    ) -> events.AttemptFailed: ...

    @overload
    def __call__(self, message: events_pb2.Event, target: type[events.Event], /) -> events.Event: ...

    @overload
    def __call__(
        self, message: events_pb2.HostsAwaited, target: type[events.HostsAwaited], /
    ) -> events.HostsAwaited: ...

    @overload
    def __call__(
        self, message: events_pb2.PlanApproved, target: type[events.PlanApproved], /
    ) -> events.PlanApproved: ...

    @overload
    def __call__(
        self, message: events_pb2.PlanFinished, target: type[events.PlanFinished], /
    ) -> events.PlanFinished: ...

    @overload
    def __call__(
        self, message: events_pb2.PlanRejected, target: type[events.PlanRejected], /
    ) -> events.PlanRejected: ...

    @overload
    def __call__(self, message: events_pb2.RunFinished, target: type[events.RunFinished], /) -> events.RunFinished: ...

    @overload
    def __call__(self, message: events_pb2.RunStarted, target: type[events.RunStarted], /) -> events.RunStarted: ...

    @overload
    def __call__(
        self, message: events_pb2.StageFinished, target: type[events.StageFinished], /
    ) -> events.StageFinished: ...

    @overload
    def __call__(
        self, message: events_pb2.StageStarted, target: type[events.StageStarted], /
    ) -> events.StageStarted: ...

    @overload
    def __call__(
        self, message: events_pb2.TaskAssigned, target: type[events.TaskAssigned], /
    ) -> events.TaskAssigned: ...

    @overload
    def __call__(
        self, message: events_pb2.TaskFinished, target: type[events.TaskFinished], /
    ) -> events.TaskFinished: ...

    @overload
    def __call__(self, message: events_pb2.TaskPlanned, target: type[events.TaskPlanned], /) -> events.TaskPlanned: ...

    @overload
    def __call__(self, message: events_pb2.TaskPreview, target: type[events.TaskPreview], /) -> events.TaskPreview: ...

    @overload
    def __call__(
        self, message: events_pb2.TaskProgress, target: type[events.TaskProgress], /
    ) -> events.TaskProgress: ...

    @overload
    def __call__(self, message: events_pb2.TaskRevoked, target: type[events.TaskRevoked], /) -> events.TaskRevoked: ...

    @overload
    def __call__(self, message: events_pb2.TaskStarted, target: type[events.TaskStarted], /) -> events.TaskStarted: ...

    @overload
    def __call__(self, message: events_pb2.TaskText, target: type[events.TaskText], /) -> events.TaskText: ...

    @overload
    def __call__(
        self, message: experts_pb2.AbsentExpert, target: type[experts.AbsentExpert], /
    ) -> experts.AbsentExpert: ...

    @overload
    def __call__(
        self, message: experts_pb2.AcceptedValues, target: type[experts.AcceptedValues], /
    ) -> experts.AcceptedValues: ...

    @overload
    def __call__(
        self, message: assignments_pb2.Assignment, target: type[experts.Assignment], /
    ) -> experts.Assignment: ...

    @overload
    def __call__(self, message: assignments_pb2.Candidate, target: type[experts.Candidate], /) -> experts.Candidate: ...

    @overload
    def __call__(self, message: experts_pb2.Device, target: type[experts.Device], /) -> experts.Device: ...

    @overload
    def __call__(self, message: experts_pb2.Expert, target: type[experts.Expert], /) -> experts.Expert: ...

    @overload
    def __call__(
        self, message: registry_service_pb2.ExpertPlacement, target: type[experts.ExpertPlacement], /
    ) -> experts.ExpertPlacement: ...

    @overload
    def __call__(
        self, message: experts_pb2.ExpertStatus, target: type[experts.ExpertStatus], /
    ) -> experts.ExpertStatus: ...

    @overload
    def __call__(self, message: experts_pb2.Host, target: type[experts.Host], /) -> experts.Host: ...

    @overload
    def __call__(
        self, message: registry_service_pb2.HostFacts, target: type[experts.HostFacts], /
    ) -> experts.HostFacts: ...

    @overload
    def __call__(self, message: experts_pb2.InputLimit, target: type[experts.InputLimit], /) -> experts.InputLimit: ...

    @overload
    def __call__(
        self, message: registry_service_pb2.ListedExpert, target: type[experts.ListedExpert], /
    ) -> experts.ListedExpert: ...

    @overload
    def __call__(
        self, message: registry_service_pb2.ListedTaskType, target: type[experts.ListedTaskType], /
    ) -> experts.ListedTaskType: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.InferOutputs, target: type[inference.InferOutputs], /
    ) -> inference.InferOutputs: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.InferPreview, target: type[inference.InferPreview], /
    ) -> inference.InferPreview: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.InferProgress, target: type[inference.InferProgress], /
    ) -> inference.InferProgress: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.InferText, target: type[inference.InferText], /
    ) -> inference.InferText: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.HubModel, target: type[models.HubModel], /
    ) -> models.HubModel: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.ListedModel, target: type[models.ListedModel], /
    ) -> models.ListedModel: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.ModelProgress, target: type[models.ModelProgress], /
    ) -> models.ModelProgress: ...

    @overload
    def __call__(self, message: model_host_service_pb2.Profile, target: type[models.Profile], /) -> models.Profile: ...

    @overload
    def __call__(self, message: errors_pb2.Error, target: type[plans.Error], /) -> plans.Error: ...

    @overload
    def __call__(self, message: task_types_pb2.Parameter, target: type[plans.Parameter], /) -> plans.Parameter: ...

    @overload
    def __call__(self, message: plans_pb2.Plan, target: type[plans.Plan], /) -> plans.Plan: ...

    @overload
    def __call__(self, message: plans_pb2.Task, target: type[plans.Task], /) -> plans.Task: ...

    @overload
    def __call__(self, message: plans_pb2.TaskResult, target: type[plans.TaskResult], /) -> plans.TaskResult: ...

    @overload
    def __call__(self, message: task_types_pb2.TaskType, target: type[plans.TaskType], /) -> plans.TaskType: ...

    @overload
    def __call__(self, message: events_pb2.NotDone, target: type[refusals.NotDone], /) -> refusals.NotDone: ...

    @overload
    def __call__(self, message: events_pb2.Question, target: type[refusals.Question], /) -> refusals.Question: ...

    @overload
    def __call__(
        self, message: events_pb2.QuestionChoice, target: type[refusals.QuestionChoice], /
    ) -> refusals.QuestionChoice: ...

    @overload
    def __call__(
        self, message: model_host_service_pb2.AddModelRequest, target: type[requests.AddModelRequest], /
    ) -> requests.AddModelRequest: ...

    @overload
    def __call__(
        self, message: run_service_pb2.ApprovePlanRequest, target: type[requests.ApprovePlanRequest], /
    ) -> requests.ApprovePlanRequest: ...

    @overload
    def __call__(
        self, message: plan_service_pb2.PlanRequest, target: type[requests.PlanRequest], /
    ) -> requests.PlanRequest: ...

    @overload
    def __call__(
        self, message: run_service_pb2.RunRequest, target: type[requests.RunRequest], /
    ) -> requests.RunRequest: ...

    @overload
    def __call__(
        self, message: select_service_pb2.SelectRequest, target: type[requests.SelectRequest], /
    ) -> requests.SelectRequest: ...

    @overload
    def __call__(self, message: artifacts_pb2.Artifact, target: type[runs.Artifact], /) -> runs.Artifact: ...

    @overload
    def __call__(self, message: runs_pb2.Message, target: type[runs.Message], /) -> runs.Message: ...

    @overload
    def __call__(self, message: runs_pb2.Run, target: type[runs.Run], /) -> runs.Run: ...

    @overload
    def __call__(self, message: runs_pb2.RunOptions, target: type[runs.RunOptions], /) -> runs.RunOptions: ...
