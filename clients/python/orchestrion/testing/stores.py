"""Artifacts and hosts of the fake controller: decode, look into the state, encode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from google.protobuf import empty_pb2
from grpc import ServicerContext

from orchestrion import task_types
from orchestrion._codec import codec
from orchestrion.errors import Reason
from orchestrion.experts import ExpertPlacement, ExpertState, Host, ListedExpert, ListedTaskType, TaskTypeState
from orchestrion.plans import TaskType
from orchestrion.testing.servicing import Servicer, page
from orchestrion.v1 import (
    artifact_service_pb2,
    artifact_service_pb2_grpc,
    artifacts_pb2,
    registry_service_pb2,
    registry_service_pb2_grpc,
)

_CHUNK_BYTES: Final = 1 << 16  # Small, so that downloads of a test take several messages.


class ArtifactServicer(Servicer, artifact_service_pb2_grpc.ArtifactServiceServicer):
    """Artifacts, in memory."""

    def Upload(
        self, request_iterator: Iterator[artifact_service_pb2.UploadRequest], context: ServicerContext
    ) -> artifacts_pb2.Artifact:
        """Stores an artifact."""
        with self.call(context, "Upload") as message:
            header, chunks = next(request_iterator).header, list[bytes]()
            for request in request_iterator:
                message()
                chunks.append(request.chunk)
            content = b"".join(chunks)
            if not content:
                raise Reason.ARTIFACT_EMPTY.error("The upload has no content.")
            if header.size_bytes not in {0, len(content)}:
                raise Reason.SIZE_MISMATCH.error("The upload has another size than announced.")
            return codec.encode(self.state.add(content, header.file_name, header.media_type))

    def Download(
        self, request: artifact_service_pb2.DownloadRequest, context: ServicerContext
    ) -> Iterator[artifact_service_pb2.DownloadResponse]:
        """Sends an artifact from a byte on."""
        with self.call(context, "Download") as message:
            artifact, content = self.state.artifact(request.name)
            message()
            yield artifact_service_pb2.DownloadResponse(artifact=codec.encode(artifact))
            for start in range(request.offset_bytes, len(content), _CHUNK_BYTES):
                message()
                yield artifact_service_pb2.DownloadResponse(chunk=content[start : start + _CHUNK_BYTES])

    def GetArtifact(
        self, request: artifact_service_pb2.GetArtifactRequest, context: ServicerContext
    ) -> artifacts_pb2.Artifact:
        """Describes an artifact."""
        with self.call(context, "GetArtifact"):
            return codec.encode(self.state.artifact(request.name)[0])

    def ListArtifacts(
        self, request: artifact_service_pb2.ListArtifactsRequest, context: ServicerContext
    ) -> artifact_service_pb2.ListArtifactsResponse:
        """Lists artifacts, newest first."""
        with self.call(context, "ListArtifacts"), self.state.changed:
            artifacts = [codec.encode(artifact) for artifact, _ in reversed(self.state.artifacts.values())]
            items, token = page(artifacts, request)
            return artifact_service_pb2.ListArtifactsResponse(artifacts=items, next_page_token=token)

    def DeleteArtifact(
        self, request: artifact_service_pb2.DeleteArtifactRequest, context: ServicerContext
    ) -> empty_pb2.Empty:
        """Deletes an artifact."""
        with self.call(context, "DeleteArtifact"):
            self.state.artifact(request.name)
            del self.state.artifacts[request.name]
            return empty_pb2.Empty()


class RegistryServicer(Servicer, registry_service_pb2_grpc.RegistryServiceServicer):
    """The hosts that a test gave."""

    def ListHosts(
        self, request: registry_service_pb2.ListHostsRequest, context: ServicerContext
    ) -> registry_service_pb2.ListHostsResponse:
        """Lists them."""
        with self.call(context, "ListHosts"):
            return registry_service_pb2.ListHostsResponse(hosts=map(codec.encode, self.state.hosts.values()))

    def ListExperts(
        self, request: registry_service_pb2.ListExpertsRequest, context: ServicerContext
    ) -> registry_service_pb2.ListExpertsResponse:
        """Lists their experts, by id."""
        with self.call(context, "ListExperts"):
            listed: dict[str, ListedExpert] = {}
            for host in self.state.hosts.values():
                statuses = {status.expert_id: status for status in host.statuses}
                for expert in host.experts:
                    if request.task_type not in {"", *expert.task_types}:
                        continue
                    before = listed.get(expert.id, ListedExpert(expert)).placements
                    status = statuses.get(expert.id)
                    own = () if status is None else (ExpertPlacement(host.name, status),)
                    listed[expert.id] = ListedExpert(expert, (*before, *own))
            experts = [codec.encode(listed[expert_id]) for expert_id in sorted(listed)]
            return registry_service_pb2.ListExpertsResponse(experts=experts)

    def ListTaskTypes(
        self, request: registry_service_pb2.ListTaskTypesRequest, context: ServicerContext
    ) -> registry_service_pb2.ListTaskTypesResponse:
        """Lists the task types of their experts, by name."""
        with self.call(context, "ListTaskTypes"):
            hosts = tuple(self.state.hosts.values())
            defined = {item.name: item for host in hosts for item in host.task_types} | dict(task_types.load())
            listed = [_listed(defined[name], hosts) for name in sorted(defined)]
            types = [codec.encode(item) for item in listed if item.experts]
            return registry_service_pb2.ListTaskTypesResponse(task_types=types)

    def Advertise(
        self, request_iterator: Iterator[registry_service_pb2.HostReport], context: ServicerContext
    ) -> Iterator[registry_service_pb2.HostOrder]:
        """Is for hosts alone, and not served."""
        with self.call(context, "Advertise"):
            raise Reason.NOT_SERVED_YET.error("The fake controller takes no hosts; give it some with set_hosts.")

    def Watch(
        self, request: registry_service_pb2.WatchRequest, context: ServicerContext
    ) -> Iterator[registry_service_pb2.RegistryChange]:
        """Tells every host, then each as it changes."""
        with self.call(context, "Watch") as message:
            context.add_callback(self.wake)
            sent: dict[str, Host] = {}
            while context.is_active() and not self.state.closing:
                with self.state.changed:
                    now = dict(self.state.hosts)
                    if now == sent:
                        self.state.changed.wait()
                        continue
                for name in sent.keys() - now.keys():
                    message()
                    yield registry_service_pb2.RegistryChange(removed_host=name)
                for name, host in now.items():
                    if sent.get(name) != host:
                        message()
                        yield registry_service_pb2.RegistryChange(host=codec.encode(host))
                sent = now


def _listed(task_type: TaskType, hosts: Sequence[Host]) -> ListedTaskType:
    ready = {status.expert_id for host in hosts for status in host.statuses if status.state is ExpertState.LOADED}
    performers = {expert.id for host in hosts for expert in host.experts if task_type.name in expert.task_types}
    return ListedTaskType(
        task_type,
        TaskTypeState.READY if performers & ready else TaskTypeState.OBTAINABLE,
        tuple(sorted(performers)),
        tuple(sorted(host.name for host in hosts if task_type in host.task_types)),
    )
