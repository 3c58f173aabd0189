"""The planner that needs no language model: it plans all of a request, or says which words of it it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from orchestrion import task_types
from orchestrion.errors import InvalidArgumentError
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, Task, TaskType
from orchestrion.refusals import NotDone, Question, QuestionChoice
from orchestrion_controller import abilities, languages, refusals
from orchestrion_controller.languages import Language, function_words
from orchestrion_controller.languages.messages import message
from orchestrion_controller.languages.quotations import after_colon
from orchestrion_controller.planner import spoken
from orchestrion_controller.planner.asides import LONG_WORDS, asides
from orchestrion_controller.planner.builtin.binding import followups, nearest
from orchestrion_controller.planner.builtin.binding.estimated import EstimatedTasks
from orchestrion_controller.planner.builtin.binding.tasks import TaskMaker
from orchestrion_controller.planner.builtin.reading.marking import beside
from orchestrion_controller.planner.builtin.reading.reader import PlanEstimate, Reader, Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.surroundings import Surroundings
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, PlanningRequest

_TEST = "test-"
"""How the names of task types begin that are for tests alone, and that nobody asks for in words."""

_ALIKE: Final = 0.4
"""Up to which difference of what words ask for it is asked which is meant, in nats."""
_NEAR: Final = 3.0
"""Up to which difference what is here is offered in place of what is not, in nats."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A plan, what it does not do, and how sure of it its reader is."""

    tasks: tuple[Task, ...] = ()
    no_task_reason: str = ""
    confidence: float | None = None
    doubts: tuple[str, ...] = ()
    not_done: tuple[NotDone, ...] = ()
    questions: tuple[Question, ...] = ()


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
        self._reader.prepare(_askable(self._own))

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            InvalidArgumentError: Something to work on is missing, or an option is out of its range.
        """
        artifacts = {name: artifact for turn in request.history for name, artifact in turn.artifacts.items()}
        checker = PlanChecker(request.task_types, request.attachments, artifacts)
        # On a thread: it computes for milliseconds, in which the event loop serves other runs.
        draft = await asyncio.to_thread(self._draft, request)
        if draft.not_done or draft.questions:
            partial = _partial(draft, checker)
            yield PlanFinished(partial, draft.confidence, draft.doubts, draft.not_done, draft.questions)
            return
        for task in draft.tasks:
            yield TaskPlanned(checker.add(task))
        yield PlanFinished(checker.close(draft.no_task_reason), draft.confidence, draft.doubts)

    def _draft(self, request: PlanningRequest) -> _Draft:
        around = Surroundings(request)
        asked_in = languages.load()[languages.detect(around.text)]
        is_own = not request.replaced or all(self._own.get(name) == item for name, item in request.task_types.items())
        return self._read(around, asked_in) if is_own else self._estimated(around, asked_in)

    def _read(self, around: Surroundings, asked_in: Language) -> _Draft:
        """Plans what is explained, and names what is not.

        A few words after a colon may be a text to work on, as many are: "translate: good night". After a turn that is
        tried first ("and this one: good night"), else where not all is explained otherwise.
        """
        orders = [LONG_WORDS]
        if after_colon(around.text):
            orders = [1, LONG_WORDS] if around.request.history else [LONG_WORDS, 1]
        outcomes: list[_Draft | InvalidArgumentError] = []
        for long_words in orders:
            try:
                draft = self._read_once(around, asked_in, long_words)
            except InvalidArgumentError as error:
                outcomes.append(error)
                continue
            if len(orders) == 1 or (not draft.not_done and (draft.tasks or long_words == orders[0] == LONG_WORDS)):
                return draft
            outcomes.append(draft)
        usual = outcomes[orders.index(LONG_WORDS)]
        if isinstance(usual, InvalidArgumentError):
            raise usual
        return usual

    def _read_once(self, around: Surroundings, asked_in: Language, long_words: int) -> _Draft:
        request = around.request
        follows = bool(request.history)
        reading = self._reading(around.text, around, asked_in, follows=follows, long_words=long_words)
        files = [artifact.file_name for artifact in around.own_files]
        said = spoken.read(around.text, asides(around.text, files, long_words=long_words), [asked_in])
        maker = TaskMaker(reading, around, said, asked_in.tag)
        if follows and (again := followups.again(around, reading, maker)):
            return _Draft(again, confidence=reading.confidence)
        unmet = [item for item in reading.of_role("unmet") if not _says_nothing(around, item, asked_in)]
        if not reading.steps and not unmet:
            return self._without_steps(around, reading, asked_in)
        absent = [step for step in reading.steps if not step.ability.is_among(request.on_offer)]
        not_done = [
            *(refusals.nothing_does(_words(around, [item]), asked_in.tag) for item in unmet),
            *(
                refusals.no_setting(around.text[item.start : item.end], asked_in.tag)
                for item in said.unclaimed([(segment.start, segment.end) for segment in reading.segments])
                if reading.steps
            ),
            *(_without_expert(step, around, asked_in) for step in absent),
        ]
        tasks: tuple[Task, ...] = ()
        if not absent:
            try:
                draft = maker.make()
            except InvalidArgumentError:
                if not not_done:
                    raise
            else:
                tasks = tuple(draft.tasks)
                unread = [item for item in draft.unread if not _says_nothing(around, item, asked_in)]
                not_done += [refusals.no_setting(_words(around, [item]), asked_in.tag) for item in unread]
                not_done += [refusals.nothing_does(_words(around, [item]), asked_in.tag) for item in draft.unused]
        offer = ""
        if not_done and tasks:
            offer = nearest.request(
                around.text, reading, lambda text: self._plans_whole(text, around, reading, asked_in)
            )
        elif absent and (near := self._rival(around, reading, asked_in, _NEAR)):
            offer = near.request
        if offer:
            not_done = [replace(item, nearest_request=offer) for item in not_done]
        questions = () if not_done else self._questions(around, reading, asked_in)
        return _Draft(tasks, confidence=reading.confidence, not_done=tuple(not_done), questions=questions)

    def _questions(self, around: Surroundings, reading: Reading, asked_in: Language) -> tuple[Question, ...]:
        """Asks which is meant where a request on files says no more than one thing, and may as well say another."""
        rival = self._rival(around, reading, asked_in, _ALIKE)
        own = abilities.choice(reading.steps[0].ability, asked_in.tag, around.own_files) if rival else None
        if rival is None or own is None:
            return ()
        return (Question(message(asked_in.tag, "which_is_meant"), (own, rival)),)

    def _rival(
        self, around: Surroundings, reading: Reading, asked_in: Language, behind: float
    ) -> QuestionChoice | None:
        """What is here that a request on files, with one wish, may mean as well, and a request that says so."""
        rival = reading.rivals[0] if len(reading.steps) == 1 and not reading.steps[0].options else None
        if rival is None or rival.behind > behind:
            return None
        choice = abilities.choice(rival.ability, asked_in.tag, around.own_files)
        steps = self._reading(choice.request, around, asked_in).steps if choice else ()
        return choice if [step.ability for step in steps] == [rival.ability] else None

    def _reading(
        self,
        text: str,
        around: Surroundings,
        asked_in: Language,
        *,
        follows: bool = False,
        long_words: int = LONG_WORDS,
    ) -> Reading:
        return self._reader.read(
            text,
            _askable(around.request.defined or around.request.task_types),
            [artifact.file_name for artifact in around.own_files],
            beside(around.own_files, follows=follows),
            preferred=around.request.on_offer,
            recent=around.recent,
            long_words=long_words,
            is_small=lambda word: function_words.only(word, asked_in.tag),
        )

    def _without_steps(self, around: Surroundings, reading: Reading, asked_in: Language) -> _Draft:
        """Answers what is no request for anything: a greeting, thanks, a question for what can be done."""
        request = around.request
        can_do = "\n".join(abilities.abilities(request.on_offer, asked_in.tag, around.own_files))
        if reading.of_role("help") or not around.text.strip():
            return _Draft(no_task_reason=can_do)
        if reading.of_role("hello"):
            return _Draft(no_task_reason=message(asked_in.tag, "courtesy"))
        return _Draft(not_done=(refusals.nothing_does(around.text.strip(), asked_in.tag),))

    def _plans_whole(self, text: str, around: Surroundings, reading: Reading, asked_in: Language) -> bool:
        """Whether a shorter request asks for the same steps and nothing else."""
        shorter = self._reading(text, around, asked_in)
        is_whole = not shorter.of_role("unmet")
        return is_whole and [step.ability for step in shorter.steps] == [step.ability for step in reading.steps]

    def _estimated(self, around: Surroundings, asked_in: Language) -> _Draft:
        """Plans what a request most likely wants of a library that is not ours, and tells what is doubtful."""
        types = tuple(around.task_types.values())
        files = [artifact.file_name for artifact in around.files]
        estimate = self._reader.estimate(around.text, types, files, beside(around.files))
        if not estimate.types:
            return _Draft(not_done=(refusals.nothing_does(around.text.strip(), asked_in.tag),))
        tasks = EstimatedTasks(around, [asked_in]).make(estimate.graph, estimate.types)
        return _Draft(tasks, confidence=estimate.confidence, doubts=_doubts(estimate))


def _partial(draft: _Draft, checker: PlanChecker) -> Plan:
    """The plan of what can be done; none where what is not done leaves too little for it."""
    try:
        for task in draft.tasks:
            checker.add(task)
        if draft.tasks:
            return checker.close()
    except InvalidArgumentError:
        pass
    return Plan((), " ".join(dict.fromkeys(item.reason for item in draft.not_done)))


def _askable(types: Mapping[str, TaskType]) -> tuple[TaskType, ...]:
    return tuple(item for item in types.values() if not item.name.startswith(_TEST))


def _without_expert(step: Step, around: Surroundings, asked_in: Language) -> NotDone:
    choices = dict(step.ability.choices)
    cure = around.request.cures.find(step.task_type.name, choices)
    words = _words(around, [*step.words, *step.options])
    return refusals.no_expert(words, step.task_type, cure, asked_in.tag, choices=choices)


def _says_nothing(around: Surroundings, segment: Segment, asked_in: Language) -> bool:
    return function_words.only(around.text[segment.start : segment.end], asked_in.tag)


def _words(around: Surroundings, segments: Sequence[object]) -> str:
    spans = sorted((item.start, item.end) for item in segments)  # type: ignore[attr-defined]
    return around.text[spans[0][0] : spans[-1][1]].strip()


def _doubts(estimate: PlanEstimate) -> tuple[str, ...]:
    return (
        *(f"`{name}` may not be wanted ({1 - probability:.0%})." for name, probability in estimate.doubtful),
        *(f"`{name}` may be wanted, too ({probability:.0%})." for name, probability in estimate.left_out),
    )
