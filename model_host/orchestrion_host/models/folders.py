"""A model in a folder of this machine: its configuration, and its bytes. Nothing is copied, and no weights are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestrion.errors import Reason
from orchestrion.values import JsonObject
from orchestrion_host import gguf_files
from orchestrion_host.hub import precision
from orchestrion_host.models import gguf_choice
from orchestrion_host.models.configuration import Configuration


def configuration(place: Path) -> Configuration:
    """Reads what a model is that is in a folder, or in a GGUF file.

    Raises:
        OrchestrionError: MODEL_NOT_FOUND: there is no such folder or file; MODEL_NOT_SUPPORTED: its configuration is no
            JSON, or the file is damaged.
    """
    if place.suffix == gguf_files.SUFFIX and place.is_file():
        alone = Configuration(model=str(place), names=(place.name,))
        return gguf_choice.in_folder(alone, place.parent, place.name)
    return gguf_choice.in_folder(_configuration(place), place)


def _configuration(folder: Path) -> Configuration:
    if not folder.is_dir():
        text = f"There is no folder and no GGUF file {folder} on the machine of this host."
        raise Reason.MODEL_NOT_FOUND.error(text, model=str(folder))
    return Configuration(
        model=str(folder),
        names=tuple(_names(folder)),
        config=_read(folder / "config.json"),
        index=_read(folder / "model_index.json"),
        tokenizer=_read(folder / "tokenizer_config.json"),
    )


def counted(folder: Path, gguf: str = "") -> Mapping[str, int]:
    """Counts what the weights in a folder hold, or a GGUF file in it; see `hub.precision`."""
    names = [gguf] if gguf else _names(folder)
    safe = [folder / name for name in names if name.endswith(".safetensors")]
    return precision.count_all(safe or [folder / name for name in names])


def _names(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]


def _read(path: Path) -> JsonObject:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        text = f"{path} cannot be read: {error}."
        raise Reason.MODEL_NOT_SUPPORTED.error(text, model=str(path.parent)) from error
    return content if isinstance(content, dict) else {}
