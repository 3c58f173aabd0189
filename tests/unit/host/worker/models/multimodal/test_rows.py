"""The rows of vision with language and of control maps without a host: each expert loads and does as its row says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orchestrion import task_types
from orchestrion_host import ipc
from orchestrion_host.worker import runtimes
from tests.checkpoints.rows import TaskRow
from tests.checkpoints.vision_language import ROWS
from tests.unit.host.worker import calls


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task_type)
def test_a_tiny_checkpoint_or_an_engine_performs_its_task(row: TaskRow, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if row.make is not None:
        row.make(folder)
        # Real bytes of weights, but few of them.
        assert 10_000 < sum(file.stat().st_size for file in folder.iterdir()) < 500_000
    parts = {name: tmp_path / name for name in row.parts}
    for name, make in row.parts.items():
        make(parts[name])
    made = calls.spec(folder, row.task_type, parts)
    spec = msgspec.structs.replace(made, runtime=row.runtime, model=row.facts.get("model", row.expert))
    expert = runtimes.loader(spec)(spec)
    expert.warm_up()
    (result,) = expert.predict([calls.call(row.task_type, row.inputs, tmp_path / "out")])
    assert isinstance(result, Mapping), result
    declared = task_types.load()[row.task_type].outputs
    assert {item.name for item in declared if not item.optional} <= set(result) <= {item.name for item in declared}
    row.check({name: _plain(value) for name, value in result.items()})
    assert expert.parameter_bytes() > 0 or row.make is None
    expert.unload()


def _plain(value: Any) -> Any:
    if ipc.media_of(value):
        return calls.file_of(value)
    # Structured data must be plain, as it is on the ipc.
    return json.loads(json.dumps(value["json"], allow_nan=False)) if isinstance(value, dict) else value
