"""What the table of model families says of one family, and how closely the configuration of a model fits it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

Fit: TypeAlias = tuple[int, int, int]
"""How closely a signature fits a model, to be compared: by a whole name, by the length of an ending, by conditions."""


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What the configuration files of a model say, as far as families are told apart by it."""

    architecture: str = ""
    """The class of transformers that it was saved from, such as `BertForMaskedLM`."""
    model_type: str = ""
    """The `model_type` of its `config.json`."""
    labels: tuple[str, ...] = ()
    """The names of its classes."""
    has_chat_template: bool = False
    has_vision: bool = False
    """Whether its configuration has one for images (`vision_config`)."""
    pipeline: str = ""
    """The class of diffusers that it was saved from, such as `StableDiffusionPipeline`."""
    is_control_net: bool = False
    model: str = ""
    """Its id on the Hub, which for a ControlNet names what maps it follows."""


class Signature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what models are recognised as of a family. A name must fit, and every condition that is set must hold."""

    task_types: tuple[str, ...] = ()
    """What such a model performs; empty for all that its family does."""
    classes: tuple[str, ...] = ()
    """Whole names of classes of transformers."""
    endings: tuple[str, ...] = ()
    """Ends of names of classes of transformers; the longest that fits counts."""
    pipelines: tuple[str, ...] = ()
    """Parts of names of diffusion pipelines; the first signature of the table that fits counts."""
    control_words: tuple[str, ...] = ()
    """Parts of the id of a ControlNet."""
    model_types: tuple[str, ...] = ()
    """Condition on an ending: values of `model_type`."""
    label_prefix: str = ""
    """Condition on an ending: how a class of the model begins, in lower case."""
    chat_template: bool = False
    """Condition on an ending: the model has a template for conversations."""
    text_only: bool = False
    """Condition on an ending: the model has no configuration for images."""
    parts: Mapping[str, str] = {}
    """The checkpoints that such models do not work without and that are always the same: ids on the Hub by part."""

    def fit(self, traits: ModelTraits) -> Fit | None:
        """Returns how closely a model fits; None where it does not."""
        if traits.architecture in self.classes:
            return 2, 0, 0
        if traits.is_control_net and any(word in traits.model.lower() for word in self.control_words):
            return 2, 0, 0
        if any(word in traits.pipeline for word in self.pipelines):
            return 1, 0, 0
        length = max((len(ending) for ending in self.endings if traits.architecture.endswith(ending)), default=0)
        conditions = [
            (bool(self.model_types), traits.model_type in self.model_types),
            (bool(self.label_prefix), any(label.lower().startswith(self.label_prefix) for label in traits.labels)),
            (self.chat_template, traits.has_chat_template),
            (self.text_only, not traits.has_vision),
        ]
        met = [holds for is_set, holds in conditions if is_set]
        return (0, length, len(met)) if length and all(met) else None


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How models of a task type are searched on the Hub."""

    pipeline_tag: str = ""
    tags: tuple[str, ...] = ()
    words: str = ""
    """Words of the id."""


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models that are loaded by one module and perform the same task types."""

    name: str
    task_types: tuple[str, ...]
    """What one model performs, any of them at once."""
    loaders: Mapping[str, str]
    """For each runtime the module of the worker whose `load` makes an expert. The host never imports it."""
    signatures: tuple[Signature, ...] = ()
    """By what its models are recognised when they are added; none where people say what a model performs."""
    hub_tags: Mapping[str, tuple[str, ...]] = {}
    """The task types that a pipeline tag of the Hub stands for, where it stands for others than the one of its name."""
    searches: Mapping[str, Search] = {}
    """How models of a task type are searched on the Hub, where its name is no pipeline tag."""
    tag_decides: bool = False
    """Whether its classes are made for several tasks, so that the Hub's pipeline tag says more than the class."""
    accepts: Mapping[str, tuple[str, ...]] = {}
    """The values of inputs that its models take, where a task type has more."""
    max_batch_size: int = 1
    """How many calls of a model that is added are computed together: more where a batch is one forward pass."""
    auto_class: str = ""
    """The class of transformers that loads it, such as `AutoModelForMaskedLM`; set for what can be exported to ONNX."""
    head: str = ""
    """The module of the worker that says what follows from the outputs of a head, on whichever runtime."""
