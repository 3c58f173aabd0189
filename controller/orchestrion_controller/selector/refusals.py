"""Says why no expert can be given a task, with the cure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import ExpertState
from orchestrion_controller.registry.offers import Offer
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.demand import Demand
from orchestrion_controller.selector.timing import needed_bytes


def refusal(demand: Demand, offers: Sequence[Offer], *, has_hosts: bool) -> OrchestrionError:
    """Builds the error for a task that nobody can be given.

    Args:
        demand: The task.
        offers: All experts of its type.
        has_hosts: Whether any host is listed.
    """
    task = demand.task
    where = {"task_id": task.id, "task_type": task.type}
    fitting = [offer for offer in offers if scoring.fits(demand, offer)]
    large = [offer for offer in fitting if offer.obtainable]
    if large:
        needed = min(needed_bytes(offer) for offer in large)
        total = max((device.total_bytes for offer in large for device in offer.host.devices), default=0)
        message = f"Task {task.id!r}: every expert for {task.type} is too large; the smallest needs {needed} bytes, "
        message += f"the largest device has {total}."
        return Reason.EXPERT_TOO_LARGE.error(message, where, needed_bytes=str(needed), total_bytes=str(total))
    if not has_hosts:
        message = f"Task {task.id!r}: no model host is listed; start one with `orchestrion up`."
        return Reason.NO_EXPERT.error(message, where)
    absent = sorted({offer.expert.id for offer in fitting if offer.status.state is ExpertState.TO_BE_FETCHED})
    if absent:
        message = f"Task {task.id!r}: the files of {', '.join(absent[:3])}, which could do {task.type}, are on no "
        message += f"host yet; fetch them with `orchestrion models pull {absent[0]}`."
        return Reason.EXPERT_NOT_FETCHED.error(message, where, expert=absent[0])
    unlicensed = [
        offer
        for offer in offers
        if offer.obtainable and scoring.fits_domain(demand, offer) and scoring.accepts(demand, offer)
        and not scoring.licensed(demand, offer)
    ]  # fmt: skip
    if unlicensed:
        wanted = " and ".join(", ".join(names) for names in demand.licenses)
        found = sorted({offer.expert.license or "one that is not known" for offer in unlicensed})
        message = f"Task {task.id!r}: the experts for {task.type} have other licences than the allowed "
        message += f"{wanted}: {', '.join(found)}; allow one of these, or add an expert."
        return Reason.NO_EXPERT.error(message, where, field="licenses", licenses=wanted)
    what = task.type
    if demand.domain:
        what = f"{task.type} of the domain {demand.domain!r}"
        where["domain"] = demand.domain
    elif refused := _refused(demand, offers):
        what = f"{task.type} with {refused} {task.inputs[refused]!r}"
        where["field"] = f"inputs.{refused}"
    message = f"Task {task.id!r}: no listed host has a working expert for {what}; see `orchestrion experts`."
    return Reason.NO_EXPERT.error(message, where)


def _refused(demand: Demand, offers: Sequence[Offer]) -> str:
    """Names the first input whose value some expert does not take; empty for none."""
    for offer in offers:
        for item in offer.expert.accepts:
            if isinstance(value := demand.task.inputs.get(item.input), str) and value not in item.values:
                return item.input
    return ""
