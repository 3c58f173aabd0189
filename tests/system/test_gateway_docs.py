"""What the pages on the gateway say to type, typed: to one in a process of its own, with real servers behind it."""

from __future__ import annotations

import json
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


def typed(page: str, gateway: str, folder: Path) -> list[str]:
    """Types what a page says, and returns what each of its blocks prints."""
    shutil.copy(ROOT / "examples/pictures/station.jpg", folder / "sign.jpg")
    blocks = [block.text for block in blocks_of(page) if block.language == "sh"]
    script = "set -euo pipefail\n" + "echo '<block>'\n".join(blocks)
    for port in (7860, 8004):
        script = script.replace(f"GATEWAY=http://127.0.0.1:{port}", f"GATEWAY=http://{gateway}")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.split("<block>\n")


def test_what_the_page_says_to_type_does_what_it_says(gateway: str, client: orchestrion.Client, tmp_path: Path) -> None:
    at_once, watched, answered, created, planned = typed("gateway.md", gateway, tmp_path)
    for stream in (at_once, watched):
        assert stream.count("event: run_started") == stream.count("event: run_finished") == 1
        assert "RUN_STATE_SUCCEEDED" in stream
    assert "Platform 9" in answered
    assert (tmp_path / "speech.wav").read_bytes().startswith(b"RIFF")
    assert '"name":"runs/' in created
    assert planned.startswith("espeak-ng\n")
    assert "event: answer_finished" in planned


def test_what_the_page_of_hugginggpt_s_calls_says_to_type_is_answered_as_it_shows(gateway: str, tmp_path: Path) -> None:
    words, tasks = typed("hugginggpt-api.md", gateway, tmp_path)
    path = words.removeprefix("Read the text in ").removesuffix(" aloud.\n")
    (shown,) = [block.text for block in blocks_of("hugginggpt-api.md") if block.language == "json"]
    assert json.loads(tasks) == json.loads(shown.replace("/images/0541….jpg", path))
