"""Experts as models of the protocol: their names, versions, tensors and states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import Reason
from orchestrion.experts import ExpertState
from orchestrion.plans import TaskType
from orchestrion_host import tensor_signatures
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.models.collection import CatalogueEntry, not_offered
from orchestrion_host.open_inference import signatures
from orchestrion_host.tensor_signatures import TensorSignature

VERSION: Final = "1"
"""The version of every model: a host offers one revision of an expert, which the configuration names."""

_BACKENDS: Final = {"onnx": "onnxruntime", "transformers": "pytorch", "diffusers": "pytorch"}
_WRITES_TEXTS: Final = frozenset(
    {"automatic-speech-recognition", "conversational", "summarization", "text-generation", "text2text-generation"}
)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """An expert performing one task type."""

    name: str
    """The expert's id; with `:` and the task type after it for others than the expert's first."""
    expert: HostedExpert
    """The expert."""
    task_type: str
    """The task type."""
    kind: TaskType | None
    """Its declaration; None where it is not known here."""

    @property
    def takes_tensors(self) -> bool:
        """Whether the expert takes tensors as they are."""
        return self.task_type == tensor_signatures.TASK_TYPE

    @property
    def ready(self) -> bool:
        """Whether the expert is loaded."""
        return self.expert.state is ExpertState.LOADED

    @property
    def backend(self) -> str:
        """What runs it."""
        return _BACKENDS.get(self.expert.facts.runtime, self.expert.facts.runtime)

    @property
    def platform(self) -> str:
        """What runs it, in the words of the protocol."""
        return f"{self.backend}_onnx" if self.backend == "onnxruntime" else f"orchestrion_{self.backend}"

    @property
    def decoupled(self) -> bool:
        """Whether a request on a stream may have several answers: pieces of the text that is being written."""
        return self.task_type in _WRITES_TEXTS

    @property
    def domain(self) -> str:
        """The domain that the expert was made for, where its task type asks for one; else empty."""
        asks = self.kind is not None and self.kind.input("domain") is not None
        return self.expert.facts.domain if asks else ""

    @property
    def max_batch_size(self) -> int:
        """The longest first dimension of a request's tensors; 0 where that is no batch."""
        signature = self.expert.signature
        return self.expert.facts.max_batch_size if self.takes_tensors and signature and signature.batched else 0

    def signature(self) -> TensorSignature:
        """Returns its tensors.

        Raises:
            FailedPreconditionError: EXPERT_NOT_LOADED: its model file says so, and was not read yet.
        """
        if self.takes_tensors:
            if self.expert.signature is None:
                text = f"The tensors of {self.name} are in its model file; load it first (RepositoryModelLoad)."
                raise Reason.EXPERT_NOT_LOADED.error(text, expert=self.expert.facts.id)
            return self.expert.signature
        if self.kind is None:
            text = f"This host has no declaration of the task type {self.task_type}."
            raise Reason.EXPERT_UNAVAILABLE.error(text, expert=self.expert.facts.id)
        return signatures.of_task_type(self.kind, optional=("domain",) if self.domain else ())

    def state(self) -> tuple[str, str]:
        """Returns its state in the words of the protocol, and why it is not ready."""
        state = self.expert.state
        if state is ExpertState.LOADED:
            return "READY", ""
        if state is ExpertState.LOADING:
            return "LOADING", ""
        return "UNAVAILABLE", self.expert.presence.problem or "unloaded"


class ServedModels:
    """The models of a host."""

    def __init__(
        self,
        experts: Mapping[str, HostedExpert],
        task_types: Mapping[str, TaskType],
        find: Callable[[str], CatalogueEntry | None],
    ) -> None:
        """Keeps what to look in.

        Args:
            experts: The experts that are offered, by id.
            task_types: What is declared of task types.
            find: Looks a model up that the host has facts of, and may not offer.
        """
        self._experts = experts
        self._task_types = task_types
        self._find = find

    def all(self) -> Iterator[ServedModel]:
        """Yields all models, those of one expert after each other."""
        for expert in self._experts.values():
            for place, task_type in enumerate(expert.facts.task_types):
                name = f"{expert.facts.id}:{task_type}" if place else expert.facts.id
                yield ServedModel(name, expert, task_type, self._task_types.get(task_type))

    def find(self, name: str, version: str = "") -> ServedModel:
        """Returns a model.

        Raises:
            NotFoundError: EXPERT_NOT_FOUND: there is no such model, or no such version of it.
        """
        expert_id, _, task_type = name.partition(":")
        expert = self._experts.get(expert_id)
        if expert is None:
            if (model := self._find(expert_id)) is not None:
                raise not_offered(expert_id, model)
            text = f"This host has no model {name[:80]!r}; it has {', '.join(self._experts)}."
            raise Reason.EXPERT_NOT_FOUND.error(text, expert=expert_id[:80])
        if version not in ("", VERSION):
            text = f"{expert_id} is served in version {VERSION} alone, not {version[:20]!r}."
            raise Reason.EXPERT_NOT_FOUND.error(text, expert=expert_id, version=version[:20])
        performed = expert.facts.task_types
        if task_type and task_type not in performed:
            text = f"{expert_id} does not perform {task_type[:80]!r}; it performs {', '.join(performed)}."
            raise Reason.EXPERT_NOT_FOUND.error(text, expert=expert_id)
        task_type = task_type or performed[0]
        return ServedModel(name, expert, task_type, self._task_types.get(task_type))
