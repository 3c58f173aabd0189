"""A web server of this machine, without the proxies of whoever runs the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.client.web_server import WebServer, serve_web


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    with serve_web() as server:
        yield server
