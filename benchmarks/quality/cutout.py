"""Cut-outs: things whose outline is certain, before drawn backgrounds; how much of cut-out and thing is both."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Row, Table

DATA: Final = Path(__file__).parent / "data" / "pictograms"
THINGS: Final = ("tiger", "guitar", "teapot", "umbrella", "snail")
_EXPERT: Final = "u2netp"
_SIZE: Final = (640, 480)
_SIDE: Final = 320
_WANTED: Final = 0.85


def measure(experts: Experts) -> Table:
    """Measures the intersection over union of each cut-out with its thing."""
    rows, shares = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(THINGS):
            scene, mask = draw(name, number)
            path = Path(folder) / f"{name}.png"
            scene.save(path)
            outputs = experts.perform("image-segmentation", {"image": path}, _EXPERT)
            with Image.open(io.BytesIO(experts.content(outputs["cutout"]))) as cutout:
                opaque = np.asarray(cutout.getchannel("A")) > 127
            shares.append(float((opaque & mask).sum() / (opaque | mask).sum()))
            rows.append(Row(name, f"{shares[-1]:.3f}"))
    mean = sum(shares) / len(shares)
    rows.append(Row("the mean", f"{mean:.3f}", f"at least {_WANTED}", mean >= _WANTED))
    return Table(f"cut-out, intersection over union ({_EXPERT})", tuple(rows))


def draw(name: str, number: int) -> tuple[Image.Image, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """Draws a thing before a blurred pattern of colours; also returns which pixels are the thing."""
    generator = np.random.default_rng(number)
    patches = Image.fromarray(generator.integers(60, 220, (6, 8, 3), dtype=np.uint8))
    scene = patches.resize(_SIZE, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(12))
    with Image.open(DATA / f"{name}.webp") as image:
        thing = image.convert("RGBA").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    place = (40 + 50 * number, 120 - 20 * number)
    mask = Image.new("L", _SIZE)
    mask.paste(thing.getchannel("A"), place)
    scene.paste(thing, place, thing)
    return scene, np.asarray(mask) > 127
