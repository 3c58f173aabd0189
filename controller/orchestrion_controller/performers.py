"""Makes the planners and responders that a configuration asks for."""

from __future__ import annotations

from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.pipeline.pipeline import Performers
from orchestrion_controller.planner.builtin.planner import BuiltinPlanner
from orchestrion_controller.planner.llm.planner import LLMPlanner
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.selector.llm.chooser import LLMChooser
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


def chooser(model: LanguageModel | None) -> LLMChooser | None:
    """Makes what chooses experts over the language model; None where there is none."""
    return None if model is None else LLMChooser(model)


def performers(config: ControllerConfig, model: LanguageModel | None) -> Performers:
    """Makes the built-in planner and responder, and those over the language model where there is one."""
    planners: dict[str, Planner] = {"builtin": BuiltinPlanner()}
    responders: dict[str, Responder] = {"builtin": BuiltinResponder()}
    if model is not None:
        planners["llm"] = LLMPlanner(model)
        responders["llm"] = LLMResponder(model)
    default = "builtin" if model is None else "llm"
    return Performers(planners, responders, config.planner or default, config.responder or default)
