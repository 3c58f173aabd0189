"""Numbers with their units in a request: what is measured, counted, compared, put in order, or a point in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from orchestrion_controller.languages.detection import detect
from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.language import Language
from orchestrion_controller.languages.lexicon import ALIASES, FORMS, Kinds, Lexicon, Template, Unit, build
from orchestrion_controller.languages.numerals import tokens
from orchestrion_controller.languages.phrases import fold
from orchestrion_controller.languages.pieces import Token, adjacent

_NUMBERS: Final = ("n", "a", "m", "f", "digits", "ratio", "side", "factor", "count", "ordinal", "fraction")
"""The slots that are the number of an amount."""


@dataclass(frozen=True)
class Amount:
    """A number in a text, and what it is a number of."""

    start: int
    end: int
    """Places of characters in the text."""
    value: float
    """The number in its unit. Durations and times are seconds; a date is `20240503`, without a year `503`."""
    unit: str | None
    """A canonical name (`decibel`, `second`, `picture`); None where there is none."""
    form: str
    """`exact`; `ordinal` (-1 is the last); `factor` (2 is twice as much); `more` (0.5 is half as much again, -0.5 half
    less); `count` (all of so many); `time` (a point in time: an offset, or since midnight; unit `date` for a date)."""


def read(text: str, languages: Sequence[Language] | None = None) -> tuple[Amount, ...]:
    """Reads the amounts of a text in order; their spans do not overlap.

    Args:
        text: What is read; what is no prose (names of files, quotations) should be blanked out.
        languages: Whose words are read, the first before the others; None for the language that the text is in.
            Digits are read with units of every language.
    """
    tags = tuple(language.tag for language in languages) if languages is not None else (detect(text),)
    folded = fold(text)
    readings = [amount for tag in tags for amount in _read(folded, _lexicon(tag))]
    taken = bytearray(len(text))
    amounts = []
    for amount in sorted(readings, key=lambda amount: amount.start - amount.end):  # Longest first, else by language.
        if not any(taken[amount.start : amount.end]):
            taken[amount.start : amount.end] = b"\1" * (amount.end - amount.start)
            amounts.append(amount)
    return tuple(sorted(amounts, key=lambda amount: amount.start))


@cache
def _lexicon(tag: str) -> Lexicon:
    languages = load()
    return build(languages[tag], [other for name, other in languages.items() if name != tag])


def _read(text: str, lexicon: Lexicon) -> Iterator[Amount]:
    row = list(tokens(text, lexicon))
    last: tuple[Amount, float] | None = None
    for place, template in _placed(text, row, lexicon):
        if not FORMS[template.form]:
            continue
        used = row[place : place + len(template.slots)]
        own = used[template.first : template.last]
        value, unit = _value(template.form, {slot: each.kinds for slot, each in zip(template.slots, used, strict=True)})
        amount = Amount(own[0].start, own[-1].end, value, unit.name if unit else None, FORMS[template.form])
        if last and unit and unit.times < last[1] and _goes_on(text, last[0], amount, lexicon):
            amount = replace(amount, start=last[0].start, value=last[0].value + value)
        elif last:
            yield last[0]
        last = amount, unit.times if unit else 0.0
    if last:
        yield last[0]


def _placed(text: str, row: Sequence[Token], lexicon: Lexicon) -> Iterator[tuple[int, Template]]:
    """Yields the templates that a text's tokens fit, and where each begins."""
    kinds = [token.kinds for token in row]
    place, stop = 0, 0
    while place < len(row):
        while stop <= place or (stop < len(row) and adjacent(text, row[stop - 1], row[stop])):
            stop += 1
        template = lexicon.template(kinds, place, stop)
        if template and (later := _longer(template, lexicon, kinds, place, stop)):
            template = lexicon.template(kinds, place, later)
        if template is None:
            place += 1
            continue
        # What only had to stand before an amount may be one itself: the ordinal in `the last minute`.
        before = lexicon.template(kinds, place, place + template.first)
        if before and not before.first:
            yield place, before
        yield place, template
        place += template.last


def _longer(template: Template, lexicon: Lexicon, kinds: Sequence[Kinds], place: int, stop: int) -> int | None:
    """Returns where a longer amount begins inside that of a template: `half a second` inside `by half`."""
    size = template.last - template.first
    for later in range(place + 1, place + template.last):
        other = lexicon.template(kinds, later, stop)
        if other and (other.last - other.first, later + other.last) > (size, place + template.last):
            return later
    return None


def _goes_on(text: str, before: Amount, amount: Amount, lexicon: Lexicon) -> bool:
    """Says whether two durations are one, as in `1 min 30 s`."""
    between = text[before.end : amount.start].strip(" ,")
    phrases = dict(lexicon.phrases.at(between, 0))
    joined = not between or "joiner" in phrases.get(len(between), {})
    return joined and before.unit == amount.unit == _SECOND.name and before.form == amount.form == "exact"


_SECOND: Final = Unit("second", 1.0)
_CLOCK_S: Final = {"clock": 0.0, "clock_pm": 43_200.0, "clock_half": 1_800.0, "clock_half_to": -1_800.0}
"""Forms of templates that are times of day, and what is added to the hour."""
_SIGNS: Final = {"more": 1.0, "less": -1.0}
_IMPLIED: Final = {"times": Unit("times", 1.0), "pixels": Unit("pixel", 1.0), "ratio": Unit("ratio", 1.0)}
"""Units that the template implies."""
_DATE: Final = Unit("date", 1.0)


def _value(form: str, parts: Mapping[str, Kinds]) -> tuple[float, Unit | None]:
    """Returns the value and the unit of an amount.

    Args:
        form: The section of its template.
        parts: What its tokens are, by the slots of the template.
    """

    def part(slot: str) -> float:
        return float(parts.get(slot, {}).get(ALIASES.get(slot, slot), 0.0))

    units = [kinds.get("unit" if slot[0] == "=" else slot) for slot, kinds in parts.items()]
    unit = next((unit for unit in reversed(units) if isinstance(unit, Unit)), None)
    number = next((part(slot) for slot in _NUMBERS if slot in parts), 1.0) + part("addition")
    if form == "date":
        month, day = part("month") or part("moon"), part("day") or part("ordinal")
        return part("date") or part("year") * 10_000 + month * 100 + day, _DATE
    if form in _CLOCK_S or form == "duration":
        clock = part("hour") * 3_600 + part("minute") * 60 + part("addition") * 3_600
        if "colon" in parts:
            clock = part("colon") * (60 if parts["colon"]["groups"] == 2 else 1)
        shift = _CLOCK_S.get(form, 0.0)
        return (clock % _CLOCK_S["clock_pm"] if form == "clock_pm" else clock) + shift, _SECOND
    if "colon" in parts:
        return part("colon"), _SECOND
    if form in _SIGNS:
        return _SIGNS[form] * number * (0.01 if "percent" in parts else 1.0), None
    if form == "from_end":
        return -number, unit
    if form == "inverse":
        return 1 / (number or 1.0), None
    return number * (unit.times if unit else 1.0), unit or _IMPLIED.get("ratio" if "ratio" in parts else form)
