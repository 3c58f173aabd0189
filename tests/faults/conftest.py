"""Servers of a module's own, for it to harm."""

from __future__ import annotations

from tests.system.conftest import controller, host, servers

__all__ = ["controller", "host", "servers"]
