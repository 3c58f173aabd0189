"""One pass of a pipeline, watched: each step is reported, some are previewed, and it ends when nobody waits."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final

import torch

from orchestrion.errors import Reason
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import sizes
from orchestrion_host.worker.diffusion.previews import MEDIA_TYPE, LatentColours
from orchestrion_host.worker.library_types import Argument, Pipeline

# How many first looks one pass gives, at most.
_LOOKS: Final = 8


class DenoisingWatch:
    """Follows the steps of one pass for the calls that it computes."""

    def __init__(self, calls: Sequence[Call], step_count: int, colours: LatentColours | None) -> None:
        """Begins before the first step.

        Args:
            calls: In the order of their latents in the batch.
            step_count: How many steps were asked for; some schedulers take a few more.
            colours: How latents are shown; None where that is not known.
        """
        self._calls = calls
        self._step_count = step_count
        self._colours = colours

    def arguments(self, pipeline: Pipeline) -> dict[str, Argument]:
        """Returns the arguments that make a pipeline tell its steps, or gives it a progress bar that does."""
        takes = sizes.call_defaults(pipeline)
        if "callback_on_step_end" in takes:
            return {"callback_on_step_end": self._on_step_end}
        if "callback" in takes:
            return {"callback": self._on_step}
        pipeline.progress_bar = _Bar(self)
        return {}

    def step(self, number: int, total: int, latents: torch.Tensor | None = None) -> None:
        """Takes notice that a step is done.

        Args:
            number: Which one, from 1.
            total: How many there are.
            latents: What is there so far, of shape (calls, …).

        Raises:
            RunCancelledError: Nobody waits for any of the calls any more.
        """
        waiting = [place for place, call in enumerate(self._calls) if not call.cancelled]
        for place in waiting:
            self._calls[place].progress(f"step {number} of {total}", number / total)
        # Not the last one: the image itself is there a moment later.
        if latents is not None and number < total and number % max(1, total // _LOOKS) == 0:
            self._show(waiting, latents)
        if all(call.cancelled for call in self._calls):
            raise Reason.CANCELLED.error("The call was cancelled.")

    def _show(self, places: Sequence[int], latents: torch.Tensor) -> None:
        # Pipelines that pack their latents, or have several for a call, show nothing.
        if self._colours is None or latents.shape[0] != len(self._calls):
            return
        for place in places:
            if look := self._colours.preview(latents[place]):
                self._calls[place].preview(MEDIA_TYPE, look)

    def _on_step_end(
        self, pipeline: Pipeline, step: int, _timestep: object, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        total = int(getattr(pipeline, "num_timesteps", 0) or self._step_count)
        self.step(step + 1, max(total, step + 1), tensors.get("latents"))
        return tensors

    def _on_step(self, step: int, _timestep: object, latents: torch.Tensor) -> None:
        self.step(step + 1, max(self._step_count, step + 1), latents)


class _Bar:
    """Stands in for the progress bar of pipelines that tell their steps in no other way."""

    def __init__(self, watch: DenoisingWatch) -> None:
        self._watch = watch
        self._done = 0
        self._total = 0

    def __call__(self, iterable: object = None, total: int | None = None) -> _Bar:
        self._total = total or 0
        return self

    def __enter__(self) -> _Bar:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leaves errors alone."""

    def update(self, count: int = 1) -> None:
        """Counts steps; the library calls it after each."""
        self._done += count
        self._watch.step(self._done, max(self._total, self._done))
