"""Triton's own client library, in an environment and a process of its own, against a real host."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.rpc.host.hosts import running_host
from tests.rpc.host.open_inference.conftest import write_catalogue

pytestmark = pytest.mark.triton

HERE = Path(__file__).parent


@pytest.mark.timeout(300)
async def test_every_kind_of_call_works(python: Path, tmp_path: Path) -> None:
    settings = {"catalogue_paths": (write_catalogue(tmp_path),), "allow_shared_memory": True}
    experts = (f"{HERE / 'story_writer.py'}:StoryWriter",)
    async with running_host(tmp_path / "home", None, experts=experts, **settings) as running:
        addresses = [running.host.address, running.host.http_address]
        command = [str(python), str(HERE / "client.py"), *addresses]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=240, check=False
        )
        print(done.stdout)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("ok ") == 30
