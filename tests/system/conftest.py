"""A whole platform in processes of its own, one for all system tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import orchestrion


@pytest.fixture(scope="session")
def platform_log() -> list[str]:
    return []


@pytest.fixture(scope="session")
def client(platform_log: list[str]) -> Iterator[orchestrion.Client]:
    with orchestrion.embedded(log=lambda server, line: platform_log.append(f"{server}: {line}")) as client:
        yield client
