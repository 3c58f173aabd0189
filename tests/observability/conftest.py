"""One live platform under Prometheus' eyes, quiet at first and then under load, which all tests look back on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.observability.rules.timing import Timing
from deploy.observability.scraping import Targets
from orchestrion._processes.supervision import Child
from tests.observability.load import Load
from tests.observability.prometheus import Prometheus, prometheus
from tests.rpc.host.delays import catalogue
from tests.system.processes import Servers, eventually

FAULTY = Path(__file__).with_name("faulty.py")
LANGUAGE_MODEL = Path(__file__).parents[1] / "llm_server.py"
PLAN = {
    "tasks": [{"id": "only", "type": "test-delay", "inputs": {"text": {"text": "hello"}}}],
    "noTaskReason": "",
}
FAILURES = [{"status": 401, "error": "no such key"}, *["This is no plan."] * 4]
"""What the first language model says at first: its key is refused, and later it writes no plans."""
TIMING = Timing(0.1)
QUIET_S = 120.0
LOAD_S = 120.0


@dataclass(frozen=True)
class Watched:
    """What was watched."""

    prometheus: Prometheus
    home: Path
    """The controller's."""
    controller: Child
    hosts: tuple[Child, ...]
    load: Load
    quiet: tuple[float, float]
    """From when to when all was well, in seconds since 1970."""
    busy: tuple[float, float]
    """From when to when there was load."""


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watching(tmp_path_factory.mktemp("watched"), QUIET_S, LOAD_S) as watched:
        yield watched


@contextmanager
def watching(folder: Path, quiet_s: float, load_s: float) -> Iterator[Watched]:
    """Starts a platform and Prometheus, has them be quiet and then busy, and keeps them to be looked at."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps(PLAN))
    failures = folder / "failures.json"
    failures.write_text(json.dumps(FAILURES))
    slow = ("--tokens-per-second", "3", "--plan", str(plan))
    with (
        _language_model(*slow, "--script", str(failures)) as first,
        _language_model(*slow) as second,
        Servers(folder) as servers,
    ):
        controller = servers.controller("--llm-base-url", first, "--llm-fallback-base-url", second)
        experts = catalogue(folder / "catalogue", {name: {"task_types": ["summarization"]} for name in "abc"})
        own = ["--profile", "none", "--queue-limit", "4"]
        own += ["--experts", ",".join(f"{FAULTY}:{name}" for name in ("Faulty", "Looking", "Damaged"))]
        evicting = ["--catalogue-paths", str(experts), "--memory-budget-bytes", "100000000"]
        one = servers.host(*own, *evicting, name="one")
        two = servers.host(*own, "--home", str(folder / "two"), name="two")
        gateway = servers.gateway()
        targets = Targets((controller.metrics_address,), (gateway.metrics_address,))
        load = Load(controller.grpc_address, f"http://{gateway.http_address}")
        with prometheus(folder / "prometheus", targets, TIMING) as scraped:
            eventually(lambda: scraped.targets_up() == 4)
            began = time.time()
            load.quietly(quiet_s)
            busy_from = time.time()
            with load.going_on():
                time.sleep(load_s)
            until = time.time()
            time.sleep(2.5)  # Two more scrapes: the last counts are in.
            yield Watched(
                scraped,
                folder / "controller",
                controller,
                (one, two),
                load,
                (began, busy_from),
                (busy_from, until),
            )


@contextmanager
def _language_model(*flags: str) -> Iterator[str]:
    """Runs a scripted language model in a process of its own, and gives its base URL."""
    with subprocess.Popen([sys.executable, str(LANGUAGE_MODEL), *flags], stdout=subprocess.PIPE, text=True) as model:
        try:
            assert model.stdout
            yield model.stdout.readline().removeprefix("ready ").strip()
        finally:
            model.kill()
