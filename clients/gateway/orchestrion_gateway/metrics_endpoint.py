"""The HTTP endpoint beside the gateway: Prometheus reads `/metrics` there, supervisors read health."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Answer = Callable[[], tuple[int, str]]
"""Returns the status and the text of a page; called on the threads of the endpoint."""


class GatewayMetricsEndpoint:
    """Serves a registry over HTTP on threads of its own, so that a busy event loop can still be watched."""

    def __init__(self, registry: CollectorRegistry, address: str, port: int, pages: Mapping[str, Answer]) -> None:
        """Starts to serve.

        Args:
            registry: What `/metrics` serves.
            address: The address to bind, such as `127.0.0.1`.
            port: The port; 0 takes a free one.
            pages: What other paths answer with, by path.

        Raises:
            OSError: The port is taken.
        """
        self._address = address
        self._metrics = make_wsgi_app(registry)
        self._pages = pages
        try:
            family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
            server_class = type("_Server", (ThreadingWSGIServer,), {"address_family": family})
            self._server: WSGIServer = make_server(
                address, port, self._answer, server_class, handler_class=_QuietHandler
            )
        except OSError as error:
            raise OSError(f"cannot serve metrics on {address}:{port}: {error.strerror or error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stops serving and waits for the thread."""
        stopping = threading.Thread(target=self._server.shutdown)
        stopping.start()
        # The server looks at its stop flag twice a second; a connection makes it look at once.
        with contextlib.suppress(OSError):
            socket.create_connection((self._address, self.port), timeout=1).close()
        stopping.join()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path in ("/", "/metrics"):
            metrics: Iterable[bytes] = self._metrics(environ, start_response)
            return metrics
        make = self._pages.get(path)
        paths = ", ".join(["/metrics", *self._pages])
        status, text = make() if make is not None else (404, f"There is nothing at {path}; there is {paths}.")
        body = f"{text}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]


class _QuietHandler(WSGIRequestHandler):
    """Logs no request: they come several times a minute."""

    def log_message(self, format: str, *args: object) -> None:  # The base class names it.
        """Logs nothing."""
