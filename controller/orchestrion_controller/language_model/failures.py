"""Maps an endpoint's failures to errors with a cure; messages have its own words, and never the key."""

from __future__ import annotations

from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.language_model.messages import LanguageModelConfig
from orchestrion_serving.chat import ChatFailure, ContextRefusal, Trouble, context_refusal

__all__ = ["ContextRefusal", "broke_off", "context_refusal", "context_refusal_of", "explained", "silent", "too_long"]

_LONGEST_WAIT_S: Final = 86_400.0
"""A wait beyond a day is cut to it."""


def explained(failure: ChatFailure, config: LanguageModelConfig) -> OrchestrionError:
    """Maps a failure to an error with a cure."""
    complaint = failure.complaint
    where, status = config.address.shown, complaint.status
    said = complaint.quoted(config.address.secrets)
    saying = f": {said}" if said else "."
    http = f" (HTTP {status})" if status else ""
    wait_s = complaint.retry_after_s
    retry_after_ms = None if wait_s is None else round(min(wait_s, _LONGEST_WAIT_S) * 1000)
    details = {"http_status": str(status)} if status else {}
    match failure.trouble:
        case Trouble.KEY:
            message = f"The language model at {where} does not accept the key{http}; set OPENAI_API_KEY."
            return Reason.NOT_CONFIGURED.error(_quoting(message, said), setting="llm_api_key")
        case Trouble.MODEL:
            message = f"The endpoint {where} does not know the model `{config.model}`; set OPENAI_MODEL or its URL."
            return Reason.NOT_CONFIGURED.error(_quoting(message, said), setting="llm_model")
        case Trouble.PAYMENT:
            message = f"The account at {where} has nothing left to pay for the language model{saying}"
            message += " Add credit, or set another endpoint."
            return Reason.LLM_QUOTA_EXHAUSTED.error(message, setting="llm_api_key")
        case Trouble.BUSY:
            when = "" if wait_s is None else f"; it asks to wait {wait_s:.3g} s"
            message = f"The language model at {where} has too much to do{when}{saying}"
            return Reason.LLM_RATE_LIMITED.error(message, details, retry_after_ms=retry_after_ms)
        case Trouble.CONTEXT:
            return too_long(config, context_refusal_of(failure).context_tokens)
        case Trouble.SILENT:
            return silent(config, began=failure.began)
        case Trouble.BROKE_OFF:
            return broke_off(config, said)
        case Trouble.UNREACHABLE:
            message = f"The language model at {where} cannot be reached; is it running?"
            return Reason.LLM_UNAVAILABLE.error(message if config.address.is_local else _quoting(message, said))
    message = f"The language model at {where} {f'answered HTTP {status}' if status else 'failed'}{saying}"
    return Reason.LLM_UNAVAILABLE.error(message, details, retry_after_ms=retry_after_ms)


def context_refusal_of(failure: ChatFailure) -> ContextRefusal:
    """The figures of a refusal for length, as far as the endpoint gives them."""
    complaint = failure.complaint
    return context_refusal(complaint.status, complaint.fields, complaint.words) or ContextRefusal()


def silent(config: LanguageModelConfig, *, began: bool) -> OrchestrionError:
    """The error of an endpoint that is silent for too long, before its reply or within it."""
    setting = "llm_idle_timeout_s" if began else "llm_timeout_s"
    seconds = config.idle_timeout_s if began else config.timeout_s
    when = "in the middle of its reply" if began else "before its reply began"
    message = f"The language model at {config.address.shown} was silent for {seconds:g} s {when}."
    return Reason.LLM_TIMED_OUT.error(f"{message} Try again, or raise {setting}.", setting=setting)


def broke_off(config: LanguageModelConfig, said: str = "") -> OrchestrionError:
    """The error of a reply that broke off before its end."""
    message = f"The language model at {config.address.shown} broke off in the middle of its reply"
    return Reason.LLM_BROKE_OFF.error(f"{message}: {said}" if said else f"{message}.")


def too_long(config: LanguageModelConfig, context_tokens: int) -> OrchestrionError:
    """The error of a request that does not fit in the context, whatever else is left out."""
    size = f"{context_tokens} tokens" if context_tokens else "an unknown size"
    message = f"The request does not fit in the context of the language model `{config.model}` ({size})"
    cure = "shorten the request, use a model with a longer context, or set llm_context_tokens if it is in truth longer"
    details = {"setting": "llm_context_tokens", "context_tokens": str(context_tokens)}
    return Reason.LLM_CONTEXT_EXCEEDED.error(f"{message}, even with all else left out: {cure}.", details)


def _quoting(message: str, said: str) -> str:
    return f"{message} It says: {said}" if said else message
