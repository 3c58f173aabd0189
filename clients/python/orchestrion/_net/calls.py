"""The calls of the API as data: where each goes, what it says, how its answers are read. No I/O.

The sync and the asyncio client differ only in how they carry these calls out. Those that start a run are in
`orchestrion._net.stage_calls`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from orchestrion import names
from orchestrion._codec.codec import decode, encode
from orchestrion.events import Event
from orchestrion.experts import Host, ListedExpert
from orchestrion.plans import Plan
from orchestrion.runs import Artifact, Run
from orchestrion.v1 import artifact_service_pb2 as artifacts
from orchestrion.v1 import registry_service_pb2 as registry
from orchestrion.v1 import run_service_pb2 as runs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call; `read` turns its answer, or each answer of its stream, into what the caller gets."""

    path: str
    request: Message
    """What is sent; the first message where the client streams."""
    answer: type[Message]
    read: Callable[[Any], T]


@dataclass(frozen=True, slots=True)
class HostRemoved:
    """Tells that the registry has forgotten a host."""

    name: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, newest first."""

    items: tuple[T, ...]
    next_page_token: str = ""
    """What to ask for the next page with; empty on the last."""


def call(file: FileDescriptor, method: str, request: Message, read: Callable[[Any], T]) -> Call[T]:
    """Describes a call of the one service that a file of the API defines."""
    (service,) = file.services_by_name.values()
    described = service.methods_by_name[method]
    return Call(f"/{service.full_name}/{method}", request, GetMessageClass(described.output_type), read)


def read_event(message: Message) -> Event:
    """Reads an event."""
    return decode(message, Event)


def watch_run(name: str, after_sequence: int) -> Call[Event]:
    """Watches a run from a point of its log on."""
    request = runs.WatchRunRequest(name=names.check_run(name), after_sequence=after_sequence)
    return call(runs.DESCRIPTOR, "WatchRun", request, read_event)


def get_run(name: str) -> Call[Run]:
    """Gets a run."""
    return call(runs.DESCRIPTOR, "GetRun", runs.GetRunRequest(name=names.check_run(name)), _read_run)


def list_runs(page_size: int, page_token: str) -> Call[Page[Run]]:
    """Lists runs."""
    request = runs.ListRunsRequest(page_size=page_size, page_token=page_token)
    return call(
        runs.DESCRIPTOR,
        "ListRuns",
        request,
        lambda answer: Page(tuple(decode(run, Run) for run in answer.runs), answer.next_page_token),
    )


def cancel_run(name: str) -> Call[Run]:
    """Cancels a run."""
    return call(runs.DESCRIPTOR, "CancelRun", runs.CancelRunRequest(name=names.check_run(name)), _read_run)


def approve_plan(name: str, plan: Plan | None, request_id: str) -> Call[Run]:
    """Approves the plan of a run, or another in its place."""
    request = runs.ApprovePlanRequest(
        name=names.check_run(name), plan=None if plan is None else encode(plan), request_id=request_id
    )
    return call(runs.DESCRIPTOR, "ApprovePlan", request, _read_run)


def delete_run(name: str) -> Call[None]:
    """Deletes a run that has ended."""
    return call(runs.DESCRIPTOR, "DeleteRun", runs.DeleteRunRequest(name=names.check_run(name)), _nothing)


def upload(media_type: str, file_name: str, size_bytes: int) -> Call[Artifact]:
    """Stores an artifact; the chunks come from `transfers.Upload`. A size of 0 is one that is not known."""
    header = artifacts.UploadHeader(media_type=media_type, file_name=file_name, size_bytes=size_bytes)
    return call(artifacts.DESCRIPTOR, "Upload", artifacts.UploadRequest(header=header), _read_artifact)


def download(name: str, offset_bytes: int = 0) -> Call[artifacts.DownloadResponse]:
    """Gets an artifact's content from a byte on; the messages go to `orchestrion._net.transfers.Download`."""
    request = artifacts.DownloadRequest(name=_artifact(name), offset_bytes=offset_bytes)
    return call(artifacts.DESCRIPTOR, "Download", request, lambda part: part)


def get_artifact(name: str) -> Call[Artifact]:
    """Gets the description of an artifact."""
    return call(artifacts.DESCRIPTOR, "GetArtifact", artifacts.GetArtifactRequest(name=_artifact(name)), _read_artifact)


def list_artifacts(page_size: int, page_token: str) -> Call[Page[Artifact]]:
    """Lists artifacts."""
    request = artifacts.ListArtifactsRequest(page_size=page_size, page_token=page_token)
    return call(
        artifacts.DESCRIPTOR,
        "ListArtifacts",
        request,
        lambda answer: Page(tuple(_read_artifact(item) for item in answer.artifacts), answer.next_page_token),
    )


def delete_artifact(name: str) -> Call[None]:
    """Deletes an artifact."""
    return call(artifacts.DESCRIPTOR, "DeleteArtifact", artifacts.DeleteArtifactRequest(name=_artifact(name)), _nothing)


def list_hosts() -> Call[tuple[Host, ...]]:
    """Lists the hosts."""
    return call(
        registry.DESCRIPTOR,
        "ListHosts",
        registry.ListHostsRequest(),
        lambda answer: tuple(decode(host, Host) for host in answer.hosts),
    )


def list_experts(task_type: str) -> Call[tuple[ListedExpert, ...]]:
    """Lists the experts, those of one task type where it is not empty."""
    return call(
        registry.DESCRIPTOR,
        "ListExperts",
        registry.ListExpertsRequest(task_type=task_type),
        lambda answer: tuple(decode(expert, ListedExpert) for expert in answer.experts),
    )


def watch_hosts() -> Call[Host | HostRemoved]:
    """Watches the hosts."""
    return call(registry.DESCRIPTOR, "Watch", registry.WatchRequest(), _read_change)


def _read_change(change: registry.RegistryChange) -> Host | HostRemoved:
    return decode(change.host, Host) if change.HasField("host") else HostRemoved(change.removed_host)


def _read_run(message: Message) -> Run:
    return decode(message, Run)


def _read_artifact(message: Message) -> Artifact:
    return decode(message, Artifact)


def _nothing(_: Message) -> None:
    return None


def _artifact(name: str) -> str:
    names.sha256_of(name)
    return name
