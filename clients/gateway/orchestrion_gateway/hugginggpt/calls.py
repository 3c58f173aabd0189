"""`/hugginggpt`, `/tasks` and `/results`: the whole way of a request, its plan, and its results without an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import Event, OrchestrionError, Plan, RunSnapshot
from orchestrion.events import AnswerFinished
from orchestrion.settings import Detachment
from orchestrion.snapshots import apply
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.hugginggpt import answers, bodies, conversations, results, tasks
from orchestrion_gateway.hugginggpt.conversations import Conversation
from orchestrion_gateway.hugginggpt.mentioned_files import Caller
from orchestrion_gateway.hugginggpt.values import ArgumentWriter, paths_of
from orchestrion_gateway.rest.shared import Gateway, Shared

router: Final = APIRouter(tags=["hugginggpt"])

_DETACHMENT: Final = Detachment(detach_grace_ms=0)
"""Nobody can come back to a call: what it started ends with it."""


@router.post("/hugginggpt", openapi_extra=bodies.SCHEMA, responses={200: {"description": "`message`, the answer."}})
async def answer(request: Request, gateway: Gateway) -> Response:
    """Carry a request out, as HuggingGPT's own server does: `{"message": …}`, with paths of files in it.

    What the planner does not do or asks is a message, too, and then there is `refusal`, with the reason.
    """
    conversation = await _read(request, gateway)
    return JSONResponse(await unless_left(request, _answered(conversation, gateway)))


@router.post("/tasks", openapi_extra=bodies.SCHEMA, responses={200: {"description": "The tasks, a list."}})
async def plan(request: Request, gateway: Gateway) -> Response:
    """Plan a request: a list of `{"task", "id", "dep", "args"}`; `{"message": …}` for one that needs no expert."""
    conversation = await _read(request, gateway)
    return JSONResponse(await unless_left(request, _planned(conversation, gateway)))


@router.post("/results", openapi_extra=bodies.SCHEMA, responses={200: {"description": "The results, by number."}})
async def perform(request: Request, gateway: Gateway) -> Response:
    """Plan a request and perform its tasks, without an answer; `{"message": …}` for one that needs no expert."""
    conversation = await _read(request, gateway)
    return JSONResponse(await unless_left(request, _performed(conversation, gateway)))


async def _read(request: Request, gateway: Shared) -> Conversation:
    turns = await bodies.read_turns(request, gateway.config.max_body_bytes)
    caller = Caller(gateway.client, request.headers.get("host", ""), gateway.config.allowed_link_hosts)
    return await unless_left(request, conversations.read(turns, caller))


async def _answered(conversation: Conversation, gateway: Shared) -> dict[str, Any]:
    try:
        answer = await gateway.client.ask(conversation.messages, previous_run=conversation.previous_run, **_DETACHMENT)
    except OrchestrionError as error:
        if error.reason not in answers.FOR_THE_PERSON:
            raise
        return answers.of_refusal(error, conversation.files)
    return await answers.of_run(answer, conversation.files, gateway.client)


async def _planned(conversation: Conversation, gateway: Shared) -> Any:
    planned = await _plan(conversation, gateway)
    if not planned.tasks:
        return await _said(conversation, planned, gateway)
    ordered = tasks.in_order(planned)
    values = [value for task in ordered for value in task.inputs.values()]
    writer = ArgumentWriter(tasks.numbered(ordered), await paths_of(gateway.client, values))
    return [tasks.written(task, writer) for task in ordered]


async def _performed(conversation: Conversation, gateway: Shared) -> Any:
    planned = await _plan(conversation, gateway)
    if not planned.tasks:
        return await _said(conversation, planned, gateway)
    run = await _followed(gateway.client.execute(planned, **_DETACHMENT))
    return await results.written(run, gateway.client)


async def _plan(conversation: Conversation, gateway: Shared) -> Plan:
    return await gateway.client.make_plan(conversation.messages, previous_run=conversation.previous_run, **_DETACHMENT)


async def _said(conversation: Conversation, plan: Plan, gateway: Shared) -> dict[str, Any]:
    """Returns the answer to a request that needs no expert."""
    text = ""
    async with aclosing(gateway.client.respond(conversation.messages, plan, (), **_DETACHMENT)) as events:
        async for event in events:
            if isinstance(event.payload, AnswerFinished):
                text = event.payload.text
    return {"message": text}


async def _followed(stream: AsyncGenerator[Event, None]) -> RunSnapshot:
    run = RunSnapshot()
    async with aclosing(stream) as events:
        async for event in events:
            run = apply(run, event)
    return run
