"""What a model would need trust for: weights that are pickles, and code of its own. Pure."""

from __future__ import annotations

from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.models.configuration import Configuration

_PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_LIBRARIES: Final = ("diffusers", "transformers", "onnxruntime", "stable_diffusion", "paint_by_example")


def check(configuration: Configuration, *, pickled_weights: bool, remote_code: bool) -> tuple[str, ...]:
    """Sees that a model needs no trust that it was not given.

    Returns:
        What it needs and was given: `pickled-weights`, `remote-code`.

    Raises:
        OrchestrionError: UNSAFE_MODEL; MODEL_NOT_SUPPORTED: it has no weights at all.
    """
    needed = []
    if not configuration.needs_no_trust:
        if not any(name.endswith(_PICKLES) for name in configuration.names):
            seen = ", ".join(configuration.names[:8]) or "nothing"
            text = f"{configuration.model} has no weights as safetensors, ONNX or GGUF; what it has is {seen}."
            raise Reason.MODEL_NOT_SUPPORTED.error(text, model=configuration.model)
        if not pickled_weights:
            what = "its weights as pickles only, and reading those can run any code"
            raise _unsafe(configuration, what, "--allow-pickled-weights", "allow_pickled_weights")
        needed.append("pickled-weights")
    # Of a GGUF file, what lies beside it is not read.
    if code := "" if configuration.gguf else _code_of(configuration):
        if not remote_code:
            raise _unsafe(
                configuration,
                f"code of its own ({code}), which would run here",
                "--allow-remote-code",
                "allow_remote_code",
            )
        needed.append("remote-code")
    return tuple(needed)


def _code_of(configuration: Configuration) -> str:
    """Names what of a model is code; empty where nothing is."""
    if configuration.config.get("auto_map") or configuration.tokenizer.get("auto_map"):
        return "auto_map in its configuration"
    if configuration.config.get("custom_pipelines"):
        return "custom_pipelines in its configuration"
    if "custom_code" in configuration.tags:
        return "the tag custom_code"
    if isinstance(configuration.index.get("_class_name"), list) or (
        configuration.index and "pipeline.py" in configuration.names
    ):
        return "a pipeline of its own"
    libraries = [value[0] for value in configuration.index.values() if isinstance(value, list) and value and value[0]]
    other = next((str(library) for library in libraries if library not in _LIBRARIES), "")
    return (
        f"a component of {other}"
        if other and f"{other}.py" in {name.split("/")[-1] for name in configuration.names}
        else ""
    )


def _unsafe(configuration: Configuration, what: str, flag: str, setting: str) -> OrchestrionError:
    text = f"{configuration.model} has {what}. Where you trust it: {flag} here, and the setting {setting} of the host."
    return Reason.UNSAFE_MODEL.error(text, model=configuration.model, setting=setting)
