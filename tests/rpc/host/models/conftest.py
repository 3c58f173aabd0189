"""A stand-in of the Hub, and a host that reaches it and offers nothing at first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.hub_server import HubServer
from tests.rpc.host import hub_models
from tests.rpc.host.hosts import RunningHost, running_host
from tests.rpc.host.hub_models import Models


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with hub_models.hub_in_environment(tmp_path / "hub", monkeypatch) as hub:
        yield hub


@pytest.fixture
async def host(tmp_path: Path, hub: HubServer) -> AsyncIterator[RunningHost]:
    async with running_host(tmp_path / "home", profile="none") as host:
        yield host


@pytest.fixture
def models(host: RunningHost) -> Models:
    return Models(host)
