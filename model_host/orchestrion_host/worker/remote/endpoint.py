"""Whom a call to a hosted endpoint asks, and what many of its tasks have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.runtimes import Outputs

Answer: TypeAlias = Any
"""A result of an endpoint. Any: each task has a type of its own, with fields that endpoints leave out or add."""


@dataclass(frozen=True, slots=True)
class HostedEndpoint:
    """Whom a call asks: the client, and the model of its task type; None leaves the choice to the endpoint."""

    client: Any
    """An `InferenceClient`. Any: its type takes no arguments out of a mapping, as some tasks pass them on."""
    spec: ipc.Load
    model: str | None


def described(results: Sequence[Answer]) -> Outputs:
    """Describes the classes that an endpoint found."""
    return class_scores.describe([{"label": item.label, "score": item.score} for item in results])


def labels_of(call: Call) -> list[str]:
    """Reads the labels to choose from.

    Raises:
        InvalidArgumentError: There are none.
    """
    labels = [str(label) for label in call.inputs.get("labels", [])]
    if not labels:
        raise call.bad_input("labels", "is empty; give at least one label.")
    return labels


def first(results: Answer) -> Answer:
    """Returns the best answer, where an endpoint gives one or several."""
    return results[0] if isinstance(results, list) else results
