"""How large calls of experts are before they are built: a reference is short, and what it stands for need not be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion._net.transport import MAX_MESSAGE_BYTES
from orchestrion.errors import Reason
from orchestrion.values import Json, Value
from orchestrion_controller.executor.inputs import UnfoldedInputs
from orchestrion_serving.value_sizes import ValueSize, size_of, total

_MOST_OPEN_BYTES: Final = 64 << 20
"""Bytes of the inputs of all items of one task that are with hosts at a time."""
_BESIDE_INPUTS: Final = 4_096
"""Bytes of a message that are not of its inputs: names of the expert, the run, the task and the reservation."""


class CallSizes:
    """Measures the calls of one run. A list that several calls or references have is measured once."""

    def __init__(self, max_parts: int, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        """Keeps what a call may have at most: parts, as the setting `max_request_parts` counts them, and bytes."""
        self._max_parts = max_parts
        self._max_bytes = max_bytes
        # With the value itself, so that no other one can have its identity.
        self._measured: dict[int, tuple[object, ValueSize]] = {}

    def check(self, task_id: str, inputs: Mapping[str, Value]) -> None:
        """Checks a call before its message is made.

        Raises:
            InvalidArgumentError: It is too large.
        """
        parts, size = total([self.of(value) for value in inputs.values()], len(inputs))
        if parts > self._max_parts:
            much, setting = f"{parts:,} parts", f"max_request_parts allows {self._max_parts:,}"
        elif size + _BESIDE_INPUTS > self._max_bytes:
            much, setting = f"{size:,} bytes", f"one message has at most {self._max_bytes:,}"
        else:
            return
        text = (
            f"Task {task_id!r}: the inputs of one call have {much}, and {setting}. Refer to fewer or shorter outputs."
        )
        raise Reason.REQUEST_TOO_LARGE.error(text, task_id=task_id, field="inputs")

    def open_count(self, items: UnfoldedInputs, most: int) -> int:
        """Returns how many items of a task may be with hosts at a time: at most so many, fewer of large ones."""
        shared = sum(self.of(value).size_bytes for value in items.shared.values())
        of_items = (
            sum(self.of(value).size_bytes for value in values) for values in zip(*items.lists.values(), strict=True)
        )
        largest = shared + max(of_items, default=0)
        return min(len(items), most, max(1, _MOST_OPEN_BYTES // max(1, largest)))

    def of(self, value: Value) -> ValueSize:
        """Measures a value."""
        if not isinstance(value, tuple | Json):
            return size_of(value)
        if (measured := self._measured.get(id(value))) is None:
            size = total(map(self.of, value), len(value)) if isinstance(value, tuple) else size_of(value)
            measured = self._measured[id(value)] = value, size
        return measured[1]
