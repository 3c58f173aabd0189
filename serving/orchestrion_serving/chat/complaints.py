"""What an endpoint complains of: the words, the status and the rest, wherever its answer has them. Pure.

Errors come with their status or with HTTP 200, as JSON of many forms, as an event in the middle of a reply, as text, or
as an HTML page. A status in the body goes before that of HTTP where gateways hide it behind one that says less.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from orchestrion_serving.chat.retry_after import retry_after_in

_ERROR_FIELDS: Final = ("error", "errors")
_WORD_FIELDS: Final = (
    "message", "Message", "msg", "error_msg", "error_message", "errorMessage", "error_description", "status_msg",
    "detail", "details", "error", "errors", "reason", "title", "description", "text",
)  # fmt: skip
_LOUD_FIELDS: Final = ("detail", "error_msg", "error_message", "errorMessage", "error_description", "err_msg")
"""Fields that a chunk of a reply does not have: they are a complaint by themselves."""
_STATUS_FIELDS: Final = (
    "code", "status", "status_code", "statusCode", "http_status", "http_code", "httpStatus", "error_code", "type",
)  # fmt: skip
_NAMED: Final[Mapping[int, tuple[str, ...]]] = {
    400: ("invalidrequest", "badrequest", "invalidargument", "unsupportedparameter", "unsupportedvalue", "invalidvalue",
          "unknownparameter", "validation"),
    401: ("invalidapikey", "authentication", "unauthenticated", "unauthorized", "invalidauthentication",
          "incorrectapikey", "missingapikey"),
    402: ("insufficientquota", "billing", "paymentrequired", "insufficientbalance", "billingnotactive",
          "insufficientcredits", "insufficientfunds", "exceededcurrentquota", "billinghardlimitreached",
          "quotaexceeded", "arrearage"),
    403: ("permission", "permissiondenied", "forbidden", "accessdenied", "accountdeactivated",
          "unsupportedcountryregionterritory"),
    404: ("notfound", "modelnotfound", "unknownmodel", "nosuchmodel", "modelnotexist"),
    413: ("requesttoolarge", "payloadtoolarge", "contextlengthexceeded", "exceedcontextsize", "contextwindowexceeded",
          "stringabovemaxlength", "requestentitytoolarge"),
    429: ("ratelimit", "ratelimited", "ratelimitexceeded", "resourceexhausted", "toomanyrequests", "throttling",
          "ratelimitreached"),
    500: ("server", "internalserver", "internal", "api"),
    503: ("overloaded", "serviceunavailable", "unavailable", "serveroverloaded", "engineoverloaded", "modeloverloaded"),
    504: ("timeout", "gatewaytimeout", "deadlineexceeded", "requesttimeout"),
}  # fmt: skip
_STATUS_BY_NAME: Final = {name: status for status, names in _NAMED.items() for name in names}
_TELLING: Final = frozenset({401, 402, 403, 404, 413, 429})
"""Statuses that say what to do; the others only say that something is wrong."""
_STATUS_IN_WORDS: Final = re.compile(
    r"(?:^\W*|\bhttp(?:/\d(?:\.\d)?)?\W{0,2}|\bstatus(?: ?code)?\W{0,3}|\berror(?: ?code)?\W{0,3}|\bcode\W{0,3})"
    r"([45]\d\d)\b",
    re.IGNORECASE,
)
_DEEPEST: Final = 6
_LONGEST_QUOTE: Final = 300
_LEAST_SECRET: Final = 8
"""Shorter ones, such as `k` or `none` for servers that want any key, are parts of words as well."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an endpoint complains of."""

    words: str = ""
    """Its own words, on one line; whole, with whatever secrets it repeats: see `quoted`."""
    status: int = 0
    """An HTTP status, by the answer or by its body; 0 where neither says one."""
    codes: tuple[str, ...] = ()
    """The names that it has for the error, such as `context_length_exceeded`."""
    param: str = ""
    """The fields of the request that it names as wrong, such as `messages[0].role`; separated by spaces."""
    retry_after_s: float | None = None
    """How long it asks to wait, in seconds; None where it does not."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """The error as its JSON has it."""

    def with_status(self, status: int) -> Complaint:
        """Returns it with the answer's status of HTTP, where its body does not say more than that."""
        keeps = self.status in _TELLING and status not in _TELLING
        return replace(self, status=self.status if keeps else status)

    def quoted(self, secrets: tuple[str, ...] = ()) -> str:
        """Returns its words without secrets, cut at 300 characters."""
        words = without(self.words, secrets)
        return words if len(words) <= _LONGEST_QUOTE else words[: _LONGEST_QUOTE - 1] + "…"


