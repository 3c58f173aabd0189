"""Says to the controller for whom the gateway calls: those who use it come from one address, and must not crowd out."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrion.callers import acting_for


class ActingMiddleware:
    """Makes the calls to the controller that an HTTP call leads to for the address that it came from."""

    def __init__(self, app: ASGIApp) -> None:
        """Stands in front of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a call in the name of its client."""
        client = scope.get("client") if scope["type"] == "http" else None
        with acting_for(client[0] if client else ""):
            await self._app(scope, receive, send)
