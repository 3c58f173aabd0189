"""Runs a controller: `python -m orchestrion_controller`, or `orchestrion up` for it and a model host."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from orchestrion_serving import early_signals

if TYPE_CHECKING:
    from orchestrion_controller.config import ControllerConfig

_QUIET_S: Final = 2.0
"""How long after its start a controller prepares for requests, in seconds."""


async def _serve(config: ControllerConfig) -> int:
    import asyncio

    from orchestrion.errors import OrchestrionError
    from orchestrion_controller.server import Controller
    from orchestrion_serving import process, stop_signals, tracing

    signals = stop_signals.StopSignals()
    try:
        tracing.start(config.otlp_endpoint, "orchestrion-controller", records_content=config.log_content)
        controller = Controller(config)
        has_started = await signals.unless_stopped(controller.start())
    except (OrchestrionError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if has_started:
        # Not at once: hosts register first, and a controller that ends soon never needs it.
        asyncio.get_running_loop().call_later(_QUIET_S, controller.prepare)
        await process.serve_until_stopped(signals, controller.grpc_address, controller.metrics_address, controller.stop)
    else:
        await controller.stop()
    await tracing.close()
    return 0


def main() -> int:
    """Reads the settings, serves until SIGTERM or SIGINT, and returns the exit status."""
    early_signals.end_at_once()
    # Before numpy is loaded. The planner's products are small: on cores that experts use, too, threads that wait for
    # each other make planning some ten times slower than one thread is.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # These take a second to import, in which a signal may come.
    from orchestrion_controller.config import ControllerConfig
    from orchestrion_serving import process, settings

    config = settings.load_or_exit(ControllerConfig, "controller")
    process.set_up_logging(config.log_level, config.log_format, content=config.log_content)
    if config.exit_with_parent:
        process.exit_with_parent()
    return process.run(_serve(config))


if __name__ == "__main__":
    sys.exit(main())
