"""Starts a model host: `python -m orchestrion_host`; `--help` lists the settings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from orchestrion_serving import early_signals

if TYPE_CHECKING:
    from orchestrion_host.config import HostConfig


async def serve(config: HostConfig) -> None:
    """Serves until SIGTERM or SIGINT."""
    from orchestrion_host.server import ModelHost
    from orchestrion_serving import process, stop_signals, tracing

    signals = stop_signals.StopSignals()
    tracing.start(config.otlp_endpoint, "orchestrion-host", config.name, records_content=config.log_content)
    hosts: list[ModelHost] = []

    async def start() -> None:
        hosts.append(await ModelHost.start(config))

    if await signals.unless_stopped(start()):
        (host,) = hosts
        await process.serve_until_stopped(signals, host.address, host.metrics_address, host.stop)
    await tracing.close()


def main() -> None:
    """Reads the settings and serves; a bad setting or catalogue ends with 2, a port that is taken with 1."""
    early_signals.end_at_once()
    # Data that a worker could write must not be nested too deep to be read here, a few calls further down the stack.
    sys.setrecursionlimit(sys.getrecursionlimit() + 100)
    # These take a second to import, in which a signal may come.
    from orchestrion.errors import FailedPreconditionError
    from orchestrion_host.catalogue.reader import CatalogueError
    from orchestrion_host.config import HostConfig
    from orchestrion_serving import process, settings

    config = settings.load_or_exit(HostConfig, "host")
    process.set_up_logging(config.log_level, config.log_format, content=config.log_content)
    if config.exit_with_parent:
        process.exit_with_parent()
    try:
        process.run(serve(config))
    except (CatalogueError, FailedPreconditionError) as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from error
    except OSError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
