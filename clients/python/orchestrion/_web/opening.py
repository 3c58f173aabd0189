"""Requests over HTTP and HTTPS alone, whose redirects are followed one by one and checked."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import urllib.request
from collections.abc import Generator
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

from orchestrion._net.loopback import is_loopback
from orchestrion._web.addresses import check_redirect, encoded
from orchestrion._web.deadline import FetchDeadline
from orchestrion.errors import OrchestrionError, Reason

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {"User-Agent": "orchestrion", "Accept": "*/*", "Accept-Encoding": "gzip"}


class _Connection(http.client.HTTPConnection):
    """A connection that ends with the time."""

    deadline: FetchDeadline

    def connect(self) -> None:
        super().connect()
        try:
            self.deadline.guard(self.sock)
        except TimeoutError:
            self.close()
            raise


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """The same with TLS, which comes after the connection is guarded."""


class _Handler(urllib.request.AbstractHTTPHandler):
    """Opens both kinds of connection."""

    def __init__(self, deadline: FetchDeadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._plain, request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._secure, request)

    def _plain(self, host: str, **options: Any) -> _Connection:  # Those of `http.client`.
        connection = _Connection(host, **options)
        connection.deadline = self._deadline
        return connection

    def _secure(self, host: str, **options: Any) -> _Connection:
        connection = _SecureConnection(host, context=ssl.create_default_context(), **options)
        connection.deadline = self._deadline
        return connection

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_


@contextlib.contextmanager
def opened(url: str, deadline: FetchDeadline) -> Generator[tuple[http.client.HTTPResponse, str]]:
    """Opens an address; gives the answer, and the address that it came from in the end.

    Raises:
        OrchestrionError: The server refuses, or redirects too often or to where nothing is fetched from.
        OSError: It does not answer.
        HTTPException: What answers does not speak HTTP.
    """
    opener = _opener(deadline)
    origin = url
    for _ in range(MOST_REDIRECTS + 1):
        request = urllib.request.Request(encoded(url), headers=_HEADERS)  # noqa: S310 - Only handlers for HTTP are there.
        try:
            response = opener.open(request, timeout=deadline.remaining_s)
        except HTTPError as error:
            with error:
                target = error.headers.get("Location") if error.code in _REDIRECTS else None
                if target is None:
                    raise _refusal(url, error.code) from error
            target = urljoin(url, target)
            check_redirect(origin, target)
            url = target
        else:
            with response:
                yield response, url
            return
    message = f"{origin} redirects more than {MOST_REDIRECTS} times. Give the address where a browser ends up."
    raise Reason.LINK_UNUSABLE.error(message, url=origin)


class _Proxies(urllib.request.ProxyHandler):
    """The person's own proxies, none of which reaches this machine."""

    def proxy_open(self, req: urllib.request.Request, proxy: str, type: str) -> http.client.HTTPResponse | None:
        """Opens an address by way of a proxy; None leaves it to be opened directly."""
        if is_loopback(urlsplit(req.full_url).hostname or ""):
            return None
        response: http.client.HTTPResponse | None = super().proxy_open(req, proxy, type)
        return response


def _opener(deadline: FetchDeadline) -> urllib.request.OpenerDirector:
    """Makes what opens addresses, with the person's own proxies; unlike the usual one it knows no files and no FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Proxies(),
        _Handler(deadline),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _refusal(url: str, code: int) -> OrchestrionError:
    said = f"{code} {http.client.responses.get(code, '')}".strip()
    if code in (404, 410):
        cure = "Check the address."
    elif code in (401, 402, 403, 407, 451):
        cure = "It is not open to everybody: save it with a browser, and attach the file."
    elif code == 429 or code >= 500:
        cure = "Try again later, or save it with a browser, and attach the file."
    else:
        cure = "Save it with a browser, and attach the file."
    return Reason.LINK_UNUSABLE.error(f"{url}: the server answers {said}. {cure}", url=url)
