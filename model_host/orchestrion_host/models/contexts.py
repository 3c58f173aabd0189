"""How many tokens a language model will read and write together, by its configuration. Pure."""

from __future__ import annotations

from typing import Final

from orchestrion_host.families import context_limits
from orchestrion_host.families.family import Family
from orchestrion_host.models.configuration import Configuration

# A tokenizer that does not know says 10 to the power of 30.
_UNLIMITED: Final = 1 << 30


def context_of(configuration: Configuration, family: Family) -> int:
    """Returns the tokens of a call, as workers take them where no option says otherwise; 0 where that is not known."""
    if family.name != context_limits.FAMILY:
        return 0
    said = {**configuration.tokenizer, **configuration.config}
    limits = [
        places
        for place in (*context_limits.PLACES, "model_max_length")
        if isinstance(places := said.get(place), int) and 0 < places < _UNLIMITED
    ]
    return min(*limits, context_limits.MOST_TOKENS) if limits else 0
