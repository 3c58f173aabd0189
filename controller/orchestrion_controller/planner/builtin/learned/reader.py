"""The learned reader: a request and a library of task types in, a plan and how sure it is out."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np

from orchestrion.plans import Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import artifacts as named
from orchestrion_controller.planner.builtin.grammar.sources import last_user_message
from orchestrion_controller.planner.builtin.learned import features, graph, marking
from orchestrion_controller.planner.builtin.learned.arguments import Arguments
from orchestrion_controller.planner.builtin.learned.encoder import Encoder
from orchestrion_controller.planner.builtin.learned.features import Array
from orchestrion_controller.planner.builtin.learned.heads import Heads, Scores, ToolVectors
from orchestrion_controller.planner.builtin.learned.tool_texts import read_tool
from orchestrion_controller.stages import PastTurn, PlanningRequest

THRESHOLD: Final = 0.0
"""The log odds above which a task type is wanted. Set on requests that are in no test: `training/planner`."""

_GUESS: Final = 0.2
"""How likely the likeliest task type must be to be planned where none is above the threshold: better a guess that says
so than nothing, but not just anything."""

_DOUBTFUL: Final = 0.3
"""How likely a task type must be to be wanted though left out, or unwanted though planned, to be named as a doubt."""

_LIBRARIES_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the reader predicts of a request."""

    graph: graph.Graph
    types: tuple[TaskType, ...]
    """The task type of each step."""
    confidence: float
    """The probability that all of it is right."""
    doubtful: tuple[tuple[str, float], ...]
    """The names of task types that are planned and might not be wanted, and how likely they are."""
    left_out: tuple[tuple[str, float], ...]
    """The names of those that are not planned and might be wanted, likewise."""


class Reader:
    """Reads requests. Safe for use by several threads."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        """Loads the weights; see `Encoder`."""
        self._encoder = encoder or Encoder()
        self._heads = Heads(self._encoder.heads)
        self._libraries: OrderedDict[tuple[TaskType, ...], ToolVectors] = OrderedDict()
        self._lock = Lock()

    def prepare(self, task_types: Sequence[TaskType]) -> ToolVectors:
        """Encodes the task types of a library; kept for the next request with the same."""
        key = tuple(task_types)
        with self._lock:
            if key in self._libraries:
                self._libraries.move_to_end(key)
                return self._libraries[key]
        read = [read_tool(task_type, self._encoder.pieces) for task_type in key]
        tools = self._heads.tools(self._encoder.encode([text for text, _ in read]), [length for _, length in read])
        with self._lock:
            self._libraries[key] = tools
            while len(self._libraries) > _LIBRARIES_KEPT:
                self._libraries.popitem(last=False)
        return tools

    def understand(self, request: PlanningRequest) -> Understanding:
        """Finds the steps of a request and what feeds what; no steps where nothing seems to be wanted."""
        text, artifacts = _text_and_files(request)
        task_types = tuple(request.task_types.values())
        if not task_types:
            return Understanding(graph.Graph((), (), ()), (), 0.0, (), ())
        asides = marking.asides(text, [artifact.file_name for artifact in artifacts])
        pieces = self._encoder.pieces.cut(text, asides)
        tools = self.prepare(task_types)
        words = [piece.end > piece.start for piece in pieces]
        scores = self._heads.scores(self._encoder.encode([pieces])[0], words, tools)
        probabilities = _probabilities(scores.wanted)
        chosen = graph.chosen(scores.wanted, THRESHOLD)
        if not chosen and len(probabilities) and probabilities.max() >= _GUESS:
            chosen = [int(probabilities.argmax())]
        places = scores.shares.argmax(0)
        steps = sorted(
            (graph.Wanted(index, pieces[places[index]].start, float(probabilities[index])) for index in chosen),
            key=lambda step: step.position,
        )
        made = self._linked(_Read(text, asides, scores), steps, task_types, tools)
        others = [index for index in range(len(probabilities)) if index not in chosen]
        certainty = [*probabilities[chosen], *(1 - probabilities[others]), *made.probabilities]
        return Understanding(
            made,
            tuple(task_types[step.tool] for step in made.steps),
            math.exp(sum(math.log(max(float(share), 1e-6)) for share in certainty)) if chosen else 0.0,
            tuple(
                (task_types[step.tool].name, step.probability)
                for step in made.steps
                if step.probability < 1 - _DOUBTFUL
            ),
            tuple(
                (task_types[index].name, float(probabilities[index]))
                for index in others
                if probabilities[index] > _DOUBTFUL
            ),
        )

    def bind(self, request: PlanningRequest, understood: Understanding) -> tuple[Task, ...]:
        """Gives the steps of a request what they work on.

        Raises:
            InvalidArgumentError: Something to work on is missing.
        """
        text, artifacts = _text_and_files(request)
        asides = marking.asides(text, [artifact.file_name for artifact in artifacts])
        return Arguments(text, asides, artifacts, request.task_types).bind(understood.graph, understood.types)

    def _linked(
        self, request: _Read, steps: Sequence[graph.Wanted], task_types: Sequence[TaskType], tools: ToolVectors
    ) -> graph.Graph:
        """Predicts the edges of the graph."""
        if not steps:
            return graph.Graph((), (), ())
        places = [features.Mention(task_types[step.tool], step.position) for step in steps]
        both, alone = features.pairs(places, request.asides, request.text)
        links, roots = self._heads.links([step.tool for step in steps], request.scores, tools, both, alone)
        return graph.build(steps, task_types, links, roots, in_time=graph.is_in_time(task_types))


@dataclass(frozen=True, slots=True)
class _Read:
    """A request as the encoder read it."""

    text: str
    asides: Sequence[marking.Aside]
    scores: Scores


def _text_and_files(request: PlanningRequest) -> tuple[str, tuple[Artifact, ...]]:
    """Returns the text of the request, and the artifacts to work on."""
    text = request.messages[last_user_message(request)].text
    return text, request.attachments or _left_over(request.history)


def _left_over(history: Sequence[PastTurn]) -> tuple[Artifact, ...]:
    """Lists the artifacts of the previous turn, its results first."""
    if not history:
        return ()
    made = [
        name for result in history[-1].results.values() for value in result.outputs.values() for name in named(value)
    ]
    artifacts = history[-1].artifacts
    first = [artifacts[name] for name in dict.fromkeys(reversed(made)) if name in artifacts]
    return (*first, *(artifact for artifact in artifacts.values() if artifact not in first))


def _probabilities(odds: Array) -> Array:
    result: Array = np.float32(1) / (np.float32(1) + np.exp(-odds))
    return result
