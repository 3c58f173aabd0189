"""Hosts, experts and offers to choose among, with plain values where a test does not say otherwise."""

from __future__ import annotations

from typing import Any

from orchestrion.experts import Device, Expert, ExpertState, ExpertStatus, Host, HostFacts
from orchestrion.plans import TaskType
from orchestrion_controller.registry.offers import HostSummary, Offer
from orchestrion_controller.registry.registry import Report

GIB = 1 << 30
TYPE = "image-to-text"


def expert(expert_id: str = "ocr", **fields: Any) -> Expert:
    return Expert(**{"id": expert_id, "model": "m", "runtime": "engine", "task_types": (TYPE,), **fields})


def status(expert_id: str = "ocr", state: ExpertState = ExpertState.LOADED, **fields: Any) -> ExpertStatus:
    return ExpertStatus(expert_id, state, **fields)


def device(total: int = 8 * GIB, free: int = 4 * GIB, name: str = "cpu") -> Device:
    return Device(name, total, free)


def offer(
    state: ExpertState = ExpertState.LOADED,
    *,
    devices: tuple[Device, ...] = (device(),),
    host: str = "hosts/one",
    what: Expert | None = None,
    fetches: bool = False,
    **fields: Any,
) -> Offer:
    what = what or expert()
    known = status(what.id, state, **fields)
    listed = Host(host, "127.0.0.1:1", devices=devices, statuses=(known,), fetches_on_demand=fetches)
    return Offer(listed, what, known, HostSummary.of(listed))


def report(
    name: str = "hosts/one",
    *experts: Expert,
    instance: str = "first",
    statuses: tuple[ExpertStatus, ...] | None = None,
    facts: bool = True,
    digest: str = "digest",
    devices: tuple[Device, ...] = (device(),),
    draining: bool = False,
    fetches: bool = False,
    task_types: tuple[TaskType, ...] = (),
) -> Report:
    """Makes a report of a host whose experts are all loaded, unless statuses are given."""
    experts = experts or (expert(),)
    return Report(
        name=name,
        instance_id=instance,
        facts_digest=digest,
        facts=HostFacts("127.0.0.1:1", "1.0", 4, experts, fetches_on_demand=fetches, task_types=task_types)
        if facts
        else None,
        devices=devices,
        statuses=tuple(status(known.id) for known in experts) if statuses is None else statuses,
        draining=draining,
        worker_restart_count=0,
    )
