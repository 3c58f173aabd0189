"""The inputs that steer generation, checked: `max_tokens`, `temperature` and `seed`."""

from __future__ import annotations

import math
import secrets
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models.generation.sampling import Sampling

_SEEDS: Final = 1 << 32
_MOST_TEMPERATURE: Final = 10.0


def most_tokens(call: Call, usual: int) -> int:
    """Returns how many tokens to write at most.

    Raises:
        InvalidArgumentError: `max_tokens` is no number from 1 on.
    """
    requested = call.number("max_tokens", usual)
    if not math.isfinite(requested) or requested < 1:
        raise call.bad_input("max_tokens", f"is {requested:g}; it must be 1 or more.")
    return int(requested)


def sampling(call: Call) -> Sampling:
    """Returns how tokens are chosen: the likeliest, or at random where a temperature above 0 is given.

    Raises:
        InvalidArgumentError: `temperature` or `seed` is out of its range.
    """
    temperature = call.number("temperature", 0.0)
    if not 0 <= temperature <= _MOST_TEMPERATURE:
        problem = f"is {temperature:g}; it must be from 0 (always the likeliest word) to {_MOST_TEMPERATURE:g}."
        raise call.bad_input("temperature", problem)
    seed = call.number("seed", -1.0)
    if "seed" not in call.inputs:
        return Sampling(temperature, secrets.randbelow(_SEEDS))
    if not 0 <= seed < _SEEDS or seed != int(seed):
        raise call.bad_input("seed", f"is {seed:g}; it must be a whole number from 0 to {_SEEDS - 1:,}.")
    return Sampling(temperature, int(seed))
