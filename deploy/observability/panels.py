"""Panels and dashboards as data, and how Grafana's own builders make JSON of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import GraphDrawStyle, LegendDisplayMode, LegendPlacement, StackingMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    FieldColorModeId,
    VariableRefresh,
)

TAG: Final = "orchestrion"
_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="$datasource")
_FIGURE_HEIGHT: Final = 4
_CHART_HEIGHT: Final = 8


@dataclass(frozen=True)
class Query:
    """One query of a panel."""

    expression: str
    """PromQL, with Grafana's variables."""
    legend: str = ""
    """What its series are called, as `{{label}}` and words."""


@dataclass(frozen=True)
class Chart:
    """One panel: a chart over time, or one figure."""

    title: str
    meaning: str
    """What it shows, in a sentence, for the panel's tooltip."""
    unit: str
    """Grafana's name of the unit: `s`, `bytes`, `percentunit`, `reqps`, `short`."""
    queries: tuple[Query, ...]
    stacked: bool = False
    """Whether series are parts of a whole."""
    figure: bool = False
    """Whether the newest value is shown as a number."""
    width: int = 12
    """Columns, of 24."""
    needs_nvml: bool = False
    """Whether it is empty without an NVIDIA device."""


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    uid: str
    """Its name in links, and of its file."""
    title: str
    meaning: str
    charts: tuple[Chart, ...]
    variables: tuple[str, ...] = ()
    """Those of `host` and `expert` that its queries go by."""


def chart(
    title: str,
    meaning: str,
    unit: str,
    *queries: tuple[str, str] | str,
    stacked: bool = False,
    needs_nvml: bool = False,
) -> Chart:
    """Returns a chart over time; a query is PromQL, or PromQL with what its series are called."""
    return Chart(title, meaning, unit, _queries(queries, title), stacked=stacked, needs_nvml=needs_nvml)


def figure(title: str, meaning: str, unit: str, query: str) -> Chart:
    """Returns a figure."""
    return Chart(title, meaning, unit, _queries((query,), title), figure=True, width=6)


def board_json(board: Board) -> str:
    """Returns a dashboard as the JSON that Grafana reads."""
    made = (
        dashboard.Dashboard(f"Orchestrion / {board.title}")
        .uid(board.uid)
        .description(board.meaning)
        .tags([TAG])
        .editable()
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .link(
            dashboard.DashboardLink("Orchestrion")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for name in board.variables:
        metric = {"host": "orchestrion_host_workers", "expert": "orchestrion_host_expert_state"}[name]
        made.with_variable(
            dashboard.QueryVariable(name)
            .label(name.capitalize())
            .datasource(_SOURCE)
            .query(f"label_values({metric}, {name})")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".*")
        )
    for item in board.charts:
        made.with_panel(_stat(item) if item.figure else _timeseries(item))
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _queries(values: tuple[tuple[str, str] | str, ...], title: str) -> tuple[Query, ...]:
    return tuple(Query(item, title) if isinstance(item, str) else Query(*item) for item in values)


def _targets(item: Chart) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().expr(query.expression).legend_format(query.legend).ref_id(chr(ord("A") + place)).range()
        for place, query in enumerate(item.queries)
    ]


def _stat(item: Chart) -> stat.Panel:
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"])
    panel = stat.Panel().title(item.title).description(item.meaning).unit(item.unit).datasource(_SOURCE)
    panel = panel.span(item.width).height(_FIGURE_HEIGHT).reduce_options(reduced)
    for target in _targets(item):
        panel.with_target(target)
    return panel


def _timeseries(item: Chart) -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    panel = (
        timeseries.Panel()
        .title(item.title)
        .description(item.meaning)
        .unit(item.unit)
        .datasource(_SOURCE)
        .span(item.width)
        .height(_CHART_HEIGHT)
        .draw_style(GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(40 if item.stacked else 8)
        .min(0)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .legend(legend.show_legend(True))
    )
    if item.stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for target in _targets(item):
        panel.with_target(target)
    return panel
