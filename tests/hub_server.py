"""A stand-in for the Hugging Face Hub: a real HTTP server on a free port, which huggingface_hub reaches by HF_ENDPOINT.

It answers what the client asks: model info with the files' metadata, lists by pipeline tag in pages, and files by HEAD
and GET with ETags, commits and ranges; large files are redirected to another path, as the Hub sends them to its CDN.
Faults come on order, and every request is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.hub_answers import Answers, Faults, HubFile, HubModel, Request

__all__ = ["Faults", "HubFile", "HubModel", "HubServer", "Request", "serving"]


class HubServer:
    """The server; `url` goes into HF_ENDPOINT."""

    def __init__(self, port: int = 0) -> None:
        self.models: dict[str, HubModel] = {}
        self.faults = Faults()
        self.requests: list[Request] = []
        self.token = ""
        """The token that opens what is gated or private."""
        hub = self

        class Handler(Answers):
            server_of_models = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def cdn_url(self) -> str:
        """Where large files are: the same server under another name, so that clients take it for another host."""
        return f"http://localhost:{self._server.server_address[1]}"

    def add(self, model: str, folder: Path | dict[str, bytes], **fields: Any) -> HubModel:
        """Publishes a folder, or files given by name, as a model."""
        if isinstance(folder, Path):
            paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            contents = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
        else:
            contents = folder
        self.models[model] = HubModel(model, {name: HubFile(content) for name, content in contents.items()}, **fields)
        return self.models[model]

    def gets(self, ending: str) -> list[Request]:
        """Returns the requests for the content of files whose path ends so, without those that were redirected."""
        return [
            request
            for request in self.requests
            if request.method == "GET" and request.path.endswith(ending) and request.sent_bytes
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def start(self) -> None:
        self._thread.start()


@contextmanager
def serving() -> Iterator[HubServer]:
    server = HubServer()
    server.start()
    try:
        yield server
    finally:
        server.close()
