"""What gold plans say, and whether a value of a plan is what one says: the forms are in README.md."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from benchmarks.requests.plans import FileOf, OutputOf, Value
from benchmarks.requests.wording import squeezed

Spec: TypeAlias = Any
"""What a value has to be, as the JSON of the requests says it."""

_TOLERANCE: Final = 0.011
"""How far a number may be off: a part of it, or that much where it is smaller than 1."""
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MACROLANGUAGES: Final = {"cmn": "zh", "yue": "zh"}

_FREE: Final = frozenset(
    {"language", "spoken_language", "source_language", "seed", "steps", "guidance", "image_guidance", "max_tokens"}
    | {"temperature", "system", "history", "threshold", "background_threshold", "low_threshold", "high_threshold"}
    | {"classes"}
)
"""Inputs that may be there though no gold plan names them: they change nothing that was asked for."""
_FREE_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "object-detection": frozenset({"labels", "label", "names", "objects"})
}
_CONTROLLED: Final = "*-text-to-image"
_DEFAULTS: Final[Mapping[tuple[str, str], Sequence[float]]] = {
    ("*", "speed"): [1],
    ("*", "pitch_semitones"): [0],
    ("*", "gain_db"): [0],
    ("text-to-speech", "pitch"): [1],
    ("audio-to-audio", "noise_reduction"): [0],
    ("image-to-image", "strength"): [0.5, 1],
    ("image-to-image", "scale"): [2],
    (_CONTROLLED, "strength"): [1],
}
"""Values that are the same as leaving the input out, by task type and input."""


@dataclass(frozen=True, slots=True)
class GoldTask:
    """One task of an acceptable plan."""

    type: str
    """Its task type."""
    inputs: Mapping[str, Spec]
    """What its inputs have to be."""

    def variants(self) -> Iterator[GoldTask]:
        """Yields it, and its twin with the texts exchanged where their order does not matter."""
        yield self
        if self.type == "sentence-similarity":
            yield GoldTask(self.type, {**self.inputs, "text": self.inputs["other"], "other": self.inputs["text"]})


GoldPlan: TypeAlias = tuple[GoldTask, ...]
"""An acceptable plan."""


def may_be_absent(spec: Spec) -> bool:
    """Whether an input may be left out."""
    return isinstance(spec, dict) and ("opt" in spec or "absent" in spec)


def fits(spec: Spec, value: Value, places: Mapping[int, int]) -> bool:
    """Whether a value is what a gold plan says; `places` has the plan's place of each gold task paired so far."""
    match spec:
        case list():
            return (
                isinstance(value, tuple)
                and len(spec) == len(value)
                and all(fits(item, part, places) for item, part in zip(spec, value, strict=True))
            )
        case str():
            return isinstance(value, str) and _composed(spec) == _composed(value)
        case int() | float():
            return isinstance(value, int | float) and abs(value - spec) <= _TOLERANCE * max(1, abs(spec))
        case {"from": str(source)}:
            return _comes_from(source, value, places)
        case {"one_of": choices}:
            return any(fits(choice, value, places) for choice in choices)
        case {"opt": wanted}:
            return fits(wanted, value, places)
        case {"lang": language}:
            primary = value.split("-")[0].lower() if isinstance(value, str) else None
            return primary is not None and _MACROLANGUAGES.get(primary, primary) == language
        case {"min": least, "max": most}:
            return isinstance(value, int | float) and least - 1e-9 <= value <= most + 1e-9
        case {"any": _}:
            return True
        case _:
            return isinstance(value, str | tuple) and _has_words(spec, value)


def is_needless(task_type: str, name: str, value: Value) -> bool:
    """Whether an input that no gold plan names changes nothing that was asked for."""
    if name.endswith("language") and isinstance(value, str) and not _TAG.fullmatch(value):
        return False
    return name in _FREE or name in _FREE_OF_TYPE.get(task_type, ()) or is_default(task_type, name, value)


def is_default(task_type: str, name: str, value: Value) -> bool:
    """Whether a value is the same as leaving the input out."""
    types = [task_type, "*", *([_CONTROLLED] if task_type.endswith("-text-to-image") else ())]
    return any(value in _DEFAULTS.get((listed, name), ()) for listed in types)


def _comes_from(source: str, value: Value, places: Mapping[int, int]) -> bool:
    kind, _, rest = source.partition(":")
    if kind == "file":
        return value == FileOf(rest)
    task, _, output = rest.partition(".")
    return isinstance(value, OutputOf) and value.task == places.get(int(task)) and value.output == output


def _has_words(spec: Spec, value: str | tuple[Value, ...]) -> bool:
    """Whether a text, or a list of them, is what `like`, `has` or `set` says; no value is where it must be absent."""
    match spec, value:
        case {"like": wanted}, str():
            return squeezed(value) == squeezed(wanted)
        case {"has": wanted}, str():
            text = squeezed(value)
            lacks = any(squeezed(word) in text for word in spec.get("lacks", ()))
            return not lacks and all(squeezed(word) in text for word in wanted)
        case {"set": wanted}, tuple():
            texts = [squeezed(item) for item in value if isinstance(item, str)]
            return len(texts) == len(value) and sorted(texts) == sorted(map(squeezed, wanted))
        case _:
            return False


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
