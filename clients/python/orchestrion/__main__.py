"""Lets `python -m orchestrion` do what the `orchestrion` script does."""

from orchestrion.cli import main

main()
