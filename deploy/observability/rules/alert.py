"""An alert rule, and parts of its expressions and examples that several have in common."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.observability.rules.timing import Timing


@dataclass(frozen=True)
class Alert:
    """One alert rule."""

    name: str
    expression: str
    """What is so while it is pending or fires."""
    pending_for: str
    """How long it must be so before the alert fires."""
    severity: str
    """`critical` wakes a person, `warning` waits for the morning."""
    summary: str
    example: tuple[tuple[str, str], ...]
    """Series, in promtool's notation of values a minute apart, under which it fires within half an hour."""


def counted(timing: Timing, metric: str, by: str, where: str = "") -> str:
    """How often it counted in the window; the first count of a new series too, which `increase` does not see."""
    window = timing.window
    series = f"{metric}{{{where}}}" if where else metric
    new = f"({series} unless {series} offset {window}) and on (job, instance) (up offset {window} == 1)"
    return f"sum by ({by}) ((increase({series}[{window}]) > 0) or ({new}))"


def up(job: str, values: str) -> tuple[str, str]:
    """Whether Prometheus reached a server, as an example's series."""
    return (f'up{{job="orchestrion-{job}", instance="a"}}', values)


def histogram(name: str, labels: str, bound: str) -> tuple[tuple[str, str], ...]:
    """Sixty observations a minute, all above `bound`, as an example's series."""
    return (
        (f'{name}_bucket{{{labels}le="{bound}"}}', "0x60"),
        (f'{name}_bucket{{{labels}le="300"}}', "0+60x60"),
        (f'{name}_bucket{{{labels}le="+Inf"}}', "0+60x60"),
    )
