"""Task types that take a picture can say that a file has more of them than were looked at."""

from __future__ import annotations

from orchestrion import task_types
from orchestrion.plans import ParameterKind


def test_each_task_type_that_takes_a_picture_tells_how_many_there_are() -> None:
    takers = [
        task_type
        for task_type in task_types.load().values()
        if any(parameter.kind is ParameterKind.IMAGE for parameter in task_type.inputs)
    ]
    assert len(takers) > 20
    for task_type in takers:
        for name in ("page_count", "unread_page_count"):
            output = task_type.output(name)
            assert output is not None, task_type.name
            assert output.kind is ParameterKind.NUMBER
            assert output.optional
