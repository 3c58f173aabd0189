"""The words and templates of answers, as `answers.yaml` of a language's folder has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_controller.languages.phrases import GappedPhrases

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_ANY_TYPE: Final = "*"
_NOTHING_OF: Final = "!"
_SOME_OF: Final = "+"
_AT_ZERO: Final = "0="
_NUMBER: Final = "%"


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of a task type: of one result, of several in one sentence, of one of these; of what else to say."""

    answer: str = ""
    total: str = ""
    item: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """Templates for some results of a task type."""

    choices: Mapping[str, str]
    """The values of inputs that they are for, by name."""
    empty: str
    """The output that has nothing in it; empty for any results."""
    present: Sequence[str]
    """The outputs that have something in them."""
    templates: Templates


class AnswerWords:
    """What answers in one language are made of."""

    def __init__(self, language: str, data: JsonObject, english: AnswerWords | None = None) -> None:
        """Takes the data of `answers.yaml`.

        Args:
            language: The tag of the language.
            data: What the file has.
            english: What stands in for missing words; None for English itself.
        """
        self.language = language
        self._english = english
        self._words: Mapping[str, str] = data.get("words", {})
        self._labels: Mapping[str, str] = data.get("labels", {})
        self._things: Mapping[str, str] = data.get("things", {})
        self.counters: frozenset[str] = frozenset(each.strip() for each in data.get("counters", "").split(","))
        """Words that stand before things that are counted, in languages that have such: `只` in `几只斑马`."""
        self._reasons: Mapping[str, str] = data.get("reasons", {})
        self._scales: Mapping[str, Mapping[str, str]] = data.get("scales", {})
        self._plurals = [re.compile(pattern) for pattern in data.get("plurals", ())]
        self._endings = _endings(data.get("plural_endings", ()))
        self._singular_endings = _endings(data.get("singular_endings", ()))
        self._details = {
            kind: GappedPhrases([phrase.strip() for phrase in phrases.split(",")])
            for kind, phrases in data.get("details", {}).items()
        }
        self._variants: dict[str, list[Variant]] = {}
        for key, entry in data.get("templates", {}).items():
            task_type, variant = _variant(key, entry)
            self._variants.setdefault(task_type, []).append(variant)

    @property
    def listed_things(self) -> Collection[str]:
        """The English names of the things that the language has words for."""
        return self._things.keys()

    def thing_forms(self, label: str) -> tuple[str, ...]:
        """Returns what a thing is called, in all forms: the name itself and its plural where they are not listed."""
        if label in self._things:
            return tuple(form.strip() for form in self._things[label].split(","))
        return (label, self._plural(label)) if self._endings else (label,)

    def has(self, task_type: str) -> bool:
        """Says whether there is a template for any result of a task type."""
        return any(
            not (variant.choices or variant.empty or variant.present) for variant in self._variants.get(task_type, ())
        )

    def word(self, key: str, /, **values: str) -> str:
        """Writes one of the small words and phrases, with values for its places.

        Raises:
            KeyError: English has no such word.
        """
        if key not in self._words and self._english:
            return self._english.word(key, **values)
        return str(self._words[key]).format(**values)

    def reason(self, reason: str) -> str:
        """Says what a reason of failures means; empty where that is not said."""
        return self._reasons.get(reason, "")

    def joined(self, parts: Sequence[str]) -> str:
        """Joins parts as a sentence does: `a, b and c`."""
        if not parts:
            return ""
        joined = parts[0]
        for part in parts[1:-1]:
            joined = self.word("comma", first=joined, second=part)
        return self.word("and", first=joined, second=parts[-1]) if len(parts) > 1 else joined

    def details(self, request: str) -> frozenset[str]:
        """Returns the kinds of details that a request asks for: `place`, `time`, `likelihood`."""
        own = {kind for kind, phrases in self._details.items() if any(phrases.spans(request))}
        return frozenset(own) | (self._english.details(request) if self._english else frozenset())

    def quoted(self, text: str) -> str:
        """Sets a text in quotation marks."""
        return self.word("quoted", text=text)

    def label(self, label: str) -> str:
        """Returns what a class of a model, or a choice of a task type, is called; the label where that is not said."""
        return self._labels.get(label) or self._labels.get(label.casefold()) or label

    def step(self, scale: str, value: float) -> str:
        """Returns the words for a number on a scale: those of the highest step that it reaches."""
        steps = self._scales.get(scale) or (self._english._scales[scale] if self._english else {})
        reached = [words for least, words in steps.items() if value >= float(least)]
        return reached[0] if reached else [*steps.values()][-1]

    def form(self, count: float, forms: Iterable[str]) -> str:
        """Chooses the form of a word for a number, with the number in the place of `%`.

        Args:
            count: The number.
            forms: One where the language needs no plural, else one for each of its `plurals` and one for all other
                numbers. One that begins with `0=` is for zero.
        """
        rest = list(forms)
        zero = next((form for form in rest if form.startswith(_AT_ZERO)), None)
        rest = [form for form in rest if form is not zero]
        if zero is not None and (count == 0 or not rest):
            return zero.removeprefix(_AT_ZERO)
        number = str(int(count)) if count == int(count) else str(count)
        place = next((i for i, pattern in enumerate(self._plurals) if pattern.fullmatch(number)), len(rest))
        return str(rest[min(place, len(rest) - 1)]).replace(_NUMBER, number)

    def things(self, label: str, count: int) -> str:
        """Counts things of a kind: `2 zebras`, `no zebra`.

        Args:
            label: The class of a model, or a name as `thing` returns it.
            count: How many there are.
        """
        if label in self._things:
            forms = [form.strip() for form in self._things[label].split(",")]
            counted = self.form(count, forms)
        elif self._endings:
            counted = self.form(count, [label, self._plural(label)])
        else:
            return self.word("no_other" if count == 0 else "other_things", thing=label, count=str(count))
        return self.word("no_thing" if count == 0 else "things", thing=counted, count=str(count))

    def names_thing(self, name: str, label: str) -> bool:
        """Says whether a name that a person wrote is that of a label, in the singular or the plural."""
        forms = [form.strip() for form in self._things.get(label, "").split(",")]
        names = {label, *forms, _replaced(label, self._singular_endings)}
        names |= {self._plural(label)} if self._endings else set()
        return name.casefold() in {each.casefold() for each in names}

    def thing(self, name: str) -> str:
        """Returns what classes of models call a thing that a person named: `zebra` for `Zebras`, also in German.

        The name itself, in the singular where its ending tells that, for a thing that the language does not list.
        """
        listed = next((label for label in self._things if self.names_thing(name, label)), None)
        return listed or _replaced(name, self._singular_endings)

    def variants(self, task_type: str) -> Sequence[Variant]:
        """Returns the templates of a task type, those with the most conditions first.

        Those of any task type (`*`) are among them, but for conditions for which it has templates of its own.
        """
        own = self._variants.get(task_type, ())
        conditions = [(each.choices, each.empty, each.present) for each in own]
        others = self._variants.get(_ANY_TYPE, ())
        variants = [*own, *(each for each in others if (each.choices, each.empty, each.present) not in conditions)]
        return sorted(variants, key=lambda each: -len(each.choices) - bool(each.empty) - len(each.present))

    def _plural(self, label: str) -> str:
        return _replaced(label, self._endings)


def _endings(patterns: Iterable[Sequence[str]]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), ending) for pattern, ending in patterns]


def _replaced(name: str, endings: Iterable[tuple[re.Pattern[str], str]]) -> str:
    """Changes the end of a name by the first pattern that it fits."""
    return next((pattern.sub(ending, name, count=1) for pattern, ending in endings if pattern.search(name)), name)


def _variant(key: str, entry: JsonObject) -> tuple[str, Variant]:
    # A key is a task type, with values of inputs, an output that is empty (`!text`), others that are not (`+count`).
    task_type, *conditions = key.split()
    empty = next((condition[1:] for condition in conditions if condition.startswith(_NOTHING_OF)), "")
    present = [condition[1:] for condition in conditions if condition.startswith(_SOME_OF)]
    choices = dict(
        condition.split("=", 1) for condition in conditions if not condition.startswith((_NOTHING_OF, _SOME_OF))
    )
    return task_type, Variant(choices or _NONE, empty, present, Templates(**entry))
