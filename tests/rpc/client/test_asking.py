"""A person who thinks about a plan while the connection breaks: the run waits for them all the same."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

from orchestrion import Approval, AsyncClient, Plan
from orchestrion.cli import plan_files
from orchestrion.events import ApprovalAwaited
from orchestrion.runs import RunState
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import collect, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo
from tests.unit.client.terminals import Terminal

ONE = Plan((wait("task"),))


async def test_a_question_that_is_open_keeps_its_run_over_a_break(
    start_controller: StartController, tmp_path: Path
) -> None:
    """Given room for two runs, and a second one that nobody reads, that one is cancelled and the person's is not."""
    controller = await start_controller(detach_grace_ms=1_500, max_running_runs=2)
    direct = f"127.0.0.1:{controller.grpc_port}"
    host = ScriptedHost("one", direct, {"echo": echo})
    await host.start()
    plan = tmp_path / "plan.json"
    plan.write_text(plan_files.write(ONE))
    async with Proxy(controller.grpc_port) as proxy, AsyncClient(direct, wait_when_full=True) as client:
        command = [sys.executable, "-m", "orchestrion", "ask", "Do it.", "--plan", str(plan), "--approve"]
        with Terminal([*command, "--address", proxy.address], 80, folder=tmp_path) as terminal:
            await asyncio.to_thread(terminal.until, "Carry it out?")
            run = (await client.runs.list()).items[0].name
            proxy.cut()
            async with aclosing(client.run("Do it.", plan=ONE, approval=Approval.REQUIRED)) as events:
                async for event in events:
                    if isinstance(event.payload, ApprovalAwaited):
                        break
            # Starts when there is room: when one of the two has been cancelled.
            await collect(client.run("Hello.", plan=Plan((), "It is a greeting.")))
            assert (await client.runs.get(run)).state is RunState.AWAITING_APPROVAL
            terminal.type("y\r")
            assert await asyncio.to_thread(terminal.finish) == 0
        log = await collect(client.runs.watch(run))
        assert (await client.runs.get(run)).state is RunState.SUCCEEDED
        assert [item.sequence for item in log] == list(range(1, len(log) + 1))
    await host.stop()
