"""One task at a time, done by an expert of a real platform, as its users have it done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orchestrion
from orchestrion.events import TaskFinished
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, Value


class Experts:
    """The experts of a platform that runs."""

    def __init__(self, client: orchestrion.Client) -> None:
        """Keeps the client of the platform."""
        self._client = client
        (self._host,) = [host.name for host in client.hosts.list()]

    def perform(self, task_type: str, inputs: Mapping[str, Value | Path], expert: str = "") -> Mapping[str, Value]:
        """Has one task done, and returns its outputs.

        Args:
            task_type: The task type.
            inputs: Its inputs, by name; paths are files that are uploaded.
            expert: The id of the expert; empty for the one that would be chosen.

        Raises:
            OrchestrionError: It was not done.
        """
        values = {name: self._value(value) for name, value in inputs.items()}
        plan = Plan((Task("task", task_type, values),))
        assignments = (Assignment("task", self._host, expert),) if expert else ()
        for event in self._client.execute(plan, assignments=assignments):
            if isinstance(event.payload, TaskFinished):
                result = event.payload.result
                if result.error is not None:
                    raise result.error.exception()
                return result.outputs
        raise RuntimeError("The run ended without a result.")

    def upload(self, content: bytes) -> ArtifactRef:
        """Uploads a file that was made here."""
        return ArtifactRef(self._client.artifacts.upload(content).name)

    def content(self, value: Value) -> bytes:
        """Returns the content of a file among the outputs."""
        assert isinstance(value, ArtifactRef)
        return self._client.artifacts.read(value.name)

    def _value(self, value: Value | Path) -> Value:
        return ArtifactRef(self._client.artifacts.upload(value).name) if isinstance(value, Path) else value
