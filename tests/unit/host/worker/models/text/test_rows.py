"""The rows of the text tasks without a host: each tiny checkpoint loads, and its outputs are as the row says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orchestrion import task_types
from orchestrion.values import Json
from orchestrion_host import ipc
from orchestrion_host.worker import runtimes
from tests.checkpoints.rows import TaskRow
from tests.checkpoints.text import ROWS
from tests.unit.host.worker import calls


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task_type)
def test_a_tiny_checkpoint_performs_its_task(row: TaskRow, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    assert row.make is not None
    row.make(folder)
    spec = msgspec.structs.replace(calls.spec(folder, row.task_type), runtime=row.runtime)
    expert = runtimes.loader(spec)(spec)
    expert.warm_up()
    inputs = {name: {"json": value.data} if isinstance(value, Json) else value for name, value in row.inputs.items()}
    [result] = expert.predict([calls.call(row.task_type, inputs, tmp_path / "out")])
    assert isinstance(result, Mapping), result
    declared = task_types.load()[row.task_type].outputs
    assert {item.name for item in declared if not item.optional} <= set(result) <= {item.name for item in declared}
    row.check({name: _plain(value) for name, value in result.items()})
    expert.unload()


def test_checkpoints_are_small(tmp_path: Path) -> None:
    for row in ROWS:
        folder = tmp_path / row.expert
        assert row.make is not None
        row.make(folder)
        size = sum(file.stat().st_size for file in folder.rglob("*"))
        assert size < 700_000, row.expert


def _plain(value: Any) -> Any:
    if ipc.media_of(value):
        return calls.file_of(value)
    # Structured data must be plain, as it is on the ipc.
    return json.loads(json.dumps(value["json"], allow_nan=False)) if isinstance(value, dict) else value
