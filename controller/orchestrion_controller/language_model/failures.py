"""Maps an endpoint's failures to errors with a cure; messages never contain the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.language_model.messages import LanguageModelConfig
from orchestrion_controller.language_model.retries import retry_after_s

if TYPE_CHECKING:
    import openai

_CONTEXT_WORDS: Final = (
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "available context size",
    "context window",
    "max_model_len",
    "prompt is too long",
    "input is too long",
)
_QUOTA_WORDS: Final = ("insufficient_quota", "billing", "credit", "quota exceeded", "payment")
_LONGEST_QUOTE: Final = 300


@dataclass(frozen=True, slots=True)
class ContextRefusal:
    """An endpoint's refusal of a prompt that is too long; 0 for figures that it does not give."""

    context_tokens: int = 0
    prompt_tokens: int = 0


def context_refusal(status: int, body: object, message: str) -> ContextRefusal | None:
    """Recognises the refusal of a prompt that exceeds the context; None for any other error.

    Args:
        status: The HTTP status.
        body: The error as the endpoint's JSON has it, where it is JSON.
        message: The error's text.
    """
    fields: Mapping[str, object] = body if isinstance(body, Mapping) else {}
    fields = inner if isinstance(inner := fields.get("error"), Mapping) else fields
    said = " ".join([message, *(str(fields.get(name) or "") for name in ("code", "type", "message"))]).casefold()
    if status not in {400, 413, 422, 500} or not any(words in said for words in _CONTEXT_WORDS):
        return None
    context = _integer(fields.get("n_ctx")) or _first_number(
        said, r"context (?:length|size|window)(?: of| is|:| \()*\s*(\d+)", r"max_model_len[^\d]{1,20}(\d+)"
    )
    prompt = _integer(fields.get("n_prompt_tokens")) or _first_number(
        said,
        r"(\d+) (?:tokens )?in (?:the|your) (?:messages|prompt)",
        r"(?:resulted in|request has|requested|prompt (?:contains|has|is)(?: at least)?)\s+(\d+)",
        r"request \((\d+) tokens\)",
    )
    return ContextRefusal(context, prompt if prompt > context else 0)


def explained(error: Exception, config: LanguageModelConfig) -> OrchestrionError:
    """Maps the client's exception to an error with a cure."""
    import openai

    where = _where(config)
    if isinstance(error, openai.APIConnectionError):
        return Reason.LLM_UNAVAILABLE.error(f"The language model at {where} cannot be reached; is it running?")
    if not isinstance(error, openai.APIStatusError):
        return Reason.LLM_UNAVAILABLE.error(f"The language model at {where} failed: {_quoted(error, config)}")
    status = error.status_code
    said = _quoted(error, config)
    wait_s = retry_after_s(error.response.headers)
    # A wait beyond a day is left out of the message.
    retry_after_ms = None if wait_s is None else round(min(wait_s, 86_400.0) * 1000)
    if status in {401, 403}:
        message = f"The language model at {where} does not accept the key (HTTP {status}); set OPENAI_API_KEY."
        return Reason.NOT_CONFIGURED.error(message, setting="llm_api_key")
    if status == 404:
        message = f"The endpoint {where} does not know the model `{config.model}`; set OPENAI_MODEL or its URL."
        return Reason.NOT_CONFIGURED.error(message, setting="llm_model")
    if is_about_payment(error):
        message = f"The account at {where} has nothing left to pay for the language model: {said}"
        return Reason.LLM_QUOTA_EXHAUSTED.error(
            f"{message} Add credit, or set another endpoint.", setting="llm_api_key"
        )
    if status == 429:
        when = "" if wait_s is None else f"; it asks to wait {wait_s:.3g} s"
        message = f"The language model at {where} has too much to do{when}: {said}"
        return Reason.LLM_RATE_LIMITED.error(message, retry_after_ms=retry_after_ms, http_status="429")
    message = f"The language model at {where} answered HTTP {status}: {said}"
    return Reason.LLM_UNAVAILABLE.error(message, retry_after_ms=retry_after_ms, http_status=str(status))


def is_about_payment(error: openai.APIStatusError) -> bool:
    """Whether the account's quota is used up, which waiting does not cure."""
    said = str(error).casefold()
    return error.status_code == 402 or (error.status_code == 429 and any(word in said for word in _QUOTA_WORDS))


def silent(config: LanguageModelConfig, *, began: bool) -> OrchestrionError:
    """The error of an endpoint that is silent for too long, before its reply or within it."""
    setting = "llm_idle_timeout_s" if began else "llm_timeout_s"
    seconds = config.idle_timeout_s if began else config.timeout_s
    when = "in the middle of its reply" if began else "before its reply began"
    message = f"The language model at {_where(config)} was silent for {seconds:g} s {when}."
    return Reason.LLM_TIMED_OUT.error(f"{message} Try again, or raise {setting}.", setting=setting)


def broke_off(config: LanguageModelConfig) -> OrchestrionError:
    """The error of a reply whose stream broke before its end."""
    return Reason.LLM_BROKE_OFF.error(f"The language model at {_where(config)} broke off in the middle of its reply.")


def too_long(config: LanguageModelConfig, context_tokens: int) -> OrchestrionError:
    """The error of a request that does not fit in the context, whatever else is left out."""
    size = f"{context_tokens} tokens" if context_tokens else "an unknown size"
    message = f"The request does not fit in the context of the language model `{config.model}` ({size})"
    cure = "shorten the request, use a model with a longer context, or set llm_context_tokens if it is in truth longer"
    details = {"setting": "llm_context_tokens", "context_tokens": str(context_tokens)}
    return Reason.LLM_CONTEXT_EXCEEDED.error(f"{message}, even with all else left out: {cure}.", details)


def _where(config: LanguageModelConfig) -> str:
    """Names the endpoint by its URL without credentials: no user, password or query."""
    if not config.base_url:
        return "OpenAI"
    parts = urlsplit(config.base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _quoted(error: Exception, config: LanguageModelConfig) -> str:
    text = str(error)
    if config.api_key:
        text = text.replace(config.api_key, "…")
    return text[:_LONGEST_QUOTE]


def _first_number(text: str, *patterns: str) -> int:
    matches = (re.search(pattern, text) for pattern in patterns)
    return next((int(match.group(1)) for match in matches if match), 0)


def _integer(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
