"""What `docs/openai-api.md` shows, run as it stands: the `openai` package before real servers and experts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrion
from orchestrion._processes.supervision import Supervisor
from tests.doc_blocks import ROOT, blocks_of


@pytest.fixture(scope="module")
def gateway(client: orchestrion.Client) -> Iterator[str]:
    with Supervisor(lambda server, line: print(f"{server}: {line}")) as supervisor:
        flags = ["--exit-with-parent", "--controller", client.address, "--port", "0"]
        yield supervisor.start("gateway", ["-m", "orchestrion_gateway", *flags]).http_address


def test_what_the_page_shows_does_what_it_says(gateway: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/pictures/station.jpg", tmp_path / "sign.jpg")
    shutil.copy(ROOT / "tests/media/speech.flac", tmp_path / "speech.flac")
    programs = [block.text for block in blocks_of("openai-api.md") if block.language == "python"]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    printed = []
    for program in programs:
        text = program.replace("http://127.0.0.1:7860", f"http://{gateway}")
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    chat, calls = printed
    assert "Platform 9" in chat
    assert f"[speech.wav](http://{gateway}/api/v1/artifacts/" in chat
    assert (tmp_path / "speech.mp3").stat().st_size > 1_000
    assert re.search(r"00:00:00,\d{3} --> 00:00:02,\d{3}\ngo forward ten meters\n", calls)
    assert calls.rstrip().splitlines()[-1].isdecimal()
