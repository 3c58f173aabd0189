"""Tracing that is off costs nothing, and what the documentation says of spans is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrion.errors import FailedPreconditionError
from orchestrion_serving import trace_context, tracing

PAGE = Path(__file__).parents[3] / "docs" / "tracing.md"
SERVERS = "import sys, orchestrion_controller.server, orchestrion_host.server, orchestrion"


def test_servers_that_do_not_trace_import_nothing_of_opentelemetry() -> None:
    look = f"{SERVERS}; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    printed = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_without_tracing_each_span_is_the_same_object_that_does_nothing() -> None:
    assert not tracing.is_on()
    with tracing.span(tracing.SpanName.TASK, {"orchestrion.task": "one"}) as span:
        assert span is tracing.NO_SPAN is tracing.begin(tracing.SpanName.CHAT)
        assert tracing.current() is None
        assert trace_context.current_trace_id() is None
        assert tracing.metadata() is None
    assert tracing.span("a") is tracing.span("b")
    assert tracing.context_of(span) is None
    assert tracing.remote_parent((("traceparent", f"00-{'1' * 32}-{'2' * 16}-01"),)) is None


def test_an_endpoint_without_the_packages_is_an_error_that_names_setting_and_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "orchestrion_serving.otlp", raising=False)
    with pytest.raises(FailedPreconditionError, match=r"otlp_endpoint: .*orchestrion\[tracing\]"):
        tracing.start("http://127.0.0.1:1", "orchestrion-host")
    assert not tracing.is_on()


def test_the_table_of_spans_has_each_name_that_the_code_gives() -> None:
    table = PAGE.read_text().split("## Spans")[1].split("## Logs")[0]
    first = {
        name.split(" ")[0]
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    assert {name.value for name in tracing.SpanName} == first - {"POST", "orchestrion.v1.RunService/Run"}


def test_the_table_of_spans_has_each_attribute_that_the_code_sets() -> None:
    root = PAGE.parents[1]
    pattern = re.compile(r'"((?:orchestrion|gen_ai|rpc|http|server)\.[a-z_]+(?:\.[a-z_]+)*)"')
    code = [
        root / "serving/orchestrion_serving/interceptors.py",
        root / "serving/orchestrion_serving/chat_endpoint/endpoint.py",
        root / "serving/orchestrion_serving/tracing.py",
        root / "controller/orchestrion_controller/stage_scope.py",
        root / "controller/orchestrion_controller/runs/live_run.py",
        *sorted((root / "controller/orchestrion_controller/executor").glob("*.py")),
        root / "model_host/orchestrion_host/experts/batch_spans.py",
        root / "model_host/orchestrion_host/experts/loader.py",
        root / "clients/gateway/orchestrion_gateway/tracing.py",
    ]
    set_there = {name for path in code for name in pattern.findall(path.read_text())} - {"http.response.start"}
    assert len(set_there) > 20
    missing = {name for name in set_there if f"`{name}`" not in PAGE.read_text()}
    assert not missing
