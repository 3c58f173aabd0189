"""Figures that TaskBench publishes for its Hugging Face tools, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Published(NamedTuple):
    """The scores of a planner, in per cent."""

    node_f1: float
    edge_f1: float
    argument_type_f1: float
    argument_value_f1: float


HUGGING_FACE: Final[Mapping[str, Published]] = {
    "gpt-4": Published(81.54, 54.70, 77.31, 60.86),
    "claude-2": Published(79.00, 43.51, 63.00, 43.08),
    "gpt-3.5-turbo": Published(69.49, 33.36, 55.88, 36.32),
    "codellama-13b": Published(53.16, 14.64, 32.06, 18.87),
}
"""Leaderboard of microsoft/JARVIS, `taskbench/README.md`: all 7,546 samples, zero- or few-shot, by edges that are
derived from the references in arguments."""
