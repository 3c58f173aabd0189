"""The RPCs about artifacts; the content of uploads and downloads is the matter of `orchestrion._net.transfers`."""

from __future__ import annotations

from orchestrion import names
from orchestrion._codec.codec import decode
from orchestrion._rpcs import methods
from orchestrion._rpcs.rpc import StreamRpc, UnaryRpc, UploadRpc
from orchestrion.listings import Page
from orchestrion.runs import Artifact
from orchestrion.v1 import artifact_service_pb2 as pb
from orchestrion.v1 import artifacts_pb2


def upload(media_type: str, file_name: str, size_bytes: int) -> UploadRpc[Artifact]:
    """Stores an artifact; the chunks come from `transfers.Upload`. A size of 0 says that it is not announced."""
    header = pb.UploadHeader(media_type=media_type, file_name=file_name, size_bytes=size_bytes)
    return methods.UPLOAD.rpc(pb.UploadRequest(header=header), _read_artifact)


def download(name: str, offset_bytes: int = 0) -> StreamRpc[pb.DownloadResponse]:
    """Gets an artifact's content from a byte on; the messages go to `transfers.Download`."""
    request = pb.DownloadRequest(name=_checked(name), offset_bytes=offset_bytes)
    return methods.DOWNLOAD.rpc(request, lambda part: part)


def get(name: str) -> UnaryRpc[Artifact]:
    """Gets the description of an artifact."""
    return methods.GET_ARTIFACT.rpc(pb.GetArtifactRequest(name=_checked(name)), _read_artifact)


def list_page(page_size: int, page_token: str) -> UnaryRpc[Page[Artifact]]:
    """Lists artifacts."""
    request = pb.ListArtifactsRequest(page_size=page_size, page_token=page_token)
    return methods.LIST_ARTIFACTS.rpc(
        request,
        lambda answer: Page(tuple(_read_artifact(item) for item in answer.artifacts), answer.next_page_token),
    )


def delete(name: str) -> UnaryRpc[None]:
    """Deletes an artifact."""
    return methods.DELETE_ARTIFACT.rpc(pb.DeleteArtifactRequest(name=_checked(name)), lambda answer: None)


def _read_artifact(message: artifacts_pb2.Artifact) -> Artifact:
    return decode(message, Artifact)


def _checked(name: str) -> str:
    names.sha256_of(name)
    return name
