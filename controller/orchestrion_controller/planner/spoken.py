"""The amounts and the names of languages in a request, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion.plans import ParameterKind
from orchestrion_controller.languages import Language, amounts, language_names, rests
from orchestrion_controller.languages.amounts import Amount
from orchestrion_controller.languages.language_names import LanguageName
from orchestrion_controller.planner.asides import Aside

FILES = {None, *(kind.name.lower() for kind in ParameterKind)} | {"picture", "sound"} | {"file", "page"}
"""Units of what a file can be; others are inside one: "the third chapter"."""
_COUNTED = FILES | {"character"}
"""Units of what there is, not of how much is to be done."""
_ON_THEIR_OWN = frozenset({"exact", "factor", "more", "time"})
"""Forms of amounts that say how much; ordinals and counts say which."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What grammar finds in a request."""

    text: str
    amounts: tuple[Amount, ...]
    languages: tuple[LanguageName, ...]
    rests: tuple[int, ...] = ()
    """Where the words for what has not been spoken of begin, such as "the other"."""
    quotations: tuple[Aside, ...] = ()
    """The texts that stand in it as they are."""

    def unclaimed(self, spans: Sequence[tuple[int, int]]) -> list[Amount]:
        """The amounts that say how much of something, and that none of some spans has."""
        return [
            item
            for item in self.amounts
            if item.form in _ON_THEIR_OWN
            and item.unit not in _COUNTED
            and not any(item.start < end and start < item.end for start, end in spans)
        ]


def read(text: str, asides: Sequence[Aside], languages: Sequence[Language]) -> Spoken:
    """Reads a request, but for the names of files and the quotations in it."""
    plain = text
    for aside in asides:
        plain = plain[: aside.start] + " " * (aside.end - aside.start) + plain[aside.end :]
    return Spoken(
        text,
        amounts.read(plain, languages),
        language_names.read(plain),
        rests.read(plain, languages),
        tuple(item for item in asides if item.kind is ParameterKind.TEXT and item.mark != "[link]"),
    )
