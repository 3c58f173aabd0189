"""All rows: every task type that the project has, on a tiny checkpoint or, where the design has none, on an engine."""

from __future__ import annotations

from typing import Final

from orchestrion.values import JsonObject
from tests.checkpoints import diffusion, sound, text, vision, vision_language
from tests.checkpoints.rows import TaskRow


def _longer_text_is_chosen(outputs: JsonObject) -> None:
    assert outputs["text"] == "the longer one"


_RULES: Final = TaskRow(
    task_type="text-selection",
    expert="rules",
    make=None,
    inputs={"texts": ["short", "the longer one"], "criterion": "longest"},
    check=_longer_text_is_chosen,
    runtime="engine",
    facts={"model": "text-rules"},
)

ROWS: Final = (
    *text.ROWS,
    *vision.ROWS,
    *vision_language.ROWS,
    *sound.ROWS,
    *diffusion.ROWS,
    _RULES,
)
"""One for each task type."""
