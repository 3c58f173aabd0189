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
    default: HostedChatModel | None = None
    """The model by `llm_default_expert`: stages that have no other ask it once it is available."""
    models: tuple[ChatModel, ...] = ()
    """Each model once, without the fallback's."""
    fallback: ChatModel | None = None
    """What is asked where one of them fails."""

    def is_ready(self, model: ChatModel | None) -> bool:
        """Whether a stage asks its language model where nobody says who is to perform it."""
        return model is not None and (model is not self.default or self.default.is_available)

    def prepare(self) -> None:
        """Has experts of hosts loaded that the first request would otherwise wait for; returns at once."""
        for model in self.models:
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

    @cache
    def made(choice: ModelChoice) -> ChatModel:
        return hosted(choice) if choice.expert else _of_endpoint(choice, config)

    choices = {stage: config.language_model(stage) for stage in ("planner", "selector", "responder")}
    models = {stage: made(choice) for stage, choice in choices.items() if choice.is_some}
    second = config.fallback_model
    fallback = made(second) if second.is_some else None
    common = config.common_model
    by_default = models and common.setting == BY_DEFAULT and made(common)

    def with_fallback(stage: str) -> ChatModel | None:
        model = models.get(stage)
        if model is None or fallback is None or model is fallback:
            return model
        return FallbackChatModel(model, fallback, fell_back=count)

    def count(failed: str, asked_instead: str, reason: str) -> None:
        metrics.llm_fallbacks.labels(failed, asked_instead, reason).inc()

    return LanguageModels(
        with_fallback("planner"),
        with_fallback("selector"),
        with_fallback("responder"),
        by_default if isinstance(by_default, HostedChatModel) else None,
        tuple(model for model in dict.fromkeys(models.values()) if model is not fallback),
        fallback,
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
        )
    )
