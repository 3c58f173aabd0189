"""From a model with a head to the expert on it: the module of the head that the model's family names."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from orchestrion_host import ipc
from orchestrion_host.families.family import Family
from orchestrion_host.worker.heads.model import TextModel
from orchestrion_host.worker.runtimes import LoadedExpert, families


def load(spec: ipc.Load, model: Callable[[ipc.Load, Family], TextModel]) -> LoadedExpert:
    """Loads an expert.

    Args:
        spec: The expert; a family with a head performs its task types.
        model: Loads the model on its runtime.
    """
    family = families.family_of(spec)
    # Any: a module that is found by its name has no type of its own.
    head: Any = import_module(family.head)
    expert: LoadedExpert = head.build(model(spec, family))
    return expert
