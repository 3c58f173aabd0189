"""Makes the planners and responders: the controller's own, and those that other packages plug in."""

from __future__ import annotations

from collections.abc import Callable

from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.entry_points import PLANNERS, RESPONDERS, load_plugins
from orchestrion_controller.language_model import ChatModel
from orchestrion_controller.language_models import NO_MODELS, LanguageModels
from orchestrion_controller.pipeline.performers import Performers
from orchestrion_controller.planner.llm.planner import LLMPlanner
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.planner.plugin import PluginPlanner
from orchestrion_controller.responder.builtin import BuiltinResponder
from orchestrion_controller.responder.fallback import FallbackResponder
from orchestrion_controller.responder.llm import LLMResponder
from orchestrion_controller.responder.plugin import PluginResponder
from orchestrion_controller.stages import Planner, Responder

MakeMeasured = Callable[[str, ChatModel], ChatModel]
"""Returns the language model of a stage as one whose calls are counted for that stage."""


def _as_it_is(stage: str, model: ChatModel) -> ChatModel:
    del stage
    return model


def performers(
    config: ControllerConfig, models: LanguageModels = NO_MODELS, measured: MakeMeasured = _as_it_is
) -> Performers:
    """Makes the built-in planner and responder, those that ask a language model where there is one, and plug-ins.

    Args:
        config: The configuration.
        models: The language models.
        measured: Has the calls of a stage's language model counted.

    Raises:
        FailedPreconditionError: The default planner or responder is a plug-in that cannot be loaded.
    """
    planners: dict[str, Planner] = {"builtin": BuiltinPlanner()}
    builtin = BuiltinResponder()
    responders: dict[str, Responder] = {"builtin": builtin}
    if models.planner is not None:
        planners["llm"] = LLMPlanner(measured("plan", models.planner), config.llm_max_tasks)
    if models.responder is not None:
        responders["llm"] = FallbackResponder(LLMResponder(measured("respond", models.responder)), builtin)
    for name, planner in load_plugins(PLANNERS, "planner", config.planner).items():
        planners[name] = PluginPlanner(name, planner)
    for name, responder in load_plugins(RESPONDERS, "responder", config.responder).items():
        responders[name] = PluginResponder(name, responder)

    def default(model: ChatModel | None) -> str:
        return "llm" if models.is_ready(model) else "builtin"

    return Performers(
        planners,
        responders,
        lambda: config.planner or default(models.planner),
        lambda: config.responder or default(models.responder),
    )
