"""The sentences of the built-in responder: one result each, with what was said before in mind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final

from orchestrion import task_types
from orchestrion.plans import Parameter, TaskType
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller import wording
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.responder.confidence import is_doubtful
from orchestrion_controller.responder.origins import origin
from orchestrion_controller.responder.parts import Part, item_of
from orchestrion_controller.responder.phrasing import Phrasing, templates_in
from orchestrion_controller.responder.templates import Slot, fill
from orchestrion_controller.stages import RespondingRequest

_LONGEST_INPUT_TEXT: Final = 200
"""Characters of a text that came from the person; a longer one from a file is named by its file."""
LONGEST_ITEM_TEXT: Final = 60
"""The same inside an enumeration."""

_TEXT_FORMS: Final = ("", "plain", "named")


class SentenceWriter:
    """Fills templates; keeps the last quoted text, which is `it` in the next sentence."""

    def __init__(self, request: RespondingRequest, language: str) -> None:
        """Begins an answer in a language."""
        self._request = request
        self._language = language
        self._last = ""

    @cached_property
    def phrasing(self) -> Phrasing:
        """The words of the answer's language."""
        return Phrasing(words_of(self._language), self._request.artifacts)

    def phrasing_for(self, task_type: TaskType) -> Phrasing:
        """Returns the words for results of a task type: English ones where the language lacks templates for it."""
        if templates_in(self.phrasing.words, task_type, task_types.load().get(task_type.name)):
            return self.phrasing
        return Phrasing(words_of(ENGLISH), self._request.artifacts)

    def sentence(self, part: Part, most: int | None) -> str | None:
        """Tells one result; None where its task type has no template for it.

        Args:
            part: The result.
            most: After how many characters a text among the outputs is cut, and its length told; None for never.
        """
        phrasing = self.phrasing_for(part.task_type)
        last = self._last

        def words_for(slot: Slot) -> str | None:
            nonlocal last
            if slot.form == "chosen":
                last = str(part.outputs.get(part.task_type.outputs[0].name, ""))
                return self._chosen(phrasing, part, slot)
            value, parameter = part.get(slot)
            if value is None:
                return None
            is_input = parameter is None or parameter in part.task_type.inputs
            if is_input and value and value == self._last and slot.form != "named":
                return phrasing.words.word("it")
            is_choice = parameter is not None and bool(parameter.choices)
            is_text = isinstance(value, str) and slot.form in _TEXT_FORMS and not is_choice
            if is_input and is_text and (file := self._file_of(part, slot, _LONGEST_INPUT_TEXT)):
                last = str(value)
                return file
            if is_text and slot.form != "plain":
                last = str(value)
            return phrasing.write(part, slot, _LONGEST_INPUT_TEXT if is_input else most, whole=not is_input)

        sentence = self._fill(phrasing, phrasing.templates(part).answer, words_for)
        self._last = last
        if sentence is None:
            return None
        if is_doubtful(part):
            sentence = phrasing.words.word("unsure", sentence=sentence)
        return self.joined([sentence, *self._notes(phrasing, part, words_for)])

    def notes(self, part: Part) -> list[str]:
        """Tells what is said of a result besides, such as what of it could not be read."""
        phrasing = self.phrasing_for(part.task_type)
        return self._notes(phrasing, part, self.item_words(phrasing, part))

    def _notes(self, phrasing: Phrasing, part: Part, words_for: Callable[[Slot], str | None]) -> list[str]:
        notes = (self._fill(phrasing, note, words_for) for note in phrasing.notes(part))
        return [note for note in notes if note]

    def item(self, part: Part, template: str) -> str | None:
        """Tells one result in a few words; None where the template has a place for what it lacks."""
        phrasing = self.phrasing_for(part.task_type)
        words = self._fill(phrasing, template, self.item_words(phrasing, part), inside=True)
        return phrasing.words.word("unsure_item", item=words) if words and is_doubtful(part) else words

    def item_words(self, phrasing: Phrasing, part: Part) -> Callable[[Slot], str | None]:
        """Returns what writes the places of a template for one result in an enumeration."""

        def words_for(slot: Slot) -> str | None:
            _, parameter = part.get(slot)
            file = self._file_of(part, slot, LONGEST_ITEM_TEXT) if parameter in part.task_type.inputs else None
            return file or phrasing.write(part, slot, LONGEST_ITEM_TEXT)

        return words_for

    def listed(self, task_type: TaskType | None, name: str, outputs: Mapping[str, Value]) -> str:
        """Tells a result whose task type has no template."""
        words = self.phrasing.words
        parts = [
            words.word("output", name=output, value=self.phrasing.shown(value, _declared(task_type, output)))
            for output, value in outputs.items()
        ]
        return words.word("gave", what=name, outputs=words.word("between_outputs").join(parts) or words.word("nothing"))

    def joined(self, sentences: Sequence[str]) -> str:
        """Joins sentences."""
        return self.phrasing.words.word("between_sentences").join(sentences)

    def _fill(
        self, phrasing: Phrasing, template: str, words_for: Callable[[Slot], str | None], *, inside: bool = False
    ) -> str | None:
        own = () if inside else (phrasing.words.word("it"), phrasing.words.word("nothing"))
        return fill(template, words_for, closing=phrasing.words.quoted("")[-1:], own=own, inside=inside)

    def _file_of(self, part: Part, slot: Slot, most: int) -> str | None:
        """Names the file that a long text is from; None for a short one, and for one from nowhere else."""
        value = part.inputs.get(slot.name)
        if not isinstance(value, str) or len(value) <= most:
            return None
        artifact = origin(part.sources.get(slot.name), self._request)
        return wording.file_name(artifact, self._request.artifacts) if artifact else None

    def _chosen(self, phrasing: Phrasing, part: Part, slot: Slot) -> str | None:
        """Names the text that was chosen: by the file that it is from, else by quoting it."""
        source, index = part.sources.get(slot.name), part.number("index")
        if source is None or index is None:
            return None
        item = item_of(source, int(index))
        artifact = origin(item, self._request)
        if artifact:
            return phrasing.shown(ArtifactRef(artifact), None)
        return phrasing.write(part, Slot(part.task_type.outputs[0].name))


def _declared(task_type: TaskType | None, output: str) -> Parameter | None:
    return task_type.output(output) if task_type else None
