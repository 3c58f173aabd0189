"""What a stage needs beyond its request: the task types in force, artifacts, and earlier turns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from orchestrion.events import HostsAwaited, Stage
from orchestrion.experts import Expert
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Artifact, Message, Run
from orchestrion.values import artifacts as artifacts_in
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.artifacts.durations import duration_ms
from orchestrion_controller.artifacts.encodings import is_text
from orchestrion_controller.cures import Cures
from orchestrion_controller.dispatch import InputSize, SelectionContext
from orchestrion_controller.limits import TaskTypeLimits
from orchestrion_controller.pipeline import file_names
from orchestrion_controller.registry import choices
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.stage_scope import EventLog
from orchestrion_controller.stages import PastTurn

_LONGEST_HISTORY: Final = 10
_LARGEST_HISTORY_BYTES: Final = 32 << 20
"""How large the logs of earlier turns are together; the newest is read whatever its size."""


class RunHistory(Protocol):
    """Where earlier turns of a conversation are read: the part of the journal of runs that the stages use."""

    async def size_bytes(self, name: str) -> int:
        """Returns how large the events of a run are together, in bytes; 0 for one that has none."""

    async def read(self, name: str) -> Run:
        """Returns a run with everything that its events add up to.

        Raises:
            NotFoundError: There is no such run.
        """


@dataclass(frozen=True, slots=True)
class _Offer:
    """What the server's own hosts do now; the same objects for as long as nothing of it changes."""

    plannable: Mapping[str, TaskType]
    offered: Mapping[str, TaskType]
    limits: Mapping[str, TaskTypeLimits]
    cures: Cures


