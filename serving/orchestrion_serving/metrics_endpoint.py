"""The HTTP endpoint beside a gRPC server: Prometheus reads `/metrics` there, supervisors read health."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from orchestrion import listening
from orchestrion.listening import ListenAddress

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class HttpPage:
    """What a path answers with."""

    body: bytes
    """The content."""
    media_type: str
    """Its type."""
    status: int = 200
    """The HTTP status."""

    @classmethod
    def text(cls, text: str, *, status: int = 200) -> Self:
        """Returns a page of plain text, which ends with a line break."""
        return cls(f"{text}\n".encode(), "text/plain; charset=utf-8", status)


class MetricsEndpoint:
    """Serves a registry over HTTP on threads of its own, so that a busy event loop can still be watched."""

    def __init__(
        self,
        registry: CollectorRegistry,
        address: str,
        port: int,
        pages: Mapping[str, Callable[[], HttpPage]] | None = None,
    ) -> None:
        """Starts to serve.

        Args:
            registry: What `/metrics` serves, in the format that the reader asks for: OpenMetrics has exemplars.
            address: The address to bind, such as `127.0.0.1`, or `unix:/path`.
            port: The port; 0 takes a free one.
            pages: What other paths answer with; called on the threads of the endpoint.

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
        self._pages = dict(pages or {})
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
        # The server polls its stop flag twice a second; a connection makes it check at once.
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
        page = (
            make() if make is not None else HttpPage.text(f"There is nothing at {path}; there is {paths}.", status=404)
        )
        headers = [("Content-Type", page.media_type), ("Content-Length", str(len(page.body)))]
        start_response(f"{page.status} {HTTPStatus(page.status).phrase}", headers)
        return [page.body]


class _Server(ThreadingWSGIServer):
    """A WSGI server on a socket that is bound already, of any family."""

    def __init__(self, bound: socket.socket, app: Callable[..., Iterable[bytes]]) -> None:
        super().__init__(("", 0), _SilentHandler, bind_and_activate=False)
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


class _SilentHandler(WSGIRequestHandler):
    """Logs no request: they come several times a minute."""

    def log_message(self, format: str, *args: object) -> None:  # The base class names it.
        """Logs nothing."""
