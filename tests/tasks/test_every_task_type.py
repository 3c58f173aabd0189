"""Every task type, on a tiny real checkpoint, through client, controller, host and worker and back."""

from __future__ import annotations

import pytest

from orchestrion import task_types
from tests.checkpoints.rows import TaskRow
from tests.tasks.platform import Measured, TinyPlatform
from tests.tasks.rows import ROWS

pytestmark = [pytest.mark.tasks, pytest.mark.timeout(400)]


def test_there_is_one_row_for_each_task_type() -> None:
    assert sorted(row.task_type for row in ROWS) == sorted(set(task_types.load()) - {"test-delay"})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task_type)
def test_a_task_type_is_performed(platform: TinyPlatform, measured: list[Measured], row: TaskRow) -> None:
    done = platform.perform(row)
    declared = task_types.load()[row.task_type].outputs
    assert {item.name for item in declared if not item.optional} <= set(done.outputs)
    assert set(done.outputs) <= {item.name for item in declared}
    row.check(done.outputs)
    measured.append(done)
