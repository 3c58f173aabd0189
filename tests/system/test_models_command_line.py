"""`orchestrion models` on real servers and a stand-in of the Hub, from the search to the export and the removal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.events import TaskFinished, TaskStarted
from orchestrion.plans import Plan, Task
from tests.hub_server import HubServer
from tests.rpc.host import hub_models
from tests.system.processes import Servers

pytestmark = pytest.mark.timeout(300)

TASK = Plan((Task("task", "text-classification", {"text": "a warm sunny day", "domain": "sentiment"}),))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setenv("ORCHESTRION_HOST_EXPORTS_PATH", str(tmp_path / "exports"))
    with hub_models.hub_in_environment(tmp_path / "hub", monkeypatch) as hub:
        yield hub


@pytest.fixture
def controller(hub: HubServer, tmp_path: Path) -> Iterator[Child]:
    del hub  # It goes on until the servers have stopped.
    with Servers(tmp_path) as servers:
        controller = servers.controller()
        servers.host("--profile", "none")
        yield controller


def models(controller: Child, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestrion", "models", *arguments, "--address", controller.grpc_address]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def output_of(controller: Child, *arguments: str) -> str:
    done = models(controller, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(controller: Child, expert: str) -> dict[str, object]:
    facts: dict[str, object] = json.loads(output_of(controller, "show", expert, "--json"))
    return facts


def chosen(client: Client) -> tuple[str, object]:
    """Carries a task out, and returns which expert did it and with what result."""
    payloads = [event.payload for event in client.run("Do this.", plan=TASK, timeout=120)]
    (started,) = (payload for payload in payloads if isinstance(payload, TaskStarted))
    (finished,) = (payload for payload in payloads if isinstance(payload, TaskFinished))
    assert finished.result.succeeded, finished.result.error
    return started.expert_id, finished.result.outputs["label"]


@pytest.mark.tasks
def test_a_model_is_found_added_used_exported_and_removed(hub: HubServer, controller: Child, tmp_path: Path) -> None:
    name = hub_models.publish_bert(hub, tmp_path)

    assert name in output_of(controller, "search", "text-classification")
    # Nobody can be asked here, so nothing is fetched unasked.
    refused = models(controller, "add", name, "--pull")
    assert (refused.returncode, hub.gets(".safetensors")) == (2, [])
    assert "--yes" in refused.stderr
    pulled = output_of(controller, "pull", "weather-bert", "--yes")
    assert "weather-bert" in pulled
    assert len(hub.gets(".safetensors")) == 1

    assert "weather-bert" in output_of(controller, "list")
    facts = shown(controller, "weather-bert")
    assert hub.models[name].commit in json.dumps(facts)
    assert "Apache-2.0" in json.dumps(facts)
    assert "stays so" in output_of(controller, "pin", "weather-bert")
    assert models(controller, "remove", "weather-bert", "--yes").returncode != 0
    output_of(controller, "unpin", "weather-bert")
    hub.models[name].downloads = 4_321
    output_of(controller, "refresh", "weather-bert")
    assert "4321" in json.dumps(shown(controller, "weather-bert"))

    with Client(controller.grpc_address) as client:
        expert, label = chosen(client)
        assert expert == "weather-bert"

        exported = output_of(controller, "export", "weather-bert", "--task", "text-classification")
        assert "differ from PyTorch's by at most" in exported
        assert "Added weather-bert-onnx." in exported
        statuses = {status.expert_id: status for host in client.hosts.list() for status in host.statuses}
        faster = min(("weather-bert", "weather-bert-onnx"), key=lambda item: statuses[item].latency_ms)
        assert chosen(client) == (faster, label)

    for item in ("weather-bert-onnx", "weather-bert"):
        output_of(controller, "remove", item, "--yes")
    assert not list((tmp_path / "hub/cache").glob("models--*"))
    assert list((tmp_path / "exports").glob("*")) == []
    assert "weather-bert" not in output_of(controller, "list", "--all")
