"""Tells which expert of a host's profile plans and answers: `python -m orchestrion_host.profile_language_model FLAGS`.

For who starts a controller and a host together, and has the controller ask that expert. The flags are the host's own;
its variables and its file are read too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from orchestrion_host.catalogue import profiles
from orchestrion_host.catalogue.reader import CatalogueError
from orchestrion_host.config import HostConfig
from orchestrion_serving.settings import load_or_exit


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the id of the expert; an empty line where the profile names none."""
    config = load_or_exit(HostConfig, "host", argv)
    try:
        sys.stdout.write(f"{profiles.language_model_of(config.profile)}\n")
    except CatalogueError as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
