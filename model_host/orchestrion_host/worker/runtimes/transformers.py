"""The runtime `transformers`: PyTorch checkpoints, each loaded by the family of models that performs its task types."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from transformers.utils import logging

from orchestrion.errors import Reason
from orchestrion_host import wire
from orchestrion_host.worker import weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models import checkpoint
from orchestrion_host.worker.runtimes import Loader, Result, families, pipelines

# Lines about unused weights are for people who train.
logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]

_PACKAGE: Final = "orchestrion_host.worker.models"
# The rate of most models of speech, in Hz, for those that do not say theirs.
_USUAL_AUDIO_RATE = 16_000


def loader(spec: wire.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: No family performs all of its task types.
    """
    found: Loader
    if families.is_encoder(spec.folder, spec.task_types):
        found = import_module(f"{_PACKAGE}.encoder").load
        return found
    family = families.of(spec.task_types)
    if family and util.find_spec(f"{_PACKAGE}.{family}"):
        found = import_module(f"{_PACKAGE}.{family}").load
        return found
    # Imported here since it takes seconds, which encoders need not wait for.
    from transformers.pipelines import PIPELINE_REGISTRY

    if len(spec.task_types) == 1 and spec.task_types[0] in PIPELINE_REGISTRY.get_supported_tasks():
        return Pipeline
    text = f"No family of models on transformers performs all of {', '.join(spec.task_types)}."
    raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)


class Pipeline:
    """A pipeline of the library."""

    def __init__(self, spec: wire.Load) -> None:
        """Loads it."""
        weights.check(Path(spec.folder), spec.sha256)
        folder = spec.folder
        self._device = checkpoint.device_of(spec)
        self._shape = pipelines.shape_of(spec.task_types[0])
        self._limits = spec
        make: Any = transformers.pipeline  # Its overloads know no task that is chosen at run time.
        self._pipeline = make(
            spec.task_types[0],
            model=folder,
            device=self._device,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
            **spec.options.get("pipeline", {}),
        )
        extractor = getattr(self._pipeline, "feature_extractor", None)
        self._audio_rate = int(getattr(extractor, "sampling_rate", _USUAL_AUDIO_RATE))

    def warm_up(self) -> None:
        """Computes one short text, where the pipeline takes text alone."""
        if self._shape.warm_up:
            self._run([self._shape.warm_up], {})

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes a batch, in one forward pass where all of its calls ask for the same settings."""
        read = [self._shape.arguments(call, self._limits, self._audio_rate) for call in batch]
        settings = read[0][1]
        if all(other == settings for _, other in read):
            return [self._shape.outputs(found) for found in self._run([item for item, _ in read], settings)]
        return [self._shape.outputs(self._run([item], own)[0]) for item, own in read]

    def parameter_bytes(self) -> int:
        """Returns what the weights take."""
        return checkpoint.unique_bytes([self._pipeline.model])

    def unload(self) -> None:
        """Lets go of the model."""
        del self._pipeline
        checkpoint.empty_cache(self._device)

    def _run(self, items: list[Any], settings: dict[str, Any]) -> list[Any]:
        with torch.inference_mode():
            found: list[Any] = list(self._pipeline(items, batch_size=len(items), **self._shape.settings, **settings))
        return found