class StageContext:
    """Looks things up for the stages."""

    def __init__(self, registry: Registry, artifacts: OwnedArtifacts, history: RunHistory) -> None:
        """Keeps where to look.

        Args:
            registry: Has the task types, the server's and those of hosts, and which of them some host can perform.
            artifacts: Describes artifacts.
            history: Where earlier turns are read.
        """
        self._registry = registry
        self._artifacts = artifacts
        self._history = history
        self._offer: _Offer | None = None
        self._offer_version = -1

    def plannable(self, own: Mapping[str, TaskType]) -> Mapping[str, TaskType]:
        """Returns the task types that a plan may use: the request's own, or else those that some host performs now.

        Without a host all are returned, so that the run fails with the error that names the cause: no host.
        """
        return own or self._current.plannable

    def offered(self, own: Mapping[str, TaskType]) -> Mapping[str, TaskType]:
        """Returns what `plannable` does; the server's with the choices alone that some expert takes now."""
        return own or self._current.offered

    def limits(self, own: Mapping[str, TaskType]) -> Mapping[str, TaskTypeLimits]:
        """Returns what the experts for the server's task types take; nothing where the request brings its own."""
        return {} if own else self._current.limits

    @property
    def _current(self) -> _Offer:
        """What is on offer; worked out anew where a host reported since, and the object of before where it is equal.

        Reports come with every change of a status. What planners make of an offer they can keep by its identity.
        """
        offer = self._offer
        if offer is None or self._offer_version != self._registry.version:
            self._offer_version, current = self._registry.version, self._read_offer()
            self._offer = offer = current if offer != current else offer
        return offer

    def _read_offer(self) -> _Offer:
        available, defined = self._registry.task_types(), self._registry.definitions
        plannable = {name: task_type for name, task_type in defined.items() if name in available} or defined
        experts = {name: self._experts(name) for name in plannable}
        offered = {
            name: choices.with_available_choices(task_type, experts[name]) if experts[name] else task_type
            for name, task_type in plannable.items()
        }
        limits = {name: choices.limits(task_type, experts[name]) for name, task_type in plannable.items()}
        cures = Cures(self._registry.absent_experts(), has_hosts=bool(self._registry.hosts()))
        return _Offer(plannable, offered, limits, cures)

    def _experts(self, task_type: str) -> Sequence[Expert]:
        return [replica.expert for replica in self._registry.replicas(task_type) if replica.is_available]

    def in_force(self, own: Mapping[str, TaskType]) -> Mapping[str, TaskType]:
        """Returns the task types that a plan is checked against: the request's own, or else all of the registry's."""
        return own or self._registry.definitions

    async def hosts_back(self, hosts: Collection[str] = (), task_types: Collection[str] | None = None) -> None:
        """Waits for hosts after a restart of the controller, as `Registry.recovered`."""
        await self._registry.recovered(hosts, task_types)

    async def hosts_settled(self, log: EventLog, task_types: Collection[str] | None = None) -> None:
        """Waits for the hosts that were listed before a restart, as `Registry.settled`, and says so in the log."""

        def say(hosts: frozenset[str], wait_s: float) -> None:
            until = datetime.now(UTC) + timedelta(seconds=wait_s)
            log.append(Stage.UNSPECIFIED, HostsAwaited(tuple(sorted(hosts)), until))

        await self._registry.settled(task_types, say)

    def cures(self) -> Cures:
        """Returns what brings experts that are absent."""
        return self._current.cures

    async def artifacts_of(self, plan: Plan | None, results: Iterable[TaskResult] = ()) -> Mapping[str, Artifact]:
        """Describes the artifacts that a plan and results name, as far as they exist, by name."""
        inputs = [value for task in plan.tasks for value in task.inputs.values()] if plan else []
        outputs = [value for result in results for value in result.outputs.values()]
        return await self._artifacts.find({name for value in inputs + outputs for name in artifacts_in(value)})

    async def files_of(
        self,
        plan: Plan,
        results: Mapping[str, TaskResult],
        attachments: Sequence[Artifact],
        history: Sequence[PastTurn],
    ) -> Mapping[str, Artifact]:
        """Describes every artifact of a run, by name, and gives those that it made names of their own.

        Args:
            plan: The plan.
            results: The results of its tasks, by id.
            attachments: What came with the request.
            history: Earlier turns, whose files keep their names.
        """
        described = dict(await self.artifacts_of(plan, results.values()))
        described.update({artifact.name: artifact for artifact in attachments})
        made = file_names.made(plan, results)
        earlier = {name: artifact for turn in history for name, artifact in turn.artifacts.items()}
        others = {name: file for name, file in (earlier | described).items() if name not in made or name in earlier}
        new = [described[name] for name in made if name in described and name not in others]
        renamed = file_names.distinct(new, (file.file_name for file in others.values()))
        for name, file_name in renamed.items():
            described[name] = replace(described[name], file_name=file_name)
            await self._artifacts.rename(name, file_name)
        return described

    async def selection_context(
        self, files: Iterable[Artifact], messages: Sequence[Message], licenses: tuple[str, ...]
    ) -> SelectionContext:
        """Returns the selection context of a run.

        Args:
            files: The artifacts that the tasks may work on.
            messages: The conversation; its last turn is the request.
            licenses: The licences that experts may have.
        """
        described = {artifact.name: artifact for artifact in files}.values()
        sizes = {artifact.name: await self._size(artifact) for artifact in described}
        texts = {
            artifact.name: await self._beginning(artifact)
            for artifact in described
            if artifact.media_type.startswith("text/")
        }
        return SelectionContext(sizes, messages[-1].text if messages else "", licenses, texts)

    async def _beginning(self, artifact: Artifact) -> str:
        """Returns how a text begins; nothing of one in another encoding than UTF-8, which is read when it is needed."""
        head = await self._artifacts.head(artifact)
        return head.decode("utf-8", "ignore") if is_text(head) else ""

    async def _size(self, artifact: Artifact) -> InputSize:
        # A character of a text takes a byte or more.
        characters = artifact.size_bytes if artifact.media_type.startswith("text/") else 0
        milliseconds = 0
        if artifact.media_type.startswith("audio/"):
            milliseconds = duration_ms(await self._artifacts.head(artifact), artifact.size_bytes)
        return InputSize(characters, milliseconds, artifact.size_bytes)

    async def history(self, previous_run: str) -> tuple[PastTurn, ...]:
        """Returns the turns before this one, the oldest first: at most ten, and no older ones than 32 MiB of logs have.

        Raises:
            NotFoundError: The previous run does not exist.
        """
        turns: list[PastTurn] = []
        room = _LARGEST_HISTORY_BYTES
        while previous_run and len(turns) < _LONGEST_HISTORY:
            room -= await self._history.size_bytes(previous_run)
            if turns and room < 0:
                break
            run = await self._history.read(previous_run)
            attached = [name for message in run.messages for name in message.artifacts]
            described = dict(await self._artifacts.find(attached))
            described.update(await self.artifacts_of(run.plan, run.results))
            results = {result.task_id: result for result in run.results}
            turns.append(PastTurn(run.messages, run.plan, results, run.answer, described))
            previous_run = run.previous_run
        return tuple(reversed(turns))
