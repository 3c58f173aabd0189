"""The scripted server of the client's tests, for the evaluation, which is a client."""

from __future__ import annotations

from tests.unit.client.conftest import address, async_client, script

__all__ = ["address", "async_client", "script"]
