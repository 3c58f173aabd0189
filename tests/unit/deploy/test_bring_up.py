"""The files that bring the platform up in containers name what is there, and publish nothing beyond the machine."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from orchestrion_controller.config import ControllerConfig
from orchestrion_host.config import HostConfig

ROOT: Final = Path(__file__).parents[3]
DEPLOY: Final = ROOT / "deploy"
OURS: Final = ("controller", "host", "gateway")
OF_SETTINGS: Final[dict[str, type[HostConfig | ControllerConfig]]] = {
    "ORCHESTRION_HOST_": HostConfig,
    "ORCHESTRION_CONTROLLER_": ControllerConfig,
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return dict(compose["services"])


@pytest.fixture(scope="module")
def stages() -> dict[str, str]:
    """The stages of the Dockerfile by name, each with its text."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    parts = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0].split(" AS ")[1]: part for part in parts}


def test_each_server_has_an_image_without_rights_and_keeps_its_state(
    services: dict[str, Any], stages: dict[str, str]
) -> None:
    assert "USER 10001" in stages["runtime"]
    for name in OURS:
        target = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", services[name]["build"]["target"])
        assert stages[target].startswith("runtime AS ")
        assert "HEALTHCHECK" in stages[target]
    assert stages["host-cuda"].startswith("runtime AS "), "the environment without CUDA is no layer of it"


def test_what_the_images_copy_is_there_and_not_ignored(stages: dict[str, str]) -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        word for stage in stages.values() for line in stage.splitlines()
        if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]  # fmt: skip
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert path in kept, path


def test_no_port_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_variables_are_those_of_settings(services: dict[str, Any]) -> None:
    for name in OURS:
        variables = services[name].get("environment", ())
        for variable in variables:
            for prefix, config in OF_SETTINGS.items():
                if variable.startswith(prefix):
                    assert variable.removeprefix(prefix).lower() in {field.name for field in fields(config)}, variable


def test_what_is_mounted_is_there(services: dict[str, Any]) -> None:
    mounted = [
        volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]  # fmt: skip
    assert mounted
    for path in mounted:
        assert (DEPLOY / path).exists(), path


def test_the_collector_and_prometheus_are_where_others_look_for_them(services: dict[str, Any]) -> None:
    collector = yaml.safe_load((DEPLOY / "otel" / "collector.yaml").read_text("utf-8"))
    port = collector["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].rpartition(":")[2]
    pipeline = collector["service"]["pipelines"]["traces"]
    for part in ("receivers", "processors", "exporters"):
        assert set(pipeline[part]) <= set(collector[part])
    for name in OURS:
        assert f"http://collector:{port}" in str(services[name]["environment"])
    scraped = (DEPLOY / "prometheus" / "compose.yml").read_text("utf-8")
    for machine in re.findall(r"(?:http://|\")(\w+):\d+", scraped):
        assert machine in services


def test_install_script_can_be_run() -> None:
    assert shutil.which(str(DEPLOY / "install.sh")) is not None
