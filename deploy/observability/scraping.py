"""What Prometheus and Grafana are configured with, beside rules and dashboards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml


@dataclass(frozen=True)
class Targets:
    """Where the servers show their metrics, as `address:port`. The hosts are those that the controllers list."""

    controllers: Sequence[str]
    gateways: Sequence[str]


ONE_MACHINE: Final = Targets(("localhost:9464",), ("localhost:9466",))
"""Servers on their usual ports of this machine."""
CONTAINERS: Final = Targets(("controller:9464",), ("gateway:9466",))
"""The services of `deploy/compose.yaml`."""


def prometheus_yaml(targets: Targets, interval: str = "15s") -> str:
    """Returns Prometheus' own configuration.

    Args:
        targets: What to scrape.
        interval: How often to scrape, to look for hosts, and to evaluate rules.
    """
    discovery = [
        {"url": f"http://{controller}/sd/hosts", "refresh_interval": interval} for controller in targets.controllers
    ]
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {"job_name": "orchestrion-controller", "static_configs": [{"targets": list(targets.controllers)}]},
                {"job_name": "orchestrion-host", "http_sd_configs": discovery},
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
