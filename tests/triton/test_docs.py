"""The examples of docs/inference-protocol.md, run as a reader would."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.doc_blocks import write_files
from tests.rpc.host.hosts import running_host

pytestmark = pytest.mark.triton


@pytest.mark.timeout(300)
async def test_the_examples_print_what_they_say(python: Path, tmp_path: Path) -> None:
    write_files("inference-protocol.md", tmp_path, "triton_over_grpc.py", "triton_over_http.py")
    async with running_host(tmp_path / "home") as running:
        addresses = {"grpc": running.host.address, "http": running.host.http_address}
        printed = {}
        for name, address in addresses.items():
            command = [str(python), str(tmp_path / f"triton_over_{name}.py"), address]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            printed[name] = done.stdout.split()
    assert printed["grpc"][0] == "positive"
    assert printed["http"] == ["RIFF", "True"]
