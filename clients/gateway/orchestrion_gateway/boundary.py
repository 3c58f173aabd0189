"""Who may call: pages of the gateway's own origin and programs, and no other web site.

A gateway on a person's machine is reached by every page that the person's browser shows. Three rules keep other sites
out: the name under which a browser reached the gateway must be one of its own (else a site could have its own name
resolve to 127.0.0.1 and be the same origin); what changes something must come from a page of that origin; and nothing
may be embedded or read by pages of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrion import OrchestrionError, Reason
from orchestrion_gateway.config import GatewayConfig, ip_address, is_loopback
from orchestrion_gateway.errors import response_of

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of our own pages, and of what a person typed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not answered."""

    status: HTTPStatus
    error: OrchestrionError


@dataclass(frozen=True, slots=True)
class Boundary:
    """The rules."""

    hosts: frozenset[str]
    """Names under which the gateway may be reached, beside those of this machine, in lower case."""
    origins: frozenset[str]
    """Origins of other sites that may call it."""
    remote: bool
    """Whether other machines may reach it by its IP address; a rebound name is never one."""

    @classmethod
    def of(cls, config: GatewayConfig) -> Boundary:
        """Takes the rules from the settings."""
        return cls(
            frozenset(map(str.casefold, config.allowed_hosts)), frozenset(config.allowed_origins), config.allow_remote
        )

    def refusal(self, method: str, host: str, origin: str | None, site: str | None) -> Refusal | None:
        """Says why a call is refused; None for one that is not.

        Args:
            method: Such as `POST`.
            host: The header `Host`.
            origin: The header `Origin`; None where there is none.
            site: The header `Sec-Fetch-Site`; None where there is none, as from programs.
        """
        name = _name_of(host)
        if not self._is_own(name):
            text = f"The gateway is not called {name!r}; --allowed-host allows that name."
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, Reason.PERMISSION_DENIED.error(text, field="Host"))
        if method in _READING or origin in self.origins:
            return None
        if origin is not None and urlsplit(origin).netloc.casefold() != host.casefold():
            text = f"Pages of {origin} may not change anything here; --allowed-origin allows it."
            return Refusal(HTTPStatus.FORBIDDEN, Reason.PERMISSION_DENIED.error(text, field="Origin"))
        if origin is None and site is not None and site not in _OWN_SITES:
            text = "Pages of other sites may not change anything here."
            return Refusal(HTTPStatus.FORBIDDEN, Reason.PERMISSION_DENIED.error(text, field="Sec-Fetch-Site"))
        return None

    def _is_own(self, name: str) -> bool:
        return is_loopback(name) or name in self.hosts or (self.remote and ip_address(name) is not None)


class BoundaryMiddleware:
    """Holds every call to the rules, and has every response say that it is not for other origins."""

    def __init__(self, app: ASGIApp, boundary: Boundary) -> None:
        """Stands in front of an application."""
        self._app = app
        self._boundary = boundary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a call, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                if not self._boundary.origins:
                    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._boundary.refusal(
            scope["method"], headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site")
        )
        if refusal is None:
            await self._app(scope, receive, send_marked)
        else:
            await response_of(refusal.error, refusal.status)(scope, receive, send_marked)


def _name_of(host: str) -> str:
    """Returns the name of a `Host` header, without its port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0].rstrip(".").casefold()
