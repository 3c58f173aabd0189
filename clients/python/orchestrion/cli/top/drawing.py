"""A look as text: tables that fit the terminal, without codes of strangers in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from orchestrion.cli.printer import duration, one_line
from orchestrion.cli.table import Column, drawn, gibibytes, memory_bar, print_table
from orchestrion.cli.top.looks import DeviceLook, ExpertLook, HostLook, PlatformLook, RunsLook

if TYPE_CHECKING:
    from rich.console import RenderableType

_STATES: Final = {"ready": "green", "draining": "yellow", "disconnected": "red", "loading": "yellow"}
_HOSTS: Final = (
    Column("HOST", "bold", cut=True), Column("STATE", styles=_STATES), Column("MEMORY", "cyan", optional=True),
    Column("FREE", right=True), Column("RESERVED", right=True, optional=True), Column("DEVICE", optional=True),
    Column("RUNNING", right=True), Column("WAITING", right=True), Column("CALLS/S", right=True),
    Column("ERRORS/S", right=True, optional=True), Column("TOKENS/S", right=True),
)  # fmt: skip
_EXPERTS: Final = (
    Column("EXPERT", "bold", cut=True), Column("HOST", cut=True), Column("STATE", styles=_STATES, optional=True),
    Column("MEMORY", right=True), Column("RUNNING", right=True), Column("WAITING", right=True),
    Column("TAKES", right=True, optional=True), Column("CALLS/S", right=True), Column("TOKENS/S", right=True),
)  # fmt: skip
# The headline, the two headings, and the lines between them.
_OTHER_LINES: Final = 5


def rendered(look: PlatformLook, width: int, height: int) -> RenderableType:
    """Draws a look for a terminal of this size, in columns and lines; experts that do not fit are counted."""
    from rich.console import Group
    from rich.text import Text

    problems = [Text(one_line(problem), "red") for problem in look.problems]
    parts: list[RenderableType] = [Text(headline(look.runs)), *problems]
    if look.hosts:
        parts += [Text(), drawn(_HOSTS, [_clean(_host(host)) for host in look.hosts], width)]
    taken = _OTHER_LINES + len(problems) + sum(max(1, len(host.devices)) for host in look.hosts)
    room = max(3, height - taken - 2)
    shown = look.experts if len(look.experts) <= room else look.experts[: room - 1]
    if shown:
        parts += [Text(), drawn(_EXPERTS, [_clean(_expert(expert)) for expert in shown], width)]
    if len(shown) < len(look.experts):
        parts.append(Text(f"and {len(look.experts) - len(shown)} more experts", "dim"))
    return Group(*parts)


def print_plain(look: PlatformLook) -> None:
    """Prints a look as lines, for whatever is no terminal."""
    print(headline(look.runs))
    for problem in look.problems:
        print(one_line(problem))
    if look.hosts:
        print()
        print_table([column.title for column in _HOSTS], [_flat(_host(host)) for host in look.hosts])
    if look.experts:
        print()
        print_table([column.title for column in _EXPERTS], [_flat(_expert(expert)) for expert in look.experts])


def headline(runs: RunsLook) -> str:
    """Says how the runs are."""
    parts = [
        f"runs: {_count(runs.running_count)} running",
        f"{_count(runs.awaiting_approval_count)} waiting for approval",
        f"{_rate(runs.runs_per_second)} ended/s",
        f"{_rate(runs.failed_per_second)} failed/s",
        f"language model: {_rate(runs.llm_tokens_per_second)} tokens/s",
    ]
    return "   ".join(parts)


def _host(host: HostLook) -> tuple[str, ...]:
    devices = host.devices
    return (
        host.name, host.state, "\n".join(_memory(device) for device in devices),
        "\n".join(f"{gibibytes(device.free_bytes)} of {gibibytes(device.total_bytes)}" for device in devices),
        "\n".join(_reserved(device) for device in devices),
        "\n".join(_measured(device) for device in devices),
        str(host.running_count), str(host.queued_count), _rate(host.calls_per_second),
        _rate(host.errors_per_second), _rate(host.tokens_per_second),
    )  # fmt: skip


def _expert(expert: ExpertLook) -> tuple[str, ...]:
    return (
        expert.expert, expert.host, expert.state, gibibytes(expert.memory_bytes) if expert.memory_bytes else "",
        str(expert.running_count), str(expert.queued_count), duration(expert.latency_ms) if expert.latency_ms else "",
        _rate(expert.calls_per_second), _rate(expert.tokens_per_second),
    )  # fmt: skip


def _memory(device: DeviceLook) -> str:
    return f"{device.name} {memory_bar(device.free_bytes, device.total_bytes)}"


def _reserved(device: DeviceLook) -> str:
    return "-" if device.reserved_bytes is None else gibibytes(int(device.reserved_bytes))


def _measured(device: DeviceLook) -> str:
    parts = []
    if device.utilization_ratio is not None:
        parts.append(f"{device.utilization_ratio:.0%}")
    if device.temperature_celsius is not None:
        parts.append(f"{device.temperature_celsius:.0f} °C")
    if device.power_watts is not None:
        parts.append(f"{device.power_watts:.0f} W")
    return " ".join(parts)


def _rate(value: float | None) -> str:
    """Writes a rate; a dash where there are no two looks yet."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _clean(cells: Sequence[str]) -> tuple[str, ...]:
    # Lines of a cell are devices; what a name would break or steer is taken out of each.
    return tuple("\n".join(one_line(line) for line in cell.split("\n")) for cell in cells)


def _flat(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(one_line(", ".join(filter(None, cell.split("\n")))) for cell in cells)
