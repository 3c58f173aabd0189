"""Finds out from a model's configuration what it performs, on which runtime, and what it would need trust for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.models import architectures, runtimes

_ONNX: Final = ("model.onnx", "onnx/model.onnx")
_PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_ENCODER_ENDING: Final = "Model"
_LIBRARIES: Final = ("diffusers", "transformers", "onnxruntime", "stable_diffusion", "paint_by_example")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is known of a model before its weights are there."""

    model: str
    """Its id on the Hub, or the path of its folder."""
    names: Sequence[str]
    """The paths of its files."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Its `config.json`."""
    index: Mapping[str, Any] = field(default_factory=dict)
    """Its `model_index.json`, which diffusion pipelines have."""
    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    """Its `tokenizer_config.json`."""
    pipeline_tag: str = ""
    """What the Hub says that it is for."""
    tags: Sequence[str] = ()
    """Its tags on the Hub."""

    @property
    def architecture(self) -> str:
        """The class that it was saved from; empty when it does not say."""
        found = self.config.get("architectures") or [""]
        return str(found[0])


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a model is."""

    runtime: str
    task_types: tuple[str, ...]
    domain: str = ""
    accepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def recognise(found: Configuration, asked: Sequence[str] = ()) -> Recognised:
    """Finds out what a model performs.

    Args:
        found: What is known of it.
        asked: The task types that the caller names; none to find them out.

    Raises:
        InvalidArgumentError: MODEL_NOT_SUPPORTED: its task types cannot be found out, or no runtime performs them.
    """
    runtime = runtime_of(found)
    told = runtimes.from_hub(found.pipeline_tag)
    by_class = _of_class(found, runtime)
    if asked:
        task_types = tuple(asked)
    elif by_class and runtimes.performs(runtime, by_class) and not _is_closer(told, by_class, runtime):
        task_types = by_class
    else:
        task_types = told
    if not task_types or not runtimes.performs(runtime, task_types):
        raise _not_supported(found, runtime, task_types)
    return Recognised(runtime, task_types, _domain(found, task_types), _accepts(runtime, task_types))


def runtime_of(found: Configuration) -> str:
    """Returns the runtime that a model's files are for."""
    if found.index or _is_control_net(found):
        return "diffusers"
    if any(name in found.names for name in _ONNX) and not has_safetensors(found):
        return "onnx"
    return "transformers"


def has_safetensors(found: Configuration) -> bool:
    """Whether it has weights as safetensors."""
    return any(name.endswith(".safetensors") for name in found.names)


def check_safe(found: Configuration, *, pickled_weights: bool, remote_code: bool) -> tuple[str, ...]:
    """Sees that a model needs no trust that it was not given.

    Returns:
        What it needs and was given: `pickled-weights`, `remote-code`.

    Raises:
        OrchestrionError: UNSAFE_MODEL; MODEL_NOT_SUPPORTED: it has no weights at all.
    """
    needed = []
    if not has_safetensors(found) and runtime_of(found) != "onnx":
        if not any(name.endswith(_PICKLES) for name in found.names):
            seen = ", ".join(found.names[:8]) or "nothing"
            text = f"{found.model} has no weights as safetensors or ONNX; what it has is {seen}."
            raise Reason.MODEL_NOT_SUPPORTED.error(text, model=found.model)
        if not pickled_weights:
            what = "its weights as pickles only, and reading those can run any code"
            raise _unsafe(found, what, "--allow-pickled-weights", "allow_pickled_weights")
        needed.append("pickled-weights")
    if code := _code_of(found):
        if not remote_code:
            raise _unsafe(
                found, f"code of its own ({code}), which would run here", "--allow-remote-code", "allow_remote_code"
            )
        needed.append("remote-code")
    return tuple(needed)


def control_of(found: Configuration) -> str:
    """Returns what maps a ControlNet follows, by the words of its name; empty where it is none, or does not tell."""
    if not _is_control_net(found):
        return ""
    words = found.model.lower().replace("softedge", "hed").replace("pose", "openpose").replace("openopen", "open")
    return next((control for control in architectures.CONTROLS if control in words), "")


