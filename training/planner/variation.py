"""Varies marked requests, so that no single spelling or place decides: case, slips of the finger, further wishes."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from training.planner.marked import Marked, MarkedStep, Segment

_ENDS: Final = " .!?…。！？"
_UNSPACED: Final = frozenset({"zh", "ja"})
_JOINTS: Final = (". ", "; ", "\n", ", ")


class Variation:
    """Draws variants of requests."""

    def __init__(self, requests: Sequence[Marked], generator: random.Random) -> None:
        """Collects the parts that nobody can do, by language."""
        self._generator = generator
        self._by_language: dict[str, list[Marked]] = {}
        self._unmet: dict[str, list[str]] = {}
        for request in requests:
            self._by_language.setdefault(request.language, []).append(request)
            if request.steps:
                self._unmet.setdefault(request.language, []).extend(
                    request.text[item.start : item.end] for item in request.segments if item.role == "unmet"
                )

    def vary(self, request: Marked) -> Marked:
        """Returns a request as somebody else might have typed it, or with more in it."""
        draw = self._generator.random
        if draw() < 0.12 and request.steps and request.steps[0].type not in {"again", "help", "hello"}:
            request = self._joined(request)
        if draw() < 0.4 and request.steps and self._unmet.get(request.language):
            request = self._with_unmet(request)
        if draw() < 0.25:
            request = replace(request, text=_lower(request.text))
        if draw() < 0.15:
            request = _cut_end(request)
        if draw() < 0.15 and request.language not in _UNSPACED:
            request = self._misspelt(request)
        return request

    def _joined(self, first: Marked) -> Marked:
        second = self._generator.choice(self._by_language[first.language])
        if not second.steps or second.follows or second.steps[0].type in {"again", "help", "hello"}:
            return first
        joint = self._generator.choice(_JOINTS)
        head = first.text.rstrip(_ENDS)
        if any(item.end > len(head) for item in first.segments):
            return first
        shift, files, steps = len(head) + len(joint), len(first.files), len(first.steps)
        moved = tuple(
            replace(
                item,
                start=item.start + shift,
                end=item.end + shift,
                step=item.step + steps if item.step >= 0 else -1,
                files=tuple(number + files for number in item.files),
            )
            for item in second.segments
        )
        after = tuple(
            MarkedStep(
                step.type,
                step.choices,
                frozenset(number + files for number in step.files),
                frozenset(number + steps for number in step.sources),
                step.values,
            )
            for step in second.steps
        )
        return replace(
            first,
            text=f"{head}{joint}{second.text}",
            files=(*first.files, *second.files),
            segments=(*first.segments, *moved),
            steps=(*first.steps, *after),
        )

    def _with_unmet(self, request: Marked) -> Marked:
        """Puts a part that nobody can do before a request, after it, or between what it asks for."""
        words = self._generator.choice(self._unmet[request.language])
        spaced = request.language not in _UNSPACED
        end = len(request.text.rstrip(_ENDS))
        place = self._generator.choice((0, end, end, *(item.end for item in request.segments)))
        if any(item.start < place < item.end for item in request.segments) or place > end:
            return request
        before, after = request.text[:place], request.text[place:]
        left = self._generator.choice((" ", ", ", ". ", "; ") if spaced else ("", "，", "。", ",")) if before else ""
        right = self._generator.choice((", ", ". ") if spaced else ("，", "。")) if not before else ""
        if spaced and before and after and after[0].isalnum():
            right = self._generator.choice((" ", ", "))
        if left.startswith(".") or not before:
            words = words[0].upper() + words[1:]
        added = len(left) + len(words) + len(right)
        segments = [
            replace(item, start=item.start + added, end=item.end + added) if item.start >= place else item
            for item in request.segments
        ]
        start = place + len(left)
        segments.append(Segment("unmet", start, start + len(words)))
        return replace(
            request,
            text=before + left + words + right + after,
            segments=tuple(sorted(segments, key=lambda item: item.start)),
        )

    def _misspelt(self, request: Marked) -> Marked:
        for _ in range(self._generator.choice((1, 1, 2, 3))):
            text = request.text
            places = [
                number
                for number in range(1, len(text) - 2)
                if text[number - 1].isalpha() and text[number].isalpha() and text[number + 1].isalpha()
            ]
            if not places:
                return request
            place = self._generator.choice(places)
            kind = self._generator.randrange(3)
            if kind == 0:
                swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
                request = replace(request, text=swapped)
            elif kind == 1 and not any(
                item.end - item.start < 2 and item.start <= place < item.end for item in request.segments
            ):
                request = _moved(request, text[:place] + text[place + 1 :], place, -1)
            else:
                request = _moved(request, text[:place] + text[place] + text[place:], place, 1)
        return request


def _moved(request: Marked, text: str, place: int, by: int) -> Marked:
    """Moves the segments behind a place."""
    segments = tuple(
        replace(
            item,
            start=item.start + by if item.start > place else item.start,
            end=item.end + by if item.end > place else item.end,
        )
        for item in request.segments
    )
    return replace(request, text=text, segments=segments)


def _cut_end(request: Marked) -> Marked:
    text = request.text.rstrip(_ENDS)
    return request if any(item.end > len(text) for item in request.segments) else replace(request, text=text)


def _lower(text: str) -> str:
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text
