"""Which files of a model are fetched: its configuration, and its weights in one format, never twice. Pure.

Safe formats are safetensors, ONNX and GGUF. Pickles are taken only where the operator trusts the model with them, and
only where it has nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from orchestrion.errors import Reason
from orchestrion.values import JsonObject
from orchestrion_host.hub.repository import RemoteFile

_CONFIGURATION: Final = re.compile(r"[^/]+\.(json|txt|model|jinja|tiktoken|vocab|bpe|codes)")
_POOLING: Final = re.compile(r"(\d+_[A-Za-z]+|additional_chat_templates)/[^/]+\.(json|jinja)")
_STEMS: Final = ("model", "diffusion_pytorch_model")
_VARIANTS: Final = ("", ".fp16", ".bf16", ".fp32", ".non_ema")
_PICKLES: Final = ("pytorch_model.bin", "diffusion_pytorch_model.bin")
_ONNX: Final = ("model.onnx", "onnx/model.onnx")


def choose(
    model: str,
    files: Sequence[RemoteFile],
    *,
    runtime: str,
    trusted: Iterable[str] = (),
    index: JsonObject | None = None,
    gguf: str = "",
) -> list[RemoteFile]:
    """Chooses the files of a checkpoint.

    Args:
        model: Its id, for messages.
        files: All files that it has.
        runtime: What it runs on.
        trusted: What the operator allows it: `pickled-weights`, `remote-code`.
        index: The `model_index.json` of a diffusion pipeline; None for a single model.
        gguf: The file that is the model, where it is in the format GGUF.

    Raises:
        OrchestrionError: UNSAFE_MODEL: only pickles; MODEL_NOT_SUPPORTED: no weights at all.
    """
    trusts = frozenset(trusted)
    if gguf:
        if not (chosen := [file for file in files if file.name == gguf]):
            raise Reason.MODEL_NOT_SUPPORTED.error(f"{model} has no file {gguf}.", model=model)
        return chosen
    if runtime == "onnx":
        chosen = [*_in_folder(files, ""), *_onnx(model, files)]
    elif index:
        chosen = [file for file in files if file.name == "model_index.json"]
        for component in _components(index):
            inside = [file for file in files if file.name.startswith(f"{component}/")]
            weights = _weights(inside, f"{component}/", trusts)
            if not weights and _has_pickles(inside, f"{component}/"):
                raise unsafe(model)
            chosen += [*_in_folder(inside, f"{component}/"), *weights]
        if not any(file.name.endswith((".safetensors", ".bin")) for file in chosen):
            raise _no_weights(model, files)
    else:
        weights = _weights(files, "", trusts)
        if not weights:
            raise unsafe(model) if _has_pickles(files, "") else _no_weights(model, files)
        chosen = [*_in_folder(files, ""), *weights]
    if "remote-code" in trusts:
        chosen += [file for file in files if file.name.endswith(".py")]
    return sorted({file.name: file for file in chosen}.values(), key=lambda file: (_is_weight(file), file.name))


def unsafe(model: str) -> Exception:
    """Builds the error of weights that are there as pickles alone."""
    text = (
        f"{model} has its weights as pickles only, and reading those can run any code. Where you trust it: "
        "--allow-pickled-weights when it is added, and the setting allow_pickled_weights of the host."
    )
    return Reason.UNSAFE_MODEL.error(text, model=model, setting="allow_pickled_weights")


def has_safe_weights(names: Iterable[str]) -> bool:
    """Whether a model has weights that can be read without risk."""
    return any(name.endswith((".safetensors", ".onnx", ".gguf")) for name in names)


def _components(index: JsonObject) -> list[str]:
    return [
        name
        for name, value in index.items()
        if not name.startswith("_") and isinstance(value, list) and value and value[0]
    ]


def _in_folder(files: Iterable[RemoteFile], folder: str) -> list[RemoteFile]:
    """Returns the configuration, tokenizer and vocabulary in a folder; indexes belong to the weights."""
    return [
        file
        for file in files
        if file.name.startswith(folder)
        and not file.name.endswith(".index.json")
        and (_CONFIGURATION.fullmatch(file.name.removeprefix(folder)) or (not folder and _POOLING.fullmatch(file.name)))
    ]


def _weights(files: Sequence[RemoteFile], folder: str, trusts: frozenset[str]) -> list[RemoteFile]:
    for variant in _VARIANTS:
        for stem in _STEMS:
            weights = _single_or_sharded(files, f"{folder}{stem}", variant, "safetensors")
            if weights:
                return weights
    if "pickled-weights" in trusts:
        for name in _PICKLES:
            weights = _single_or_sharded(files, folder + name.removesuffix(".bin"), "", "bin")
            if weights:
                return weights
    return []


def _single_or_sharded(files: Sequence[RemoteFile], stem: str, variant: str, ending: str) -> list[RemoteFile]:
    single = [file for file in files if file.name == f"{stem}{variant}.{ending}"]
    if single:
        return single
    start, end = re.escape(stem), re.escape(variant)
    # Both orders of variant and number are in use.
    shard = re.compile(rf"{start}({end}-\d+-of-\d+|-\d+-of-\d+{end})\.{ending}")
    index = {f"{stem}.{ending}.index{variant}.json", f"{stem}{variant}.{ending}.index.json"}
    shards = [file for file in files if shard.fullmatch(file.name)]
    return [*(file for file in files if file.name in index), *shards] if shards else []


def _onnx(model: str, files: Sequence[RemoteFile]) -> list[RemoteFile]:
    for name in _ONNX:
        # Weights beyond 2 GB lie beside the graph, under names that begin with its own.
        matches = [file for file in files if file.name in (name, f"{name}_data", f"{name}.data")]
        if any(file.name == name for file in matches):
            return matches
    raise _no_weights(model, files)


def _has_pickles(files: Iterable[RemoteFile], folder: str) -> bool:
    return any(
        file.name.removeprefix(folder).endswith((".bin", ".pt", ".pth", ".ckpt", ".pkl"))
        for file in files
        if "/" not in file.name.removeprefix(folder)
    )


def _is_weight(file: RemoteFile) -> bool:
    return file.name.endswith((".safetensors", ".onnx", ".bin", "_data", ".data"))


def _no_weights(model: str, files: Sequence[RemoteFile]) -> Exception:
    seen = ", ".join(file.name for file in files[:8]) or "nothing"
    text = f"{model} has no weights as safetensors, ONNX or GGUF; what it has is {seen}."
    return Reason.MODEL_NOT_SUPPORTED.error(text, model=model)
