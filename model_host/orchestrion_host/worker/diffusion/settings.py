"""What a call asks of a diffusion pipeline, read and checked: steps, guidance, seeds, prompts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import sizes
from orchestrion_host.worker.library_types import Pipeline

_MOST_STEPS: Final = 150
_USUAL_STEPS: Final = 50
_MOST_GUIDANCE: Final = 50.0
_SEEDS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class DiffusionSettings:
    """What a pipeline takes, and what is usual for it."""

    takes: frozenset[str]
    """The names of its arguments."""
    steps: int
    """How many steps it usually takes."""
    max_steps: int
    guidance: float | None
    """How closely it keeps to the prompt, where the expert's options say so; None leaves it to the pipeline."""

    def step_count(self, call: Call) -> int:
        """Returns how many steps a call asks for.

        Raises:
            InvalidArgumentError: Too few, too many, or no whole number.
        """
        requested = float(call.number("steps", self.steps))
        if not requested.is_integer() or not 1 <= requested <= self.max_steps:
            raise call.bad_input(
                "steps",
                f"is {requested:g}; this model takes whole numbers from 1 to {self.max_steps} (its option max_steps).",
                limit_step_count=self.max_steps,
            )
        return int(requested)

    def guidance_of(self, call: Call, name: str = "guidance", argument: str = "guidance_scale") -> dict[str, float]:
        """Returns the pipeline's argument for an input that says how closely to keep to something.

        Raises:
            InvalidArgumentError: It is out of range, or the pipeline has no such argument.
        """
        usual = self.guidance if name == "guidance" else None
        if name not in call.inputs and usual is None:
            return {}
        value = call.number(name, usual or 0.0)
        if not 0 <= value <= _MOST_GUIDANCE:
            raise call.bad_input(name, f"is {value:g}; it lies between 0 and {_MOST_GUIDANCE:g}.")
        return {self._argument(call, name, argument): value}

    def prompts_of(self, call: Call, name: str = "prompt") -> dict[str, str]:
        """Returns the pipeline's arguments for what is to be seen, and what is not.

        Raises:
            InvalidArgumentError: The prompt is missing or empty, or the pipeline takes no negative one.
        """
        prompt = call.text(name).strip()
        if not prompt:
            raise call.bad_input(name, "is empty: say in words what is to be seen.")
        negative = call.text("negative_prompt").strip()
        if not negative:
            return {"prompt": prompt}
        return {"prompt": prompt, self._argument(call, "negative_prompt", "negative_prompt"): negative}

    def _argument(self, call: Call, name: str, argument: str) -> str:
        if argument not in self.takes:
            raise call.bad_input(name, "is nothing that this model takes. Leave it out, or choose another model.")
        return argument


def settings_of(pipeline: Pipeline, options: JsonObject) -> DiffusionSettings:
    """Finds out what a pipeline takes.

    Args:
        pipeline: A loaded pipeline.
        options: Those of the expert: `steps` and `guidance` are the usual ones, `max_steps` the most.
    """
    defaults = sizes.call_defaults(pipeline)
    guidance = options.get("guidance")
    steps = int(options.get("steps") or defaults.get("num_inference_steps") or _USUAL_STEPS)
    return DiffusionSettings(
        takes=frozenset(defaults),
        steps=steps,
        max_steps=max(steps, int(options.get("max_steps", _MOST_STEPS))),
        guidance=None if guidance is None else float(guidance),
    )


def seed_of(call: Call) -> int:
    """Returns the seed that a call asks for, or one drawn at random.

    Raises:
        InvalidArgumentError: It is no whole number from 0 to 4294967295.
    """
    if "seed" not in call.inputs:
        return random.randrange(_SEEDS)
    seed = float(call.number("seed", -1.0))
    if not seed.is_integer() or not 0 <= seed < _SEEDS:
        raise call.bad_input("seed", f"is {seed:g}; it is a whole number from 0 to {_SEEDS - 1}.")
    return int(seed)
