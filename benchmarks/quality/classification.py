"""Classification: photographs of one thing, and pictograms, which are far from what the classifier was trained on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml
from PIL import Image

from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Row, Table
from orchestrion.values import Json

ROOT: Final = Path(__file__).parents[2]
DATA: Final = Path(__file__).parent / "data"
PHOTOGRAPHS: Final[Mapping[Path, Sequence[str]]] = {
    ROOT / "tests/media/cat.jpg": ["Egyptian cat", "tabby", "tiger cat"],
    ROOT / "tests/media/coffee.jpg": ["espresso"],
    DATA / "classification/tripod.jpg": ["tripod"],
    ROOT / "examples/pictures/bridge.jpg": ["street sign"],
    ROOT / "examples/pictures/icy_road.jpg": ["street sign"],
    ROOT / "examples/pictures/station.jpg": ["street sign"],
}
_EXPERT: Final = "efficientnet-lite0"
_AMONG: Final = 5
_WANTED: Final = 0.8


def measure(experts: Experts) -> Table:
    """Counts the pictures whose right class comes first, and is among the first five."""
    photographs = [_place(experts, path, labels) for path, labels in PHOTOGRAPHS.items()]
    with tempfile.TemporaryDirectory() as folder:
        pictograms = [
            _place(experts, on_white(name, Path(folder)), labels) for name, labels in labels_of_pictograms().items()
        ]
    first = sum(place == 0 for place in photographs) / len(photographs)
    return Table(
        f"image-classification ({_EXPERT})",
        (
            Row(
                f"{len(photographs)} photographs, right class first",
                _share(photographs, 1),
                f"at least {_WANTED:.0%}",
                first >= _WANTED,
            ),
            Row(f"{len(photographs)} photographs, among the first {_AMONG}", _share(photographs, _AMONG)),
            Row(f"{len(pictograms)} pictograms, right class first", _share(pictograms, 1)),
            Row(f"{len(pictograms)} pictograms, among the first {_AMONG}", _share(pictograms, _AMONG)),
        ),
    )


def labels_of_pictograms() -> Mapping[str, Sequence[str]]:
    """Returns the classes that are right for each pictogram, by its name."""
    labels: Mapping[str, Sequence[str]] = yaml.safe_load((DATA / "pictograms/labels.yaml").read_text("utf-8"))
    return labels


def on_white(name: str, folder: Path) -> Path:
    """Writes a pictogram on a white page into a folder."""
    with Image.open(DATA / f"pictograms/{name}.webp") as image:
        thing = image.convert("RGBA")
    page = Image.new("RGB", thing.size, "white")
    page.paste(thing, mask=thing.getchannel("A"))
    page.save(folder / f"{name}.png")
    return folder / f"{name}.png"


def _place(experts: Experts, path: Path, labels: Sequence[str]) -> int:
    """Returns the place of the first class that is right, from 0; that after the last where none is."""
    scores = experts.perform("image-classification", {"image": path}, _EXPERT)["scores"]
    assert isinstance(scores, Json)
    names = [str(item["label"]).partition(",")[0] for item in scores.data]
    return next((place for place, name in enumerate(names) if name in labels), len(names))


def _share(places: Sequence[int], among: int) -> str:
    right = sum(place < among for place in places)
    return f"{right} of {len(places)} ({right / len(places):.0%})"
