"""The HTTP endpoint beside the gateway: Prometheus reads `/metrics` there, supervisors read health."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from orchestrion import listening
from orchestrion.listening import ListenAddress

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
            address: The address to bind, such as `127.0.0.1`, or `unix:/path`.
            port: The port; 0 takes a free one.
            pages: What other paths answer with, by path.

        Raises:
            OSError: The port is taken, or the address is none of this machine's; the message has the cure.
            ValueError: The address cannot be one.
        """
        where = ListenAddress.read(address, port)
        try:
            bound, self._file = listening.bound(where)
        except OSError as error:
            raise listening.explained(
                where, error, address_flag="--metrics-host", port_flag="--metrics-port"
            ) from error
        self._metrics = make_wsgi_app(registry)
        self._pages = pages
        self._server = _Server(bound, self._answer)
        self._where = where.with_port(self._server.server_port)
        self.port: int = self._where.port
        self.address = str(self._where)
        """Where it is reached: `host:port`, `[::1]:port` or `unix:/path`."""
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops serving and waits for the thread."""
        stopping = threading.Thread(target=self._server.shutdown)
        stopping.start()
        # The server looks at its stop flag twice a second; a connection makes it look at once.
        with contextlib.suppress(OSError):
            self._where.connect().close()
        stopping.join()
        self._server.server_close()
        self._thread.join()
        self._file.remove()

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


class _Server(ThreadingWSGIServer):
    """A WSGI server on a socket that is bound already, of any family."""

    def __init__(self, bound: socket.socket, app: Callable[..., Iterable[bytes]]) -> None:
        super().__init__(("", 0), _QuietHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        name = bound.getsockname()
        # The path of a unix socket is no name of a host.
        self.server_name, self.server_port = name[:2] if isinstance(name, tuple) else ("localhost", 0)
        self.server_activate()
        self.setup_environ()
        self.set_app(app)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accepts a connection; the other end of a unix socket has no address."""
        connection, address = super().get_request()
        return connection, address or ("", 0)


class _QuietHandler(WSGIRequestHandler):
    """Logs no request: they come several times a minute."""

    def log_message(self, format: str, *args: object) -> None:  # The base class names it.
        """Logs nothing."""
