"""A server that answers by a script, and both clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from orchestrion import AsyncClient, Client
from tests.unit.client.scripted import Script, serve


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def address(script: Script) -> Iterator[str]:
    with serve(script) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


@pytest.fixture
async def async_client(address: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(address) as client:
        yield client