def complaint_in(event: object, *, announced: bool = False) -> Complaint | None:
    """Finds the complaint in an event, or in the body of an answer.

    Args:
        event: The JSON.
        announced: Whether it is one in any case: by its status, or by the event's name.

    Returns:
        None where there is none.
    """
    if isinstance(event, str):
        return complaint_of_text(event) if announced else None
    if event is None:
        return None
    if isinstance(event, list):
        return next((complaint for item in event if (complaint := complaint_in(item, announced=announced))), None)
    if not isinstance(event, Mapping):
        return Complaint(json.dumps(event)) if announced else None
    error = _error_of(event)
    if error is None and not announced:
        return None
    inner = error if isinstance(error, Mapping) else {}
    words = " ".join(_words(event if error is None or error is True else error).split())
    if not words:
        words = " ".join(_words(event).split()) or json.dumps(event, ensure_ascii=False)
    statuses = (
        _status(error),
        _status({name: event.get(name) for name in _STATUS_FIELDS}),
        _one_status(words),
        _status_in(words),
    )
    status = next((each for each in statuses if each in _TELLING), next(filter(None, statuses), 0))
    codes = tuple(
        str(place[name])
        for place in (inner, event)
        for name in ("code", "type", "status")
        if isinstance(place.get(name), str)
    )
    params = [str(place["param"]) for place in (inner, event) if isinstance(place.get("param"), str)]
    params += list(_locations(event))
    return Complaint(words, status, codes, " ".join(params), retry_after_in(event, words), inner or event)


def complaint_of_text(text: str) -> Complaint:
    """Reads a complaint that is no JSON: words, or a page of HTML."""
    words = " ".join(_plain(text).split())
    return Complaint(words, _one_status(words) or _status_in(words[:200]), retry_after_s=retry_after_in({}, words))


def without(text: str, secrets: tuple[str, ...]) -> str:
    """Replaces secrets in a text, the longest first; a short one where it stands alone, and not as a part of words."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) < _LEAST_SECRET:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        text = re.sub(pattern, "…", text)
    return text


def _error_of(event: Mapping[str, object]) -> object:
    """Returns what an event says is wrong; None where it says nothing of the kind."""
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else None
    for place in (event, first or {}):
        for name in _ERROR_FIELDS:
            if place.get(name):
                return place[name]
    base = event.get("base_resp")
    if isinstance(base, Mapping) and base.get("status_code"):
        return base
    if first is not None:
        return None
    if any(event.get(name) for name in _LOUD_FIELDS):
        return event
    kind = str(event.get("object") or event.get("type") or event.get("status") or "").casefold()
    says = isinstance(event.get("message"), str) or isinstance(event.get("msg"), str)
    return event if kind == "error" or event.get("success") is False or (says and "choices" not in event) else None


def _words(value: object, depth: int = 0) -> str:
    if isinstance(value, str):
        return _plain(value)
    if depth > _DEEPEST:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_words(item, depth + 1) for item in value)))
    if not isinstance(value, Mapping):
        return ""
    said = next((words for name in _WORD_FIELDS if (words := _words(value.get(name), depth + 1))), "")
    place = value.get("loc")
    if said and isinstance(place, list):
        said = f"{'.'.join(map(str, place))}: {said}"
    # What stands behind a gateway says what is really wrong.
    metadata = value.get("metadata")
    raw = _words(metadata.get("raw"), depth + 1) if isinstance(metadata, Mapping) else ""
    return f"{said} ({raw})" if said and raw and raw not in said else said or raw


def _status(error: object, depth: int = 0) -> int:
    if isinstance(error, str) and error.lstrip().startswith("{"):
        try:
            error = json.loads(error)
        except ValueError:
            return 0
    if isinstance(error, list):
        return next((status for item in error if (status := _status(item, depth + 1))), 0)
    if not isinstance(error, Mapping) or depth > _DEEPEST:
        return 0
    statuses = [status for name in _STATUS_FIELDS if (status := _one_status(error.get(name)))]
    inner = [status for name in (*_ERROR_FIELDS, "detail") if (status := _status(error.get(name), depth + 1))]
    all_statuses = [*statuses, *inner]
    return next((status for status in all_statuses if status in _TELLING), all_statuses[0] if all_statuses else 0)


def _one_status(value: object) -> int:
    if isinstance(value, bool):
        return 0
    if isinstance(value, int | float):
        return int(value) if 400 <= value < 600 else 0
    if not isinstance(value, str):
        return 0
    if number := re.match(r"\s*(\d{3})\b", value):
        return _one_status(int(number[1]))
    # As one word, and for names with dots in them each part by itself, the last one first.
    for part in (value, *reversed(value.split("."))):
        name = re.sub(r"(?:error|exception)$", "", re.sub(r"[\W_]+", "", part).casefold())
        if status := _STATUS_BY_NAME.get(name):
            return status
    return 0


def _status_in(words: str) -> int:
    matched = _STATUS_IN_WORDS.search(words)
    return int(matched[1]) if matched else 0


def _locations(value: object, depth: int = 0) -> Iterator[str]:
    """Yields the places in the request that a validation complains of, as pydantic tells them."""
    if isinstance(value, list) and depth < _DEEPEST:
        for item in value:
            yield from _locations(item, depth + 1)
    elif isinstance(value, Mapping) and depth < _DEEPEST:
        if isinstance(place := value.get("loc"), list):
            yield ".".join(str(part) for part in place if part != "body")
        for name in (*_ERROR_FIELDS, "detail"):
            yield from _locations(value.get(name), depth + 1)


def _plain(text: str) -> str:
    if not re.search(r"<(?:!doctype|html|head|body|title|h\d|p|center)\b", text, re.IGNORECASE):
        return text
    text = re.sub(r"<(script|style)\b.*?</\1\s*>", " ", text, flags=re.IGNORECASE | re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", text))
