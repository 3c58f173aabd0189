"""Makes the planners and responders: the controller's own, and those that other packages plug in."""

from __future__ import annotations

from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.entry_points import PLANNERS, RESPONDERS, load_plugins
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.pipeline.performers import Performers
from orchestrion_controller.planner.llm.planner import LLMPlanner
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.planner.plugin import PluginPlanner
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.responder.plugin import PluginResponder
from orchestrion_controller.stages import Planner, Responder


def language_model(config: ControllerConfig) -> LanguageModel | None:
    """Makes the client of the language model; None where none is configured. Close it at the end."""
    if not config.has_language_model:
        return None
    return LanguageModel(
        LanguageModelConfig(
            base_url=config.llm_base_url,
            api_key=config.llm_api_key,
            model=config.llm_model,
            timeout_s=config.llm_timeout_s,
            idle_timeout_s=config.llm_idle_timeout_s,
            retry_count=config.llm_retry_count,
            longest_wait_s=config.llm_longest_wait_s,
            context_tokens=config.llm_context_tokens,
        )
    )


def performers(config: ControllerConfig, model: LanguageModel | None) -> Performers:
    """Makes the built-in planner and responder, those that ask the language model where there is one, and plug-ins.

    Raises:
        FailedPreconditionError: The default planner or responder is a plug-in that cannot be loaded.
    """
    planners: dict[str, Planner] = {"builtin": BuiltinPlanner()}
    responders: dict[str, Responder] = {"builtin": BuiltinResponder()}
    if model is not None:
        planners["llm"] = LLMPlanner(model)
        responders["llm"] = LLMResponder(model)
    for name, planner in load_plugins(PLANNERS, "planner", config.planner).items():
        planners[name] = PluginPlanner(name, planner)
    for name, responder in load_plugins(RESPONDERS, "responder", config.responder).items():
        responders[name] = PluginResponder(name, responder)
    default = "builtin" if model is None else "llm"
    return Performers(planners, responders, config.planner or default, config.responder or default)
