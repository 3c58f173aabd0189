"""A controller that keeps a number of runs: the others go at its start, and who asks for one is told why."""

from __future__ import annotations

import asyncio

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import NotFoundError
from orchestrion.plans import Plan
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import collect, wait

ONE = Plan((wait("a"),))


async def test_runs_beyond_the_number_go_and_their_absence_is_explained(
    client: AsyncClient, start_host: StartHost, start_controller: StartController
) -> None:
    await start_host()
    first, second = [(await collect(client.run("do it", plan=ONE)))[0].run for _ in range(2)]

    successor = await start_controller(keep_runs_count=1)

    async with AsyncClient(f"127.0.0.1:{successor.grpc_port}") as later:
        async with asyncio.timeout(20):
            while len((await later.runs.list()).items) > 1:  # noqa: ASYNC110 - Nothing tells of it.
                await asyncio.sleep(0.01)
        assert (await later.runs.get(second)).results[0].outputs == {"text": "text"}
        with pytest.raises(
            NotFoundError, match=r"kept up to 1 \(keep_runs_count\): it may have been removed"
        ) as caught:
            await later.runs.get(first)
        assert caught.value.reason == "RUN_NOT_FOUND"
