"""A scripted host with experts of the task types that OpenAI's API needs, whose text comes piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

from orchestrion._codec import value_codec
from orchestrion._net.transport import status_of
from orchestrion.errors import OrchestrionError
from orchestrion.experts import AcceptedValues
from orchestrion.v1 import model_host_service_pb2 as pb
from orchestrion.values import Value
from orchestrion_serving.interceptors import Context
from tests.rpc.controller.scripted_host import ScriptedHost, echo

Inputs: TypeAlias = Mapping[str, Value]
Talk: TypeAlias = Callable[[Inputs], AsyncGenerator[str | Inputs, None]]
"""What an expert does: it yields pieces of its text, and last its outputs."""

ACCEPTS = {
    "pocketsphinx": (AcceptedValues("translate_to", ()),),
    "style-transfer": (AcceptedValues("operation", ("redraw",)),),
    "opencv": (AcceptedValues("operation", ("blur", "sharpen")),),
}


class TalkingHost(ScriptedHost):
    """One host; an expert is `id` to task type and what it does."""

    def __init__(self, name: str, controller: str, experts: Mapping[str, tuple[str, Talk]]) -> None:
        super().__init__(name, controller, dict.fromkeys(experts, echo))
        self._talks = {expert_id: talk for expert_id, (_, talk) in experts.items()}
        self.facts = {
            expert_id: {"task_types": (task_type,), "accepts": ACCEPTS.get(expert_id, ())}
            for expert_id, (task_type, _) in experts.items()
        }

    def inputs_of(self, expert_id: str) -> list[Inputs]:
        """Returns what an expert was called with, call by call."""
        return [inputs for called, inputs in self.calls if called == expert_id]

    async def Infer(self, request: pb.InferRequest, context: Context) -> AsyncIterator[pb.InferEvent]:
        inputs = value_codec.decode_values(request.inputs)
        self.calls.append((request.expert_id, inputs))
        try:
            async with aclosing(self._talks[request.expert_id](inputs)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, str):
                        yield pb.InferEvent(text=pb.InferText(output="text", text=piece))
                        continue
                    event = pb.InferEvent()
                    event.outputs.SetInParent()
                    value_codec.encode_values(piece, event.outputs.outputs)
                    yield event
        except OrchestrionError as error:
            await context.abort_with_status(status_of(error))
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


def says(*pieces: str, **outputs: Any) -> Talk:
    """Makes an expert that says the same each time."""

    async def talk(inputs: Inputs) -> AsyncGenerator[str | Inputs, None]:
        for piece in pieces:
            yield piece
        yield {"text": "".join(pieces), **outputs}

    return talk


def returns(**outputs: Value) -> Talk:
    """Makes an expert that returns the same each time."""

    async def talk(inputs: Inputs) -> AsyncGenerator[str | Inputs, None]:
        yield outputs

    return talk


class Endless:
    """An expert that begins to talk, says so, and never ends."""

    def __init__(self, *pieces: str) -> None:
        self.waits = asyncio.Event()
        self._pieces = pieces

    async def __call__(self, inputs: Inputs) -> AsyncGenerator[str | Inputs, None]:
        for piece in self._pieces:
            yield piece
        self.waits.set()
        await asyncio.Event().wait()


def fails(error: OrchestrionError, *pieces: str) -> Talk:
    """Makes an expert that fails after some pieces."""

    async def talk(inputs: Inputs) -> AsyncGenerator[str | Inputs, None]:
        for piece in pieces:
            yield piece
        raise error

    return talk
