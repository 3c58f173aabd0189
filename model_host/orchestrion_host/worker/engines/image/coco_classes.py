"""The 80 classes of things of COCO (Lin et al., 2014) by the numbers that detectors trained in TensorFlow give them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NAMES: Final = (
    "person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, , stop "
    "sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, , backpack, "
    "umbrella, , , handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball "
    "glove, skateboard, surfboard, tennis racket, bottle, , wine glass, cup, fork, knife, spoon, bowl, banana, "
    "apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, , "
    "dining table, , , toilet, , tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, "
    "refrigerator, , book, clock, vase, scissors, teddy bear, hair drier, toothbrush"
)

NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {number: name.strip() for number, name in enumerate(_NAMES.split(","), start=1) if name.strip()}
)
"""Names by number, from 1 to 90; ten of the numbers stand for nothing."""
