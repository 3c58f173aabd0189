"""Makes the planners and responders that a configuration asks for."""

from __future__ import annotations

from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.pipeline.pipeline import Performers
from orchestrion_controller.planner.builtin.planner import BuiltinPlanner
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.stages import Planner, Responder


def performers(config: ControllerConfig) -> Performers:
    """Makes the built-in ones, and those over the language model where one is configured."""
    planners: dict[str, Planner] = {"builtin": BuiltinPlanner()}
    responders: dict[str, Responder] = {"builtin": BuiltinResponder()}
    default = "llm" if config.has_language_model else "builtin"
    return Performers(planners, responders, config.planner or default, config.responder or default)
