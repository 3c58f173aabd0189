"""Results kept from earlier calls: off unless asked for, and for experts declared deterministic only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.results import ResultCache
from tests.rpc.host.delays import catalogue
from tests.rpc.host.hosts import running_host

KIND = TaskType("t", "A test.", (Parameter("text", ParameterKind.TEXT),), ())
SEEDED = TaskType("t", "A test.", (Parameter("text", ParameterKind.TEXT), Parameter("seed", ParameterKind.NUMBER)), ())


def facts(**fields: Any) -> ModelFacts:
    values: dict[str, Any] = {"model": "m", "runtime": "engine", "deterministic": True} | fields
    return ModelFacts(id="a", task_types=("t",), description="A test.", **values)


async def test_an_equal_call_is_answered_without_computing(tmp_path: Path) -> None:
    experts: dict[str, Any] = {"a": {"deterministic": True, "options": {}}, "b": {"options": {}}}
    folder = catalogue(tmp_path / "catalogue", experts)
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), result_cache_bytes=10_000) as host:
        first = await host.client.infer("a", text="x", delay_ms=100)
        again = await host.client.infer("a", text="x", delay_ms=100)
        assert first.outputs == again.outputs == {"text": "x"}
        assert (first.compute_ms > 90, again.compute_ms) == (True, 0)
        assert (await host.client.infer("a", text="y", delay_ms=100)).compute_ms > 90
        assert await host.metric("orchestrion_host_result_lookups_total", outcome="hit") == 1
        assert await host.metric("orchestrion_host_inferences_total", expert="a", outcome="succeeded") == 3
        for _ in range(2):
            assert (await host.client.infer("b", text="x", delay_ms=100)).compute_ms > 90


def test_nothing_is_kept_unless_asked_for() -> None:
    assert ResultCache(0).key("", facts(), "t", KIND, {"text": "x"}) == ""
    assert ResultCache(1000).key("", facts(deterministic=False), "t", KIND, {"text": "x"}) == ""


def test_a_call_that_leaves_the_seed_to_chance_is_computed() -> None:
    cache = ResultCache(1000)
    assert cache.key("", facts(), "t", SEEDED, {"text": "x"}) == ""
    assert cache.key("", facts(), "t", SEEDED, {"text": "x", "seed": 1.0}) != ""


@pytest.mark.parametrize(
    "other",
    [
        {"owner": "somebody"},
        {"facts": facts(revision="r2")},
        {"facts": facts(runtime="onnx")},
        {"facts": facts(options={"dtype": "float16"})},
        {"inputs": {"text": "y"}},
        {"inputs": {"text": Json("x")}},
        {"inputs": {"text": ArtifactRef("artifacts/" + "0" * 64)}},
    ],
)
def test_whatever_may_change_a_result_is_in_the_key(other: dict[str, Any]) -> None:
    call: dict[str, Any] = {"owner": "", "facts": facts(), "inputs": {"text": "x"}}
    changed = call | other
    cache = ResultCache(1000)
    keys = {cache.key(item["owner"], item["facts"], "t", KIND, item["inputs"]) for item in (call, changed)}
    assert len(keys) == 2


def test_the_results_that_were_used_last_stay_within_the_bytes() -> None:
    cache = ResultCache(1500)
    for name in "abc":
        cache.keep(name, {"text": name * 100})
        cache.find("a")
    assert cache.find("a") == {"text": "a" * 100}
    assert cache.find("b") is None
    assert 0 < cache.used_bytes <= 1500
    large: dict[str, Value] = {"text": "x" * 3000}
    cache.keep("large", large)
    assert cache.find("large") is None
    cache.keep("file", {"image": (ArtifactRef("artifacts/1"),)})
    assert cache.find("file") is None
