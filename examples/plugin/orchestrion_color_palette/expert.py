"""The expert: the main colors of a picture by Pillow's median cut. A worker of the host alone imports this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageColor, UnidentifiedImageError

from orchestrion_host.plugins import Call, Expert, Json, Outputs

DEFAULT_COUNT: Final = 5
NAMES: Final = (
    "black", "gray", "white", "red", "orange", "gold", "yellow", "olive", "green", "teal", "turquoise", "skyblue",
    "blue", "navy", "purple", "magenta", "pink", "brown", "beige",
)  # fmt: skip
"""The colors, as CSS names them, of which the nearest names another one."""

_RGB: Final = {name: ImageColor.getrgb(name)[:3] for name in NAMES}


@dataclass(frozen=True, slots=True)
class Swatch:
    """One color of a picture."""

    rgb: tuple[int, int, int]
    """Red, green and blue, each from 0 to 255."""
    share: float
    """How much of the picture it covers, from 0 to 1."""

    @property
    def hex(self) -> str:
        """The color as CSS writes it, such as `#1e90ff`."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)

    @property
    def name(self) -> str:
        """The name of the nearest of `NAMES`."""
        return min(_RGB, key=lambda name: _distance(self.rgb, _RGB[name]))


class ColorPalette(Expert):
    """Finds the main colors of a picture; `color-palette.yaml` beside this file has its facts."""

    def load(self) -> None:
        """Reads the setting; a model would read its weights here."""
        self._longest_side = int(self.spec.options["longest_side"])

    def predict(self, call: Call) -> Outputs:
        """Computes the colors of one picture."""
        call.progress("reading the picture", 0.0)
        picture = self._picture(call)
        call.raise_if_cancelled()
        call.progress("sorting its colors", 0.5)
        swatches = palette(picture, int(call.number("count", DEFAULT_COUNT)))
        return {
            "color": swatches[0].name,
            "names": ", ".join(dict.fromkeys(swatch.name for swatch in swatches)),
            "colors": Json([{"hex": item.hex, "name": item.name, "share": round(item.share, 3)} for item in swatches]),
        }

    def _picture(self, call: Call) -> Image.Image:
        try:
            with Image.open(call.file("image").path) as picture:
                # A JPEG is decoded at a fraction of its size where that is enough.
                picture.draft("RGB", (self._longest_side, self._longest_side))
                picture.thumbnail((self._longest_side, self._longest_side), Image.Resampling.BOX)
                return picture.convert("RGB")
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
            raise call.bad_input("image", f"is no picture that can be read: {error}.") from error


def palette(picture: Image.Image, count: int) -> list[Swatch]:
    """Returns the main colors of an RGB picture, the commonest first: at most `count`."""
    reduced = picture.quantize(count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    values = reduced.getpalette() or []
    swatches = [
        Swatch(
            (values[3 * index], values[3 * index + 1], values[3 * index + 2]),
            pixel_count / picture.width / picture.height,
        )
        for index, pixel_count in enumerate(reduced.histogram())
        if pixel_count
    ]
    return sorted(swatches, key=lambda swatch: -swatch.share)


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The distance of two colors, nearer to the eye than Euclid's: https://www.compuphase.com/cmetric.htm."""
    mean_red = (one[0] + other[0]) / 2
    red, green, blue = (first - second for first, second in zip(one, other, strict=True))
    return (2 + mean_red / 256) * red**2 + 4 * green**2 + (2 + (255 - mean_red) / 256) * blue**2
