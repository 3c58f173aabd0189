"""Images without their background: what stands before it, on transparent ground."""

from __future__ import annotations

import re
from typing import Final

from PIL import Image, ImageChops

# What has no shape of its own and lies behind things, by the first word that ADE20K, COCO and Cityscapes call it by.
_BACKGROUND: Final = frozenset(
    {
        "background", "bridge", "building", "ceiling", "dirt", "door", "earth", "fence", "field", "floor", "grass",
        "gravel", "ground", "hill", "hills", "house", "lake", "land", "light", "mountain", "path", "pavement",
        "platform", "playingfield", "pond", "railing", "railroad", "river", "road", "rock", "roof", "rug", "runway",
        "sand", "sea", "shore", "sidewalk", "sky", "skyscraper", "snow", "stairs", "stairway", "terrain", "tree",
        "vegetation", "wall", "water", "waterfall", "window", "windowpane",
    }
)  # fmt: skip


def is_background(label: str) -> bool:
    """Whether a class is something behind things, such as `sky-other-merged` or `wall`, rather than a thing."""
    words = re.findall(r"[a-z]+", label.lower())
    return bool(words) and words[0] in _BACKGROUND


def cut(image: Image.Image, opacity: Image.Image) -> Image.Image:
    """Returns an image as RGBA with what is cut out alone; what was transparent stays so.

    Args:
        image: RGB or RGBA.
        opacity: Of mode L; stretched to the size of the image.
    """
    alpha = opacity if opacity.size == image.size else opacity.resize(image.size, Image.Resampling.BICUBIC)
    made = image.convert("RGBA")
    made.putalpha(ImageChops.multiply(made.getchannel("A"), alpha) if image.mode == "RGBA" else alpha)
    if "icc_profile" in image.info:
        made.info["icc_profile"] = image.info["icc_profile"]
    return made
