"""The RPCs to a model host, about its experts and its catalogue of models."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion._codec.codec import decode
from orchestrion._rpcs import methods
from orchestrion._rpcs.rpc import StreamRpc, UnaryRpc
from orchestrion.experts import Expert, ExpertStatus, Host
from orchestrion.listings import Catalogue
from orchestrion.models import HubModel, ListedModel, ModelProgress, Profile
from orchestrion.v1 import experts_pb2
from orchestrion.v1 import model_host_service_pb2 as pb


def get_host() -> UnaryRpc[Host]:
    """Gets the host as it is now."""
    return methods.GET_HOST.rpc(pb.GetHostRequest(), lambda answer: decode(answer, Host))


def load_expert(expert: str) -> UnaryRpc[ExpertStatus]:
    """Loads an expert."""
    return methods.LOAD_EXPERT.rpc(pb.LoadExpertRequest(expert_id=expert), _read_status)


def unload_expert(expert: str) -> UnaryRpc[ExpertStatus]:
    """Unloads an expert."""
    return methods.UNLOAD_EXPERT.rpc(pb.UnloadExpertRequest(expert_id=expert), _read_status)


def pin_expert(expert: str, pinned: bool) -> UnaryRpc[ExpertStatus]:
    """Keeps an expert loaded, or no longer does."""
    return methods.PIN_EXPERT.rpc(pb.PinExpertRequest(expert_id=expert, pinned=pinned), _read_status)


def list_models(task_type: str, profile: str) -> UnaryRpc[Catalogue]:
    """Lists the catalogue."""
    return methods.LIST_MODELS.rpc(
        pb.ListModelsRequest(task_type=task_type, profile=profile),
        lambda answer: Catalogue(
            tuple(decode(model, ListedModel) for model in answer.models),
            tuple(decode(profile, Profile) for profile in answer.profiles),
        ),
    )


def search_models(task_type: str, text: str, limit: int) -> UnaryRpc[tuple[HubModel, ...]]:
    """Searches the Hub."""
    return methods.SEARCH_MODELS.rpc(
        pb.SearchModelsRequest(task_type=task_type, text=text, limit=limit),
        lambda answer: tuple(decode(model, HubModel) for model in answer.models),
    )


def add_model(
    model: str,
    *,
    revision: str = "",
    task_types: Sequence[str] = (),
    expert_id: str = "",
    allow_pickled_weights: bool = False,
    allow_remote_code: bool = False,
) -> UnaryRpc[Expert]:
    """Adds a model to the catalogue."""
    request = pb.AddModelRequest(
        model=model,
        revision=revision,
        task_types=task_types,
        expert_id=expert_id,
        allow_pickled_weights=allow_pickled_weights,
        allow_remote_code=allow_remote_code,
    )
    return methods.ADD_MODEL.rpc(request, lambda answer: decode(answer, Expert))


def remove_model(expert: str) -> UnaryRpc[None]:
    """Removes a model."""
    return methods.REMOVE_MODEL.rpc(pb.RemoveModelRequest(expert_id=expert), lambda answer: None)


def pull_model(expert: str) -> StreamRpc[ModelProgress]:
    """Fetches a model's files."""
    return methods.PULL_MODEL.rpc(pb.PullModelRequest(expert_id=expert), _read_progress)


def export_model(expert: str, task_type: str) -> StreamRpc[ModelProgress]:
    """Exports a model to ONNX."""
    request = pb.ExportModelRequest(expert_id=expert, task_type=task_type)
    return methods.EXPORT_MODEL.rpc(request, _read_progress)


def refresh_models(experts: Sequence[str]) -> StreamRpc[ModelProgress]:
    """Brings the facts of models up to date."""
    return methods.REFRESH_MODELS.rpc(pb.RefreshModelsRequest(expert_ids=experts), _read_progress)


def _read_status(message: experts_pb2.ExpertStatus) -> ExpertStatus:
    return decode(message, ExpertStatus)


def _read_progress(message: pb.ModelProgress) -> ModelProgress:
    return decode(message, ModelProgress)
