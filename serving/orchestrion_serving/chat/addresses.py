"""Where an endpoint is: what can be wrong with its URL and key before anybody asks, and how to speak of it. Pure."""

# ruff: noqa: RUF001 - People paste quotation marks of every kind.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from orchestrion._net.loopback import is_loopback

OPENAI: Final = "https://api.openai.com/v1"
_OPENAI_HOST: Final = "api.openai.com"
_CHAT: Final = "/chat/completions"
_QUOTES: Final = "\"'`“”‘’"


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """Where an endpoint is, and the key to it."""

    base_url: str = OPENAI
    """What its paths begin with, such as `http://127.0.0.1:8000/v1`."""
    key: str = field(default="", repr=False)
    """The key; empty where it wants none."""

    @property
    def shown(self) -> str:
        """How to speak of it: by its URL without user, password and query."""
        if self.is_openai:
            return "OpenAI"
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own."""
        return urlsplit(self.base_url).hostname == _OPENAI_HOST

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy can reach it."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may read in a message: the key, and what the URL hides, also as URLs write it."""
        parts = urlsplit(self.base_url)
        secrets = [self.key, parts.password or "", *(value for _, value in parse_qsl(parts.query) if len(value) > 3)]
        return tuple(dict.fromkeys(form for secret in secrets if secret for form in (secret, quote(secret, safe=""))))

    def url(self, path: str, *, of_api: bool = True) -> str:
        """Returns the URL of a path below the base URL or, not `of_api`, below the server that has it."""
        parts = urlsplit(self.base_url)
        base = parts.path.rstrip("/")
        base = base if of_api else base.removesuffix("/v1")
        return urlunsplit((parts.scheme, parts.netloc, base + path, parts.query, ""))

    def chat_url(self) -> str:
        """Returns the URL that chats are posted to."""
        return self.url(_CHAT)


def wrong_url(url: str) -> str:
    """Says what is wrong with an endpoint's base URL, to follow its name; empty where nothing is."""
    if not url:
        return ""
    if any(sign in url for sign in _QUOTES):
        return f"{url!r} has quotation marks in it; leave them out."
    if url != url.strip() or any(sign.isspace() or not sign.isprintable() for sign in url):
        return f"{url!r} has white space in it; leave it out."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"{url!r} is no URL ({error})."
    if "://" not in url:
        return f"{url!r} has no scheme; write {_with_scheme(url)!r}."
    if parts.scheme not in ("http", "https"):
        return f"{url!r} has the scheme {parts.scheme!r}; only http and https are understood."
    if not host or port == 0:
        return f"{url!r} names no {'port' if host else 'host'}; expected something like 'http://127.0.0.1:8000/v1'."
    path = parts.path.rstrip("/")
    for ending in (_CHAT, "/completions", "/responses"):
        if path.endswith(ending):
            shorter = urlunsplit((parts.scheme, parts.netloc, path.removesuffix(ending), parts.query, ""))
            return f"{url!r} is the URL of a call; write what stands before {ending!r}: {shorter!r}."
    return ""


def wrong_key(key: str) -> str:
    """Says what is wrong with a key, to follow its name and without repeating it; empty where nothing is."""
    if not key:
        return ""
    if any(sign in key for sign in _QUOTES):
        return "the key has quotation marks in it; leave them out."
    if key.casefold().startswith("bearer "):
        return "the key begins with 'Bearer', which is added to it anyway; leave it out."
    if any(sign.isspace() for sign in key):
        return "the key has white space in it, such as a line break at its end; leave it out."
    if not key.isascii() or not key.isprintable():
        return "the key has characters that no header of HTTP can hold; copy it once more."
    return ""


def _with_scheme(url: str) -> str:
    host = urlsplit(f"//{url}").hostname or ""
    return f"{'http' if is_loopback(host) or ':' in url else 'https'}://{url}"
