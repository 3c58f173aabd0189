"""What the words for an option come to: its number, its language, its text."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import Value
from orchestrion_controller.languages.amounts import Amount
from orchestrion_controller.languages.language_names import LanguageName

_UNITS: Final = {
    "db": "decibel",
    "semitones": "semitone",
    "seconds": "second",
    "kbps": "kilobit_per_second",
    "ms": "second",
}
"""The units of numbers, by the last word of their name: units stand in names."""

_STEPS: Final[Mapping[str, Mapping[str, float]]] = {
    "ratio": {"+~": 1.15, "+": 1.5, "++": 2.0, "-~": 0.87, "-": 0.75, "--": 0.5},
    "decibel": {"+~": 3.0, "+": 6.0, "++": 12.0, "-~": -3.0, "-": -6.0, "--": -12.0},
    "semitone": {"+~": 1.0, "+": 3.0, "++": 6.0, "-~": -1.0, "-": -3.0, "--": -6.0},
    "share": {"+~": 0.25, "+": 0.75, "++": 1.0, "-~": 0.4, "-": 0.25, "--": 0.1},
}
"""What more or less is, where a request does not say how much: by the scale, and how much it says."""

_SEMITONES: Final = 12
_TRIM: Final = " \t\r\n:：,，"
_QUOTES: Final = frozenset("\"'`“”„‘’‚«»‹›「」『』《》")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a request for one option."""

    text: str
    change: str
    """How they change it: up or down, by a lot or a bit; one of `CHANGES` of the heads."""
    amounts: Sequence[Amount] = ()
    """The amounts among them."""
    languages: Sequence[LanguageName] = ()
    """The names of languages among them."""


def scale(parameter: Parameter) -> str:
    """Tells what a number is: `ratio` to what is, `decibel`, `semitone`, `share` from 0 to 1, another unit, or ""."""
    unit = _UNITS.get(parameter.name.rpartition("_")[2])
    if unit:
        return unit
    if parameter.minimum == 0 and parameter.maximum in {1, 2}:
        return "share"
    is_ratio = "factor" in parameter.description or parameter.name == "scale"
    return "ratio" if is_ratio else ""


def value(parameter: Parameter, words: Words) -> Value | None:
    """Reads the value of an option from its words; None where they give none."""
    if parameter.name in {"language", "source_language", "spoken_language"}:
        return words.languages[0].tag if words.languages else None
    if parameter.kind is ParameterKind.NUMBER:
        return number(parameter, words)
    return text(words.text) or None


def text(words: str) -> str:
    """Takes white space, a colon, and the quotation marks around it off a text."""
    words = words.strip(_TRIM)
    if len(words) > 1 and words[0] in _QUOTES and words[-1] in _QUOTES:
        return words[1:-1]
    return words


def number(parameter: Parameter, words: Words) -> float | None:
    """Reads a number, as the parameter counts: "50 % faster" is 1.5, "an octave lower" is -12 semitones."""
    kind = scale(parameter)
    falls = words.change.startswith("-")
    for amount in words.amounts:
        if amount.form == "time" and kind != "second":
            continue
        result = _number(amount, kind, falls=falls, rises=words.change.startswith("+"))
        if result is not None:
            return round(result, 6)
    return _STEPS[kind].get(words.change) if kind in _STEPS else None


def _number(amount: Amount, kind: str, *, falls: bool, rises: bool) -> float | None:
    """Converts an amount to a scale; None where it is of something else."""
    if kind in {"decibel", "semitone"}:
        own = amount.value * _SEMITONES if amount.unit == "octave" else amount.value
        if amount.unit in {kind, "octave"} or (amount.unit is None and amount.form == "exact"):
            return -abs(own) if falls else own
        ratio = _ratio(amount, falls=falls, rises=rises)
        if ratio is None or ratio <= 0:
            return None
        # Twice the amplitude is 6 dB, twice the frequency an octave.
        return float(round(20 * math.log10(ratio), 2) if kind == "decibel" else round(_SEMITONES * math.log2(ratio), 2))
    if kind == "ratio":
        return _ratio(amount, falls=falls, rises=rises)
    if kind == "share":
        return amount.value / 100 if amount.unit == "percent" else amount.value
    if amount.form in {"exact", "count", "time"} and (not kind or amount.unit in {kind, None}):
        return amount.value
    return None


def _ratio(amount: Amount, *, falls: bool, rises: bool) -> float | None:
    """How many times as much there is to be: "by half" up is 1.5, down 0.5; "at 80 %" is 0.8; "twice as slow" 0.5."""
    share = amount.value / 100 if amount.unit == "percent" else amount.value
    if amount.form == "more":
        return 1 - abs(share) if falls or share < 0 else 1 + share
    if amount.unit == "percent":
        return 1 - share if falls else 1 + share if rises else share
    if amount.form == "factor" or amount.unit in {"times", None}:
        return 1 / share if falls and share > 1 else share or None
    return None
