"""Prints events as they come, with the asyncio client: python asyncio_client.py REQUEST [FILE…]."""

import asyncio
import sys

from orchestrion import AsyncClient, OrchestrionError
from orchestrion.events import AnswerText, TaskAssigned, TaskFinished, TaskPlanned


async def main(request: str, *files: str) -> None:
    """Carries a request out and prints four kinds of its events."""
    async with AsyncClient() as client:
        async for event in client.run(request, files):
            match event.payload:
                case TaskPlanned(task):
                    print("planned ", task.id, task.type)
                case TaskAssigned(assignment):
                    print("assigned", assignment.task_id, "to", assignment.expert_id, "on", assignment.host)
                case TaskFinished(result, duration_ms):
                    print("finished", result.task_id, result.state.name, f"in {duration_ms:.0f} ms")
                case AnswerText(text):
                    print(text, end="")
    print()


try:
    asyncio.run(main(*sys.argv[1:]))
except OrchestrionError as error:
    sys.exit(f"Error: {error.message}")
