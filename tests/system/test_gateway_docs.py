"""What `docs/gateway.md` says to type, typed: to a gateway in a process of its own, with real servers behind it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrion
from orchestrion._processes.supervision import Supervisor
from tests.doc_blocks import ROOT, blocks_of

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("bash", "curl", "jq")), reason="needs bash, curl and jq"
)


@pytest.fixture(scope="module")
def gateway(client: orchestrion.Client) -> Iterator[str]:
    with Supervisor(lambda server, line: print(f"{server}: {line}")) as supervisor:
        flags = ["--exit-with-parent", "--controller", client.address, "--port", "0", "--metrics-port", "0"]
        yield supervisor.start("gateway", ["-m", "orchestrion_gateway", *flags]).http_address


def test_what_the_page_says_to_type_does_what_it_says(gateway: str, client: orchestrion.Client, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/pictures/station.jpg", tmp_path / "sign.jpg")
    blocks = [block.text for block in blocks_of("gateway.md") if block.language == "sh"]
    assert len(blocks) == 5
    script = "set -euo pipefail\n" + "echo '<block>'\n".join(blocks).replace(
        "GATEWAY=http://127.0.0.1:7860", f"GATEWAY=http://{gateway}"
    )
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr + done.stdout
    at_once, watched, answered, created, planned = done.stdout.split("<block>\n")
    for stream in (at_once, watched):
        assert stream.count("event: run_started") == stream.count("event: run_finished") == 1
        assert "RUN_STATE_SUCCEEDED" in stream
    assert "Platform 9" in answered
    assert (tmp_path / "speech.wav").read_bytes().startswith(b"RIFF")
    assert '"name":"runs/' in created
    assert planned.startswith("espeak-ng\n")
    assert "event: answer_finished" in planned
