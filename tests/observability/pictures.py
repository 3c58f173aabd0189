"""Draws dashboards from what Prometheus has, with the dashboards' own queries, for docs/operations.md."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from deploy.observability.panels import Board, Chart
from tests.observability.prometheus import Labels, Prometheus

Points = tuple[tuple[float, float], ...]

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: Final = [
    "#2f6f9f",
    "#e08a2e",
    "#4f9a5b",
    "#c2504d",
    "#7d68ad",
    "#8a6a5c",
    "#cf7fb3",
    "#6b7280",
    "#a9a63b",
    "#3ba7b5",
]
_COLUMNS: Final = 4
_MOST_NAMED: Final = 6
_LONGEST_NAME: Final = 44
_PREFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def draw(board: Board, prometheus: Prometheus, start: float, end: float, path: Path) -> None:
    """Writes a dashboard as a PNG: a chart for each panel, time in seconds since `start`."""
    with mpl.rc_context(
        {"font.size": 8, "font.family": "DejaVu Sans", "axes.spines.top": False, "axes.spines.right": False}
    ):
        # Without an NVIDIA device, what needs one is left out.
        panels = [panel for panel in board.charts if not panel.needs_nvml]
        rows = math.ceil(len(panels) / _COLUMNS)
        sheet = Figure(figsize=(16, 0.7 + 2.9 * rows), layout="constrained", facecolor="white")
        sheet.suptitle(f"{board.title}: {board.meaning}", x=0.01, ha="left", fontsize=13, fontweight="bold")
        axes = list(sheet.subplots(rows, _COLUMNS, squeeze=False).flat)
        for panel, axis in zip(panels, axes, strict=False):
            _draw_panel(panel, prometheus, start, end, axis)
        for axis in axes[len(panels) :]:
            axis.remove()
        sheet.savefig(path, dpi=80)


def _draw_panel(panel: Chart, prometheus: Prometheus, start: float, end: float, axis: Axes) -> None:
    lines = [
        (_name(query.legend, series.labels), series.points)
        for query in panel.queries
        for series in prometheus.between(query.expression, start, end)
    ]
    # The 0 of what was not counted yet is no series beside those that were.
    lines = [line for line in lines if line[0]] or [("none", points) for _, points in lines]
    # Those that reach highest are named; the rest is drawn too.
    lines.sort(key=lambda line: -max((value for _, value in line[1]), default=0))
    top = 0.0
    if panel.stacked:
        top = _stack(lines, start, axis)
    for place, (name, points) in enumerate(() if panel.stacked else lines):
        times, values = [at - start for at, _ in points], [value for _, value in points]
        top = max(top, *values) if values else top
        label = _short(name) if place < _MOST_NAMED else None
        colour = _COLOURS[place % len(_COLOURS)]
        axis.plot(times, values, color=colour, linewidth=1.4, label=label)
        if len(lines) <= _MOST_NAMED and not panel.figure:
            axis.fill_between(times, values, color=colour, alpha=0.08, linewidth=0)
    axis.set_title(panel.title, loc="left", fontsize=9, fontweight="bold")
    axis.set_xlim(0, end - start)
    axis.set_ylim(0, top * 1.1 or 1)
    axis.grid(visible=True, axis="y", color="#e5e7eb", linewidth=0.8)
    axis.tick_params(colors="#6b7280", length=2)
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _amount(value, panel.unit)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
    if panel.figure and lines and lines[0][1]:
        newest = lines[0][1][-1][1]
        axis.text(
            0.5,
            0.5,
            _amount(newest, panel.unit),
            transform=axis.transAxes,
            ha="center",
            va="center",
            fontsize=26,
            color="#1f2937",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )
        return
    more = len(lines) - _MOST_NAMED
    columns = 1 if max((len(name) for name, _ in lines), default=0) > 18 else 2
    if not lines:
        return
    axis.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.12),
        ncols=columns,
        fontsize=7,
        frameon=False,
        title=f"and {more} more" if more > 0 else None,
        title_fontsize=7,
    )


def _stack(lines: Sequence[tuple[str, Points]], start: float, axis: Axes) -> float:
    """Draws parts of a whole on each other, as Grafana does, and returns how high they reach."""
    times = sorted({at for _, points in lines for at, _ in points})
    values = [[dict(points).get(at, 0.0) for at in times] for _, points in lines]
    labels = [_short(name) if place < _MOST_NAMED else "" for place, (name, _) in enumerate(lines)]
    colours = [_COLOURS[place % len(_COLOURS)] for place in range(len(lines))]
    axis.stackplot([at - start for at in times], values, labels=labels, colors=colours, alpha=0.75, linewidth=0)
    return max((sum(column) for column in zip(*values, strict=True)), default=0.0)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _name(legend: str, labels: Labels) -> str:
    """What a series is called; empty where it has none of the labels that it should be called by."""
    wanted = re.findall(r"\{\{(\w+)\}\}", legend)
    if wanted and not any(labels.get(label) for label in wanted):
        return ""
    named = re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend).strip()
    return named.replace("/orchestrion.v1.", "")


def _amount(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if 0 < value < 1 else f"{value:.3g} s"
    suffix = {"bytes": "B", "Bps": "B/s", "reqps": "/s", "wps": "/s"}.get(unit, "")
    for size, prefix in _PREFIXES:
        if value >= size:
            return f"{value / size:.3g} {prefix}{suffix}"
    return f"{value:.3g}{' ' if suffix == 'B' else ''}{suffix}"
