"""Triton's client library, in an environment of its own: it bounds protobuf below what the servers have here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wheel.environments import new_environment

CLIENT = "tritonclient[grpc,http]==2.73.0"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of that environment."""
    return new_environment(tmp_path_factory.mktemp("environment") / "venv", CLIENT) / "python"
