"""Alerts on servers that are away."""

from __future__ import annotations

from deploy.observability.rules.alert import Alert, up
from deploy.observability.rules.recordings import C
from deploy.observability.rules.timing import Timing


def servers_alerts(timing: Timing) -> tuple[Alert, ...]:
    """Returns them."""
    lost = f"increase({C}_leases_ended_total[{timing.seconds(3600)}]) > 0"
    # The controller says `hosts/name` where the discovery of hosts says `name`.
    gone = f'label_replace({lost}, "host", "$1", "host", "hosts/(.*)")'
    return (
        Alert(
            "OrchestrionControllerDown",
            _down("controller"),
            timing.soon,
            "critical",
            "Prometheus does not reach the controller {{ $labels.instance }}.",
            (up("controller", "0x60"),),
        ),
        Alert(
            "OrchestrionHostDown",
            f'{_down("host")} or ({gone} unless on (host) up{{job="orchestrion-host"}} == 1)',
            timing.soon,
            "warning",
            "The host {{ $labels.host }} is away, or its metrics are.",
            ((f'{C}_leases_ended_total{{host="hosts/a", instance="a"}}', "0 0 1x60"),),
        ),
        Alert(
            "OrchestrionGatewayDown",
            _down("gateway"),
            timing.soon,
            "critical",
            "Prometheus does not reach the gateway {{ $labels.instance }}.",
            (up("gateway", "0x60"),),
        ),
        Alert(
            "OrchestrionNoHostReady",
            f'((sum({C}_hosts{{state="ready"}}) or on () vector(0)) < 1) '
            'and on () (up{job="orchestrion-controller"} == 1)',
            timing.soon,
            "critical",
            "The controller lists no host that takes work.",
            (up("controller", "1x60"),),
        ),
    )


def _down(job: str) -> str:
    return f'up{{job="orchestrion-{job}"}} == 0'
