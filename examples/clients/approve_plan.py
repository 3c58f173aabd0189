"""Lets a run wait until its plan is approved, here by a rule: python approve_plan.py REQUEST [FILE…]."""

import asyncio
import sys

from orchestrion import Approval, AsyncClient, OrchestrionError, Plan
from orchestrion.events import AnswerFinished, ApprovalAwaited, PlanApproved, TaskStarted

SPEAKS = "text-to-speech"


def reviewed(plan: Plan) -> Plan | None:
    """Returns what may be carried out: everything may, but nothing is spoken fast. None refuses the plan."""
    for task in plan.tasks:
        if task.type == SPEAKS:
            plan = plan.with_inputs(task.id, speed=0.8)
    return plan if len(plan.tasks) <= 5 else None


async def main(request: str, *files: str) -> None:
    """Carries a request out and approves its plan, or cancels the run."""
    async with AsyncClient() as client:
        async for event in client.run(request, files, approval=Approval.REQUIRED, approval_timeout_ms=60_000):
            match event.payload:
                case ApprovalAwaited(plan):  # Any other client could approve it too: it needs the run's name alone.
                    edited = reviewed(plan)
                    if edited is None:
                        await client.runs.cancel(event.run)
                    else:
                        await client.runs.approve(event.run, edited)
                case PlanApproved(edited):
                    print("approved", "as it was" if edited is None else "edited")
                case TaskStarted(task_id):
                    print("started ", task_id)
                case AnswerFinished(text):
                    print(text)


try:
    asyncio.run(main(*sys.argv[1:]))
except OrchestrionError as error:
    sys.exit(f"Error: {error.message}")
