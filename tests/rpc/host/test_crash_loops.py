"""Experts whose worker dies again and again: they are loaded ever later, and whoever asks learns when."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from orchestrion.errors import UnavailableError
from orchestrion.experts import ExpertState
from tests.rpc.host.delays import catalogue
from tests.rpc.host.hosts import running_host


async def test_an_expert_that_kills_its_worker_is_not_restarted_for_ever(tmp_path: Path) -> None:
    crash = tmp_path / "crash"
    crash.touch()
    folder = catalogue(tmp_path / "catalogue", {"a": {"options": {"crash_file": str(crash)}}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        # The first two deaths cost nothing but themselves; from then on there is a pause.
        for _ in range(2):
            with pytest.raises(UnavailableError, match="SIGABRT"):
                await host.client.infer("a", text="x")
        with pytest.raises(UnavailableError, match="died 2 times in a row") as caught:
            await host.client.infer("a", text="x")
        error = caught.value
        assert (error.reason, error.metadata["crash_count"]) == ("WORKER_CRASHED", "2")
        assert error.retry_after_ms is not None
        assert 0 < error.retry_after_ms <= 1000
        assert (await host.client.status("a")).state is ExpertState.FAILED
        assert not host.host.workers
        # What ailed it is mended: after the pause it loads, and one success makes everything good again.
        crash.unlink()
        await asyncio.sleep(error.retry_after_ms / 1000)
        assert (await host.client.infer("a", text="well")).outputs == {"text": "well"}
        host.signal_worker("engine@cpu", signal.SIGKILL)
        await host.until("a", lambda status: status.state is ExpertState.LOADABLE)
        assert (await host.client.infer("a", text="again")).outputs == {"text": "again"}


async def test_calls_that_wait_for_an_expert_that_goes_on_dying_are_told(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"a": {"memory_bytes": 0, "options": {}}, "b": {"options": {}}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        for place in range(2):
            await host.client.load("b")
            calls = [asyncio.create_task(host.client.infer("a", text="x", delay_ms=5000)) for _ in range(2)]
            await host.when("a", lambda status: (status.running_count, status.queued_count) == (1, 1))
            host.signal_worker("engine@cpu", signal.SIGKILL)
            if place == 0:
                # The one that waited is computed by the next worker, which dies as well.
                await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                await host.when("a", lambda status: status.running_count == 1)
                host.signal_worker("engine@cpu", signal.SIGKILL)
            errors = await asyncio.gather(*calls, return_exceptions=True)
            ends = sorted(str(error).split(";")[0] for error in errors if isinstance(error, UnavailableError))
            killed = "The worker engine@cpu ended: it was ended by SIGKILL."
            assert ends == [killed, killed if place == 0 else "The worker of a died 3 times in a row"]
            if place == 0:
                await asyncio.sleep(1.1)
            # The other expert computed nothing: nobody blames it.
            assert (await host.client.status("b")).state is ExpertState.LOADABLE
