"""Counts things in 20 pictures: each is asked for one kind of thing, and only the exact number is right.

Sources and licences: `data/detection/README.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Row, Table

_ROOT: Final = Path(__file__).parents[2]
_OWN: Final = Path(__file__).parent / "data" / "detection"
_EXAMPLES: Final = _ROOT / "examples" / "pictures"
_MEDIA: Final = _ROOT / "tests" / "media"
_EXPERT: Final = "ssd-mobilenet-coco"
_WANTED: Final = 16


@dataclass(frozen=True, slots=True)
class Counted:
    """A picture and what is to be counted in it."""

    path: Path
    label: str
    """As people say it."""
    count: int
    """How many there are, counted by eye; 0 is asked for what looks a little like it."""


SET: Final = (
    Counted(_OWN / "cat.jpg", "cats", 1),
    Counted(_OWN / "chair.jpg", "chairs", 1),
    Counted(_OWN / "chickens.jpg", "birds", 4),
    Counted(_OWN / "cows.jpg", "cows", 3),
    Counted(_OWN / "dog.jpg", "dogs", 1),
    Counted(_OWN / "duck.jpg", "birds", 1),
    Counted(_OWN / "hedgehog.jpg", "bears", 0),
    Counted(_OWN / "horses.jpg", "horses", 5),
    Counted(_OWN / "kingfisher.jpg", "birds", 1),
    Counted(_OWN / "macaw.jpg", "animals", 1),
    Counted(_OWN / "owl.jpg", "birds", 1),
    Counted(_OWN / "polar_bear.jpg", "bears", 1),
    Counted(_OWN / "sheep.jpg", "sheep", 1),
    Counted(_OWN / "spoons.jpg", "spoons", 5),
    Counted(_EXAMPLES / "zebra.jpg", "zebras", 1),
    Counted(_EXAMPLES / "zebras.jpg", "zebras", 3),
    Counted(_EXAMPLES / "giraffes.jpg", "giraffes", 2),
    Counted(_EXAMPLES / "astronaut.jpg", "people", 1),
    Counted(_MEDIA / "cat.jpg", "cats", 1),
    Counted(_MEDIA / "coffee.jpg", "mugs", 1),
)


def measure(experts: Experts) -> Table:
    """Counts in all pictures."""
    rows = []
    right = 0
    for item in SET:
        outputs = experts.perform("object-detection", {"image": item.path, "labels": (item.label,)}, _EXPERT)
        count = outputs["count"]
        right += count == item.count
        rows.append(Row(f"{item.label} in {item.path.relative_to(_ROOT)}", f"{count:.0f} of {item.count}"))
    figure = f"{right} of {len(SET)}"
    return Table(
        "Things counted exactly", (*rows, Row("exact", figure, f"at least {_WANTED}", is_met=right >= _WANTED))
    )
