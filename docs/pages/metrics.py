"""The page of metrics, from the real registries of the servers and of the gateway."""

from __future__ import annotations

from typing import Any, Final

from prometheus_client.metrics import MetricWrapperBase

from docs.pages.tables import table
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_gateway.metrics import GatewayMetrics
from orchestrion_host.gauges import CacheUse, HostGauges
from orchestrion_host.memory.devices import Devices
from orchestrion_host.metrics import HostMetrics
from orchestrion_serving.metrics import CallMetrics

_METRICS: Final = """\
# Metrics

The servers and the gateway serve Prometheus's text format over HTTP, under `/metrics`: the controller on port 9464, a
host on port 9465, a gateway on port 9466. Names are shown as Prometheus reads them; a histogram `x` has the series
`x_bucket`, `x_count` and `x_sum`. All also serve the metrics of their process (`process_…`) and of Python's garbage
collector (`python_gc_…`).

## Controller

{controller}

## Model host

{host}

Of a catalogue with many experts, those alone have series that were asked for since the host started. The metrics of
NVML (NVIDIA's own figures) are absent where there is no such device; they are read when Prometheus asks, at
most once a second.

## Gateway

A route is a pattern such as `/api/v1/runs/{{run}}`, never an address that was asked for; `none` is what has no route.

{gateway}
"""


_UNITS: Final = ("seconds", "bytes", "ratio", "celsius", "watts")


def metrics_page() -> str:
    """Tells the metrics of the servers and of the gateway, from their real registries."""
    calls = CallMetrics("orchestrion_host")
    # What it would read off a host is left empty: the names, labels and texts are there all the same.
    gauges = HostGauges(
        experts=lambda: (),
        devices=Devices([]),
        readings=lambda: (),
        artifacts=CacheUse(lambda: 0, 0),
        results=CacheUse(lambda: 0, 0),
        connected=lambda: False,
        workers=lambda: 0,
        worker_bytes=dict,
        queue_limit=0,
    )
    host = [*_wrappers(calls), *_wrappers(HostMetrics(calls)), *gauges.collect()]
    head = ("name", "type", "labels", "unit", "meaning")
    return _METRICS.format(
        controller=table(head, map(_metric, _wrappers(ControllerMetrics()))),
        host=table(head, map(_metric, host)),
        gateway=table(head, map(_metric, _wrappers(GatewayMetrics()))),
    )


def _wrappers(metrics: object) -> list[MetricWrapperBase]:
    return [item for item in vars(metrics).values() if isinstance(item, MetricWrapperBase)]


def _metric(collector: Any) -> tuple[str, ...]:
    family = next(iter(collector.describe())) if isinstance(collector, MetricWrapperBase) else collector
    name = f"{family.name}_total" if family.type == "counter" else family.name
    # prometheus-client tells labels by its samples only, and there are none yet.
    labels = ", ".join(f"`{label}`" for label in collector._labelnames)
    unit = next((unit for unit in _UNITS if unit in name.split("_")), "")
    if name.endswith("tokens_per_second"):
        unit = "tokens per second"
    if not unit:
        unit = "0 or 1" if family.documentation.startswith("1 ") else "count"
    return f"`{name}`", family.type, labels, unit, family.documentation
