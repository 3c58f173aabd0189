"""The parts of a request, as the planner understands them: plain data, made by `reading`, used by `binding`."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrion_controller.planner.builtin.grammar.amounts import Option
from orchestrion_controller.planner.builtin.grammar.meanings import Sense
from orchestrion_controller.planner.builtin.grammar.mentions import Mention


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is asked for."""

    senses: tuple[Sense, ...]
    """What the words can mean; several when they alone do not tell."""
    span: int = 0
    """Which part of the request it is said in."""
    start: int = 0
    """Where its cue begins in the request."""
    end: int = 0
    is_definite: bool = False
    """Whether it is spoken of as if it were there already: "the summary"."""
    is_implicit: bool = False
    """Whether no cue says it, but a question or alternatives do."""

    @property
    def task_types(self) -> frozenset[str]:
        """The names of the task types that it can mean."""
        return frozenset(sense.task_type for sense in self.senses)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that is given."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the request with steps about the same things."""

    steps: tuple[Step, ...] = ()
    mentions: tuple[Mention, ...] = ()
    literals: tuple[Literal, ...] = ()
    options: tuple[Option, ...] = ()
    question: str = ""
    """The question that it asks, as it is written."""
    labels: tuple[str, ...] = ()
    """The alternatives that it gives to choose from."""
    outputs: frozenset[str] = frozenset()
    """The names of outputs that it asks for, of whatever has them."""
    has_pronoun: bool = False
    is_possessive: bool = False
    """Whether it asks for something of what was spoken of ("its language")."""
    is_plural: bool = False
    """Whether it speaks of several things that were spoken of ("them")."""
    names_result: bool = False
    """Whether it speaks of what the steps before gave ("the result")."""
    is_textual: bool = False
    """Whether its question is one that texts answer, rather than looks."""
    wants_versions: bool = False
    """Whether several changes of one thing make several things."""
    repeats: bool = False
    """Whether it asks for the same again."""
    is_sequel: bool = False
    """Whether it goes on with what the step before made ("then …")."""
    is_bare: bool = False
    """Whether it says nothing but what to do."""
    tells_fault: bool = False
    """Whether it says what something is like, rather than what to do: "it is too dark"."""
    follows_comma: bool = False
    """Whether nothing but a comma sets it off from what comes before."""
    start: int = 0
    """Where it begins in the request."""
    end: int = 0
    rest: int | None = None
    """Where the words after the first cue begin."""

    @property
    def has_object(self) -> bool:
        """Whether it names something to work on."""
        return bool(self.mentions or self.literals or self.has_pronoun or self.names_result)

    def joined(self, other: Clause) -> Clause:
        """Takes this clause and the next as one."""
        known = {step.senses for step in self.steps}
        return Clause(
            steps=self.steps + tuple(step for step in other.steps if step.senses not in known),
            mentions=self.mentions + other.mentions,
            literals=self.literals + other.literals,
            options=(self._options_but(other) if self.tells_fault else self.options) + other.options,
            question=self.question or other.question,
            labels=self.labels or other.labels,
            outputs=self.outputs | other.outputs,
            has_pronoun=self.has_pronoun or other.has_pronoun,
            is_possessive=self.is_possessive or other.is_possessive,
            is_plural=self.is_plural or other.is_plural,
            names_result=self.names_result or other.names_result,
            is_textual=self.is_textual or other.is_textual,
            wants_versions=self.wants_versions or other.wants_versions,
            repeats=self.repeats or other.repeats,
            start=self.start,
            end=other.end,
            is_sequel=self.is_sequel or other.is_sequel,
            rest=other.rest if self.rest is None else self.rest,
        )

    def _options_but(self, other: Clause) -> tuple[Option, ...]:
        """Leaves the options out that another clause gives anew."""
        names = {name for option in other.options for name, _ in option.choices}
        return tuple(item for item in self.options if not names & {name for name, _ in item.choices})


@dataclass(frozen=True, slots=True)
class Reading:
    """A request as the planner understands it."""

    text: str
    clauses: tuple[Clause, ...]
    beyond: str = ""
    """Words for something that no task type does; empty where there are none."""
    answer: str = ""
    """What to answer a request that is a courtesy and nothing else."""
    aside: str = ""
    """Sentences that ask for nothing: a text to work on, where there is no other."""
