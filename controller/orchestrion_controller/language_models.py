"""Makes the language models of the stages: one for all, or one for each, and one to fall back on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.hosted_model import HostedChatModel
from orchestrion_controller.language_model import ChatModel, LanguageModel, LanguageModelConfig
from orchestrion_controller.language_model.choices import BY_DEFAULT, ModelChoice
from orchestrion_controller.language_model.fallback import FallbackChatModel
from orchestrion_controller.metrics import ControllerMetrics

MakeHosted = Callable[[ModelChoice], HostedChatModel]
"""Makes a language model of an expert of the controller's own hosts."""


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """The language models of one controller; stages with the same settings share one."""

    planner: ChatModel | None = None
    """Plans; None where none is configured."""
    selector: ChatModel | None = None
    """Chooses experts under policy `llm`."""
    responder: ChatModel | None = None
    """Answers."""
    models: tuple[ChatModel, ...] = ()
    """Each model once, without the fallback's."""
    fallback: ChatModel | None = None
    """What is asked where one of them fails."""
    asked_by_default: tuple[ChatModel, ...] = ()
    """Those that plan and answer where requests do not say who is to."""
    by_default: HostedChatModel | None = None
    """The one by `llm_default_expert`: stages that have no other ask it as soon as it is available."""

    def is_ready(self, model: ChatModel | None) -> bool:
        """Whether a stage asks its language model where nobody says who is to perform it."""
        return model is not None and (model is not self.by_default or self.by_default.is_available)

    def prepare(self) -> None:
        """Has experts of hosts loaded that the first request would otherwise wait for; returns at once."""
        for model in self.asked_by_default:
            if isinstance(model, HostedChatModel):
                model.prepare()

    async def aclose(self) -> None:
        """Closes all."""
        for model in (*self.models, *((self.fallback,) if self.fallback else ())):
            await model.aclose()


NO_MODELS: Final = LanguageModels()


def language_models(config: ControllerConfig, hosted: MakeHosted, metrics: ControllerMetrics) -> LanguageModels:
    """Makes the language models of a configuration; close them at the end.

    Args:
        config: The configuration.
        hosted: Makes a model of an expert.
        metrics: Where it is counted that one was asked instead of another.
    """
    choices = {stage: config.language_model(stage) for stage in ("planner", "selector", "responder")}
    second = config.fallback_model

    @cache
    def made(choice: ModelChoice, is_default: bool) -> ChatModel:
        del is_default  # Who names the expert in a setting wants its errors, and no other planner meanwhile.
        return hosted(choice) if choice.expert else _of_endpoint(choice, config)

    def made_of(choice: ModelChoice) -> ChatModel | None:
        return made(choice, choice.setting == BY_DEFAULT) if choice.is_some else None

    fallback = made_of(second)

    def count(failed: str, instead: str, reason: str) -> None:
        metrics.llm_fallbacks.labels(failed, instead, reason).inc()

    models = {stage: made_of(choice) for stage, choice in choices.items()}
    own = tuple(model for model in dict.fromkeys(models.values()) if model and model is not fallback)
    backed = {model: FallbackChatModel(model, fallback, fell_back=count) for model in own} if fallback else {}
    stages = {stage: model and backed.get(model, model) for stage, model in models.items()}
    by_default = next((made_of(choice) for choice in choices.values() if choice.setting == BY_DEFAULT), None)
    performing = {"planner": config.planner, "responder": config.responder}
    unless_told = dict.fromkeys(models[stage] for stage, name in performing.items() if name in {"", "llm"})
    return LanguageModels(
        **stages,
        models=own,
        fallback=fallback,
        asked_by_default=tuple(model for model in unless_told if model),
        by_default=by_default if isinstance(by_default, HostedChatModel) else None,
    )


def _of_endpoint(choice: ModelChoice, config: ControllerConfig) -> LanguageModel:
    return LanguageModel(
        LanguageModelConfig(
            base_url=choice.base_url,
            api_key=choice.api_key,
            model=choice.model,
            timeout_s=config.llm_timeout_s,
            idle_timeout_s=config.llm_idle_timeout_s,
            retry_count=config.llm_retry_count,
            longest_wait_s=config.llm_longest_wait_s,
            context_tokens=choice.context_tokens,
            names=choice.names,
        )
    )
