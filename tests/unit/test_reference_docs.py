"""The reference pages say what the code says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from docs import make_reference
from docs.pages.errors import errors_page
from docs.pages.metrics import metrics_page
from docs.pages.selection import example, selection_page
from docs.pages.settings import settings_page
from docs.pages.tasks import tasks_page
from orchestrion import task_types
from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.selector.terms import TERMS
from orchestrion_gateway.metrics import GatewayMetrics
from orchestrion_host.gauges import CacheUse, HostGauges
from orchestrion_host.memory.devices import Devices
from orchestrion_host.metrics import HostMetrics
from orchestrion_serving.metrics import CallMetrics


def exposed(registry: CollectorRegistry) -> set[str]:
    """Returns the names of a server's own metrics, as Prometheus reads them."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in registry.collect()
        if family.name.startswith("orchestrion_")
    }


def test_the_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(make_reference.stale()) == [], "run `make docs`"
    assert make_reference.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_pages_that_are_not_current_are_named_and_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_reference, "FOLDER", tmp_path)
    assert make_reference.main(["--check"]) == 1
    assert capsys.readouterr().err.count("is out of date; run `make docs`") == len(make_reference.PAGES)
    assert list(tmp_path.iterdir()) == []
    assert make_reference.main([]) == 0
    assert make_reference.main(["--check"]) == 0
    (tmp_path / "tasks.md").write_text("old")
    capsys.readouterr()
    assert make_reference.main(["--check"]) == 1
    assert capsys.readouterr().err == "tasks.md is out of date; run `make docs`\n"


def test_every_reason_and_every_class_is_told() -> None:
    page = errors_page()
    for reason in Reason:
        assert f"| `{reason.name}` | `{reason.error_type.__name__}` |" in page
    on_page = {kind.__name__ for kind in OrchestrionError.__subclasses__() if f"| `{kind.__name__}` | `" in page}
    assert on_page >= {reason.error_type.__name__ for reason in Reason}


def test_every_metric_is_told() -> None:
    calls = CallMetrics("orchestrion_host")
    HostMetrics(calls)
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
    calls.registry.register(gauges)
    page = metrics_page()
    on_page = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    servers = exposed(ControllerMetrics().registry) | exposed(calls.registry)
    assert on_page == servers | exposed(GatewayMetrics().registry)


def test_every_task_type_is_told() -> None:
    page = tasks_page()
    for task_type in task_types.load().values():
        assert f"## `{task_type.name}`" in page
        for parameter in (*task_type.inputs, *task_type.outputs):
            assert f"| `{parameter.name}` | " in page


async def test_every_term_of_the_score_is_told_and_the_example_adds_up() -> None:
    page = await asyncio.to_thread(selection_page)
    for term in TERMS:
        assert f"| `{term.name}` | {term.meaning} |" in page
    worked = await example()
    for assignment in (worked.first, worked.after_failure):
        for candidate in assignment.candidates:
            assert candidate.score == pytest.approx(sum(candidate.features.values()))
            assert f"**{candidate.score:.2f}**" in page
        assert assignment.reason in page
    assert (worked.first.host, worked.after_failure.host) == ("hosts/a", "hosts/b")


def test_a_secret_has_no_flag() -> None:
    (line,) = [line for line in settings_page().splitlines() if "OPENAI_API_KEY`" in line]
    assert line.startswith("|  | `ORCHESTRION_CONTROLLER_LLM_API_KEY`, `OPENAI_API_KEY` | none |")
    assert "--llm-api-key" not in settings_page()
