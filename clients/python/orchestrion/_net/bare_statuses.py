"""What a status means that carries no ErrorInfo, because gRPC itself, a proxy or another kind of server made it.

The code says what a client can do. Which thing is not there, or not in the state for it, follows from the method that
was called, and only where that leaves no doubt: elsewhere the reason is one that names no thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import grpc

from orchestrion.errors import Reason

_BY_CODE: Final[Mapping[grpc.StatusCode, Reason]] = {
    grpc.StatusCode.INVALID_ARGUMENT: Reason.INVALID_FIELD,
    grpc.StatusCode.NOT_FOUND: Reason.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: Reason.ABORTED,
    grpc.StatusCode.ABORTED: Reason.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE: Reason.OUT_OF_RANGE,
    grpc.StatusCode.FAILED_PRECONDITION: Reason.FAILED_PRECONDITION,
    # gRPC says it of messages above its limit, on either side.
    grpc.StatusCode.RESOURCE_EXHAUSTED: Reason.MESSAGE_TOO_LARGE,
    grpc.StatusCode.UNAVAILABLE: Reason.SERVER_UNREACHABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Reason.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED: Reason.CANCELLED,
    grpc.StatusCode.UNIMPLEMENTED: Reason.NOT_SERVED_YET,
    grpc.StatusCode.PERMISSION_DENIED: Reason.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED: Reason.UNAUTHENTICATED,
}

_BY_METHOD: Final[Mapping[grpc.StatusCode, Mapping[str, Reason]]] = {
    grpc.StatusCode.NOT_FOUND: {
        "RunService/WatchRun": Reason.RUN_NOT_FOUND,
        "RunService/GetRun": Reason.RUN_NOT_FOUND,
        "RunService/CancelRun": Reason.RUN_NOT_FOUND,
        "RunService/ApprovePlan": Reason.RUN_NOT_FOUND,
        "RunService/DeleteRun": Reason.RUN_NOT_FOUND,
        "ArtifactService/Download": Reason.ARTIFACT_NOT_FOUND,
        "ArtifactService/GetArtifact": Reason.ARTIFACT_NOT_FOUND,
        "ArtifactService/DeleteArtifact": Reason.ARTIFACT_NOT_FOUND,
        "ModelHostService/GetHost": Reason.HOST_NOT_FOUND,
        "ModelHostService/Infer": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/Reserve": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/LoadExpert": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/UnloadExpert": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/PinExpert": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/RemoveModel": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/ExportModel": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/RefreshModels": Reason.EXPERT_NOT_FOUND,
        "ModelHostService/AddModel": Reason.MODEL_NOT_FOUND,
        "ModelHostService/PullModel": Reason.MODEL_NOT_FOUND,
    },
    grpc.StatusCode.FAILED_PRECONDITION: {
        "RunService/ApprovePlan": Reason.NOT_AWAITING_APPROVAL,
        "RunService/DeleteRun": Reason.RUN_NOT_ENDED,
        "ModelHostService/Infer": Reason.EXPERT_UNAVAILABLE,
        "ModelHostService/Reserve": Reason.EXPERT_UNAVAILABLE,
        "ModelHostService/LoadExpert": Reason.EXPERT_UNAVAILABLE,
        "ModelHostService/PinExpert": Reason.EXPERT_UNAVAILABLE,
        "ModelHostService/UnloadExpert": Reason.EXPERT_RESERVED,
        "ModelHostService/RemoveModel": Reason.EXPERT_RESERVED,
        "ModelHostService/ExportModel": Reason.EXPORT_FAILED,
    },
    grpc.StatusCode.OUT_OF_RANGE: {
        "RunService/WatchRun": Reason.SEQUENCE_OUT_OF_RANGE,
        "ArtifactService/Download": Reason.OFFSET_OUT_OF_RANGE,
    },
    grpc.StatusCode.ALREADY_EXISTS: {"RegistryService/Advertise": Reason.HOST_REPLACED},
    grpc.StatusCode.ABORTED: {"RegistryService/Advertise": Reason.HOST_REPLACED},
}


def reason_of(code: grpc.StatusCode, path: str = "") -> Reason:
    """Returns what a status without details means.

    Args:
        code: The status.
        path: The service and the method, as `/orchestrion.v1.RunService/GetRun`; empty where that is not at hand.
    """
    by_method = _BY_METHOD.get(code, {})
    return by_method.get(path.removeprefix("/orchestrion.v1."), _BY_CODE.get(code, Reason.INTERNAL))
