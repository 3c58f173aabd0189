"""A hosted inference endpoint of the Hub's form over HTTP, with scripted answers. Standard library only."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What the endpoint says on one path: JSON data, or bytes of a medium."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class InferenceEndpoint:
    """Answers every POST on a path with the answer for it; `asked` has the bodies, `headers` what came with them."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        """Prepares the server; the paths are without a slash."""
        self.requests: list[tuple[str, bytes]] = []
        self.headers: list[Mapping[str, str]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                path = self.path.strip("/")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                endpoint.requests.append((path, body))
                endpoint.headers.append(dict(self.headers.items()))
                answer = answers.get(path, Answer({"error": "no such model"}, 404))
                raw = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Says nothing: a test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
