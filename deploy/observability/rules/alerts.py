"""All alerts, in the order of docs/operations.md."""

from __future__ import annotations

from deploy.observability.rules.alert import Alert
from deploy.observability.rules.hosts import hosts_alerts
from deploy.observability.rules.runs import runs_alerts
from deploy.observability.rules.servers import servers_alerts
from deploy.observability.rules.storage import storage_alerts
from deploy.observability.rules.timing import Timing


def alerts(timing: Timing) -> tuple[Alert, ...]:
    """Returns the alerts."""
    return (*servers_alerts(timing), *runs_alerts(timing), *hosts_alerts(timing), *storage_alerts(timing))
