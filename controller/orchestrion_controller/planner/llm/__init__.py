"""The planner that asks a language model."""

from __future__ import annotations

from orchestrion_controller.planner.llm.planner import LLMPlanner

__all__ = ["LLMPlanner"]
