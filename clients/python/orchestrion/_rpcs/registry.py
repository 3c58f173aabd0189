"""The RPCs about hosts and the experts that they offer; and which of the listed hosts is meant."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrion import names
from orchestrion._codec.codec import decode
from orchestrion._rpcs import methods
from orchestrion._rpcs.rpc import StreamRpc, UnaryRpc
from orchestrion.errors import Reason
from orchestrion.experts import Host, HostState, ListedExpert, ListedTaskType
from orchestrion.listings import HostRemoved
from orchestrion.v1 import registry_service_pb2 as pb


def list_hosts() -> UnaryRpc[tuple[Host, ...]]:
    """Lists the hosts."""
    return methods.LIST_HOSTS.rpc(
        pb.ListHostsRequest(),
        lambda answer: tuple(decode(host, Host) for host in answer.hosts),
    )


def list_experts(task_type: str) -> UnaryRpc[tuple[ListedExpert, ...]]:
    """Lists the experts, those of one task type where it is not empty."""
    return methods.LIST_EXPERTS.rpc(
        pb.ListExpertsRequest(task_type=task_type),
        lambda answer: tuple(decode(expert, ListedExpert) for expert in answer.experts),
    )


def list_task_types() -> UnaryRpc[tuple[ListedTaskType, ...]]:
    """Lists the task types on offer."""
    return methods.LIST_TASK_TYPES.rpc(
        pb.ListTaskTypesRequest(),
        lambda answer: tuple(decode(listed, ListedTaskType) for listed in answer.task_types),
    )


def watch_hosts() -> StreamRpc[Host | HostRemoved]:
    """Watches the hosts."""
    return methods.WATCH.rpc(pb.WatchRequest(), _read_change)


def choose_host(hosts: Iterable[Host], name: str | None) -> Host:
    """Returns the host of a name, with or without `hosts/`; without a name the only one there is.

    Raises:
        NotFoundError: There is none, or none of that name.
        InvalidArgumentError: There are several and none was named.
    """
    by_name = {host.name: host for host in hosts}
    if name is not None:
        wanted = name if name.startswith("hosts/") else names.host(name)
        if wanted not in by_name:
            listed = ", ".join(by_name).replace("hosts/", "") or "none"
            raise Reason.HOST_NOT_FOUND.error(f"No host {name!r} is listed; there are: {listed}.", host=wanted)
        return by_name[wanted]
    present = [host for host in by_name.values() if host.state is not HostState.DISCONNECTED]
    if not present:
        raise Reason.HOST_NOT_FOUND.error("No model host is listed; start one with `orchestrion up`.")
    if len(present) > 1:
        listed = ", ".join(host.name.removeprefix("hosts/") for host in present)
        raise Reason.INVALID_FIELD.error(f"There are several hosts, so name one of them: {listed}.", field="host")
    return present[0]


def _read_change(change: pb.RegistryChange) -> Host | HostRemoved:
    return decode(change.host, Host) if change.HasField("host") else HostRemoved(change.removed_host)
