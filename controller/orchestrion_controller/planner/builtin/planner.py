"""The planner that needs no language model: it plans all of a request, or says which words of it it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from orchestrion import task_types
from orchestrion.errors import InvalidArgumentError, Reason
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, TaskType
from orchestrion_controller import languages, refusals
from orchestrion_controller.planner.builtin.binding.estimated import EstimatedTasks
from orchestrion_controller.planner.builtin.drafting import Drafting, PlanDraft, askable
from orchestrion_controller.planner.builtin.reading.marking import beside
from orchestrion_controller.planner.builtin.reading.reader import Reader
from orchestrion_controller.planner.surroundings import Surroundings
from orchestrion_controller.plans.offers import size_of
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, PlanningRequest

_LARGEST_LIBRARY: Final = 1_000
"""How many things a library may offer that is read, by `offers.size_of`: each costs milliseconds."""

_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="planner")
"""Few, and its own: more of them would take the interpreter from the event loop, and files wait for threads, too."""


class ReadingPlanner:
    """Plans single tasks, chains, parallel branches and joins on free wording, from the task types' data alone.

    Of our own task types, and those that experts bring, it plans a request only where each word of it is explained;
    what is not it names, with the nearest request that it can do. A library that a caller gives is read as an estimate:
    it reports how sure it is, and what it doubts.
    """

    name = "builtin"
    runs_partial = False

    def __init__(self) -> None:
        """Reads words and weights, which takes a second or two: `planner.on_demand` does it on a thread."""
        self._own = task_types.load()
        self._reader = Reader()
        self._reader.prepare(askable(self._own))

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            InvalidArgumentError: Something to work on is missing, or an option is out of its range.
        """
        artifacts = {name: artifact for turn in request.history for name, artifact in turn.artifacts.items()}
        checker = PlanChecker(request.task_types, request.attachments, artifacts)
        for library in (request.task_types, request.on_offer, request.defined):
            _check_size(library, replaced=request.replaced)
        # On a thread: it computes for milliseconds, in which the event loop serves other runs.
        draft = await asyncio.get_running_loop().run_in_executor(_THREADS, self._draft, request)
        if draft.not_done or draft.questions:
            partial = _partial(draft, checker)
            yield PlanFinished(partial, draft.confidence, draft.doubts, draft.not_done, draft.questions)
            return
        for task in draft.tasks:
            yield TaskPlanned(checker.add(task))
        yield PlanFinished(checker.close(draft.no_task_reason), draft.confidence, draft.doubts)

    def _draft(self, request: PlanningRequest) -> PlanDraft:
        around = Surroundings(request)
        asked_in = languages.load()[languages.detect(around.text)]
        is_own = not request.replaced or all(self._own.get(name) == item for name, item in request.task_types.items())
        if is_own:
            return Drafting(self._reader, around, asked_in).draft()
        # What a request most likely wants of a library that is not ours, with what is doubtful.
        types = tuple(around.task_types.values())
        files = [artifact.file_name for artifact in around.files]
        estimate = self._reader.estimate(around.text, types, files, beside(around.files))
        if not estimate.types:
            return PlanDraft(not_done=(refusals.nothing_does(around.text.strip(), asked_in.tag),))
        tasks = EstimatedTasks(around, [asked_in]).make(estimate.graph, estimate.types)
        return PlanDraft(tasks, confidence=estimate.confidence, doubts=estimate.doubts)


def _check_size(library: Mapping[str, TaskType], *, replaced: bool) -> None:
    size = size_of(library.values())
    if size <= _LARGEST_LIBRARY:
        return
    counted = f"{size:,} combinations of choices and inputs, where the built-in planner reads {_LARGEST_LIBRARY:,}"
    cure = "Or have a language model plan, or submit the plan."
    if replaced:
        text = f"task_types have {counted}: give fewer task types or choices. {cure}"
        raise Reason.REQUEST_TOO_LARGE.error(text, field="task_types")
    raise Reason.REQUEST_BEYOND_PLANNER.error(f"The task types of the hosts have {counted}: stop some hosts. {cure}")


def _partial(draft: PlanDraft, checker: PlanChecker) -> Plan:
    """The plan of what can be done; none where what is not done leaves too little for it."""
    try:
        for task in draft.tasks:
            checker.add(task)
        if draft.tasks:
            return checker.close()
    except InvalidArgumentError:
        pass
    return Plan((), " ".join(dict.fromkeys(item.reason for item in draft.not_done)))
