"""Memory inside a worker: what a load takes, whoever computes beside it, and forward passes that run out of it."""

from __future__ import annotations

import mmap
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orchestrion_host import ipc
from orchestrion_host.worker import memory
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.experts import ExpertThreads
from orchestrion_host.worker.measuring import LoadMeter, Measured
from orchestrion_host.worker.output_files import Spool
from orchestrion_host.worker.runtimes import Result

pytestmark = pytest.mark.tasks

MB = 1_000_000


def taken(size: int) -> mmap.mmap:
    """Takes memory that goes back to the system as soon as it is closed, whatever the allocator keeps."""
    block = mmap.mmap(-1, size)
    for _ in range(size // MB):
        block.write(b"\1" * MB)
    return block


class Neighbour:
    """Another expert in the process, which computes when the test says so."""

    def __init__(self, held: int = 0, spare: int = 0) -> None:
        self.measured = Measured(held + spare, spare)
        self.batch_count = 0
        self.busy = False


def test_a_load_takes_what_it_keeps_and_the_peak_of_its_warm_up() -> None:
    meter = LoadMeter(memory.gauge("cpu"), {})
    kept = taken(30 * MB)
    # A load may take a second copy for a moment; calls will not.
    taken(90 * MB).close()
    meter.begin_warm_up()
    taken(50 * MB).close()
    measured = meter.end(10 * MB)
    assert 79 * MB < measured.memory_bytes < 90 * MB
    assert 49 * MB < measured.spare_bytes < 55 * MB
    assert measured.exact
    kept.close()


def test_no_result_is_below_the_weights() -> None:
    # Weights that are mapped from a file are not there before they are read.
    meter = LoadMeter(memory.gauge("cpu"), {})
    meter.begin_warm_up()
    measured = meter.end(200 * MB)
    assert 200 * MB <= measured.memory_bytes < 210 * MB
    assert measured.held_bytes >= 199 * MB


def test_the_peak_of_a_warm_up_comes_on_top_of_weights_that_are_not_there_yet() -> None:
    meter = LoadMeter(memory.gauge("cpu"), {})
    meter.begin_warm_up()
    taken(50 * MB).close()
    assert 249 * MB < meter.end(200 * MB).memory_bytes < 260 * MB


def test_what_a_library_imports_during_a_load_is_not_the_expert_s(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = LoadMeter(memory.gauge("cpu"), {})
    library = taken(60 * MB)
    monkeypatch.setitem(sys.modules, "imported_late", ModuleType("imported_late"))
    meter.begin_warm_up()
    taken(20 * MB).close()
    measured = meter.end(30 * MB)
    assert 49 * MB < measured.memory_bytes < 55 * MB
    assert measured.exact
    library.close()


def test_the_calls_of_another_expert_are_not_charged_to_the_one_that_loads() -> None:
    neighbour = Neighbour(held=5 * MB, spare=60 * MB)
    meter = LoadMeter(memory.gauge("cpu"), {"other": neighbour})
    kept = taken(30 * MB)
    meter.begin_warm_up()
    # It begins a call that goes on beyond the end of the load.
    neighbour.batch_count, neighbour.busy = 1, True
    theirs = taken(60 * MB)
    measured = meter.end(0)
    assert 29 * MB < measured.memory_bytes < 40 * MB
    assert not measured.exact
    theirs.close()
    kept.close()


def test_an_expert_that_leaves_meanwhile_does_not_hide_the_one_that_loads() -> None:
    block = taken(60 * MB)
    neighbours = {"other": Neighbour(held=60 * MB)}
    meter = LoadMeter(memory.gauge("cpu"), neighbours)
    kept = taken(30 * MB)
    del neighbours["other"]
    block.close()
    meter.begin_warm_up()
    measured = meter.end(0)
    assert 29 * MB < measured.memory_bytes < 40 * MB
    assert not measured.exact
    kept.close()


def test_a_peak_is_seen_once_more_where_the_system_resets_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gauge = memory.MainMemoryGauge()
    peak = memory._status_bytes("VmHWM")
    status = tmp_path / "status"
    monkeypatch.setattr(memory, "_PROCESS", tmp_path)
    (tmp_path / "clear_refs").mkdir()  # It cannot be written.
    status.write_text(f"VmHWM:\t{peak >> 10} kB\nVmRSS:\t{peak >> 11} kB\n")
    gauge.begin_peak()
    # The peak of the process is an old one: it says nothing of the warm-up.
    assert gauge.spare_bytes() == 0
    status.write_text(f"VmHWM:\t{(peak >> 10) + 1000} kB\nVmRSS:\t{peak >> 10} kB\n")
    assert gauge.spare_bytes() == 1000 << 10


def test_on_a_graphics_device_the_allocator_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in for the allocator, since few machines that run tests have such a device.
    cuda = pytest.importorskip("torch").cuda
    figures = {"held": 100 * MB, "peak": 900 * MB}
    monkeypatch.setattr(cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(cuda, "memory_allocated", lambda: figures["held"])
    monkeypatch.setattr(cuda, "max_memory_allocated", lambda: figures["peak"])
    monkeypatch.setattr(cuda, "reset_peak_memory_stats", lambda: figures.update(peak=figures["held"]))
    meter = LoadMeter(memory.gauge("cuda:0"), {})
    figures["held"] = 300 * MB
    meter.begin_warm_up()
    figures.update(held=310 * MB, peak=350 * MB)
    assert meter.end(200 * MB) == Measured(250 * MB, 40 * MB)


class Sent:
    """Takes the messages of a worker."""

    def __init__(self) -> None:
        self.computed: list[ipc.Computed] = []
        self.news = threading.Event()

    def __call__(self, message: Any) -> None:
        if isinstance(message, ipc.Computed):
            self.computed.append(message)
            self.news.set()


class Narrow:
    """An expert that has memory for so many calls at once, as a device has."""

    def __init__(self, room: int, error: type[Exception] = MemoryError, *, tells: bool = False) -> None:
        self.room = room
        self.error = error
        self.tells = tells
        self.sizes: list[int] = []

    def warm_up(self) -> None: ...

    def parameter_bytes(self) -> int:
        return 0

    def unload(self) -> None: ...

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        self.sizes.append(len(batch))
        if self.tells:
            batch[0].text_piece("text", "half")
        if sum(int(call.number("size", 1)) for call in batch) > self.room:
            raise self.error("tried to allocate 20.00 GiB")
        return [{"text": call.text("text")} for call in batch]


def compute(expert: Narrow, inputs: Sequence[dict[str, Any]], tmp_path: Path) -> list[ipc.Plain]:
    sent = Sent()
    load = ipc.Load("narrow", "engine", "narrow", "", {}, ("t",), {}, "cpu", 1, 1, 1.0)
    threads = ExpertThreads(load, expert, Measured(0), Spool(tmp_path), sent)
    threads.submit(ipc.Compute(1, "narrow", "t", list(range(len(inputs))), inputs))
    assert sent.news.wait(10)
    threads.close()
    return list(sent.computed[0].results)


@pytest.fixture(params=["MemoryError", "torch"])
def exhaustion(request: pytest.FixtureRequest) -> Iterator[type[Exception]]:
    if request.param == "torch":
        torch = pytest.importorskip("torch")
        yield torch.OutOfMemoryError
    else:
        yield MemoryError


def test_a_batch_that_is_too_large_is_computed_in_halves(tmp_path: Path, exhaustion: type[Exception]) -> None:
    expert = Narrow(2, exhaustion)
    results = compute(expert, [{"text": str(number)} for number in range(7)], tmp_path)
    assert results == [{"text": str(number)} for number in range(7)]
    assert expert.sizes == [7, 3, 1, 2, 4, 2, 2]


def test_a_call_that_is_too_large_alone_fails_alone(tmp_path: Path, exhaustion: type[Exception]) -> None:
    results = compute(Narrow(2, exhaustion), [{"text": "a"}, {"text": "b", "size": 9}, {"text": "c"}], tmp_path)
    assert (results[0], results[2]) == ({"text": "a"}, {"text": "c"})
    failure = ipc.failure_of(results[1])
    assert failure is not None
    assert (failure.reason, failure.metadata) == ("OUT_OF_MEMORY", {"expert": "narrow"})
    assert "20.00 GiB" in failure.message


def test_what_was_told_in_part_is_not_told_twice(tmp_path: Path) -> None:
    results = compute(Narrow(1, tells=True), [{"text": "a"}, {"text": "b"}], tmp_path)
    assert [getattr(ipc.failure_of(result), "reason", "") for result in results] == ["OUT_OF_MEMORY"] * 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you"), True),
        (RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("memory"), False),
    ],
)
def test_full_memory_is_known_by_its_words(error: Exception, expected: bool) -> None:
    assert memory.is_exhaustion(error) is expected
