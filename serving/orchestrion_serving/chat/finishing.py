"""Why a reply ended, in one spelling. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

STOP: Final = "stop"
LENGTH: Final = "length"
FILTERED: Final = "content_filter"
FAILED: Final = "error"
"""No end of a reply: the endpoint stopped in the middle of it."""

_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    STOP: (
        "stop", "eos", "eostoken", "endturn", "stopsequence", "complete", "completed", "finish", "finished", "done",
        "end", "normal", "stopped", "success", "true", "endofturn", "endoftext", "eot", "eotid", "stoptoken",
    ),
    LENGTH: (
        "length", "maxtokens", "maxoutputtokens", "maxcompletiontokens", "maxlength", "maxnewtokens", "modellength",
        "modelcontextwindowexceeded", "contextlength", "contextlengthexceeded", "contextwindowexceeded", "tokenlimit",
        "lengthlimit", "limit", "truncated", "incomplete", "toolong", "maxtokensreached",
    ),
    FILTERED: (
        "contentfilter", "contentfiltered", "filtered", "safety", "recitation", "blocklist", "prohibitedcontent",
        "spii", "imagesafety", "language", "sensitive", "refusal", "refused", "blocked", "guardrail",
        "guardrailintervened", "moderation", "errortoxic", "safetyfilter",
    ),
    FAILED: (
        "error", "abort", "aborted", "cancelled", "canceled", "networkerror", "insufficientsystemresource", "timeout",
        "interrupted", "failed", "failure", "internalerror", "serverfault", "malformedfunctioncall",
    ),
    "tool_calls": ("toolcalls", "toolcall", "tooluse", "functioncall"),
}  # fmt: skip
_BY_SPELLING: Final = {spelling: reason for reason, spellings in _SPELLINGS.items() for spelling in spellings}
_NONE: Final = frozenset({"", "null", "none", "false", "unspecified", "notfinished", "running", "undefined", "nil"})
_BY_NUMBER: Final = {1: STOP, 2: LENGTH, 3: FILTERED, 4: FILTERED}
"""Numbers of Google's enumeration, which gateways pass on."""


def finish_reason(value: object) -> str:
    """Reads a finish reason: `stop`, `length`, `content_filter`, `tool_calls`, `error`, or the endpoint's own word.

    Returns:
        Empty where the reply goes on, or the endpoint does not say.
    """
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = value.get("type") or value.get("reason")
    if isinstance(value, int) and not isinstance(value, bool):
        return _BY_NUMBER.get(value, "")
    word = str(value).strip() if isinstance(value, str | bool) else ""
    spelling = re.sub(r"[\W_]+", "", word.rpartition(".")[2]).casefold().removeprefix("finishreason")
    if spelling in _NONE:
        return ""
    return _BY_SPELLING.get(spelling, word.casefold())