def _of_class(found: Configuration, runtime: str) -> tuple[str, ...]:
    """Returns what its class is for; nothing where that is not known."""
    if runtime == "diffusers":
        if control := control_of(found):
            return (f"{control}-text-to-image",)
        name = str(found.index.get("_class_name", ""))
        return next(((task_type,) for word, task_type in architectures.PIPELINES if word in name), ())
    name, kind = found.architecture, str(found.config.get("model_type", ""))
    if name in architectures.CLASSES:
        return architectures.CLASSES[name]
    if name.endswith("ForConditionalGeneration"):
        return architectures.GENERATORS.get(kind, ())
    ending = next((ending for ending in architectures.ENDINGS if name.endswith(ending)), "")
    if ending == "ForSequenceClassification":
        if kind in architectures.SPEECH_MODELS:
            return ("audio-classification",)
        if any(label.lower().startswith("entail") for label in _labels(found)):
            return ("zero-shot-classification",)
    if ending in ("ForCausalLM", "LMHeadModel") and (
        found.tokenizer.get("chat_template") or any(name.startswith("chat_template") for name in found.names)
    ):
        return ("conversational", "text-generation")
    if ending:
        return architectures.ENDINGS[ending]
    return architectures.ENCODER if name.endswith(_ENCODER_ENDING) and not found.config.get("vision_config") else ()


def _is_closer(told: Sequence[str], by_class: Sequence[str], runtime: str) -> bool:
    """Whether the Hub's tag says more than the class, as where one class is made for several tasks."""
    generators = {*architectures.ENCODER, "summarization", "translation", "text2text-generation", "image-to-text"}
    generators |= {"visual-question-answering", "document-question-answering", "text-to-speech", "text-to-audio"}
    one_of_several = generators.issuperset(by_class) and generators.issuperset(told)
    return bool(told) and one_of_several and runtimes.performs(runtime, told)


def _labels(found: Configuration) -> list[str]:
    named = found.config.get("id2label")
    return [str(label) for label in named.values()] if isinstance(named, Mapping) else []


_DOMAINS: Final = (
    ("sentiment", frozenset({"positive", "negative", "neutral", "pos", "neg", "neu"})),
    ("emotion", frozenset({"joy", "anger", "sadness", "fear", "love", "surprise", "disgust", "neutral", "admiration"})),
    ("toxicity", frozenset({"toxic", "hate", "offensive", "insult", "obscene", "threat", "not-hate", "nothate"})),
)


def _domain(found: Configuration, task_types: Sequence[str]) -> str:
    """Returns what a classifier of texts is about, by the names of its classes."""
    if "text-classification" not in task_types:
        return ""
    labels = {label.lower() for label in _labels(found)}
    return next((domain for domain, known in _DOMAINS if len(labels & known) >= min(2, len(labels)) > 0), "")


def _accepts(runtime: str, task_types: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    if "image-to-image" in task_types:
        return {"operation": ("redraw" if runtime == "diffusers" else "upscale",)}
    return {}


def _is_control_net(found: Configuration) -> bool:
    return "ControlNet" in str(found.config.get("_class_name", ""))


def _code_of(found: Configuration) -> str:
    """Names what of a model is code; empty where nothing is."""
    if found.config.get("auto_map") or found.tokenizer.get("auto_map"):
        return "auto_map in its configuration"
    if found.config.get("custom_pipelines"):
        return "custom_pipelines in its configuration"
    if "custom_code" in found.tags:
        return "the tag custom_code"
    if isinstance(found.index.get("_class_name"), list) or (found.index and "pipeline.py" in found.names):
        return "a pipeline of its own"
    libraries = [value[0] for value in found.index.values() if isinstance(value, list) and value and value[0]]
    other = next((str(library) for library in libraries if library not in _LIBRARIES), "")
    return f"a component of {other}" if other and f"{other}.py" in {name.split("/")[-1] for name in found.names} else ""


def _unsafe(found: Configuration, what: str, flag: str, setting: str) -> OrchestrionError:
    text = f"{found.model} has {what}. Where you trust it: {flag} here, and the setting {setting} of the host."
    return Reason.UNSAFE_MODEL.error(text, model=found.model, setting=setting)


def _not_supported(found: Configuration, runtime: str, task_types: Sequence[str]) -> OrchestrionError:
    seen = found.architecture or found.index.get("_class_name") or found.config.get("_class_name") or "no class"
    tag = f" and the Hub's tag {found.pipeline_tag}" if found.pipeline_tag else ""
    if task_types:
        text = f"No model on {runtime} performs {', '.join(task_types)}; {found.model} has {seen}{tag}."
    else:
        text = f"What {found.model} performs does not follow from {seen}{tag}; name its task types (--task)."
    return Reason.MODEL_NOT_SUPPORTED.error(text, model=found.model, architecture=str(seen))
