"""Amounts as inputs count them: decibels, semitones, ratios and shares, whatever unit they were said in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.plans import Parameter
from orchestrion_controller.languages.amounts import Amount

_UNITS: Final = {
    "db": "decibel",
    "semitones": "semitone",
    "seconds": "second",
    "kbps": "kilobit_per_second",
    "ms": "millisecond",
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
_OCTAVES: Final = frozenset({0.5, 2})
_LEAST_LEVEL: Final = 0.5
"""From what share of the speed on a percentage is what it is to be, and below it how much it changes."""
_TEMPO: Final = "beat_per_minute"
_WHICH: Final = frozenset({"ordinal", "count"})
"""Forms of amounts that say which one, not how much."""


def scale(parameter: Parameter) -> str:
    """Tells what a number is: `ratio` to what is, `decibel`, `semitone`, `share` from 0 to 1, another unit, or ""."""
    unit = _UNITS.get(parameter.name.rpartition("_")[2])
    if unit:
        return unit
    if "factor" in parameter.description or parameter.name == "scale":
        return "ratio"
    return "share" if parameter.minimum == 0 and parameter.maximum in {1, 2} else ""


def number(parameter: Parameter, amounts: Sequence[Amount], change: str = "") -> float | None:
    """Reads a number, as the parameter counts: "50 % faster" is 1.5, "an octave lower" is -12 semitones.

    Args:
        parameter: The input.
        amounts: What was said of how much.
        change: Whether it goes up or down, by a lot or a bit: "", "+", "-", "++", "--", "+~" or "-~".

    Returns:
        The value; None where the amounts say nothing of the kind.
    """
    kind = scale(parameter)
    tempos = [item.value for item in amounts if item.unit in {_TEMPO, None} and item.value > 0]
    if kind == "ratio" and len(tempos) > 1 and any(item.unit == _TEMPO for item in amounts):
        return round(tempos[1] / tempos[0], 6)
    # Of several numbers the one in the parameter's own unit counts.
    for amount in sorted(amounts, key=lambda item: (item.unit != kind, item.unit is None)):
        result = _number(amount, kind, change)
        if result is not None and (kind != "share" or result <= (parameter.maximum or 1)):
            return round(result, 6)
    # An amount that says nothing here must not become a guess at how much.
    is_vague = all(item.form in _WHICH for item in amounts) and (kind != "semitone" or not amounts)
    return _STEPS[kind].get(change) if kind in _STEPS and is_vague else None


def _number(amount: Amount, kind: str, change: str) -> float | None:
    """Converts an amount to a scale; None where it is of something else."""
    if amount.form == "ordinal" or (amount.form in {"count", "time"} and kind in _STEPS):
        return None
    if kind in {"decibel", "semitone"}:
        own = amount.value * _SEMITONES if amount.unit == "octave" else amount.value
        if amount.unit in {kind, "octave"} or (amount.unit is None and amount.form == "exact"):
            return -abs(own) if change.startswith("-") else own
        ratio = _ratio(amount, change)
        # "A fourth" and "a quarter tone" are no parts of a pitch.
        if ratio is None or ratio <= 0 or (kind == "semitone" and amount.form == "factor" and ratio not in _OCTAVES):
            return None
        # Twice the amplitude is 6 dB, twice the frequency an octave.
        return float(round(20 * math.log10(ratio), 2) if kind == "decibel" else round(_SEMITONES * math.log2(ratio), 2))
    if kind == "ratio":
        return _ratio(amount, change)
    if kind == "share":
        return amount.value / 100 if amount.unit == "percent" else amount.value
    if kind == "millisecond" and amount.unit == "second":
        return amount.value * 1000
    if kind and (amount.unit not in {kind, None} or amount.form in {"factor", "more"}):
        return None
    return None if amount.form == "more" else amount.value


def _ratio(amount: Amount, change: str) -> float | None:
    """How many times as much there is to be: "by half" up is 1.5, down 0.5; "to 80 %" is 0.8; "twice as slow" 0.5."""
    falls = change.startswith("-")
    share = amount.value / 100 if amount.unit == "percent" else amount.value
    # "Up 8 %" is so much more; "up to 120 %" and "slow it to 80 %" are so much.
    if amount.form == "more" or (amount.unit == "percent" and (share < 0 or (change and share < _LEAST_LEVEL))):
        return 1 - abs(share) if falls or share < 0 else 1 + share
    if amount.unit == "percent":
        return share
    if amount.form == "factor" or amount.unit in {"times", None}:
        return 1 / share if falls and share > 1 else share or None
    return None
