"""What a complaint is about, and so what helps. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion_serving.chat.complaints import Complaint
from orchestrion_serving.chat.counts import count

_CONTEXT_WORDS: Final = (
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "available context size",
    "context window",
    "context length",
    "max_model_len",
    "prompt is too long",
    "input is too long",
    "request too large",
    "reduce the length of the messages",
)
_CONTEXT_STATUSES: Final = frozenset({0, 400, 413, 422, 500})
_QUOTA_WORDS: Final = ("insufficient_quota", "billing", "credit", "quota exceeded", "payment", "insufficient balance")
_KEY_WORDS: Final = re.compile(
    r"\b(?:invalid|incorrect|missing|expired|no|provide an?|provide your) api[ _-]?key\b"
    r"|\bapi[ _-]?key\b.{0,20}\b(?:not valid|invalid|incorrect|missing|expired|required)\b"
)
_CURABLE: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Transient status codes."""


class Trouble(enum.Enum):
    """What went wrong."""

    KEY = enum.auto()
    """The endpoint does not accept the key, or not for this."""
    PAYMENT = enum.auto()
    """The account has nothing left to pay with."""
    MODEL = enum.auto()
    """The endpoint does not know the model, or there is no such path."""
    CONTEXT = enum.auto()
    """The prompt is too long."""
    BUSY = enum.auto()
    """It asks to come back later."""
    FAILED = enum.auto()
    """Anything else that it complains of."""
    UNREACHABLE = enum.auto()
    """There is no connection."""
    SILENT = enum.auto()
    """Nothing of a reply came for too long."""
    BROKE_OFF = enum.auto()
    """The reply has no end."""


@dataclass(frozen=True, slots=True)
class ContextRefusal:
    """An endpoint's refusal of a prompt that is too long; 0 for figures that it does not give."""

    context_tokens: int = 0
    prompt_tokens: int = 0
    is_about_reply: bool = False
    """Whether the prompt itself fits, and only the limit of the reply does not."""


class ChatFailure(Exception):
    """A call that gave no reply, or not the whole of one."""

    def __init__(self, trouble: Trouble, complaint: Complaint, *, began: bool = False) -> None:
        """Keeps what happened.

        Args:
            trouble: What went wrong.
            complaint: What the endpoint says about it.
            began: Whether the reply had begun.
        """
        super().__init__(trouble.name)  # Without the endpoint's words, which may repeat a key.
        self.trouble = trouble
        self.complaint = complaint
        self.began = began

    @property
    def is_curable(self) -> bool:
        """Whether the same call can succeed later."""
        if self.began or self.trouble not in {Trouble.BUSY, Trouble.FAILED, Trouble.UNREACHABLE}:
            return False
        return self.trouble is Trouble.UNREACHABLE or is_curable(self.complaint.status)


def is_curable(status: int) -> bool:
    """Whether the same call can succeed later, after an answer with this status."""
    return status in _CURABLE


def trouble_of(complaint: Complaint) -> Trouble:
    """Tells what a complaint is about."""
    if complaint.status == 413 or context_refusal(complaint.status, complaint.fields, complaint.words):
        return Trouble.CONTEXT
    said = " ".join((complaint.words, *complaint.codes)).casefold()
    is_about_payment = any(word in said for word in _QUOTA_WORDS)
    if complaint.status == 402 or (complaint.status in {0, 403, 429} and is_about_payment):
        return Trouble.PAYMENT
    if complaint.status in {0, 400} and _KEY_WORDS.search(said):
        return Trouble.KEY
    by_status = {401: Trouble.KEY, 403: Trouble.KEY, 404: Trouble.MODEL, 429: Trouble.BUSY}
    return by_status.get(complaint.status, Trouble.FAILED)


def context_refusal(status: int, body: object, message: str) -> ContextRefusal | None:
    """Recognises the refusal of a prompt that exceeds the context; None for any other error.

    Args:
        status: The HTTP status; 0 where there is none.
        body: The error as the endpoint's JSON has it, where it is JSON.
        message: The error's text.
    """
    fields: Mapping[str, object] = body if isinstance(body, Mapping) else {}
    fields = inner if isinstance(inner := fields.get("error"), Mapping) else fields
    said = " ".join([message, *(str(fields.get(name) or "") for name in ("code", "type", "message"))]).casefold()
    if status not in _CONTEXT_STATUSES or not (status == 413 or any(words in said for words in _CONTEXT_WORDS)):
        return None
    context = count(fields.get("n_ctx")) or _first_number(
        said,
        r"context (?:length|size|window)(?: of| is|:| \()*\s*(\d+)",
        r"max_model_len[^\d]{1,20}(\d+)",
        r"(\d+) tokens? context",
    )
    prompt = count(fields.get("n_prompt_tokens")) or _first_number(
        said,
        r"(\d+) (?:tokens )?in (?:the|your) (?:messages|prompt)",
        r"(?:resulted in|request has|requested|prompt (?:contains|has|is)(?: at least)?)\s+(\d+)",
        r"request \((\d+) tokens\)",
    )
    is_about_reply = 0 < prompt < context and any(word in said for word in ("completion", "max_tokens"))
    return ContextRefusal(context, prompt if prompt > context else 0, is_about_reply)


def _first_number(text: str, *patterns: str) -> int:
    matches = (re.search(pattern, text) for pattern in patterns)
    return next((int(match.group(1)) for match in matches if match), 0)
