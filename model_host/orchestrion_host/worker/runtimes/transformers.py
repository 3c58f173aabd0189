"""The runtime `transformers`: PyTorch checkpoints, as safetensors and without code of their own.

Task types for which the library has a pipeline go through it; embeddings, for which it has none, through the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.utils import logging

from orchestrion.errors import Reason
from orchestrion_host import wire
from orchestrion_host.worker import weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Loader, Result, embeddings, pipelines
from orchestrion_host.worker.text.encoding import PASS_TOKENS, Vectors

# Lines about unused weights are for people who train.
logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]

# The rate of most models of speech, in Hz, for those that do not say theirs.
_USUAL_AUDIO_RATE = 16_000


def loader(spec: wire.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: Its task types need two ways, or one that there is not.
    """
    if embeddings.TASK_TYPES.issuperset(spec.task_types):
        return Encoder
    # Imported here since it takes seconds, which encoders need not wait for.
    from transformers.pipelines import PIPELINE_REGISTRY

    if len(spec.task_types) == 1 and spec.task_types[0] in PIPELINE_REGISTRY.get_supported_tasks():
        return Pipeline
    text = f"transformers has no pipeline for {', '.join(spec.task_types)}."
    raise Reason.EXPERT_LOAD_FAILED.error(text)


class Encoder:
    """A model whose averaged token states are embeddings."""

    def __init__(self, spec: wire.Load) -> None:
        """Loads it."""
        folder = _checked_folder(spec)
        self._device = _device(spec)
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        self.max_tokens = min(int(spec.options.get("max_length", 512)), self._tokenizer.model_max_length)
        model: Any = transformers.AutoModel.from_pretrained(folder, use_safetensors=True, trust_remote_code=False)
        self._model: Any = model.to(self._device).eval()

    def warm_up(self) -> None:
        """Encodes a sentence, and the largest batch, so that the memory figure is true."""
        self.encode(["Ready."])
        self.encode(["ready " * self.max_tokens] * max(1, PASS_TOKENS // self.max_tokens))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes what vectors of texts are good for."""
        return embeddings.compute(batch, self)

    def parameter_bytes(self) -> int:
        """Returns what the weights take."""
        return _unique_bytes(self._model)

    def unload(self) -> None:
        """Lets go of the model."""
        del self._model, self._tokenizer
        _empty_cache(self._device)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, those beyond `max_tokens` included."""
        return [len(ids) for ids in self._tokenizer(list(texts), truncation=False)["input_ids"]]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Turns texts into vectors in one forward pass."""
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self._device)
        with torch.inference_mode():
            states = self._model(**tokens).last_hidden_state
        return embeddings.pool(states.float().cpu().numpy(), tokens["attention_mask"].cpu().numpy())


class Pipeline:
    """A pipeline of the library."""

    def __init__(self, spec: wire.Load) -> None:
        """Loads it."""
        folder = _checked_folder(spec)
        self._device = _device(spec)
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
        return _unique_bytes(self._pipeline.model)

    def unload(self) -> None:
        """Lets go of the model."""
        del self._pipeline
        _empty_cache(self._device)

    def _run(self, items: list[Any], settings: dict[str, Any]) -> list[Any]:
        with torch.inference_mode():
            found: list[Any] = list(self._pipeline(items, batch_size=len(items), **self._shape.settings, **settings))
        return found


def _checked_folder(spec: wire.Load) -> str:
    weights.check(Path(spec.folder), spec.sha256)
    return spec.folder


def _device(spec: wire.Load) -> torch.device:
    # A worker sees its own device alone, as number 0.
    return torch.device("cuda:0" if spec.device.startswith("cuda") else "cpu")


def _unique_bytes(model: Any) -> int:
    """Adds up storages of parameters and buffers; tied weights share theirs and count once."""
    tensors = [*model.parameters(), *model.buffers()]
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def _empty_cache(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
