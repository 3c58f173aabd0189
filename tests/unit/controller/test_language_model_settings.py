"""Which language model each stage asks, by the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrion.errors import FailedPreconditionError
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.language_models import LanguageModels, language_models
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_serving import settings

URL = "http://127.0.0.1:8000/v1"
OTHER = "http://127.0.0.1:9000/v1"


def choice(stage: str, **values: Any) -> tuple[str, str, str, str, int]:
    """What a stage asks: expert, URL, key, model, context."""
    model = ControllerConfig(**values).language_model(stage)
    return model.expert, model.base_url, model.api_key, model.model, model.context_tokens


def test_a_stage_asks_what_is_set_for_all_where_nothing_is_set_for_it() -> None:
    common = {"llm_base_url": URL, "llm_api_key": "key", "llm_model": "m", "llm_context_tokens": 4096}
    for stage in ("planner", "selector", "responder"):
        assert choice(stage, **common) == ("", URL, "key", "m", 4096)


def test_another_model_is_at_the_same_endpoint_where_none_is_named() -> None:
    common = {"llm_base_url": URL, "llm_api_key": "key", "llm_model": "large", "llm_context_tokens": 4096}
    own = {**common, "planner_llm_model": "small"}
    # The length of the context was said of another model.
    assert choice("planner", **own) == ("", URL, "key", "small", 0)
    assert choice("responder", **own) == ("", URL, "key", "large", 4096)


def test_the_key_of_one_endpoint_goes_to_no_other() -> None:
    common: dict[str, Any] = {"llm_base_url": URL, "llm_api_key": "key"}
    elsewhere = {**common, "responder_llm_base_url": OTHER, "responder_llm_model": "m"}
    assert choice("responder", **elsewhere) == ("", OTHER, "", "m", 0)
    assert choice("responder", **elsewhere, responder_llm_api_key="own")[2] == "own"
    assert choice("responder", **{**elsewhere, "responder_llm_base_url": f"{URL}/"})[2] == "key"


def test_an_expert_goes_before_an_endpoint_and_a_stage_may_still_ask_the_endpoint() -> None:
    both = {"llm_expert": "qwen", "llm_base_url": URL, "llm_context_tokens": 8000, "responder_llm_model": "large"}
    assert choice("planner", **both) == ("qwen", "", "", "", 8000)
    assert choice("responder", **both) == ("", URL, "", "large", 0)


def test_the_expert_by_default_is_asked_only_for_want_of_others() -> None:
    assert choice("planner", llm_default_expert="qwen")[0] == "qwen"
    assert choice("planner", llm_default_expert="qwen", llm_base_url=URL)[:2] == ("", URL)
    assert choice("planner", llm_default_expert="qwen", llm_expert="other")[0] == "other"
    assert choice("planner", llm_default_expert="qwen", planner_llm_expert="third")[0] == "third"


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"planner_llm_expert": "a", "planner_llm_model": "b"}, "planner_llm_model"),
        ({"planner_llm_model": "b"}, "planner_llm_model"),
        ({"llm_expert": "a", "selector_llm_model": "b"}, "selector_llm_model"),
        ({"llm_fallback_expert": "a"}, "llm_fallback_expert"),
        ({"llm_fallback_base_url": URL}, "llm_fallback_base_url"),
        ({"llm_fallback_model": "a"}, "llm_fallback_model"),
        ({"planner": "llm", "responder_llm_expert": "a"}, "planner"),
        ({"llm_base_url": URL, "responder_llm_context_tokens": -1}, "responder_llm_context_tokens"),
    ],
)
def test_what_contradicts_itself_or_leads_nowhere_is_refused_at_the_start(
    values: dict[str, Any], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=f"^{setting}: "):
        ControllerConfig(**values)


def test_keys_have_no_flags_and_are_in_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORCHESTRION_CONTROLLER_PLANNER_LLM_API_KEY", "sk-secret")
    config = settings.load(ControllerConfig, "controller", ["--home", str(tmp_path), "--llm-expert", "qwen"])
    assert config.language_model("planner").api_key == "sk-secret"
    assert "sk-secret" not in repr(config) + repr(config.language_model("planner"))
    with pytest.raises(SystemExit):
        settings.load(ControllerConfig, "controller", ["--planner-llm-api-key", "sk-secret"])


def test_messages_name_the_settings_that_a_model_comes_from() -> None:
    common: dict[str, Any] = {"llm_base_url": URL, "llm_api_key": "key"}
    names = ControllerConfig(**common, planner_llm_model="small").language_model("planner").names
    assert (names.base_url, names.api_key, names.model) == ("llm_base_url", "llm_api_key", "planner_llm_model")
    assert [names.variable(names.api_key), names.variable(names.model)] == [
        "OPENAI_API_KEY",
        "ORCHESTRION_CONTROLLER_PLANNER_LLM_MODEL",
    ]
    elsewhere = ControllerConfig(**common, llm_fallback_base_url=OTHER).fallback_model.names
    assert (elsewhere.base_url, elsewhere.api_key) == ("llm_fallback_base_url", "llm_fallback_api_key")
    assert elsewhere.model == "llm_model"


def test_a_wrong_url_is_refused_by_the_name_of_its_setting(metrics: ControllerMetrics) -> None:
    config = ControllerConfig(llm_base_url=URL, responder_llm_base_url="llm.example")
    with pytest.raises(FailedPreconditionError, match=r"^responder_llm_base_url ") as refused:
        language_models(config, lambda model: pytest.fail(model.expert), metrics)
    assert refused.value.metadata["setting"] == "responder_llm_base_url"


async def test_stages_with_the_same_settings_share_one_model_and_the_fallback_is_made_once(
    metrics: ControllerMetrics,
) -> None:
    def made(**values: Any) -> LanguageModels:
        return language_models(ControllerConfig(**values), lambda model: pytest.fail(model.expert), metrics)

    none, one = made(), made(llm_base_url=URL)
    two = made(llm_base_url=URL, planner_llm_model="small", llm_fallback_base_url=OTHER)
    assert (none.planner, none.models, none.is_ready(none.planner)) == (None, (), False)
    assert one.planner is one.selector is one.responder
    assert [model.model for model in two.models] == ["small", "gpt-4.1-mini"]
    assert two.fallback is not None
    # What one stage learns of an endpoint that is away, the others know.
    assert two.selector is two.responder
    assert two.planner is not two.responder
    for models in (one, two):
        await models.aclose()
