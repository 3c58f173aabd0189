"""Values in the sentences of an answer, in one language: quotations, files, labels, counts, similarities."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.plans import Parameter, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller import wording
from orchestrion_controller.languages import language_names
from orchestrion_controller.languages.answer_words import AnswerWords, Templates
from orchestrion_controller.responder.parts import Part
from orchestrion_controller.responder.templates import Slot

NOT_TOLD_APART: Final = "not_told_apart"
"""The output of detectors that has what they were asked for and have no idea of."""
_LONGEST_JSON: Final = 2000
_SHOWN_NUMBERS: Final = 3


class Phrasing:
    """Writes values as the people who speak a language do."""

    def __init__(self, words: AnswerWords, files: Mapping[str, Artifact]) -> None:
        """Keeps the words of the language, and the files that can be named."""
        self.words = words
        self._files = files

    def templates(self, part: Part) -> Templates:
        """Returns the templates for a result: the language's, or else the task type's own, which are in English."""
        own = part.task_type
        fitting = self._fitting(part)
        fitting.append(Templates(own.answer_template, own.total_template, own.item_template))
        return Templates(
            next((each.answer for each in fitting if each.answer), ""),
            next((each.total for each in fitting if each.total), ""),
            next((each.item for each in fitting if each.item), ""),
        )

    def notes(self, part: Part) -> list[str]:
        """Returns the templates of what is said of a result besides, such as what of it could not be read."""
        return [templates.note for templates in self._fitting(part) if templates.note]

    def _fitting(self, part: Part) -> list[Templates]:
        """Returns what the language has for results like this, for those with the most conditions first."""
        return [
            variant.templates
            for variant in self.words.variants(part.task_type.name)
            if all(part.inputs.get(name) == value for name, value in variant.choices.items())
            and not (variant.empty and not _is_empty(part, variant.empty))
            and not any(_is_blank(part.outputs.get(name)) for name in variant.present)
        ]

    def write(self, part: Part, slot: Slot, most: int | None = None, *, whole: bool = False) -> str | None:
        """Writes what stands in a place of a template; None where there is no such value.

        Args:
            part: The result.
            slot: The place. Its form is `plain` (no quotation marks), `label` (what a class or choice is called),
                `language` (a tag as a language's name), `counted` (how many of each label), `entities` (each with its
                kind), `percent`, the name of a scale, or nothing.
            most: After how many characters a text is cut; None for never.
            whole: Whether the length of a text that is cut is told.
        """
        value, parameter = part.get(slot)
        if value is None:
            return None
        if slot.plurals:
            count = part.number(slot.name)
            return None if count is None else self.words.form(count, slot.plurals)
        match slot.form:
            case "counted":
                return self._counted(part, slot.name)
            case "entities":
                return self._entities(part, slot.name)
            case "label" if isinstance(value, str):
                return self._label(part, value)
            case "language" if isinstance(value, str):
                return language_names.name_of(value, self.words.language)
            case "percent" if isinstance(value, int | float):
                return self.words.word("percent", number=str(round(max(0.0, value) * 100)))
            case form if form not in ("", "plain", "named") and isinstance(value, int | float):
                return self.words.step(form, value)
        return self.shown(value, parameter, most, plain=slot.form == "plain", whole=whole)

    def shown(
        self,
        value: Value,
        parameter: Parameter | None,
        most: int | None = None,
        *,
        plain: bool = False,
        whole: bool = False,
    ) -> str:
        """Writes a value.

        Args:
            value: What to write.
            parameter: What it is declared as.
            most: After how many characters a text is cut; None for never.
            plain: Whether a text goes without quotation marks.
            whole: Whether the length of a text that is cut is told.
        """
        if isinstance(value, str):
            if parameter and parameter.choices:
                return self.words.label(value)
            return self._text(value, most, plain=plain, whole=whole)
        if isinstance(value, bool):
            return self.words.word("yes" if value else "no")
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, ArtifactRef):
            return wording.file_name(value.name, self._files)
        if isinstance(value, Json):
            return self._json(value)
        if isinstance(value, OutputRef):
            return ""
        return self.words.joined([self.shown(item, parameter, most, plain=plain, whole=whole) for item in value])

    def _text(self, text: str, most: int | None, *, plain: bool, whole: bool) -> str:
        if not text.strip():
            return self.words.word("nothing")
        cut = wording.cut(text, most)
        written = cut if plain else self.words.quoted(cut)
        return self.words.word("beginning", text=written, count=str(len(text))) if whole and cut != text else written

    def _number(self, number: float) -> str:
        return wording.number(number).replace(".", self.words.word("decimal"))

    def _json(self, value: Json) -> str:
        if wording.is_vector(value.data):
            numbers = ", ".join(self._number(item) for item in value.data[:_SHOWN_NUMBERS])
            return self.words.word("vector", count=str(len(value.data)), numbers=numbers)
        return wording.cut(json.dumps(value.data, ensure_ascii=False), _LONGEST_JSON)

    def _label(self, part: Part, label: str) -> str:
        tag = part.outputs.get("tag")
        if isinstance(tag, str) and (name := language_names.name_of(tag, self.words.language)) != tag:
            return name
        return self.words.label(label)

    def _counted(self, part: Part, name: str) -> str | None:
        """Counts the labels of a list of objects; those that the request names, also where there are none of them.

        What an expert does not tell apart is told, since none of it was looked for.
        """
        labels = Counter(str(record.get("label", "")) for record in part.records(name))
        count, text = part.number("count"), part.outputs.get("text")
        if count is not None and count != labels.total() and isinstance(text, str):
            return text  # It lists some only.
        others = part.texts(NOT_TOLD_APART)
        names = [name for name in part.texts("labels") if name not in others]
        pairs = [(label, labels[label]) for label, _ in labels.most_common()]
        if names:
            by_thing = {
                self.words.thing(name): [label for label in labels if self.words.names_thing(name, label)]
                for name in names
            }
            if any(by_thing.values()) or not labels:
                # A person's word for a thing is told where the language has none of its own.
                pairs = [(thing, sum(labels[label] for label in chosen)) for thing, chosen in by_thing.items()]
        seen = self.words.joined([self.words.things(label, number) for label, number in pairs])
        seen = seen or self.words.word("nothing")
        return self.words.word("not_told_apart", seen=seen, things=self.words.joined(others)) if others else seen

    def _entities(self, part: Part, name: str) -> str:
        named = [(str(record.get("text", "")), str(record.get("label", ""))) for record in part.records(name)]
        written = [
            self.words.word("entity", text=text, label=self.words.label(label)) for text, label in dict.fromkeys(named)
        ]
        text = part.outputs.get("text")
        return self.words.joined(written) or (text if isinstance(text, str) and text else self.words.word("nothing"))


def counted(words: AnswerWords, labels: Sequence[str]) -> str:
    """Counts how often each label came, the most frequent first."""
    counts = Counter(labels).most_common()
    return words.joined([words.word("count_of_label", count=str(count), label=label) for label, count in counts])


def templates_in(words: AnswerWords, task_type: TaskType, defined: TaskType | None) -> bool:
    """Says whether a language's own templates are for a task type, rather than for another of its name."""
    same = defined is None or defined.answer_template == task_type.answer_template
    return same and words.has(task_type.name)


def _is_empty(part: Part, output: str) -> bool:
    """Says whether there is nothing in an output; one that an expert may leave out and does says nothing."""
    value, parameter = part.outputs.get(output), part.task_type.output(output)
    if value is None:
        return parameter is None or not parameter.optional
    return _is_blank(value)


def _is_blank(value: Value | None) -> bool:
    return value is None or value in (0, ()) or (isinstance(value, str) and not value.strip())
