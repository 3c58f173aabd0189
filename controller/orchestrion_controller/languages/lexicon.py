"""A language's grammar made ready for reading: its phrases in a trie, and the templates that amounts are made by.

A phrase may be several kinds of thing at once (English `second` is a unit and an ordinal), so a trie of kinds is walked
along the tokens; the longest template that fits wins. `docs/adding-a-language.md` describes the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrion_controller.languages.language import Data, Language, symbols
from orchestrion_controller.languages.phrases import Phrases

Kinds: TypeAlias = dict[str, Any]
"""What a phrase is, by kind: a float, or for a unit its `Unit`."""

_VALUED: Final = ("number", "scale", "half", "fraction", "addition", "ordinal", "factor", "count", "month")
"""Sections that give phrases by their value."""
_PLAIN: Final = ("article", "joiner", "point", "negative", "over", "adjective", "other")
"""Sections that are phrases only."""
_UNITS: Final = ("measure", "thing")
ALIASES: Final = {"day": "n", "year": "n", "hour": "n", "minute": "n", "moon": "n", "any": "m"}
"""Numbers in templates that have a name of their own: `moon` is a month that is written as a number, `any` is not the
amount's."""


FORMS: Final = {
    **{form: form for form in ("exact", "ordinal", "factor", "more", "count", "time")},
    **dict.fromkeys(("clock", "clock_pm", "clock_half", "clock_half_to", "date"), "time"),
    "from_end": "ordinal",
    "less": "more",
    "times": "factor",
    "inverse": "factor",
    "duration": "exact",
    "pixels": "exact",
    "none": "",
}
"""What amounts are, by the sections of `templates`; empty for what looks like one and is none."""


class Unit(NamedTuple):
    """A canonical unit, and how many of it one of the written unit is."""

    name: str
    times: float


@dataclass(frozen=True)
class Template:
    """One way to put tokens together to an amount."""

    form: str
    """The section of `templates` it stands in, which says what its value is."""
    slots: tuple[str, ...]
    """What each token is: the name of a slot, or a literal."""
    first: int
    """The first token that belongs to the amount; those before it must be there, no more."""
    last: int
    """The token after the last one that belongs to it."""


@dataclass(frozen=True)
class Lexicon:
    """What texts of one language are read with."""

    decimal: str
    """The marks before decimals."""
    thousands: str
    """The marks between groups of three digits."""
    compounds: bool
    """Whether numbers are written together with what follows them."""
    phrases: Phrases[Kinds] = field(default_factory=Phrases)
    templates: dict[str, Any] = field(default_factory=dict)
    """A trie by kinds; under "" the template that ends there."""

    def template(self, kinds: Sequence[Mapping[str, Any]], start: int, stop: int) -> Template | None:
        """Returns the longest template that tokens fit, from one token on and not beyond another."""
        best: Template | None = None
        nodes = [self.templates]
        for place in range(start, stop):
            nodes = [node[kind] for node in nodes for kind in kinds[place] if kind in node]
            if not nodes:
                break
            best = next((node[""] for node in nodes if "" in node), best)
        return best


def build(language: Language, others: Iterable[Language] = ()) -> Lexicon:
    """Makes a language's lexicon.

    Args:
        language: Whose words are read.
        others: Languages whose units are understood after digits, where the language has no such word itself.

    Raises:
        ValueError: The grammar has something that there is no meaning for; the message names the language and what.
    """
    grammar, shared = language.grammar, symbols()
    lexicon = Lexicon(
        decimal=grammar.get("decimal", "."),
        thousands=grammar.get("thousands", ","),
        compounds=grammar.get("compounds") == "true",
    )
    try:
        for data in (grammar, shared):
            _add_phrases(lexicon.phrases, data)
            for form, templates in data.get("templates", {}).items():
                for text in templates:
                    _add_template(lexicon, form, text)
        for other in others:
            for _kind, unit, phrase in _units(other.grammar):
                kinds = lexicon.phrases.slot(phrase, {})
                if not kinds:
                    kinds["foreign"] = unit
    except (ValueError, TypeError, AttributeError, LookupError, ZeroDivisionError) as error:
        raise ValueError(f"the grammar of {language.tag!r}: {error!r}") from error
    return lexicon


def spellings(text: str, endings: Mapping[str, str]) -> Iterator[str]:
    """Yields the phrases of a list with commas; `~name` after a stem stands for each of the endings of that name."""
    for phrase in text.split(","):
        stem, mark, rest = phrase.strip().partition("~")
        name, space, tail = rest.partition(" ")
        for ending in endings[name].split(",") if mark else [""]:
            yield f"{stem}{ending.strip()}{space}{tail}"


def _add_phrases(phrases: Phrases[Kinds], data: Data) -> None:
    endings = data.get("endings", {})
    for section in _VALUED:
        for value, texts in data.get(section, {}).items():
            for phrase in spellings(texts, endings):
                phrases.slot(phrase, {}).setdefault(section, float(Fraction(value)))
    for section in _PLAIN:
        for phrase in spellings(data[section], endings) if section in data else ():
            phrases.slot(phrase, {}).setdefault(section, 1.0)
    for kind, unit, phrase in _units(data):
        kinds = phrases.slot(phrase, {})
        kinds.update({kind: unit, "unit": unit, unit.name: unit} | kinds)


def _units(data: Data) -> Iterator[tuple[str, Unit, str]]:
    """Yields the kinds of units, the units and their phrases."""
    for kind in _UNITS:
        for name, texts in data.get(kind, {}).items():
            for times, listed in texts.items() if isinstance(texts, dict) else [("1", texts)]:
                for phrase in spellings(listed, data.get("endings", {})):
                    yield kind, Unit(name, float(times)), phrase


_ITEM: Final = re.compile(r"(?P<context>\[)?(?:\{(?P<slot>\w+)\}|(?P<literal>[^]{}\s]+))\]?")


def _add_template(lexicon: Lexicon, form: str, text: str) -> None:
    """Adds a template: `{slots}`, `literal|alternative`, `[context]`."""
    items = [match for match in map(_ITEM.fullmatch, text.split()) if match]
    own = [place for place, item in enumerate(items) if not item["context"]]
    if len(items) != len(text.split()) or not own or form not in FORMS:
        raise ValueError(f"the template {text!r} of {form!r} cannot be read")
    for item in items:
        for phrase in item["literal"].split("|") if item["literal"] else ():
            lexicon.phrases.slot(phrase.replace("_", " "), {})[f"={item['literal']}"] = 1.0
    slots = tuple(item["slot"] or f"={item['literal']}" for item in items)
    node = lexicon.templates
    for slot in slots:
        node = node.setdefault(ALIASES.get(slot, slot), {})
    node.setdefault("", Template(form, slots, own[0], own[-1] + 1))
