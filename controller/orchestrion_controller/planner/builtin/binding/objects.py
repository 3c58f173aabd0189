"""Which files the words of a request mean: "the second one", "both pages", "the letter", `report.txt`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from orchestrion.errors import Reason
from orchestrion.runs import Artifact
from orchestrion_controller import refusals
from orchestrion_controller.languages.amounts import Amount
from orchestrion_controller.planner.asides import asides
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.spoken import FILES, Spoken

_WORD: Final = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u3400-\u9fff]{2,}")


class Objects:
    """The files of one request, and which of them were spoken of."""

    def __init__(self, artifacts: Sequence[Artifact], spoken: Spoken, field: str, asked_in: str) -> None:
        """Takes the files.

        Args:
            artifacts: The files, in order.
            spoken: The numbers in the request.
            field: The field of the request that holds them, for errors.
            asked_in: The tag of the request's language, likewise.
        """
        self._artifacts = artifacts
        self._spoken = spoken
        self._field = field
        self._asked_in = asked_in
        self._asides = asides(spoken.text, [item.file_name for item in artifacts])
        self._spoken_of: set[str] = set()

    def meant(self, segment: Segment, fitting: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Finds the files that words mean, among those that fit.

        Args:
            segment: The words.
            fitting: The files that what is to be done takes, in order.

        Raises:
            InvalidArgumentError: They speak of more files than there are.
        """
        chosen = self._told_apart(segment, fitting)
        if not chosen and len(fitting) > 1 and self._is_rest(segment):
            chosen = [item for item in fitting if item.name not in self._spoken_of]
        chosen = [item for item in chosen or fitting if item in fitting]
        self._spoken_of |= {item.name for item in chosen}
        return tuple(chosen)

    def says_which(self, segment: Segment, fitting: Sequence[Artifact]) -> bool:
        """Whether words tell one file from another."""
        return bool(self._told_apart(segment, fitting))

    def _told_apart(self, segment: Segment, fitting: Sequence[Artifact]) -> list[Artifact]:
        words = self._spoken.text[segment.start : segment.end]
        named, called = self._named(segment), self._called(words, fitting)
        if named or (called and len(fitting) == 1):
            return named or called
        return self._counted(segment, fitting) or (called if len(called) < len(fitting) else [])

    def _is_rest(self, segment: Segment) -> bool:
        """Whether words stand for what has not been spoken of: "the other one"."""
        return any(segment.start <= place < segment.end for place in self._spoken.rests)

    def _named(self, segment: Segment) -> list[Artifact]:
        """By the names of the files, whole, their paths, and the links that they were fetched from."""
        inside = {
            item.text for item in self._asides if item.is_file and segment.start < item.end and item.start < segment.end
        }
        return [item for item in self._artifacts if item.file_name in inside]

    def _counted(self, segment: Segment, fitting: Sequence[Artifact]) -> list[Artifact]:
        """By number: "the second", "the last two", "all three"."""
        inside = [item for item in self._spoken.amounts if segment.start < item.end and item.start < segment.end]
        read = [item for item in inside if item.unit in FILES]
        ordinals = [item for item in read if item.form == "ordinal"]
        counts = [item for item in read if item.form == "count"]
        bare = [item for item in read if item.form == "exact" and item.unit is None]
        if ordinals or len(bare) > 1:
            # "Two and four" are places, too, where nothing is counted.
            return [
                artifact
                for item in ordinals or bare
                for artifact in self._at(item, counts or bare[:1] if ordinals else (), fitting)
            ]
        # Of one file, "the two judoka" are in it.
        if counts and counts[0].value > len(fitting) and (len(fitting) != 1 or counts[0].unit):
            raise self._too_few(counts[0].value, len(fitting))
        return []

    def _at(self, ordinal: Amount, counts: Sequence[Amount], fitting: Sequence[Artifact]) -> list[Artifact]:
        number = int(ordinal.value)
        count = int(counts[0].value) if counts and abs(number) == 1 else 1
        if not fitting:
            return []
        if abs(number) + count - 1 > len(fitting) or not number:
            raise self._too_few(abs(number) + count - 1, len(fitting))
        first = number - 1 if number > 0 else len(fitting) + number - count + 1
        return list(fitting[first : first + count])

    def _called(self, words: str, fitting: Sequence[Artifact]) -> list[Artifact]:
        """By words that the file's name has, too."""
        spoken = {item.lower() for item in _WORD.findall(words)}
        return [
            item
            for item in fitting
            if any(_alike(one, other) for one in spoken for other in _WORD.findall(_stem(item).lower()))
        ]

    def _too_few(self, wanted: float, have: int) -> Exception:
        reason = refusals.lack_files(self._asked_in, count=round(wanted), attached=have)
        return Reason.MISSING_INPUT.error(reason, field=self._field)


def _stem(artifact: Artifact) -> str:
    return artifact.file_name.rpartition(".")[0] or artifact.file_name


def _alike(one: str, other: str) -> bool:
    """Whether a word is another, or the beginning of it: `letter` and `letters`."""
    return one == other or (min(len(one), len(other)) > 3 and (one.startswith(other) or other.startswith(one)))
