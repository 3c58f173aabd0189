"""What a stage needs to know beyond its request: task types in force, artifacts, and earlier turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion.values import artifacts as artifacts_in
from orchestrion_controller.artifacts.artifacts import Artifacts
from orchestrion_controller.artifacts.durations import duration_ms
from orchestrion_controller.pipeline.narrowing import narrowed
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.runs.runs import Runs
from orchestrion_controller.selector.demand import Circumstances, Size
from orchestrion_controller.stages import PastTurn

_LONGEST_HISTORY: Final = 10


class Context:
    """Looks things up for the stages."""

    def __init__(self, registry: Registry, artifacts: Artifacts, runs: Runs) -> None:
        """Keeps where to look.

        Args:
            registry: Tells the task types, the server's and those of hosts, and which of them some host can perform.
            artifacts: Describes artifacts.
            runs: Tells earlier turns.
        """
        self._registry = registry
        self._artifacts = artifacts
        self._runs = runs

    def plannable(self, given: Mapping[str, TaskType]) -> Mapping[str, TaskType]:
        """Returns the task types that a plan may use: those given, or else the registry's that some host performs now.

        Without a host all are returned, so that the run fails for what is missing: a host.
        """
        if given:
            return given
        servable = self._registry.task_types()
        defined = self._registry.definitions
        found = {name: task_type for name, task_type in defined.items() if name in servable}
        return found or defined

    def offered(self, given: Mapping[str, TaskType]) -> Mapping[str, TaskType]:
        """Returns what `plannable` does, of the server's own with the choices alone that some expert takes now."""
        plannable = self.plannable(given)
        if given:
            return given
        found = {}
        for name, task_type in plannable.items():
            experts = [offer.expert for offer in self._registry.offers(name) if offer.obtainable]
            found[name] = narrowed(task_type, experts) if experts else task_type
        return found

    def known(self, given: Mapping[str, TaskType]) -> Mapping[str, TaskType]:
        """Returns the task types that a plan is checked against: those given, or else all of the registry's."""
        return given or self._registry.definitions

    async def artifacts_of(self, plan: Plan | None, results: Iterable[TaskResult] = ()) -> Mapping[str, Artifact]:
        """Describes the artifacts that a plan and results name, as far as they exist, by name."""
        inputs = [value for task in plan.tasks for value in task.inputs.values()] if plan else []
        outputs = [value for result in results for value in result.outputs.values()]
        return await self._artifacts.find({name for value in inputs + outputs for name in artifacts_in(value)})

    async def circumstances(
        self, files: Iterable[Artifact], messages: Sequence[Message], licenses: tuple[str, ...]
    ) -> Circumstances:
        """Tells what the choice of experts goes by beside the tasks.

        Args:
            files: The artifacts that the tasks may be given.
            messages: The conversation; its last turn is the request.
            licenses: The licences that experts may have.
        """
        sizes = {artifact.name: await self._size(artifact) for artifact in files}
        return Circumstances(sizes, messages[-1].text if messages else "", licenses)

    async def _size(self, artifact: Artifact) -> Size:
        # A character of a text takes a byte or more.
        characters = artifact.size_bytes if artifact.media_type.startswith("text/") else 0
        milliseconds = 0
        if artifact.media_type.startswith("audio/"):
            milliseconds = duration_ms(await self._artifacts.head(artifact), artifact.size_bytes)
        return Size(characters, milliseconds, artifact.size_bytes)

    async def history(self, previous_run: str) -> tuple[PastTurn, ...]:
        """Tells the turns before this one, the oldest first, at most ten.

        Raises:
            NotFoundError: The previous run does not exist.
        """
        turns: list[PastTurn] = []
        while previous_run and len(turns) < _LONGEST_HISTORY:
            run = await self._runs.get(previous_run)
            attached = [name for message in run.messages for name in message.artifacts]
            described = dict(await self._artifacts.find(attached))
            described.update(await self.artifacts_of(run.plan, run.results))
            results = {result.task_id: result for result in run.results}
            turns.append(PastTurn(run.messages, run.plan, results, run.answer, described))
            previous_run = run.previous_run
        return tuple(reversed(turns))
