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
collector (`python_gc_…`). Whoever asks for OpenMetrics gets exemplars with trace ids, too. Labels are bounded: none
has the id of a run or a caller's text, and task types or experts that only a caller names are `other`.

## Health

Beside `/metrics`, on the same ports:

* `/healthz`: 200 while the process is alive, which means that its event loop answers within 10 s. Restart it where
  this fails.
* `/readyz`: 200 while it should be given work, else 503 with the reasons, a line each. Send work elsewhere meanwhile.

A controller is not ready while its database takes no writes; that no host is listed is only mentioned. A host is not
ready until a controller lists it, a gateway while its controller does not answer. All are not ready, and alive, while
they shut down. On gRPC's health service, the empty name and the services say whether calls are taken, and `readiness`
says what `/readyz` does. A full queue changes nothing.

## Discovery of hosts

`GET /sd/hosts` on the controller's port lists the hosts for Prometheus' `http_sd_configs`: the address of each one's
metrics (that of its `advertise_address`, with the port of its metrics), and its name as the label `host`.

## What agrees

`orchestrion_controller_attempts_total` by `code`, without `UNREACHABLE`, is what the hosts count as calls of `Infer` by
`code`, for as long as neither is restarted and no other client calls them. `orchestrion_controller_runs_total` is what
the database has as ended since the start. `make bench-metrics` times what metrics cost.

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
