"""The processor time of an event loop's callbacks, on both loops that servers run on."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import uvloop
from prometheus_client import CollectorRegistry, Histogram

from orchestrion_serving.callback_watch import CallbackWatch

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

BURNT_S = 0.02
WHO = contextvars.ContextVar("WHO", default="nobody's")


@pytest.fixture(params=[uvloop.Loop, asyncio.SelectorEventLoop])
def run(request: pytest.FixtureRequest) -> Iterator[Run[Any]]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def seconds() -> Histogram:
    return Histogram("callback", "Of a test.", buckets=(0.001, 0.01, BURNT_S), registry=CollectorRegistry())


def longer_than_burnt(histogram: Histogram) -> int:
    """How many callbacks took more than `BURNT_S`."""
    by_bound: dict[str | None, float] = {
        sample.labels.get("le"): sample.value for sample in next(iter(histogram.collect())).samples if sample.labels
    }
    return round(by_bound["+Inf"] - by_bound[str(BURNT_S)])


def burn() -> None:
    """Computes for a little longer than `BURNT_S`."""
    end = time.thread_time() + BURNT_S
    while time.thread_time() < end:
        pass


async def quiet() -> None:
    """Lets callbacks begin until the clock has been read once more, without computing in any."""
    for _ in range(3):
        await asyncio.sleep(0.002)


def test_a_step_of_a_task_that_computes_is_seen_each_time(run: Run[None]) -> None:
    histogram = seconds()

    async def main() -> None:
        watch = CallbackWatch(histogram)
        watch.start()
        for _ in range(3):
            await quiet()
            burn()
        await quiet()
        watch.stop()

    run(main())
    assert longer_than_burnt(histogram) == 3


def test_time_in_which_the_loop_only_waits_counts_for_nothing(run: Run[None]) -> None:
    histogram = seconds()

    async def main() -> None:
        watch = CallbackWatch(histogram)
        watch.start()
        await quiet()
        time.sleep(3 * BURNT_S)  # noqa: ASYNC251  # Held, as by a thread that has the interpreter's lock.
        await asyncio.sleep(3 * BURNT_S)
        await quiet()
        watch.stop()

    run(main())
    assert longer_than_burnt(histogram) == 0


def test_callbacks_keep_their_arguments_their_context_and_their_errors(run: Run[None]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        calls: list[str] = []
        troubles: list[Any] = []
        loop.set_exception_handler(lambda _, about: troubles.append(about["exception"]))
        watch = CallbackWatch(seconds())
        watch.start()
        loop.call_soon(calls.append, "first")
        context = contextvars.copy_context()
        context.run(WHO.set, "its own")
        loop.call_soon(lambda: calls.append(WHO.get()), context=context)
        loop.call_soon(int, "no number")
        loop.call_soon(calls.append, "cancelled").cancel()
        loop.call_soon(calls.append, "last")
        await quiet()
        watch.stop()
        assert calls == ["first", "its own", "last"]
        assert [type(trouble) for trouble in troubles] == [ValueError]

    run(main())


def test_two_servers_on_one_loop_have_their_own_and_leave_the_loop_as_it_was(run: Run[None]) -> None:
    histograms = [seconds(), seconds()]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        before = loop.call_soon
        first, second = watches = [CallbackWatch(histogram) for histogram in histograms]
        for watch in watches:
            watch.start()
        await quiet()
        burn()
        await quiet()
        first.stop()
        burn()
        await quiet()
        second.stop()
        second.stop()
        assert loop.call_soon == before

    run(main())
    assert [longer_than_burnt(histogram) for histogram in histograms] == [1, 2]
