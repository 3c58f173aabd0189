"""The errors of a task for which there is no replica, each with the cure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import ExpertState
from orchestrion_controller.cures import Cures
from orchestrion_controller.refusals import size
from orchestrion_controller.registry.replicas import Replica
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.timing import needed_bytes


def no_replica(
    requirements: TaskRequirements, replicas: Sequence[Replica], cures: Cures, *, has_hosts: bool
) -> OrchestrionError:
    """Builds the error for a task that no replica can be given.

    Args:
        requirements: The task.
        replicas: All replicas of experts of its type.
        cures: What brings experts that are absent.
        has_hosts: Whether any host is listed.
    """
    task = requirements.task
    where = {"task_id": task.id, "task_type": task.type}
    fitting = [replica for replica in replicas if scoring.fits(requirements, replica)]
    large = [replica for replica in fitting if replica.is_available]
    if large:
        needed = min(needed_bytes(replica) for replica in large)
        total = max((device.total_bytes for replica in large for device in replica.host.devices), default=0)
        message = f"Task {task.id!r}: every expert for {task.type} is too large; the smallest needs {needed} bytes, "
        message += f"the largest device has {total}."
        return Reason.EXPERT_TOO_LARGE.error(message, where, needed_bytes=str(needed), total_bytes=str(total))
    if not has_hosts:
        message = f"Task {task.id!r}: no model host is listed; start one with `orchestrion up`."
        return Reason.NO_EXPERT.error(message, where)
    absent = sorted({replica.expert.id for replica in fitting if replica.status.state is ExpertState.TO_BE_FETCHED})
    if absent:
        message = f"Task {task.id!r}: the files of {', '.join(absent[:3])}, which could do {task.type}, are on no "
        message += f"host yet; fetch them with `orchestrion models pull {absent[0]}`."
        return Reason.EXPERT_NOT_FETCHED.error(message, where, expert=absent[0])
    unlicensed = [
        replica
        for replica in replicas
        if replica.is_available
        and scoring.fits_domain(requirements, replica)
        and scoring.accepts(requirements, replica)
        and not scoring.licensed(requirements, replica)
    ]
    if unlicensed:
        wanted = " and ".join(", ".join(names) for names in requirements.licenses)
        licenses = sorted({replica.expert.license or "one that is not known" for replica in unlicensed})
        message = f"Task {task.id!r}: the experts for {task.type} have other licences than the allowed "
        message += f"{wanted}: {', '.join(licenses)}; allow one of these, or add an expert."
        return Reason.NO_EXPERT.error(message, where, field="licenses", licenses=wanted)
    what = task.type
    if requirements.domain:
        what = f"{task.type} of the domain {requirements.domain!r}"
        where["domain"] = requirements.domain
    elif refused := _refused(requirements, replicas):
        what = f"{task.type} with {refused} {task.inputs[refused]!r}"
        where["field"] = f"inputs.{refused}"
    message = f"Task {task.id!r}: no listed host has a working expert for {what}; "
    choices = {name: value for name, value in task.inputs.items() if isinstance(value, str)}
    # A language that a text only seems to be in leaves no expert out.
    language = requirements.language if requirements.language_named else ""
    if (expert := cures.expert(task.type, choices, language)) is None:
        return Reason.NO_EXPERT.error(f"{message}see `orchestrion experts`.", where)
    download = f" ({size(expert.download_bytes)})" if expert.download_bytes else ""
    return Reason.NO_EXPERT.error(f"{message}get one: `{expert.command}`{download}.", where, command=expert.command)


def _refused(requirements: TaskRequirements, replicas: Sequence[Replica]) -> str:
    """Names the first input whose value some expert does not take; empty for none."""
    for replica in replicas:
        for item in replica.expert.accepts:
            if isinstance(value := requirements.task.inputs.get(item.input), str) and value not in item.values:
                return item.input
    return ""
