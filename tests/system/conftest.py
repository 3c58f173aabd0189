"""A whole platform for all system tests, and servers of a module's own for tests that look into or harm them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import orchestrion
from orchestrion._processes.supervision import Child
from tests.system.processes import Servers


@pytest.fixture(scope="session")
def platform_log() -> list[str]:
    return []


@pytest.fixture(scope="session")
def client(platform_log: list[str]) -> Iterator[orchestrion.Client]:
    with orchestrion.embedded(log=lambda server, line: platform_log.append(f"{server}: {line}")) as client:
        yield client


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(scope="module")
def controller(servers: Servers) -> Child:
    return servers.controller()


@pytest.fixture(scope="module")
def host(servers: Servers, controller: Child) -> Child:
    del controller  # The host advertises itself there.
    return servers.host("--preload", "rapidocr,espeak-ng,delay")
