"""The reader: a request and a library of task types in; what each word is there for, steps and links out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from orchestrion.plans import TaskType
from orchestrion_controller.planner.asides import LONG_WORDS, Aside
from orchestrion_controller.planner.asides import asides as find_asides
from orchestrion_controller.planner.builtin.reading import features, graph
from orchestrion_controller.planner.builtin.reading.encoder import Encoder
from orchestrion_controller.planner.builtin.reading.features import Array
from orchestrion_controller.planner.builtin.reading.heads import (
    CHANGES,
    ROLES,
    Heads,
    log_softmax,
    log_sum_exp,
    shares,
)
from orchestrion_controller.planner.builtin.reading.libraries import EncodedLibrary, Libraries
from orchestrion_controller.planner.builtin.reading.pieces import Piece
from orchestrion_controller.planner.builtin.reading.readings import PlanEstimate, Reading, Rival
from orchestrion_controller.planner.builtin.reading.segments import Segment, segments
from orchestrion_controller.planner.builtin.reading.steps import Step, gather
from orchestrion_controller.plans.offers import Ability, Offer, Option

THRESHOLD: Final = 0.5
"""The log odds above which a task type is wanted. Set on requests that are in no test: `training/planner`."""

_GUESS: Final = 0.2
"""How likely the likeliest task type must be to be planned where none is above the threshold: better a guess that says
so than nothing, but not just anything."""

_DOUBTFUL: Final = 0.3
"""How likely a task type must be to be wanted though left out, or unwanted though planned, to be named as a doubt."""

_UNMET: Final = 0.5
"""How much more a word counts as unmet than the encoder has it, in nats: a part that is refused by mistake can be said
again, one that is dropped is not missed until it is too late."""

_ABSENT: Final = 1.5
"""How much less words count as asking for what is not here, in nats: of two that are alike, what is here is meant."""

_RECENT: Final = 1.0
"""How much more words count as going on with what was just done, in nats: "slower" is how that is to be done."""

_ELSE: Final = 0.1
_NO_MORE: Final = 5.0
"""From which likelihood on words ask for something that was not done before, and how much less they count as asking for
that once more, in nats: "now speak this one" where a picture was read."""

_OTHER: Final = 4.0
"""From which difference on words for an option go with another ability of its task type, in nats."""

BoolArray: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"


class Reader:
    """Reads requests. Safe for use by several threads."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        """Loads the weights; see `Encoder`."""
        self._encoder = encoder or Encoder()
        self._heads = Heads(self._encoder.heads)
        self._libraries = Libraries(self._encoder, self._heads)

    def prepare(self, task_types: Sequence[TaskType]) -> EncodedLibrary:
        """Encodes the task types of a library; kept for the next request with the same."""
        return self._libraries.get(tuple(task_types))

    def read(
        self,
        text: str,
        task_types: Sequence[TaskType],
        files: Sequence[str] = (),
        before: Sequence[str] = (),
        *,
        preferred: Mapping[str, TaskType] | None = None,
        recent: Collection[str] = (),
        long_words: int = LONG_WORDS,
        is_small: Callable[[str], bool] = bool,
    ) -> Reading:
        """Reads a request: what each word of it is there for.

        Args:
            text: The request.
            task_types: The library.
            files: The names of the files that come with it.
            before: Marks for what there is beside it: see `marking.beside`.
            preferred: What of the library is here, by name, with the choices alone that are; None for all of it.
            recent: The names of the task types of the turn before.
            long_words: How many words after a colon are a text to work on, whatever they say.
            is_small: Whether a word is one that says nothing by itself, such as an article.
        """
        asides = find_asides(text, files, long_words=long_words)
        pieces = self._encoder.pieces.cut(text, asides, before)
        library = self.prepare(task_types)
        offered = library.offer
        vectors = self._encoder.encode([pieces])[0]
        asks = self._heads.asks(vectors, library.vectors)
        options = self._heads.options(vectors, library.vectors, offered.ability_of)
        scores = log_softmax(np.concatenate([self._heads.roles(vectors), asks, options], -1))
        scores[:, ROLES.index("unmet")] += _UNMET
        here = _here(offered, preferred)
        scores[:, len(ROLES) :] -= np.where(here, np.float32(0), np.float32(_ABSENT))
        library.expect(scores, text, pieces)
        if recent:
            _go_on(scores, offered, recent)
        phrases = segments(pieces, text, scores, self._heads.starts(vectors), offered, is_small=is_small)
        if text[pieces[-2].end :].strip():
            # What is beyond the longest text that is read is not explained.
            phrases.append(Segment("unmet", pieces[-2].end, len(text.rstrip()), (), False, 1.0))

        count = len(offered.abilities)
        fit = _Fit(scores[:, len(ROLES) :][:, :count], offered.abilities, here[:count])
        return self._linked(_Read(text, asides, pieces, vectors, fit), phrases, library)

    def estimate(
        self, text: str, task_types: Sequence[TaskType], files: Sequence[str] = (), before: Sequence[str] = ()
    ) -> PlanEstimate:
        """Estimates which task types a request wants, and what feeds what; no steps where nothing seems wanted."""
        if not task_types:
            return PlanEstimate(graph.Graph((), (), ()), (), 0.0, ())
        asides = find_asides(text, files)
        pieces = self._encoder.pieces.cut(text, asides, before)
        library = self.prepare(task_types)
        vectors = self._encoder.encode([pieces])[0]
        words = [piece.end > piece.start for piece in pieces]
        places = self._heads.asks(vectors, library.vectors) - log_sum_exp(self._heads.roles(vectors), -1)[:, None]
        odds = self._heads.wanted(vectors, words, places, library.vectors)
        odds, places = _of_types(odds, 0, library.offer, task_types), _of_types(places, 1, library.offer, task_types)
        probabilities = 1 / (1 + np.exp(-odds))
        chosen = graph.chosen(odds, THRESHOLD)
        if not chosen and len(probabilities) and probabilities.max() >= _GUESS:
            chosen = [int(probabilities.argmax())]
        parts = np.where(np.array(words)[:, None], shares(places), -1e4)
        spots = parts.argmax(0)
        wanted = sorted(
            (graph.Wanted(index, pieces[spots[index]].start, float(probabilities[index])) for index in chosen),
            key=lambda step: step.position,
        )
        made = graph.Graph((), (), ())
        if wanted:
            tools = [step.tool for step in wanted]
            attention = np.exp(parts[:, tools] - parts[:, tools].max(0))
            summed = (attention / attention.sum(0)).T @ vectors
            mentions = [features.Mention(task_types[step.tool], step.position) for step in wanted]
            both, alone = features.pairs(mentions, asides, text)
            abilities = [library.offer.first_of(task_types[tool]) for tool in tools]
            links, roots = self._heads.links(summed, abilities, library.vectors, both, alone)
            made = graph.build(wanted, task_types, links, roots, in_time=graph.is_in_time(task_types))
        others = [index for index in range(len(probabilities)) if index not in chosen]
        certainty = [*probabilities[chosen], *(1 - probabilities[others]), *made.probabilities]
        return PlanEstimate(
            made,
            tuple(task_types[step.tool] for step in made.steps),
            math.exp(sum(math.log(max(float(share), 1e-6)) for share in certainty)) if chosen else 0.0,
            (
                *(
                    f"`{task_types[step.tool].name}` may not be wanted ({1 - step.probability:.0%})."
                    for step in made.steps
                    if step.probability < 1 - _DOUBTFUL
                ),
                *(
                    f"`{task_types[index].name}` may be wanted, too ({probabilities[index]:.0%})."
                    for index in others
                    if probabilities[index] > _DOUBTFUL
                ),
            ),
        )

    def _linked(self, read: _Read, phrases: Sequence[Segment], library: EncodedLibrary) -> Reading:
        """Makes steps of what words ask for, predicts what feeds each, and how words change options."""
        steps = gather(phrases, read.fit.best, read.fit.goes_with)
        confidence = math.prod(item.probability for item in phrases) if phrases else 0.0
        if not steps:
            return Reading(tuple(phrases), (), (), (), (), (), confidence)
        vectors = np.stack([read.vectors[step.pieces].mean(0) for step in steps])
        abilities = [library.offer.abilities.index(step.ability) for step in steps]
        mentions = [features.Mention(step.task_type, step.position) for step in steps]
        both, alone = features.pairs(mentions, read.asides, read.text)
        links, roots = self._heads.links(vectors, abilities, library.vectors, both, alone)
        wanted = [graph.Wanted(number, step.position, 1.0) for number, step in enumerate(steps)]
        made = graph.build(wanted, [step.task_type for step in steps], links, roots)
        order = [item.tool for item in made.steps]
        files = [item for item in phrases if item.label == "file"]
        objects: list[tuple[Segment, ...]] = [()] * len(steps)
        if files:
            described = np.stack([read.vectors[list(item.pieces)].mean(0) for item in files])
            beside = features.objects([(item.start, item.end) for item in files], mentions, read.text)
            odds = self._heads.objects(described, vectors, abilities, library.vectors, beside)
            objects = [
                tuple(item for row, item in enumerate(files) if odds[row, column] > 0) for column in range(len(steps))
            ]
        changes = tuple(
            (item, CHANGES[int(self._heads.changes(read.vectors[read.last_sentence(item)].mean(0)).argmax())])
            for item in phrases
            if isinstance(item.label, Option)
        )
        return Reading(
            tuple(phrases),
            tuple(steps[number] for number in order),
            made.sources,
            tuple(objects[number] for number in order),
            changes,
            tuple(read.fit.rival(steps[number]) for number in order),
            confidence * math.prod(made.probabilities),
        )


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well the words of a request go with what a library offers."""

    scores: Array
    """Log probabilities of the abilities at each piece, shape (N, T)."""
    abilities: Sequence[Ability]
    here: BoolArray
    """Which of them are here, shape (T,)."""

    def best(self, segment: Segment) -> Ability:
        """The ability that words for an option go with best, of its task type."""
        scores = self._of_type(segment)
        return max(scores, key=lambda ability: scores[ability])

    def goes_with(self, segment: Segment, ability: Ability) -> bool:
        """Whether words for an option may be for an ability: "twice as big" not for taking the colours out."""
        scores = self._of_type(segment)
        return scores[ability] > max(scores.values()) - _OTHER

    def rival(self, step: Step) -> Rival | None:
        """What is here that the words for a step come nearest to, beside what they are taken for."""
        inside = [piece for item in step.words for piece in item.pieces]
        others = [number for number, item in enumerate(self.abilities) if item != step.ability and self.here[number]]
        if not inside or not others:
            return None
        means = self.scores[inside].mean(0)
        best = others[int(means[others].argmax())]
        return Rival(self.abilities[best], float(means[self.abilities.index(step.ability)] - means[best]))

    def _of_type(self, segment: Segment) -> dict[Ability, float]:
        own = [number for number, item in enumerate(self.abilities) if item.task_type == segment.task_type]
        return {self.abilities[number]: float(self.scores[list(segment.pieces), number].mean()) for number in own}


