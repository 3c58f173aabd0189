"""How a plan fits the gold plans: whether it is one of them, and what sets it apart from the nearest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from benchmarks.requests import gold
from benchmarks.requests.gold import GoldPlan, GoldTask
from benchmarks.requests.plans import Step

_PAIRINGS: Final = 5000
"""How many pairings of tasks are looked through for the nearest one."""
_SOURCES: Final = frozenset({"image", "audio", "video", "table"})
"""Inputs that are files: another value is another file."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What sets a plan apart from the nearest acceptable one."""

    kind: str
    """In a few words, such as "dropped a part"."""
    detail: str
    """Which tasks or inputs."""


@dataclass(frozen=True, slots=True)
class _Misfit:
    task_type: str
    input: str
    value: object


def is_one_of(steps: Sequence[Step], golds: Iterable[GoldPlan]) -> bool:
    """Whether a plan is one of the acceptable ones, whatever the order of its tasks."""
    return any(len(plan) == len(steps) and _pairs(plan, steps, {}) for plan in golds)


def nearest(steps: Sequence[Step], golds: Iterable[GoldPlan]) -> Difference:
    """Returns what sets a plan apart from the nearest acceptable one, for people to read."""
    differences = [_apart(steps, plan) for plan in golds]
    return min(differences, key=lambda item: (item[0], item[1].kind, item[1].detail))[1]


def _pairs(plan: GoldPlan, steps: Sequence[Step], places: Mapping[int, int]) -> bool:
    """Whether the gold tasks that have no place yet can be paired with tasks that are left."""
    if len(places) == len(plan):
        return True
    task = plan[len(places)]
    for place, step in enumerate(steps):
        if step.type != task.type or place in places.values() or _misfits(task, step, places):
            continue
        if _pairs(plan, steps, {**places, len(places): place}):
            return True
    return False


def _apart(steps: Sequence[Step], plan: GoldPlan) -> tuple[int, Difference]:
    """Returns how far a plan is from an acceptable one, and in what."""
    wanted, planned = Counter(task.type for task in plan), Counter(step.type for step in steps)
    missing, extra = wanted - planned, planned - wanted
    if missing or extra:
        kind = "dropped a part" if not extra else "added a part" if not missing else "another task"
        detail = f"missing {dict(missing)}, extra {dict(extra)}"
        return 10 * (missing.total() + extra.total()), Difference(kind, detail)
    misfits = _fewest_misfits(steps, plan)
    kind = "another file" if _SOURCES & {misfit.input for misfit in misfits} else "another value"
    detail = "; ".join(f"{misfit.task_type}.{misfit.input}={misfit.value!r}" for misfit in misfits)
    return len(misfits), Difference(kind, detail)


def _fewest_misfits(steps: Sequence[Step], plan: GoldPlan) -> Sequence[_Misfit]:
    """Returns what does not fit where the tasks of a plan of the same task types are paired best."""
    alike = [[place for place, step in enumerate(steps) if step.type == task.type] for task in plan]
    scored = [
        [
            _Misfit(task.type, name, steps[place].inputs.get(name))
            for task, place in zip(plan, places, strict=True)
            for name in _misfits(task, steps[place], dict(enumerate(places)))
        ]
        for places in islice(_pairings(alike), _PAIRINGS)
    ]
    return min(scored, key=len)


def _pairings(alike: Sequence[Sequence[int]], taken: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yields the ways to give each gold task a place of its own out of those of its type."""
    if len(taken) == len(alike):
        yield taken
        return
    for place in alike[len(taken)]:
        if place not in taken:
            yield from _pairings(alike, (*taken, place))


def _misfits(task: GoldTask, step: Step, places: Mapping[int, int]) -> Sequence[str]:
    """Returns the inputs in which a task differs from a gold one, or from its twin where that is nearer."""
    return min((_differing(variant, step, places) for variant in task.variants()), key=len)


def _differing(task: GoldTask, step: Step, places: Mapping[int, int]) -> Sequence[str]:
    differing = []
    for name, spec in task.inputs.items():
        absent = gold.may_be_absent(spec)
        if name not in step.inputs:
            fits = absent
        else:
            value = step.inputs[name]
            fits = gold.fits(spec, value, places) or (absent and gold.is_default(step.type, name, value))
        if not fits:
            differing.append(name)
    others = (item for item in step.inputs.items() if item[0] not in task.inputs)
    return differing + [name for name, value in others if not gold.is_needless(step.type, name, value)]
