"""Logs as controllers write them, made at random: plans that grow, are repaired or edited while tasks run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    ApprovalAwaited,
    AttemptFailed,
    Event,
    Payload,
    PlanApproved,
    PlanFinished,
    PlanRejected,
    RunFinished,
    RunStarted,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskPreview,
    TaskProgress,
    TaskRevoked,
    TaskStarted,
    TaskText,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message, RunKind, RunState
from orchestrion.values import ArtifactRef, OutputRef

NAME = "runs/0123456789abcdef0123"
START = datetime(2026, 1, 1, tzinfo=UTC)
FAULT = Error("EXPERT_FAILED", "It broke.")
UNNUMBERED = (TaskProgress, TaskPreview)


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Draws the log of a run, whole or broken off; some payloads are None, as those of a newer server."""
    random = Random(draw(st.integers(0, 2**32)))
    payloads = list(_whole(random))
    if random.random() < 0.3:
        del payloads[random.randrange(1, len(payloads)) :]
        if isinstance(payloads[-1], ApprovalAwaited):
            # A run that waits for a person ends in one way only: nobody approved.
            payloads.append(RunFinished(RunState.CANCELLED, FAULT, 100))
        elif random.random() < 0.7:
            state = random.choice([RunState.FAILED, RunState.CANCELLED])
            payloads.append(RunFinished(state, random.choice([FAULT, None]), 100))
    while random.random() < 0.4:
        payloads.insert(random.randrange(1, len(payloads) + 1), None)  # type: ignore[arg-type]  # As a payload of a newer server is read.
    return numbered(payloads)


def numbered(payloads: Iterable[Payload]) -> list[Event]:
    """Makes events of payloads, ten milliseconds apart."""
    events: list[Event] = []
    sequence = 0
    for place, payload in enumerate(payloads):
        kept = not isinstance(payload, UNNUMBERED)
        sequence += kept
        time = START + timedelta(milliseconds=10 * place)
        events.append(Event(NAME, sequence if kept else 0, time, Stage.PLAN, payload))
    return events


def _whole(random: Random) -> Iterator[Payload]:
    yield RunStarted(RunKind.FULL, (Message("Do it.", artifacts=("artifacts/x",)),))
    yield StageStarted("llm")
    plan = _plan(random, "abcd"[: random.choice([1, 2, 3, 3, 4])])
    match random.choice(["overlapping", "repaired", "repaired", "repaired", "approved", "edited"]):
        case "overlapping":
            yield from _overlapping(random, [*map(TaskPlanned, plan.tasks), PlanFinished(plan)])
        case "repaired":
            yield from _overlapping(random, _repaired(random, plan))
        case "approved":
            yield from _approved(random, plan, None)
        case "edited":
            yield from _approved(random, plan, _plan(random, "dcbe"[: random.randint(1, 4)]))
    yield StageFinished(StageOutcome.SUCCEEDED, 50, 2, 300, 40)
    words = ["It ", "is ", "done."][: random.randint(0, 3)]
    yield from map(AnswerText, words)
    yield AnswerFinished("".join(words) or "Nothing.", ("artifacts/y",) if random.random() < 0.5 else ())
    yield RunFinished(RunState.SUCCEEDED, None, 200)


def _plan(random: Random, ids: str) -> Plan:
    """Makes a plan; a task may refer to any other that does not come by way of it."""
    order = random.sample(ids, len(ids))
    return Plan(tuple(_task(random, task_id, order[: order.index(task_id)]) for task_id in ids))


def _task(random: Random, task_id: str, possible: list[str]) -> Task:
    parents = [parent for parent in possible if random.random() < 0.5]
    inputs = {f"in-{parent}": OutputRef(parent, "out") for parent in parents}
    return Task(task_id, "a-type", {**inputs, "seed": float(random.randint(0, 9))})


