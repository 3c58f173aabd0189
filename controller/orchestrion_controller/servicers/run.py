"""RunService: requests through all four stages, and the logs of all runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from google.protobuf import empty_pb2

from orchestrion import names
from orchestrion._codec import codec
from orchestrion.runs import Run, RunKind
from orchestrion.v1 import events_pb2, run_service_pb2, run_service_pb2_grpc, runs_pb2
from orchestrion_controller.runs import views
from orchestrion_controller.runs.runs import RunSupervisor
from orchestrion_controller.servicers import decoding
from orchestrion_controller.servicers.programs import Programs
from orchestrion_serving import callers
from orchestrion_serving.interceptors import Context

_LARGEST_LIST_BYTES: Final = 3 << 20
"""The largest page of runs; clients in other languages take messages of 4 MiB."""


class RunServicer(run_service_pb2_grpc.RunServiceServicer):
    """Starts, watches, returns and ends runs."""

    def __init__(self, runs: RunSupervisor, programs: Programs) -> None:
        """Keeps the collaborators."""
        self._runs, self._programs = runs, programs

    async def Run(self, request: run_service_pb2.RunRequest, context: Context) -> AsyncIterator[events_pb2.Event]:
        """Creates a run and watches it."""
        caller = callers.current.get()
        self._runs.check_admission(request.options.request_id, caller, request.ByteSize())
        run = await self._programs.full(request)
        events = self._runs.run(
            RunKind.FULL,
            run.program,
            request=request.SerializeToString(),
            caller=caller,
            messages=run.messages,
            options=run.options,
            deadline_s=decoding.deadline_s(context),
            previous_run=request.previous_run,
            gate=run.gate,
        )
        del run
        async with aclosing(events):
            async for event in events:
                yield event

    async def WatchRun(
        self, request: run_service_pb2.WatchRunRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Streams a run's events from any point."""
        async with aclosing(self._runs.watch(names.check_run(request.name), request.after_sequence)) as events:
            async for event in events:
                yield event

    async def GetRun(self, request: run_service_pb2.GetRunRequest, context: Context) -> runs_pb2.Run:
        """Returns a run."""
        return await _sent(await self._runs.get(names.check_run(request.name)))

    async def ListRuns(
        self, request: run_service_pb2.ListRunsRequest, context: Context
    ) -> run_service_pb2.ListRunsResponse:
        """Lists runs, newest first."""
        size = decoding.page_size(request.page_size)
        runs = await self._runs.list(size + 1, decoding.read_page_token(request.page_token))
        response, room = run_service_pb2.ListRunsResponse(), _LARGEST_LIST_BYTES
        for run in runs[:size]:
            message = codec.encode(run)
            room -= message.ByteSize()
            if room < 0:
                break
            response.runs.append(message)
        size = len(response.runs)
        if len(runs) > size and (last := runs[size - 1]).create_time is not None:
            response.next_page_token = decoding.page_token(round(last.create_time.timestamp() * 1000), last.name)
        return response

    async def CancelRun(self, request: run_service_pb2.CancelRunRequest, context: Context) -> runs_pb2.Run:
        """Cancels a run."""
        return await _sent(await self._runs.cancel(names.check_run(request.name)))

    async def ApprovePlan(self, request: run_service_pb2.ApprovePlanRequest, context: Context) -> runs_pb2.Run:
        """Approves the plan of a run that waits for it."""
        plan = decoding.plan(request.plan) if request.HasField("plan") else None
        request_id = decoding.request_id(request.request_id, "request_id")
        return await _sent(await self._runs.approve(names.check_run(request.name), plan, request_id))

    async def DeleteRun(self, request: run_service_pb2.DeleteRunRequest, context: Context) -> empty_pb2.Empty:
        """Deletes a run that has ended."""
        await self._runs.delete(names.check_run(request.name))
        return empty_pb2.Empty()


async def _sent(run: Run) -> runs_pb2.Run:
    """Encodes a run on a thread: it may have thousands of results."""
    return await asyncio.to_thread(views.sent, run)
