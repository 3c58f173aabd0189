"""Checkpoints in the Hub's own cache, whose layout huggingface_hub documents: `models--{id}/snapshots/{commit}`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrion_host.catalogue.facts import ModelFacts

_WEIGHTS: Final = (".safetensors", ".onnx", ".gguf", ".bin", ".pt", ".pth", ".ckpt")


def cache_folder() -> Path:
    """Returns the folder of the cache, found as huggingface_hub finds it."""
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.path.expandvars(os.environ.get("HF_HOME") or user_cache / "huggingface")).expanduser()
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(os.path.expandvars(named or home / "hub")).expanduser()


def find(facts: ModelFacts, model: str) -> Path | None:
    """Finds the snapshot of one of the checkpoints of an expert; None unless all of its files are there.

    What was pulled says itself which files those are and how many bytes each has; their hashes were checked then. A
    checkpoint that came into the cache by another way is taken when it has weights, and every part of them.

    Args:
        facts: The expert.
        model: The checkpoint's id on the Hub.
    """
    cache = cache_folder() / f"models--{model.replace('/', '--')}"
    revision = facts.checkpoints[model]
    reference = cache / "refs" / (revision or "main")
    commit = reference.read_text("ascii").strip() if reference.is_file() else revision
    snapshot = cache / "snapshots" / commit
    if not commit or not snapshot.is_dir():
        return None
    pinned = facts.source.files.get(model)
    if pinned:
        whole = _is_as_pinned(snapshot, pinned)
    elif model == facts.source.hub and facts.source.gguf:
        whole = (snapshot / facts.source.gguf).is_file()
    else:
        whole = _is_whole(snapshot)
    return snapshot if whole else None


def _is_as_pinned(snapshot: Path, files: Mapping[str, int]) -> bool:
    return all(_size(snapshot / name) == size for name, size in files.items())


def _is_whole(snapshot: Path) -> bool:
    indexes = list(snapshot.rglob("*.index.json"))
    parts = {index.parent / part for index in indexes for part in _parts_in(index)}
    if not all(part.is_file() for part in parts):
        return False
    # What `*` matches includes links whose target was never written.
    return any(path.suffix in _WEIGHTS and path.is_file() for path in snapshot.rglob("*"))


def _parts_in(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, LookupError, AttributeError):
        return {"an index that cannot be read"}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
