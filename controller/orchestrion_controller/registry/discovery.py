"""The listed hosts as Prometheus discovers what it scrapes over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from orchestrion.experts import Host
from orchestrion_serving.metrics_endpoint import HttpPage

HOSTS_PATH: Final = "/sd/hosts"
"""The path on the port of the metrics, for `http_sd_configs`."""


def discovery_page(hosts: Iterable[Host]) -> HttpPage:
    """Returns the hosts in Prometheus' format for HTTP service discovery, one target group each.

    Each has the label `host`, the host's name without `hosts/`. A host that is disconnected stays until its lease ends,
    so that its failure to answer is seen; one that serves no metrics is left out.
    """
    groups = [
        {"targets": [host.metrics_address], "labels": {"host": host.name.removeprefix("hosts/")}}
        for host in hosts
        if host.metrics_address
    ]
    return HttpPage(json.dumps(groups).encode(), "application/json")