def _repaired(random: Random, plan: Plan) -> list[Payload]:
    """The planning of a plan that is rejected when some of it is written, and then has other tasks."""
    first = plan.tasks[: random.randint(1, len(plan.tasks))]
    gone = [task.id for task in first if random.random() < 0.5]
    kept = [task for task in first if task.id not in gone]
    needed = {parent for task in kept for parent in _parents(task)}
    again = [Task(task_id, "a-type") for task_id in gone if task_id in needed or random.random() < 0.5]
    fresh = [*again, *(task for task in plan.tasks if task not in first), Task("z", "a-type")]
    present = {task.id for task in (*kept, *fresh)}
    fresh = [task for task in fresh if _parents(task) <= present]
    whole = random.sample([*kept, *fresh], len(kept) + len(fresh))
    return [
        *map(TaskPlanned, first),
        PlanRejected(FAULT),
        *map(TaskRevoked, gone),
        *map(TaskPlanned, fresh),
        PlanFinished(Plan(tuple(whole)), 0.5, ("Is it?",)),
    ]


def _parents(task: Task) -> set[str]:
    return {value.task_id for value in task.inputs.values() if isinstance(value, OutputRef)}


def _overlapping(random: Random, planning: list[Payload]) -> Iterator[Payload]:
    """Yields what happens where tasks start while others are still being planned."""
    rest = deque(planning)
    planned: dict[str, Task] = {}
    executing: dict[str, deque[Payload]] = {}
    pace = random.random()
    while rest or executing:
        # A planner revokes all that it revokes at once: nothing that waits for one of them can end in between.
        if rest and (not executing or isinstance(rest[0], TaskRevoked) or random.random() < pace):
            payload = rest.popleft()
            yield payload
            if isinstance(payload, TaskPlanned):
                planned[payload.task.id] = payload.task
                executing[payload.task.id] = deque(_execution(random, payload.task.id))
            elif isinstance(payload, TaskRevoked):
                del planned[payload.task_id]
                # What it was doing may be written down a little later.
                late = list(executing.pop(payload.task_id, ()))
                yield from late[: random.choice([0, 1, len(late)])]
                for task_id in _dependents(planned.values(), payload.task_id):
                    # It stays assigned, and starts anew.
                    executing[task_id] = deque(list(_execution(random, task_id))[1:])
        else:
            task_id = random.choice(list(executing))
            yield executing[task_id].popleft()
            if not executing[task_id]:
                del executing[task_id]


def _dependents(tasks: Iterable[Task], task_id: str) -> set[str]:
    dependents, grown = {task_id}, set[str]()
    while grown != dependents:
        grown = set(dependents)
        dependents |= {task.id for task in tasks if _parents(task) & dependents}
    return dependents - {task_id}


def _approved(random: Random, plan: Plan, edited: Plan | None) -> Iterator[Payload]:
    yield from map(TaskPlanned, plan.tasks)
    yield PlanFinished(plan)
    yield ApprovalAwaited(plan, START + timedelta(hours=1))
    yield PlanApproved(edited if edited != plan else None, "mine")
    carried_out = edited or plan
    executing = [deque(_execution(random, task.id)) for task in carried_out.tasks]
    while executing := [queue for queue in executing if queue]:
        yield random.choice(executing).popleft()


def _execution(random: Random, task_id: str) -> Iterator[Payload]:
    host, expert = f"hosts/{random.choice('xy')}", random.choice(["one", "two"])
    yield TaskAssigned(Assignment(task_id, host, expert, "It is loaded."))
    if random.random() < 0.1:
        yield TaskFinished(TaskResult(task_id, TaskState.SKIPPED, error=FAULT))
        return
    count = random.choice([0, 0, 2, 3])
    for item in range(count) if count else [None]:
        for attempt in range(1, random.choice([1, 1, 2]) + 1):
            if attempt > 1:
                yield AttemptFailed(task_id, attempt - 1, host, expert, FAULT, True, item)
            yield TaskStarted(task_id, attempt, host, expert, item, count)
            for _ in range(random.randint(0, 2)):
                yield TaskText(task_id, "out", random.choice(["a", "b c", "\n"]), item)
                yield TaskProgress(task_id, random.random(), "working", item)
            if random.random() < 0.2:
                yield TaskPreview(task_id, "image/png", b"png", item)
    if random.random() < 0.2:
        yield TaskFinished(TaskResult(task_id, TaskState.FAILED, error=FAULT), 10)
    else:
        yield TaskFinished(TaskResult(task_id, TaskState.SUCCEEDED, {"out": ArtifactRef("artifacts/y")}), 10)
