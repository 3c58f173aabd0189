"""The planner that needs no language model."""

from __future__ import annotations

from orchestrion_controller.planner.builtin.planner import BuiltinPlanner

__all__ = ["BuiltinPlanner"]
