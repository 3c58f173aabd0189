"""The calls to a model host, about its experts and its catalogue, as data; and which host is meant. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from google.protobuf.message import Message

from orchestrion import names
from orchestrion._codec.codec import decode
from orchestrion._net.calls import Call, call
from orchestrion.errors import Reason
from orchestrion.experts import Expert, ExpertStatus, Host, HostState
from orchestrion.models import HubModel, ListedModel, ModelProgress, Profile
from orchestrion.v1 import model_host_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a host knows of models."""

    models: tuple[ListedModel, ...]
    """The models, by id."""
    profiles: tuple[Profile, ...]
    """The bundles of experts, the smallest first."""


class ModelSettings(TypedDict, total=False):
    """What `add_model` takes beside the model."""

    revision: str
    """The revision on the Hub; empty for the newest, which is then pinned."""
    task_types: Sequence[str]
    """What it performs; none to find that out from its configuration."""
    expert_id: str
    """What the expert is called; empty for a name made from the model's."""
    allow_pickled_weights: bool
    """Whether weights that are only there as pickles are taken; the host must allow it too."""
    allow_remote_code: bool
    """Whether code that the model brings along may run; the host must allow it too."""


def choose_host(hosts: Iterable[Host], name: str | None) -> Host:
    """Returns the host of a name, with or without `hosts/`; without a name the only one there is.

    Raises:
        NotFoundError: There is none, or none of that name.
        InvalidArgumentError: There are several and none was named.
    """
    known = {host.name: host for host in hosts}
    if name is not None:
        wanted = name if name.startswith("hosts/") else names.host(name)
        if wanted not in known:
            listed = ", ".join(known).replace("hosts/", "") or "none"
            raise Reason.HOST_NOT_FOUND.error(f"No host {name!r} is listed; there are: {listed}.", host=wanted)
        return known[wanted]
    present = [host for host in known.values() if host.state is not HostState.DISCONNECTED]
    if not present:
        raise Reason.HOST_NOT_FOUND.error("No model host is listed; start one with `orchestrion up`.")
    if len(present) > 1:
        listed = ", ".join(host.name.removeprefix("hosts/") for host in present)
        raise Reason.INVALID_FIELD.error(f"There are several hosts, so name one of them: {listed}.", field="host")
    return present[0]


def get_host() -> Call[Host]:
    """Gets the host as it is now."""
    return call(pb.DESCRIPTOR, "GetHost", pb.GetHostRequest(), lambda answer: decode(answer, Host))


def load_expert(expert: str) -> Call[ExpertStatus]:
    """Loads an expert."""
    return call(pb.DESCRIPTOR, "LoadExpert", pb.LoadExpertRequest(expert_id=expert), _read_status)


def unload_expert(expert: str) -> Call[ExpertStatus]:
    """Unloads an expert."""
    return call(pb.DESCRIPTOR, "UnloadExpert", pb.UnloadExpertRequest(expert_id=expert), _read_status)


def pin_expert(expert: str, pinned: bool) -> Call[ExpertStatus]:
    """Keeps an expert loaded, or no longer does."""
    return call(pb.DESCRIPTOR, "PinExpert", pb.PinExpertRequest(expert_id=expert, pinned=pinned), _read_status)


def list_models(task_type: str, profile: str) -> Call[Catalogue]:
    """Lists the catalogue."""
    return call(
        pb.DESCRIPTOR,
        "ListModels",
        pb.ListModelsRequest(task_type=task_type, profile=profile),
        lambda answer: Catalogue(
            tuple(decode(model, ListedModel) for model in answer.models),
            tuple(decode(profile, Profile) for profile in answer.profiles),
        ),
    )


def search_models(task_type: str, text: str, limit: int) -> Call[tuple[HubModel, ...]]:
    """Searches the Hub."""
    return call(
        pb.DESCRIPTOR,
        "SearchModels",
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
) -> Call[Expert]:
    """Adds a model to the catalogue."""
    request = pb.AddModelRequest(
        model=model,
        revision=revision,
        task_types=task_types,
        expert_id=expert_id,
        allow_pickled_weights=allow_pickled_weights,
        allow_remote_code=allow_remote_code,
    )
    return call(pb.DESCRIPTOR, "AddModel", request, lambda answer: decode(answer, Expert))


def remove_model(expert: str) -> Call[None]:
    """Removes a model."""
    return call(pb.DESCRIPTOR, "RemoveModel", pb.RemoveModelRequest(expert_id=expert), lambda answer: None)


def pull_model(expert: str) -> Call[ModelProgress]:
    """Fetches a model's files."""
    return call(pb.DESCRIPTOR, "PullModel", pb.PullModelRequest(expert_id=expert), _read_progress)


def export_model(expert: str, task_type: str) -> Call[ModelProgress]:
    """Exports a model to ONNX."""
    request = pb.ExportModelRequest(expert_id=expert, task_type=task_type)
    return call(pb.DESCRIPTOR, "ExportModel", request, _read_progress)


def refresh_models(experts: Sequence[str]) -> Call[ModelProgress]:
    """Brings the facts of models up to date."""
    return call(pb.DESCRIPTOR, "RefreshModels", pb.RefreshModelsRequest(expert_ids=experts), _read_progress)


def _read_status(message: Message) -> ExpertStatus:
    return decode(message, ExpertStatus)


def _read_progress(message: Message) -> ModelProgress:
    return decode(message, ModelProgress)
