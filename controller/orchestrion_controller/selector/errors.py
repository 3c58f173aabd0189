"""The errors of a task for which there is no replica, each with the cure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import ExpertState
from orchestrion.plans import TaskType
from orchestrion_controller import languages
from orchestrion_controller.cures import Cures
from orchestrion_controller.refusals import lines, no_language, size
from orchestrion_controller.registry.replicas import Replica
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.languages import fits_language, listed, source_languages
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.timing import needed_bytes


def no_replica(
    requirements: TaskRequirements,
    replicas: Sequence[Replica],
    cures: Cures,
    *,
    task_type: TaskType | None = None,
    request: str = "",
) -> OrchestrionError:
    """Builds the error for a task that no replica can be given.

    Args:
        requirements: The task.
        replicas: All replicas of experts of its type.
        cures: What brings experts that are absent.
        task_type: Its type; None where the registry does not have it.
        request: The text of the request, in whose language some of these errors are.
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
    if not cures.has_hosts:
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
        and fits_language(requirements, replica.expert)
        and not scoring.licensed(requirements, replica)
    ]
    if unlicensed:
        wanted = " and ".join(", ".join(names) for names in requirements.licenses)
        licenses = sorted({replica.expert.license or "one that is not known" for replica in unlicensed})
        message = f"Task {task.id!r}: the experts for {task.type} have other licences than the allowed "
        message += f"{wanted}: {', '.join(licenses)}; allow one of these, or add an expert."
        return Reason.NO_EXPERT.error(message, where, field="licenses", licenses=wanted)
    speakers = [
        replica for replica in replicas if replica.is_available and scoring.fits_otherwise(requirements, replica)
    ]
    if speakers:
        return _no_language(requirements, speakers, cures, task_type or TaskType(task.type, task.type, (), ()), request)
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


def _no_language(
    requirements: TaskRequirements, replicas: Sequence[Replica], cures: Cures, task_type: TaskType, request: str
) -> OrchestrionError:
    """Builds the error for a task whose language none of some replicas has."""
    task = requirements.task
    by_expert = [source_languages(item.expert) or listed(item.expert.languages) for item in replicas]
    spoken = Counter(tag for tags in by_expert for tag in tags)
    is_named = requirements.language_named and requirements.language not in spoken
    if not is_named and all(text.possible.intersection(spoken) for text in requirements.text_languages):
        # Each language is somebody's, and nobody has them all: what one of them lacks is told.
        spoken = Counter(by_expert[0])
    unknown = [text.tag for text in requirements.text_languages if text.possible.isdisjoint(spoken)]
    lacking = requirements.language if is_named or not unknown else unknown[0]
    tags = sorted(spoken, key=lambda tag: (-spoken[tag], tag))
    choices = {name: value for name, value in task.inputs.items() if isinstance(value, str)}
    cure = cures.find(task.type, choices, lacking)
    asker = languages.detect(request)
    part = no_language(task_type, cure, asker, lacking=lacking, spoken=tags, is_named=is_named)
    message = "\n".join(lines([part], (), asker))
    if not request:
        message = f"Task {task.id!r}: {message}"
    metadata = {"task_id": task.id, "task_type": task.type, "language": lacking, "command": cure.command}
    return Reason.NO_EXPERT.error(message, metadata, expert_languages=" ".join(tags))


def _refused(requirements: TaskRequirements, replicas: Sequence[Replica]) -> str:
    """Names the first input whose value some expert does not take; empty for none."""
    for replica in replicas:
        for item in replica.expert.accepts:
            value = requirements.task.inputs.get(item.input)
            if value is not None and not scoring.takes_value(value, item.values):
                return item.input
    return ""
