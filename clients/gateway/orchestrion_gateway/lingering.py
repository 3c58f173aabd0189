"""A refusal that reaches a caller who is still sending."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

_QUIET_S: Final = 0.5
"""How long nothing may come until the caller is taken to have read the answer, in seconds."""

_LONGEST_S: Final = 10.0
"""How long is listened in all, in seconds."""


class LingeringResponse(JSONResponse):
    """Answers at once, and drops what still comes of the body for a while before the connection ends.

    A connection that is closed while data are under way is reset, and the answer is lost with it. Whoever reads the
    answer, which says how long it is, need not send the rest.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, listens, and ends."""
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        try:
            async with asyncio.timeout(_LONGEST_S):
                await _drop(receive)
        except TimeoutError:
            pass  # It has had its time.
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drop(receive: Receive) -> None:
    while True:
        async with asyncio.timeout(_QUIET_S):
            message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
