"""The connection to an endpoint: requests with its key, past proxies where it is on this machine."""

from __future__ import annotations

import functools
import json
import logging
import os
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from orchestrion_serving.chat import ChatFailure, Complaint, EndpointAddress, Trouble

if TYPE_CHECKING:
    import httpx2

_CONNECT_TIMEOUT_S: Final = 10.0
_OF_ACCOUNT: Final = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
"""Headers that OpenAI's own endpoint wants of accounts that have several, and the variables that hold them."""
_MOST_CONNECTIONS: Final = 1000


class EndpointConnection:
    """An HTTP client for one endpoint; it connects with the first call."""

    def __init__(self, address: EndpointAddress, connect_timeout_s: float = _CONNECT_TIMEOUT_S) -> None:
        """Makes the client.

        Args:
            address: Where the endpoint is.
            connect_timeout_s: How long it may take to connect, in seconds. Nothing else is timed here.

        Raises:
            ValueError: A proxy in the environment cannot be used.
        """
        # Imported here: slow to import, and unused by servers that ask no language model.
        import httpx2

        # Its line for each request tells the address, which may hold a key.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self.address = address
        self._httpx2 = httpx2
        try:
            self._client = httpx2.AsyncClient(
                headers=_headers(address),
                timeout=httpx2.Timeout(None, connect=min(connect_timeout_s, _CONNECT_TIMEOUT_S)),
                limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=100),
                follow_redirects=True,
                verify=_certificates(),
                # A proxy cannot reach this machine.
                trust_env=not address.is_local,
            )
        except ImportError as error:
            # SOCKS needs a package of its own.
            raise ValueError(f"The proxy that the environment names cannot be used: {error}") from error

    async def aclose(self) -> None:
        """Closes what is open."""
        await self._client.aclose()

    async def post(self, url: str, body: Mapping[str, object]) -> httpx2.Response:
        """Posts JSON; the response's body is still to be read, and to be closed.

        Raises:
            ChatFailure: There is no connection.
        """
        # A lone surrogate, which no UTF-8 can hold, must not keep a request from being sent.
        content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        request = self._client.build_request("POST", url, content=content, headers={"Content-Type": "application/json"})
        try:
            return await self._client.send(request, stream=True)
        except self.broken as error:
            raise unreachable(error) from error

    async def get(self, url: str) -> httpx2.Response:
        """Gets a URL, with all of its body; errors as `post`."""
        try:
            return await self._client.get(url)
        except self.broken as error:
            raise unreachable(error) from error

    @property
    def broken(self) -> tuple[type[Exception], ...]:
        """What a connection that breaks raises."""
        return (self._httpx2.HTTPError, self._httpx2.StreamError, self._httpx2.InvalidURL, OSError)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Loads the machine's certificates, which takes longer than all else here, once for all clients."""
    import httpx2

    return httpx2.create_ssl_context()


def unreachable(error: Exception) -> ChatFailure:
    """The failure of a connection."""
    return ChatFailure(Trouble.UNREACHABLE, Complaint(f"{type(error).__name__}: {error}".rstrip(": ")))


def _headers(address: EndpointAddress) -> dict[str, str]:
    headers = {"Accept": "text/event-stream, application/json", "User-Agent": "orchestrion"}
    if address.key:
        headers["Authorization"] = f"Bearer {address.key}"
    if address.is_openai:
        headers |= {name: value for name, variable in _OF_ACCOUNT.items() if (value := os.environ.get(variable))}
    return headers
