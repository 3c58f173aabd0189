"""Hosts, experts and replicas to choose among, with plain values where a test does not say otherwise."""

from __future__ import annotations

from typing import Any

from orchestrion.experts import AbsentExpert, Device, Expert, ExpertState, ExpertStatus, Host, HostFacts
from orchestrion.plans import TaskType
from orchestrion_controller.registry.registry import Report
from orchestrion_controller.registry.replicas import HostSummary, Replica

GIB = 1 << 30
TYPE = "image-to-text"


def expert(expert_id: str = "ocr", **fields: Any) -> Expert:
    return Expert(**{"id": expert_id, "model": "m", "runtime": "engine", "task_types": (TYPE,), **fields})


def status(expert_id: str = "ocr", state: ExpertState = ExpertState.LOADED, **fields: Any) -> ExpertStatus:
    return ExpertStatus(expert_id, state, **fields)


def device(total: int = 8 * GIB, free: int = 4 * GIB, name: str = "cpu") -> Device:
    return Device(name, total, free)


def replica(
    state: ExpertState = ExpertState.LOADED,
    *,
    devices: tuple[Device, ...] = (device(),),
    host: str = "hosts/one",
    what: Expert | None = None,
    fetches: bool = False,
    **fields: Any,
) -> Replica:
    what = what or expert()
    reported = status(what.id, state, **fields)
    listed = Host(host, "127.0.0.1:1", devices=devices, statuses=(reported,), fetches_on_demand=fetches)
    return Replica(listed, what, reported, HostSummary.of(listed), (host, what.id))


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
    absent: tuple[AbsentExpert, ...] = (),
) -> Report:
    """Makes a report of a host whose experts are all loaded, unless statuses are given."""
    experts = experts or (expert(),)
    return Report(
        name=name,
        instance_id=instance,
        facts_digest=digest,
        facts=HostFacts(
            "127.0.0.1:1", "1.0", 4, experts, fetches_on_demand=fetches, task_types=task_types, absent_experts=absent
        )
        if facts
        else None,
        devices=devices,
        statuses=tuple(status(expert.id) for expert in experts) if statuses is None else statuses,
        draining=draining,
        worker_restart_count=0,
    )
