"""Measurements kept across restarts, and the delays of experts whose worker goes on dying."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.catalogue.presence import find
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.restarts import LONGEST_PAUSE_S, STABLE_S, Crashes, pause_s
from orchestrion_host.memory.measurements import Measurement, Measurements


def noted(path: Path) -> Measurements:
    measurements = Measurements(path)
    measurements.note_memory("bert", "r1", "cpu", 400)
    measurements.note_latency("bert", "r1", "cpu", 12.34567)
    measurements.note_memory("bert", "r1", "cuda:1", 200)
    measurements.note_worker("transformers@cpu", 900)
    return measurements


def test_what_was_measured_is_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "host" / "measurements.json"
    noted(path).save()
    again = Measurements(path)
    assert again.of("bert", "r1", "cpu") == Measurement(400, 12.346)
    assert again.best("bert", "r1", ("cuda", "cpu")) == Measurement(200, 0.0)
    assert again.best("bert", "r1", ("cpu",)).memory_bytes == 400
    assert again.worker_bytes("transformers@cpu") == 900
    # Other weights, other figures.
    assert again.of("bert", "r2", "cpu") == Measurement()
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "measurements.json"
    measurements = noted(path)
    measurements.save()
    path.unlink()
    measurements.note_memory("bert", "r1", "cpu", 400)
    measurements.save()
    assert not path.exists()
    measurements.forget("bert")
    measurements.save()
    assert json.loads(path.read_text())["experts"] == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"version": 9, "experts": [], "workers": {}}',
        '{"version": 1, "experts": [{"expert_id": "a"}], "workers": {}}',
        '{"version": 1, "experts": [{"expert_id": "a", "revision": "", "device": "cpu", "memory_bytes": -1,'
        ' "latency_ms": 1}], "workers": {}}',
        '{"version": 1, "experts": [{"expert_id": "a", "revision": "", "device": "cpu", "memory_bytes": 1,'
        ' "latency_ms": NaN}], "workers": {}}',
    ],
)
def test_a_broken_file_is_left_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str) -> None:
    path = tmp_path / "measurements.json"
    path.write_text(content)
    with caplog.at_level(logging.WARNING):
        measurements = Measurements(path)
    assert "measured again" in caplog.text
    assert measurements.of("a", "", "cpu") == Measurement()


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    noted(tmp_path / "file" / "measurements.json").save()
    assert "cannot be kept" in caplog.text


def test_an_expert_begins_with_what_is_known_of_it() -> None:
    facts = ModelFacts("bert", "bert", "engine", ("test-delay",), "A test.", revision="r1", memory_bytes=1000)
    expert = HostedExpert(facts, find(facts), 4, noted(Path("/nonexistent/measurements.json")))
    assert (expert.needed_bytes, expert.needed_on("cpu")) == (400, 400)
    assert expert.status().latency_ms == 12.346
    assert expert.describe().memory_bytes == 400


def test_the_first_crash_costs_no_time_and_each_further_one_more() -> None:
    assert [pause_s(count) for count in range(5)] == [0.0, 0.0, 1.0, 2.0, 4.0]
    assert pause_s(10_000) == LONGEST_PAUSE_S


@given(st.integers(0, 5000))
def test_pauses_never_shrink_and_have_a_limit(count: int) -> None:
    assert 0 <= pause_s(count) <= pause_s(count + 1) <= LONGEST_PAUSE_S


def test_crashes_in_a_row_are_counted_until_one_success() -> None:
    crashes = Crashes()
    assert crashes.crashed(100.0) == 0.0
    assert crashes.wait_s(100.0) == 0.0
    assert crashes.crashed(101.0) == 1.0
    assert (crashes.wait_s(101.25), crashes.wait_s(102.0)) == (0.75, 0.0)
    crashes.succeeded()
    assert crashes.crashed(103.0) == 0.0


def test_an_expert_that_lived_on_did_not_die_of_its_load() -> None:
    crashes = Crashes()
    for now in (0.0, 1.0):
        crashes.crashed(now)
    crashes.loaded(10.0)
    assert crashes.crashed(10.0 + STABLE_S) == 0.0
    crashes.loaded(80.0)
    assert crashes.crashed(81.0) == 1.0
