"""What is tried on both runtimes."""

from __future__ import annotations

import pytest

from tests.unit.host.worker.heads.loading import RUNTIMES


@pytest.fixture(scope="module", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """Each of the two runtimes that perform such tasks; both must give the same."""
    name: str = request.param
    return name
