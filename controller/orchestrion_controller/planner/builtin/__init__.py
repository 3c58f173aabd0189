"""The planner that needs no language model."""

from __future__ import annotations

from orchestrion_controller.planner.builtin.on_demand import BuiltinPlanner

__all__ = ["BuiltinPlanner"]
