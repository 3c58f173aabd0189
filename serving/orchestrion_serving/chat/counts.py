"""How many tokens a call took, as far as an endpoint says it in a form that can be read. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_PROMPT: Final = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_n", "prompt_eval_count")
_COMPLETION: Final = (
    "completion_tokens",
    "output_tokens",
    "candidatesTokenCount",
    "generated_tokens",
    "predicted_n",
    "eval_count",
)
_CACHED: Final = ("cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "cachedContentTokenCount")
_DETAILS: Final = ("prompt_tokens_details", "input_tokens_details")
_PLACES: Final = ("usage", "x_groq", "usageMetadata", "timings")
_MOST: Final = 10**9


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens of one call; 0 where the endpoint says nothing that can be read."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    """Those of the prompt that the endpoint had from an earlier call."""

    def updated(self, later: TokenCounts) -> TokenCounts:
        """Returns what a later event says, and this where it says nothing."""
        return TokenCounts(
            later.prompt or self.prompt, later.completion or self.completion, later.cached or self.cached
        )

    def __add__(self, other: TokenCounts) -> TokenCounts:
        """Returns the sum of two calls."""
        return TokenCounts(self.prompt + other.prompt, self.completion + other.completion, self.cached + other.cached)


def read_counts(event: Mapping[str, object]) -> TokenCounts:
    """Reads the counts of an event: its `usage`, or that of its choice or of `x_groq`."""
    counts = TokenCounts()
    choices = event.get("choices")
    places = [event.get(name) for name in _PLACES]
    if isinstance(choices, Sequence) and choices and isinstance(choices[0], Mapping):
        places.insert(0, choices[0].get("usage"))
    for place in places:
        usage = place.get("usage") if isinstance(place, Mapping) and "usage" in place else place
        if isinstance(usage, Mapping):
            details: Mapping[str, object] = next(
                (usage[name] for name in _DETAILS if isinstance(usage.get(name), Mapping)), {}
            )
            cached = _first(usage, _CACHED) or _first(details, _CACHED)
            counts = TokenCounts(_first(usage, _PROMPT), _first(usage, _COMPLETION), cached).updated(counts)
    return counts


def count(value: object) -> int:
    """Reads a count that may be a number or a text of one; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0
    return int(number) if math.isfinite(number) and 0 < number <= _MOST else 0


def _first(fields: Mapping[str, object], names: Sequence[str]) -> int:
    return next((number for name in names if (number := count(fields.get(name)))), 0)
