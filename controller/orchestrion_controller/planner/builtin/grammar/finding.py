"""Finds what a step works on: what a clause names, then what was made, attached, written, or left by earlier turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import ArtifactRef
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar import chains
from orchestrion_controller.planner.builtin.grammar.clauses import Clause, Reading, Step
from orchestrion_controller.planner.builtin.grammar.drafts import Draft, judges
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.literals import pieces, unquoted
from orchestrion_controller.planner.builtin.grammar.mentions import Mention
from orchestrion_controller.planner.builtin.grammar.slots import Chosen
from orchestrion_controller.planner.builtin.grammar.sources import Attachments, Source, from_history
from orchestrion_controller.stages import PlanningRequest


class Finder:
    """What one request can work on."""

    def __init__(self, request: PlanningRequest, reading: Reading, draft: Draft, lexicon: Lexicon) -> None:
        """Looks at what is attached and at how the request speaks of it."""
        singles = Counter(
            mention.kind
            for clause in reading.clauses
            for mention in clause.mentions
            if not (mention.is_many or mention.is_other or mention.file_name or mention.is_left_out)
            and mention.ordinal is None
        )
        self._task_types = request.task_types
        self._attachments = Attachments(request, singles)
        self._history = request.history
        self._reading = reading
        self._draft = draft
        self._lexicon = lexicon
        self._kept: list[list[Source]] = []
        """What each step took or gave, the last at the end: what `it` and `them` can stand for."""

    def keep(self, sources: Iterable[Source]) -> None:
        """Remembers what was spoken of last."""
        group = list(sources)
        if group:
            self._kept.append(group)

    def named(self, clause: Clause) -> list[Source]:
        """Lists what a clause gives or names, in its order.

        Raises:
            InvalidArgumentError: It names more than is attached.
        """
        table = [Source(literal.text, ParameterKind.TEXT, literal.position) for literal in clause.literals]
        for mention in (mention for mention in clause.mentions if not mention.is_left_out):
            named = self._attachments.named(mention)
            table += [source for source in named if source.value not in {other.value for other in table}]
        table.sort(key=lambda source: source.position)
        table = self._without(clause.mentions, table)
        if clause.literals:
            self.keep(source for source in table if source.kind is ParameterKind.TEXT)
        return table

    def _without(self, mentions: Sequence[Mention], table: list[Source]) -> list[Source]:
        """Takes off what a clause says to leave alone; what it names nothing else of is all that is attached."""
        left_out = [mention for mention in mentions if mention.is_left_out]
        others = [mention for mention in mentions if not mention.is_left_out]
        if not left_out:
            return table
        have = {source.value for source in table}
        all_named = [source for mention in left_out for source in self._attachments.named(mention)]
        if not have - {source.value for source in all_named}:
            kinds = {source.kind for source in all_named}
            table = [*table, *(source for source in self._attachments.all() if source.kind in kinds)]
            table = list({source.value: source for source in table}.values())
        is_whole = all(source.value in {item.value for item in table} for source in self._attachments.all()) or not any(
            mention.ordinal or mention.file_name for mention in others
        )
        dropped = set()
        for mention in left_out:
            # "All pictures but the last" counts the pictures; "the first, not the second" counts what is attached.
            place = mention.ordinal if mention.kind is None and is_whole else None
            if place is not None and not mention.file_name and 0 < abs(place) <= len(table):
                dropped.add(table[place - 1 if place > 0 else place].value)
            else:
                dropped |= {source.value for source in self._attachments.named(mention)}
        rest = [source for source in table if source.value not in dropped]
        self.keep(rest)
        return rest

    def at_hand(self, table: Sequence[Source]) -> list[Source]:
        """Lists what a step is probably about, before it is known what it needs."""
        history = [
            source
            for kind in ParameterKind
            for source in from_history(self._history, kind, self._task_types, self._lexicon.about)
        ]
        kept = self._kept[-1] if self._kept else []
        return list(table) or kept or self._attachments.all() or history

    def referred(self, step: Step, clause: Clause) -> list[Source]:
        """Finds what "the summary" or "the blurred one" stands for, when that was made before."""
        if not step.is_definite or step.is_implicit:
            return []
        converts = any(chains.converts(self._task_types[name]) for name in step.task_types)
        if (clause.mentions or clause.literals) and (converts or len(clause.steps) < 2):
            # "The text of the second picture" is another one.
            return []
        for sense in step.senses:
            tasks = self._draft.of_type([sense.task_type], sense.mode)
            if tasks:
                return [source for task in tasks for source in self._draft.given(task)]
        if self._draft.tasks or self._attachments.all():
            return []
        return [
            source
            for sense in step.senses[:1]
            for output in self._task_types[sense.task_type].outputs[:1]
            for source in from_history(self._history, output.kind, self._task_types, only=[sense.task_type])
        ]

    def sources(
        self, chosen: Chosen, kind: ParameterKind, slots: Sequence[Parameter], table: Sequence[Source], clause: Clause
    ) -> list[Source]:
        """Finds the sources of a step for its inputs of one kind.

        Raises:
            InvalidArgumentError: There is not enough.
            FailedPreconditionError: What is meant cannot be turned into the kind.
        """
        told = self._told(chosen, kind, table, clause)
        if told:
            return told
        needed = 2 if len(slots) > 1 or slots[0].repeated else 1
        things = [
            source for source in table if not source.is_about or not judges(chosen.task_type, self._lexicon.about)
        ]
        direct = [source for source in things if source.fits(kind) and not source.is_about]
        found = direct if len(direct) >= needed else self._turned(things, kind)
        if needed > 1 and len(found) == 1 and isinstance(found[0].value, str):
            found = pieces(found[0], len(slots), slots[0].repeated) or found
        if len(found) < needed:
            found = [*self._more(chosen, kind, needed - len(found), found, clause), *found]
        if len(found) < needed:
            raise wording.missing(
                self._task_types,
                chosen.task_type,
                kind,
                needed=needed,
                have=len(found),
                field=self._attachments.field,
            )
        return found

    def _told(self, chosen: Chosen, kind: ParameterKind, table: Sequence[Source], clause: Clause) -> list[Source]:
        """Finds what is to be told aloud: what another step of the same words says, or "the result"."""
        outputs = chosen.task_type.outputs
        if kind is not ParameterKind.TEXT or not outputs or not outputs[0].kind.is_media:
            return []
        about = [source for source in table if source.is_about]
        if clause.names_result and not clause.mentions and not about and self._kept:
            about = [source for group in self._kept for source in group if source.is_about][-1:] or self._kept[-1]
        elif len({step.span for step in clause.steps}) > 1:
            return []
        if not about:
            return []
        told = [words for source in about if (words := self._draft.in_other_words(source, kind))]
        if not told and not any(source.fits(kind) for source in self._turned(about, kind)):
            raise wording.not_told(chosen.task_type, kind, about[0].kind)
        return told

    def _more(
        self, chosen: Chosen, kind: ParameterKind, count: int, found: Sequence[Source], clause: Clause
    ) -> list[Source]:
        """Finds what a clause takes for granted."""
        have = {source.value for source in found}
        is_judge = judges(chosen.task_type, self._lexicon.about)
        if is_judge and kind.is_media and not clause.is_sequel:
            # "Blur the photo and tell me how many people are in it": the photo, not what was made of it.
            for group in [*reversed(self._kept), self._attachments.all()]:
                own = [source for source in group if source.fits(kind) and isinstance(source.value, ArtifactRef)]
                if len(own) >= count:
                    return own
        if is_judge and clause.is_possessive and kind is ParameterKind.TEXT:
            # "Summarise it and tell me its language": that of the text, not of what was made of it.
            for group in self._kept:
                fitting = [source for source in group if source.fits(kind) and not source.is_about]
                if len(fitting) >= count:
                    return fitting
        # "They" are several, where several were spoken of.
        several = [group for group in self._kept if clause.is_plural and len(group) > 1]
        for group in [*reversed(several), *reversed(self._kept)]:
            fitting = [
                source
                for source in group
                if source.fits(kind) and source.value not in have and not (is_judge and source.is_about)
            ]
            if len(fitting) >= count:
                return fitting
        attached = [source for source in self._turned(self._attachments.all(), kind) if source.value not in have]
        if len(attached) >= count:
            return attached
        written = self._written(chosen, kind, count, found, clause)
        if written:
            return written
        about = self._lexicon.about | (self._lexicon.replies if is_judge else frozenset())
        left = from_history(self._history, kind, self._task_types, about)
        left = [source for source in left if source.value not in have]
        if left:
            return left
        media = [
            source
            for other in ParameterKind
            if other.is_media
            for source in from_history(self._history, other, self._task_types)
        ]
        return self._turned(media, kind)

    def _written(
        self, chosen: Chosen, kind: ParameterKind, count: int, found: Sequence[Source], clause: Clause
    ) -> list[Source]:
        """Takes words of the request for the text that is meant, where nothing else can be."""
        if kind is not ParameterKind.TEXT or found or (clause.mentions and self._attachments.all()):
            return []
        text = ""
        if not (clause.has_pronoun or clause.mentions or clause.question or clause.labels or clause.rest is None):
            text = unquoted(self._reading.text[clause.rest : clause.end], self._lexicon)
        aside = "" if self._history else self._reading.aside
        tells = any(output.kind.is_media for output in chosen.task_type.outputs[:1])
        text = text or aside if tells else aside or text
        given = Source(text, kind)
        return [] if not text else [given] if count == 1 else pieces(given, count, repeated=False)

    def _turned(self, sources: Iterable[Source], kind: ParameterKind) -> list[Source]:
        turned, steps = self._draft.turned(sources, kind)
        self.keep(steps)
        return turned
