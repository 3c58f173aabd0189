"""What a request comes to in a closed world: a plan of all of it, or which words are not done, and what can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Task, TaskType
from orchestrion.refusals import NotDone, Question, QuestionChoice
from orchestrion_controller import abilities, refusals
from orchestrion_controller.languages import Language, function_words
from orchestrion_controller.languages.messages import message
from orchestrion_controller.languages.quotations import after_colon
from orchestrion_controller.planner import nearest, spoken
from orchestrion_controller.planner.asides import LONG_WORDS, asides
from orchestrion_controller.planner.builtin.binding import followups
from orchestrion_controller.planner.builtin.binding.looked_for import LookedFor, looks_for_anything
from orchestrion_controller.planner.builtin.binding.stand_ins import stand_ins
from orchestrion_controller.planner.builtin.binding.tasks import TaskMaker
from orchestrion_controller.planner.builtin.reading.marking import beside
from orchestrion_controller.planner.builtin.reading.reader import Reader
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.nearest import Stretch
from orchestrion_controller.planner.surroundings import Surroundings

_TEST: Final = "test-"
"""How the names of task types begin that are for tests alone, and that nobody asks for in words."""
_ALIKE: Final = 0.4
"""Up to which difference of what words ask for it is asked which is meant, in nats."""
_BARELY: Final = 2.0
"""Up to which difference a narrow way of a task type is not taken for meant where the plain one is here, in nats."""
_NEAR: Final = 3.0
"""Up to which difference what is here is offered in place of what is not, in nats."""


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan, what it does not do, and how sure of it its reader is."""

    tasks: tuple[Task, ...] = ()
    no_task_reason: str = ""
    confidence: float | None = None
    doubts: tuple[str, ...] = ()
    not_done: tuple[NotDone, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it does all that was asked for, and that is something."""
        return bool(self.tasks) and not self.not_done and not self.questions


@dataclass(frozen=True, slots=True)
class Drafting:
    """Drafts the plan of one request for our own task types, and those that experts bring."""

    reader: Reader
    around: Surroundings
    asked_in: Language
    offers: bool = True
    """Whether it looks for what can be done in place of what cannot, and asks where that is not plain."""

    def draft(self) -> PlanDraft:
        """Plans what is explained, and names what is not.

        A few words after a colon may be a text to work on, as many are: "translate: good night". That is tried where
        not all is explained otherwise, and first where a turn goes before and words for a text: "and this one: …".

        Raises:
            InvalidArgumentError: Something to work on is missing, or an option is out of its range.
        """
        draft = self._drafted()
        types = self.around.request.task_types
        unnamed = any(looks_for_anything(task, types[task.type]) for task in draft.tasks)
        return (self._with_stand_in() if draft.not_done or unnamed else None) or draft

    def _drafted(self) -> PlanDraft:
        text = after_colon(self.around.text)
        if not text:
            return self._read(LONG_WORDS)
        names_text = self._follows and not function_words.only(self.around.text[: text.start], self.asked_in.tag)
        if names_text and (with_text := self._whole(1)):
            return with_text
        try:
            draft = self._read(LONG_WORDS)
        except InvalidArgumentError:
            if with_text := self._whole(1):
                return with_text
            raise
        return (self._whole(1) if draft.not_done else None) or draft

    @property
    def _follows(self) -> bool:
        return bool(self.around.request.history)

    def _with_stand_in(self) -> PlanDraft | None:
        """Plans a request for things that detectors know by name as one for a thing that the reader knows."""
        files = [artifact.file_name for artifact in self.around.own_files]
        spans = [(aside.start, aside.end) for aside in asides(self.around.text, files)]
        for other in stand_ins(self.around.text, self.asked_in.tag, spans):
            draft = replace(self, around=self.around.saying(other.text), offers=False)._whole(LONG_WORDS)
            if draft and (tasks := other.put_back(draft.tasks)):
                return replace(draft, tasks=tasks)
        return None

    def _whole(self, long_words: int) -> PlanDraft | None:
        try:
            draft = self._read(long_words)
        except InvalidArgumentError:
            return None
        return draft if draft.is_whole else None

    def _read(self, long_words: int) -> PlanDraft:
        around, language = self.around, self.asked_in.tag
        reading = self._reading(long_words).plainly(_BARELY)
        files = [artifact.file_name for artifact in around.own_files]
        said = spoken.read(around.text, asides(around.text, files, long_words=long_words), [self.asked_in])
        reading = LookedFor(reading, said, language).for_everyday_things()
        maker = TaskMaker(reading, around, said, language)
        again = followups.again(around, reading, maker) if self._follows else ()
        # A text in quotation marks is there for whatever lacks one; where nothing does, it is told as not done below.
        free = maker.options.free if reading.steps else []
        unmet = [item for item in reading.of_role("unmet") if not any(_overlap(item, text) for text in free)]
        unmet = [
            item for item in unmet if not (self._says_nothing(item) or maker.options.looked_for.names_things(item))
        ]
        if not (reading.steps or unmet or again):
            return self._without_steps(reading)
        absent = [step for step in reading.steps if not step.ability.is_among(around.request.on_offer)]
        unclaimed = said.unclaimed([(segment.start, segment.end) for segment in reading.segments])
        without_setting: list[Stretch] = [*unclaimed] if reading.steps or again else []
        tasks: tuple[Task, ...] = again
        unused: list[Stretch] = []
        if not (absent or again):
            try:
                made = maker.make()
            except InvalidArgumentError:
                if not (unmet or without_setting):
                    raise
            else:
                tasks, unused = tuple(made.tasks), [*made.unused]
        without_setting += [item for item in maker.options.unread if not self._says_nothing(item)]
        parts = [
            *((item.start, refusals.nothing_does(self._words([item]), language)) for item in (*unmet, *unused)),
            *((item.start, refusals.no_setting(self._words([item]), language)) for item in without_setting),
            *((step.position, self._without_expert(step)) for step in absent),
        ]
        not_done = tuple(part for _, part in sorted(parts, key=lambda part: part[0]))
        draft = PlanDraft(tasks, confidence=reading.confidence, not_done=not_done)
        return self._with_offers(draft, reading, [*unmet, *without_setting, *unused]) if self.offers else draft

    def _reading(self, long_words: int) -> Reading:
        request = self.around.request
        return self.reader.read(
            self.around.text,
            askable(request.defined or request.task_types),
            [artifact.file_name for artifact in self.around.own_files],
            beside(self.around.own_files, follows=self._follows),
            preferred=request.on_offer,
            recent={task.type for task in self.around.done},
            long_words=long_words,
            is_small=lambda word: function_words.only(word, self.asked_in.tag),
        )

    def _without_steps(self, reading: Reading) -> PlanDraft:
        """Answers what is no request for anything: a greeting, thanks, a question for what can be done."""
        around, language = self.around, self.asked_in.tag
        if reading.of_role("help") or not around.text.strip():
            return PlanDraft(
                no_task_reason="\n".join(abilities.abilities(around.request.on_offer, language, around.own_files))
            )
        if reading.of_role("hello"):
            return PlanDraft(no_task_reason=message(language, "courtesy"))
        return PlanDraft(not_done=(refusals.nothing_does(around.text.strip(), language),))

    def _with_offers(self, draft: PlanDraft, reading: Reading, lost: Sequence[Stretch]) -> PlanDraft:
        """Offers the nearest request where not all can be done, and asks which is meant where two things may be."""
        if draft.not_done:
            if draft.tasks:
                others = [item for item in reading.segments if not any(_overlap(item, other) for other in lost)]
                offer = nearest.request(self.around.text, lost, others, lambda text: self._plan(text) == draft.tasks)
            else:
                near = self._rival(reading, _NEAR)
                offer = near.request if near else ""
            return replace(draft, not_done=tuple(replace(item, nearest_request=offer) for item in draft.not_done))
        rival = self._rival(reading, _ALIKE)
        own = rival and abilities.choice(reading.steps[0].ability, self.asked_in.tag, self.around.own_files)
        if not rival or not own:
            return draft
        return replace(draft, questions=(Question(message(self.asked_in.tag, "which_is_meant"), (own, rival)),))

    def _rival(self, reading: Reading, behind: float) -> QuestionChoice | None:
        """What is here that a request on files with one wish may mean as well, and a request that says so."""
        is_one = len(reading.steps) == 1 and not reading.steps[0].options and not reading.of_role("unmet")
        rival = reading.rivals[0] if is_one else None
        if rival is None or rival.behind > behind:
            return None
        choice = abilities.choice(rival.ability, self.asked_in.tag, self.around.own_files)
        tasks = self._plan(choice.request) if choice else ()
        return choice if any(task.type == rival.ability.task_type.name for task in tasks) else None

    def _plan(self, text: str) -> tuple[Task, ...]:
        """The tasks for another text on the same files; none where they would not do all of it."""
        draft = replace(self, around=self.around.saying(text), offers=False)._whole(LONG_WORDS)
        return draft.tasks if draft else ()

    def _without_expert(self, step: Step) -> NotDone:
        choices = dict(step.ability.choices)
        cure = self.around.request.cures.find(step.task_type.name, choices)
        words = self._words([*step.words, *step.options])
        return refusals.no_expert(words, step.task_type, cure, self.asked_in.tag, choices=choices)

    def _says_nothing(self, segment: Segment) -> bool:
        return function_words.only(self.around.text[segment.start : segment.end], self.asked_in.tag)

    def _words(self, parts: Sequence[Stretch]) -> str:
        spans = sorted((item.start, item.end) for item in parts)
        return self.around.text[spans[0][0] : spans[-1][1]].strip()


def _overlap(one: Stretch, other: Stretch) -> bool:
    return one.start < other.end and other.start < one.end


def askable(types: Mapping[str, TaskType]) -> tuple[TaskType, ...]:
    """The task types that people ask for."""
    return tuple(item for item in types.values() if not item.name.startswith(_TEST))
