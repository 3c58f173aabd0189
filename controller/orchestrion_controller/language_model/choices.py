"""Which language model a stage asks, by the settings of its own and those for all stages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Final

BY_DEFAULT: Final = "llm_default"
"""How the setting begins that names a language model for want of others."""

_VARIABLES: Final[Mapping[str, str]] = {
    "llm_base_url": "OPENAI_BASE_URL",
    "llm_api_key": "OPENAI_API_KEY",
    "llm_model": "OPENAI_MODEL",
}


@dataclass(frozen=True, slots=True)
class SettingNames:
    """The settings that a language model is configured by, for messages."""

    base_url: str = "llm_base_url"
    """Has its endpoint."""
    api_key: str = "llm_api_key"
    """Has the key for that."""
    model: str = "llm_model"
    """Has its name there."""
    context_tokens: str = "llm_context_tokens"
    """Has the length of its context."""

    @staticmethod
    def variable(setting: str) -> str:
        """Returns the environment variable that people set for a setting."""
        return _VARIABLES.get(setting, f"ORCHESTRION_CONTROLLER_{setting.upper()}")


FOR_ALL_STAGES: Final = SettingNames()
"""The settings of stages that have none of their own."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A language model: that of an endpoint, or an expert of the platform's own hosts. Empty for none."""

    setting: str = field(compare=False)
    """How the names of its settings begin, such as `llm` or `planner_llm`."""
    expert: str = ""
    """The id of the expert; empty for an endpoint's model."""
    base_url: str = ""
    """The endpoint; empty for OpenAI's own."""
    api_key: str = field(default="", repr=False)
    """The key for the endpoint; empty for none."""
    model: str = ""
    """The model's name at the endpoint; empty in settings that leave it to those for all stages."""
    context_tokens: int = 0
    """How many tokens its context has; 0 asks the endpoint, or the expert's host."""
    inherited: frozenset[str] = field(default=frozenset(), compare=False)
    """Which of these are those for all stages."""

    @property
    def names(self) -> SettingNames:
        """The names of the settings that it comes from."""
        return SettingNames(*(self.named(item.name) for item in fields(SettingNames)))

    @property
    def has_endpoint(self) -> bool:
        """Whether an endpoint can be asked: it has a URL, or OpenAI's own a key."""
        return bool(self.base_url or self.api_key)

    @property
    def is_some(self) -> bool:
        """Whether it is a model that can be asked."""
        return bool(self.expert) or self.has_endpoint

    def named(self, setting: str) -> str:
        """Returns the full name of one of its settings, such as `planner_llm_expert`."""
        return f"llm_{setting}" if setting in self.inherited else f"{self.setting}_{setting}"


def own_or_common(own: ModelChoice, common: ModelChoice, endpoint: ModelChoice) -> ModelChoice:
    """Returns the language model by settings of one purpose, which go before those for all.

    A model's name alone means another model of the common endpoint. The key for the common endpoint goes to no other.

    Args:
        own: The settings of a stage, or of the fallback; what is empty there is that of the common ones.
        common: The language model of all stages that have none of their own.
        endpoint: The endpoint for all stages, which models without an endpoint of their own are at; also where the
            common language model is an expert.

    Raises:
        ValueError: The settings contradict each other or lead nowhere; the message names one.
    """
    of_endpoint = {"base_url": own.base_url, "api_key": own.api_key, "model": own.model}
    named = [name for name, value in of_endpoint.items() if value]
    if own.expert and named:
        raise ValueError(f"{own.named(named[0])}: {own.named('expert')} names a model already; set one of the two.")
    if own.expert:
        return own
    if not named:
        return replace(common, context_tokens=own.context_tokens or common.context_tokens)
    is_elsewhere = bool(own.base_url) and own.base_url.rstrip("/") != endpoint.base_url.rstrip("/")
    choice = ModelChoice(
        own.setting,
        base_url=own.base_url or endpoint.base_url,
        api_key=own.api_key or ("" if is_elsewhere else endpoint.api_key),
        model=own.model or endpoint.model,
        context_tokens=own.context_tokens,
        inherited=frozenset(
            name for name in of_endpoint if not of_endpoint[name] and not (name == "api_key" and is_elsewhere)
        ),
    )
    if not choice.has_endpoint:
        problem = f"belongs to no endpoint; set {own.named('base_url')} or llm_base_url, or a key for OpenAI's own"
        raise ValueError(f"{own.named(named[0])}: {problem}.")
    if not own.context_tokens and not is_elsewhere and choice.model == endpoint.model and not common.expert:
        choice = replace(choice, context_tokens=endpoint.context_tokens)
    return choice
