"""The task types of the starter profile: what a fresh machine performs, and the built-in planner is made for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from orchestrion import task_types
from orchestrion.plans import TaskType
from orchestrion_host import catalogue
from orchestrion_host.catalogue import reader

_PROFILE: Final = Path(catalogue.__path__[0]) / "profiles" / "starter.yaml"


def _performed() -> frozenset[str]:
    models = reader.read((), test_experts=False)
    experts = yaml.safe_load(_PROFILE.read_text("utf-8"))["experts"]
    # A fresh machine has no optional extras.
    present = [models[expert] for expert in experts if models[expert].extra in ("", "starter")]
    return frozenset(name for facts in present for name in facts.task_types)


_PERFORMED: Final = _performed()

TASK_TYPES: Final[Mapping[str, TaskType]] = {
    name: task_type for name, task_type in task_types.load().items() if name in _PERFORMED
}
