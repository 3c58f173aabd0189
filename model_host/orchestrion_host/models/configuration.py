"""What the configuration files of a model say before its weights are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.values import JsonObject

_OTHER_WEIGHTS: Final = (".safetensors", ".onnx", ".bin", ".pt", ".pth", ".ckpt")
_ONNX: Final = ("model.onnx", "onnx/model.onnx")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the files of a model say before its weights are there."""

    model: str
    """Its id on the Hub, or the path of its folder."""
    names: Sequence[str]
    """The paths of its files."""
    config: JsonObject = field(default_factory=dict)
    """Its `config.json`."""
    index: JsonObject = field(default_factory=dict)
    """Its `model_index.json`, which diffusion pipelines have."""
    tokenizer: JsonObject = field(default_factory=dict)
    """Its `tokenizer_config.json`."""
    pipeline_tag: str = ""
    """What the Hub says that it is for."""
    tags: Sequence[str] = ()
    """Its tags on the Hub."""
    gguf: str = ""
    """The one of its files that is the model, where that is in the format GGUF."""

    @property
    def architecture(self) -> str:
        """The class that it was saved from; empty when it does not say."""
        names = self.config.get("architectures") or [""]
        return str(names[0])

    @property
    def is_control_net(self) -> bool:
        """Whether it is a ControlNet: no pipeline, but a part of one."""
        return "ControlNet" in str(self.config.get("_class_name", ""))

    @property
    def has_safetensors(self) -> bool:
        """Whether it has weights as safetensors."""
        return any(name.endswith(".safetensors") for name in self.names)

    @property
    def has_other_weights(self) -> bool:
        """Whether it has weights in another format than GGUF, pickles included."""
        return bool(self.index) or any(name.endswith(_OTHER_WEIGHTS) for name in self.names)

    @property
    def needs_no_trust(self) -> bool:
        """Whether its weights are in a format that nothing but numbers comes out of."""
        return bool(self.gguf) or self.has_safetensors or self.runtime == "onnx"

    @property
    def runtime(self) -> str:
        """The runtime that its files are for."""
        if self.gguf:
            return "transformers"
        if self.index or self.is_control_net:
            return "diffusers"
        if any(name in self.names for name in _ONNX) and not self.has_safetensors:
            return "onnx"
        return "transformers"
