"""Hosts with experts that hold a ballast in place of weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrion.experts import ExpertState
from tests.rpc.host.hosts import RunningHost, running_host

MB = 1_000_000


def catalogue(folder: Path, experts: Mapping[str, Mapping[str, Any]]) -> Path:
    """Writes a catalogue of delay experts with the options given."""
    folder.mkdir()
    for name, fields in experts.items():
        facts = {
            "id": name,
            "model": "delay",
            "runtime": "engine",
            "task_types": ["test-delay"],
            "description": "Holds ballast.",
            "memory_bytes": 40 * MB,
            "options": {"ballast_bytes": 40 * MB},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**facts, **fields}))
    return folder


def three(tmp_path: Path, **settings: Any) -> Any:
    """A host with experts a, b and c of 40 MB each, and 100 MB for them: two fit."""
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "b": {}, "c": {}})
    return running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB, **settings)


async def states(host: RunningHost) -> dict[str, ExpertState]:
    result = await host.client.host()
    return {status.expert_id: status.state for status in result.statuses if len(status.expert_id) == 1}


async def loaded(host: RunningHost) -> set[str]:
    return {name for name, state in (await states(host)).items() if state is ExpertState.LOADED}
