"""Tasks that need several passes of a model: the calls of a batch go step by step together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


def together(
    batch: Sequence[Call],
    begin: Callable[[Call], Generator[RequestT, AnswerT, Outputs]],
    compute: Callable[[list[tuple[Call, RequestT]]], Sequence[AnswerT]],
) -> list[Result]:
    """Performs a batch of calls.

    Args:
        batch: The calls.
        begin: Starts the task on one call: yields what is to be computed, gets it, and returns the outputs.
        compute: Computes what all calls want in a step.

    Returns:
        One result for each call: its outputs, or the error of its inputs or its cancellation.
    """
    running = {place: begin(call) for place, call in enumerate(batch)}
    computed: dict[int, AnswerT | None] = dict.fromkeys(running)
    results: dict[int, Result] = {}
    while running:
        wanted: dict[int, tuple[Call, RequestT]] = {}
        for place, steps in list(running.items()):
            try:
                batch[place].raise_if_cancelled()
                # What a generator is sent first must be None, which its type does not say.
                wanted[place] = batch[place], steps.send(computed[place])  # type: ignore[arg-type]  # See above.
            except StopIteration as end:
                results[place] = end.value
            except OrchestrionError as error:
                results[place] = error
            if place in results:
                del running[place]
        computed = dict(zip(wanted, compute(list(wanted.values())), strict=True))
    return [results[place] for place in range(len(batch))]
