"""The plan language for models: how a language model writes a plan, how it is read, and the schema of it."""

from __future__ import annotations

from orchestrion_controller.planner.llm.notation.hints import ModelHints, fault_lines
from orchestrion_controller.planner.llm.notation.language_tags import prepare
from orchestrion_controller.planner.llm.notation.names import PlanNames
from orchestrion_controller.planner.llm.notation.reader import PlanReader
from orchestrion_controller.planner.llm.notation.schema import MOST_TASKS, plan_schema
from orchestrion_controller.planner.llm.notation.writing import written

__all__ = ["MOST_TASKS", "ModelHints", "PlanNames", "PlanReader", "fault_lines", "plan_schema", "prepare", "written"]
