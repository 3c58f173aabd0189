"""What Prometheus and Grafana are configured with, beside rules and dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True)
class Targets:
    """Where the servers show their metrics, as `address:port`."""

    controllers: Sequence[str] = ("localhost:9464",)
    hosts: Mapping[str, str] = field(default_factory=lambda: {"localhost": "localhost:9465"})
    """By the name that the label `host` has."""
    gateways: Sequence[str] = ("localhost:9466",)
    host_files: str = "hosts/*.yml"
    """Files with further hosts, in the form of Prometheus' file discovery; empty for none."""


def prometheus_yaml(targets: Targets, interval: str = "15s") -> str:
    """Returns Prometheus' own configuration."""
    hosts: dict[str, Any] = {
        "job_name": "orchestrion-host",
        "static_configs": [{"targets": [address], "labels": {"host": name}} for name, address in targets.hosts.items()],
    }
    if targets.host_files:
        hosts["file_sd_configs"] = [{"files": [targets.host_files]}]
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {"job_name": "orchestrion-controller", "static_configs": [{"targets": list(targets.controllers)}]},
                hosts,
                {"job_name": "orchestrion-gateway", "static_configs": [{"targets": list(targets.gateways)}]},
            ],
        },
        sort_keys=False,
    )


def grafana_datasource_yaml() -> str:
    """Returns the provisioning of the data source; the address comes from the variable PROMETHEUS_URL."""
    source = {"name": "Prometheus", "type": "prometheus", "uid": "prometheus", "access": "proxy"}
    return yaml.safe_dump(
        {"apiVersion": 1, "datasources": [{**source, "url": "$PROMETHEUS_URL", "isDefault": True}]}, sort_keys=False
    )


def grafana_dashboards_yaml() -> str:
    """Returns the provisioning of the dashboards, which lie where Grafana's own image looks for them."""
    provider = {
        "name": "Orchestrion",
        "folder": "Orchestrion",
        "type": "file",
        "options": {"path": "/var/lib/grafana/dashboards"},
    }
    return yaml.safe_dump({"apiVersion": 1, "providers": [provider]}, sort_keys=False)
