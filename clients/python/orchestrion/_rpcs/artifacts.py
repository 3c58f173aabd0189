"""The RPCs about artifacts; the content of uploads and downloads is the matter of `orchestrion._net.transfers`."""

from __future__ import annotations

from orchestrion import names
from orchestrion._codec.codec import decode
from orchestrion._rpcs.rpc import Rpc, rpc_of
from orchestrion.listings import Page
from orchestrion.runs import Artifact
from orchestrion.v1 import artifact_service_pb2 as pb
from orchestrion.v1 import artifacts_pb2


def upload(media_type: str, file_name: str, size_bytes: int) -> Rpc[Artifact]:
    """Stores an artifact; the chunks come from `transfers.Upload`. A size of 0 says that it is not announced."""
    header = pb.UploadHeader(media_type=media_type, file_name=file_name, size_bytes=size_bytes)
    return rpc_of(pb.DESCRIPTOR, "Upload", pb.UploadRequest(header=header), _read_artifact)


def download(name: str, offset_bytes: int = 0) -> Rpc[pb.DownloadResponse]:
    """Gets an artifact's content from a byte on; the messages go to `transfers.Download`."""
    request = pb.DownloadRequest(name=_checked(name), offset_bytes=offset_bytes)
    return rpc_of(pb.DESCRIPTOR, "Download", request, lambda part: part)


def get(name: str) -> Rpc[Artifact]:
    """Gets the description of an artifact."""
    return rpc_of(pb.DESCRIPTOR, "GetArtifact", pb.GetArtifactRequest(name=_checked(name)), _read_artifact)


def list_page(page_size: int, page_token: str) -> Rpc[Page[Artifact]]:
    """Lists artifacts."""
    request = pb.ListArtifactsRequest(page_size=page_size, page_token=page_token)
    return rpc_of(
        pb.DESCRIPTOR,
        "ListArtifacts",
        request,
        lambda answer: Page(tuple(_read_artifact(item) for item in answer.artifacts), answer.next_page_token),
    )


def delete(name: str) -> Rpc[None]:
    """Deletes an artifact."""
    return rpc_of(pb.DESCRIPTOR, "DeleteArtifact", pb.DeleteArtifactRequest(name=_checked(name)), lambda answer: None)


def _read_artifact(message: artifacts_pb2.Artifact) -> Artifact:
    return decode(message, Artifact)


def _checked(name: str) -> str:
    names.sha256_of(name)
    return name
