"""The planner: a task for each attached picture whose colors are asked for. The controller imports this."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Final

from orchestrion.errors import Reason
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller.plugins import PlanItem, PlanningRequest

_COLORS: Final = re.compile(r"\b(colou?rs?|palettes?|farben?|couleurs?|colore?s?)\b", re.IGNORECASE)
_COUNT: Final = re.compile(r"\b(\d+)\s+(?:\w+\s+)?(?:colou?rs?|farben|couleurs|colores)\b", re.IGNORECASE)


class ColorPlanner:
    """Plans requests for the colors of pictures, and refuses every other request."""

    name = "color-palette"

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans one request.

        Raises:
            FailedPreconditionError: It asks for something else, or no picture is attached.
        """
        text = request.messages[-1].text
        if not _COLORS.search(text):
            raise Reason.REQUEST_BEYOND_PLANNER.error(
                "This planner plans questions about the colors of pictures alone; leave `planner` out for others."
            )
        pictures = [
            number
            for number, artifact in enumerate(request.attachments, start=1)
            if artifact.media_type.startswith("image/")
        ]
        if not pictures:
            raise Reason.REQUEST_BEYOND_PLANNER.error("No picture is attached whose colors could be found.")
        settings: dict[str, Value] = {"count": float(count[1])} if (count := _COUNT.search(text)) else {}
        tasks = []
        for number in pictures:
            task = Task(
                f"color-palette-{number}", "color-palette", {"image": ArtifactRef(f"attachments/{number}"), **settings}
            )
            yield TaskPlanned(task)  # It starts now, while the next one is planned.
            tasks.append(task)
        yield PlanFinished(Plan(tuple(tasks)))
