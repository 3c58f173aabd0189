"""Finds out from a model's configuration what it performs, and on which runtime: by the table of families. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.families import table
from orchestrion_host.families.family import Family, ModelTraits
from orchestrion_host.models.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a model is."""

    runtime: str
    family: Family
    task_types: tuple[str, ...]
    domain: str = ""
    """What a classifier of texts is about; empty where that is nothing special."""


def recognise(configuration: Configuration, requested: Sequence[str] = ()) -> Recognised:
    """Finds out what a model performs.

    Args:
        configuration: What its files say.
        requested: The task types that the caller names; none to find them out.

    Raises:
        InvalidArgumentError: MODEL_NOT_SUPPORTED: its task types cannot be found out, or no runtime performs them.
    """
    runtime = configuration.runtime
    by_tag = table.from_hub(configuration.pipeline_tag)
    by_class = _by_class(configuration, runtime)
    if requested:
        task_types = tuple(requested)
    elif by_class and table.of(runtime, by_class) and not _is_closer(by_tag, by_class, runtime):
        task_types = by_class
    else:
        task_types = by_tag
    family = table.of(runtime, task_types, configuration.architecture) if task_types else None
    if family is None:
        raise _not_supported(configuration, runtime, task_types)
    return Recognised(runtime, family, task_types, _domain(configuration, task_types))


def parts_of(configuration: Configuration) -> Mapping[str, str]:
    """Returns the checkpoints that a model does not work without, by part; empty where it needs none."""
    match = table.signature_of(_traits(configuration, configuration.runtime))
    return match[1].parts if match else {}


def _by_class(configuration: Configuration, runtime: str) -> tuple[str, ...]:
    """Returns what its class is for; nothing where no family has it."""
    match = table.signature_of(_traits(configuration, runtime))
    return table.performed(*match) if match else ()


def _traits(configuration: Configuration, runtime: str) -> ModelTraits:
    if runtime == "diffusers":
        return ModelTraits(
            pipeline=str(configuration.index.get("_class_name", "")),
            is_control_net=configuration.is_control_net,
            model=configuration.model,
        )
    has_template = any(name.startswith("chat_template") for name in configuration.names)
    return ModelTraits(
        architecture=configuration.architecture,
        model_type=str(configuration.config.get("model_type", "")),
        labels=tuple(_labels(configuration)),
        has_chat_template=has_template or bool(configuration.tokenizer.get("chat_template")),
        has_vision=bool(configuration.config.get("vision_config")),
    )


def _is_closer(by_tag: Sequence[str], by_class: Sequence[str], runtime: str) -> bool:
    """Whether the Hub's tag says more than the class, as where one class is made for several tasks."""
    one_of_several = table.ambiguous_task_types().issuperset([*by_class, *by_tag])
    return bool(by_tag) and one_of_several and table.of(runtime, by_tag) is not None


def _labels(configuration: Configuration) -> list[str]:
    named = configuration.config.get("id2label")
    return [str(label) for label in named.values()] if isinstance(named, Mapping) else []


_DOMAINS: Final = (
    ("sentiment", frozenset({"positive", "negative", "neutral", "pos", "neg", "neu"})),
    ("emotion", frozenset({"joy", "anger", "sadness", "fear", "love", "surprise", "disgust", "neutral", "admiration"})),
    ("toxicity", frozenset({"toxic", "hate", "offensive", "insult", "obscene", "threat", "not-hate", "nothate"})),
)


def _domain(configuration: Configuration, task_types: Sequence[str]) -> str:
    """Returns what a classifier of texts is about, by the names of its classes."""
    if "text-classification" not in task_types:
        return ""
    labels = {label.lower() for label in _labels(configuration)}
    return next((domain for domain, names in _DOMAINS if len(labels & names) >= min(2, len(labels)) > 0), "")


def _not_supported(configuration: Configuration, runtime: str, task_types: Sequence[str]) -> OrchestrionError:
    seen = (
        configuration.architecture
        or configuration.index.get("_class_name")
        or configuration.config.get("_class_name")
        or "no class"
    )
    tag = f" and the Hub's tag {configuration.pipeline_tag}" if configuration.pipeline_tag else ""
    if task_types:
        text = f"No model on {runtime} performs {', '.join(task_types)}; {configuration.model} has {seen}{tag}."
    else:
        text = f"What {configuration.model} performs does not follow from {seen}{tag}; name its task types (--task)."
    return Reason.MODEL_NOT_SUPPORTED.error(text, model=configuration.model, architecture=str(seen))