@dataclass(frozen=True, slots=True)
class _Read:
    """A request as the encoder read it."""

    text: str
    asides: Sequence[Aside]
    pieces: Sequence[Piece]
    vectors: Array
    fit: _Fit

    def last_sentence(self, segment: Segment) -> list[int]:
        """The pieces of a segment's last sentence, which says what to do: "too quiet! 10 dB louder"."""
        ends = [match.end() for match in features.SENTENCE_END.finditer(self.text, segment.start, segment.end)]
        begin = max((end for end in ends if end < segment.end), default=segment.start)
        return [number for number in segment.pieces if self.pieces[number].end > begin] or list(segment.pieces)


def _here(offered: Offer, preferred: Mapping[str, TaskType] | None) -> BoolArray:
    """Which abilities and options are here."""
    if preferred is None:
        return np.ones(len(offered.abilities) + len(offered.options), dtype=bool)
    abilities = [item.is_among(preferred) for item in offered.abilities]
    return np.array([*abilities, *(item.task_type.name in preferred for item in offered.options)], dtype=bool)


def _go_on(scores: Array, offered: Offer, recent: Collection[str]) -> None:
    """Raises the scores of what was just done, and lowers that of doing it again where words ask for something else."""
    done = np.array([offered.abilities[number].task_type.name in recent for number in offered.type_of])
    scores[:, len(ROLES) :] += _RECENT * done
    asks = scores[:, len(ROLES) :][:, : len(offered.abilities)]
    asks_else = asks[:, ~done[: len(offered.abilities)]].max(1, initial=-np.inf) > math.log(_ELSE)
    scores[asks_else, ROLES.index("again")] -= _NO_MORE


def _of_types(values: Array, axis: int, offered: Offer, task_types: Sequence[TaskType]) -> Array:
    """The highest value of each task type's abilities, along an axis."""
    groups = [
        [number for number, ability in enumerate(offered.abilities) if ability.task_type == item] for item in task_types
    ]
    return np.stack([values.take(group, axis).max(axis) for group in groups], axis)
