"""The errors of a language model that is an expert: why it is nowhere, and why there is no reply, with the cure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion.errors import FailedPreconditionError, OrchestrionError, Reason, ResourceExhaustedError
from orchestrion.experts import ExpertState, HostState
from orchestrion_controller.hosted_model.conversations import TASK_TYPE
from orchestrion_controller.refusals import size
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.registry.replicas import Replica
from orchestrion_controller.selector.timing import needed_bytes


def absent(registry: Registry, expert_id: str, setting: str) -> OrchestrionError:
    """Explains why no host can run an expert as the language model.

    Args:
        registry: The hosts.
        expert_id: The expert.
        setting: The setting that names it, such as `llm_expert`.
    """
    named, where = _named(expert_id, setting), {"setting": setting, "expert": expert_id}
    if not registry.hosts():
        message = f"No model host is listed yet, and {named} runs on one; start it, or wait until it is listed."
        return Reason.NO_EXPERT.error(message, where)
    cure = next((item for item in registry.absent_experts() if item.id == expert_id), None)
    command = cure.command if cure and cure.command else f"orchestrion models pull {expert_id}"
    download = f" ({size(cure.download_bytes)})" if cure and cure.download_bytes else ""
    replicas = [item for host in registry.hosts() if (item := registry.replica(host.name, expert_id))]
    if not replicas and cure:
        message = f"No host offers {named} yet; get it: `{command}`{download}."
        return Reason.NO_EXPERT.error(message, where, command=command)
    if not replicas:
        message = f"{setting}: no host has an expert `{expert_id}`, nor its catalogue; {_others(registry)}."
        return Reason.NOT_CONFIGURED.error(message, where)
    performing = [item for item in replicas if TASK_TYPE in item.expert.task_types]
    if not performing:
        does = ", ".join(replicas[0].expert.task_types)
        message = f"{setting}: `{expert_id}` does {does}; a language model does {TASK_TYPE}: {_others(registry)}."
        return Reason.NOT_CONFIGURED.error(message, where)
    ready = [item for item in performing if item.host.state is HostState.READY]
    if not ready:
        message = f"{_hosts(performing)}, with {named}, is away or shutting down; start it anew, or try again."
        return Reason.LLM_UNAVAILABLE.error(message, where)
    available = [item for item in ready if item.is_available]
    if not available:
        if any(item.status.state is ExpertState.TO_BE_FETCHED for item in ready):
            message = f"The files of {named} are on no host yet; fetch them: `{command}`{download}."
            return Reason.EXPERT_NOT_FETCHED.error(message, where, command=command)
        message = f"{_hosts(ready)} cannot run {named}: a package, a file or a device is missing; "
        cured = f"`{command}` brings it" if cure else "see `orchestrion experts`"
        return Reason.EXPERT_UNAVAILABLE.error(f"{message}{cured}.", where)
    needed = min(map(needed_bytes, available))
    largest = max(item.summary.total_bytes for item in available)
    if needed > largest:
        message = f"No device is large enough for {named}: it needs {needed} bytes, the largest has {largest}."
        return Reason.EXPERT_TOO_LARGE.error(message, where, needed_bytes=str(needed), total_bytes=str(largest))
    license_name = available[0].expert.license or "none that is known"
    message = f"licenses: the licence of {named} is {license_name}, which is not among those allowed."
    return Reason.NOT_CONFIGURED.error(message, where)


def explained(error: OrchestrionError, expert_id: str, setting: str, *, began: bool) -> OrchestrionError:
    """Returns the error of a reply that there is none of, or not the whole.

    Args:
        error: What the last attempt failed with.
        expert_id: The expert.
        setting: The setting that names it.
        began: Whether a piece of the reply was used.
    """
    named = _named(expert_id, setting)
    where = {"setting": setting, "expert": expert_id, "cause": error.reason}
    if began:
        return Reason.LLM_BROKE_OFF.error(f"In the middle of its reply {named} broke off: {error.message}", where)
    message = f"There is no reply of {named}: {error.message}"
    if error.reason == Reason.QUEUE_FULL.name:
        return Reason.LLM_RATE_LIMITED.error(message, where, retry_after_ms=error.retry_after_ms)
    if isinstance(error, FailedPreconditionError | ResourceExhaustedError):
        return Reason.rebuild(error.reason, message, {**where, **error.metadata}, error.retry_after_ms)
    # An input that it refuses, a call that its host ends: nothing of that is the fault of whoever made the request.
    return Reason.LLM_UNAVAILABLE.error(message, where, retry_after_ms=error.retry_after_ms)


def too_long(expert_id: str, setting: str, context_tokens: int) -> OrchestrionError:
    """The error of a request that does not fit in the context, whatever else is left out."""
    length = f"{context_tokens} tokens" if context_tokens else "an unknown size"
    message = f"The request does not fit in the context of {_named(expert_id, setting)} ({length}), even with all else "
    message += "left out: shorten it, or name a language model with a longer context."
    details = {"setting": setting, "expert": expert_id, "context_tokens": str(context_tokens)}
    return Reason.LLM_CONTEXT_EXCEEDED.error(message, details)


def _named(expert_id: str, setting: str) -> str:
    return f"the language model `{expert_id}` ({setting})"


def _others(registry: Registry) -> str:
    names = [listed.expert.id for listed in registry.experts(TASK_TYPE)]
    if names:
        return f"there are {', '.join(names)}"
    return f"`orchestrion models search {TASK_TYPE}` finds some"


def _hosts(replicas: Sequence[Replica]) -> str:
    return ", ".join(sorted({item.host.name for item in replicas}))
