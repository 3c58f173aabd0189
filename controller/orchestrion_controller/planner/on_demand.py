"""The built-in planner as the controller has it: its words and weights are read when a request first needs them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from orchestrion.errors import Reason
from orchestrion_controller.stages import PlanItem, PlanningRequest

if TYPE_CHECKING:
    from orchestrion_controller.planner.builtin.planner import ReadingPlanner

_log = logging.getLogger(__name__)
_CURE: Final = (
    "Install it whole: `pip install --force-reinstall 'orchestrion[controller]'`; a checkout makes the weights by "
    "`make train-planner`. Or choose another planner by the setting `planner`."
)


class BuiltinPlanner:
    """Plans without a language model; see `ReadingPlanner`.

    Making one costs nothing, and imports no numpy: most controllers that are started plan otherwise, or not at all.
    """

    name = "builtin"
    runs_partial = False

    def prepare(self) -> None:
        """Begins to load, on a thread, unless that has been done; a failure is told to the first request."""
        _loading.start()

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request, after it has waited for the planner to load.

        Raises:
            FailedPreconditionError: PLANNER_UNAVAILABLE: a package or the weights are missing or damaged.
            InvalidArgumentError: Something to work on is missing, or an option is out of its range.
        """
        planner = await asyncio.wrap_future(_loading.start())
        async for item in planner.plan(request):
            yield item


class _Loading:
    """Loads the planner once a process, at most once at a time, and again where that failed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: Future[ReadingPlanner] | None = None

    def start(self) -> Future[ReadingPlanner]:
        """Returns the planner to be, and begins to load it where nobody has."""
        with self._lock:
            if self._loaded is None or (self._loaded.done() and self._loaded.exception()):
                self._loaded = Future()
                # What runs cannot be cancelled: who no longer waits leaves the loading to the others.
                self._loaded.set_running_or_notify_cancel()
                # A thread of its own: those of asyncio would all wait for it where several requests come.
                Thread(target=_load_into, args=(self._loaded,), name="planner").start()
            return self._loaded


_loading: Final = _Loading()


def _load_into(result: Future[ReadingPlanner]) -> None:
    try:
        result.set_result(_load())
    except BaseException as error:
        result.set_exception(error)


def _load() -> ReadingPlanner:
    try:
        from orchestrion_controller.planner.builtin.planner import ReadingPlanner

        return ReadingPlanner()
    except Exception as error:  # Whatever numpy, zipfile and onnxruntime raise on a damaged file.
        _log.exception("the built-in planner cannot be loaded")
        what = f"{type(error).__name__}: {error}"
        raise Reason.PLANNER_UNAVAILABLE.error(f"The built-in planner cannot be loaded ({what}). {_CURE}") from error
