"""Super-resolution by Swin2SR: tile by tile, so that memory does not grow with the image."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.image import image_inputs, image_outputs
from orchestrion_host.worker.models.checkpoint import TorchExpert
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_USUAL_TILE: Final = 192
# What a tile sees of its neighbours on each side: at its rim the model has nothing to go by.
_OVERLAP: Final = 16
_TILES_PER_PASS: Final = 4


class SuperResolution(TorchExpert):
    """A model that enlarges by a fixed factor."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `tile`, the side of what is computed at once in pixels of the input, 192 when left out.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the option is no such size.
        """
        checkpoint = image_batches.exact(spec)
        self._window = int(checkpoint.config.window_size)
        self._tile = _tile_of(spec, self._window)
        self._model: Model = checkpoint.model(transformers.Swin2SRForImageSuperResolution)
        super().__init__(checkpoint, self._model)
        self._factor = int(checkpoint.config.upscale)

    def warm_up(self) -> None:
        """Enlarges as many tiles as go through the model at once."""
        self._enlarged([np.zeros((self._tile, self._tile, 3), np.uint8)] * _TILES_PER_PASS)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Enlarges each image; what is computed together are the tiles of one."""
        return one_by_one(batch, self._compute)

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it: arrays of the picture and of the enlarged one, and that as it is written."""
        scale = max(self._factor, call.number("scale", self._factor))
        return 12 * pixel_count + 16 * min(round(pixel_count * scale * scale), self.checkpoint.spec.max_image_pixels)

    def _compute(self, call: Call) -> Outputs:
        if call.text("operation", "upscale") != "upscale":
            raise call.bad_input("operation", "must be upscale: that is all that this expert does.")
        limit = self.checkpoint.spec.max_image_pixels
        image = image_inputs.read(call, "image", limit)
        scale = call.number("scale", self._factor)
        size = (round(image.width * scale), round(image.height * scale))
        own_size = (image.width * self._factor, image.height * self._factor)
        largest = max(size, own_size, key=lambda side: side[0] * side[1])
        if largest[0] * largest[1] > limit:
            whose = f"of {scale:g} " if largest == size else f"of this expert, {self._factor}, "
            raise call.bad_input(
                "scale",
                f"{whose}would make {largest[0]} x {largest[1]} = {largest[0] * largest[1]:,} pixels; "
                f"this host makes at most {limit:,}.",
                pixel_count=largest[0] * largest[1],
                limit_pixel_count=limit,
            )
        made = Image.fromarray(
            self._upscaled(call, image_inputs.pixels(image if image.mode == "RGB" else image.convert("RGB")))
        )
        if image.mode == "RGBA":
            made.putalpha(image.getchannel("A").resize(own_size, Image.Resampling.LANCZOS))
        if size != own_size:
            made = made.resize(size, Image.Resampling.LANCZOS)
        # The colours mean what they meant before.
        if "icc_profile" in image.info:
            made.info["icc_profile"] = image.info["icc_profile"]
        return {"image": image_outputs.write(call, "image", made, "upscaled", file_format=image.format)}

    def _upscaled(self, call: Call, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Enlarges bytes of shape (height, width, 3) by the factor of the model."""
        height, width = image.shape[:2]
        made = np.empty((height * self._factor, width * self._factor, 3), np.uint8)
        done = 0
        tiles = list(_tiles(height, width, self._tile, self._window))
        for some in _passes(tiles):
            call.raise_if_cancelled()
            call.progress("enlarging", done / len(tiles))
            done += len(some)
            large = self._enlarged([image[tile.y.seen, tile.x.seen] for tile in some])
            for tile, enlarged in zip(some, large, strict=True):
                rows, columns = tile.y, tile.x
                made[rows.kept_times(self._factor), columns.kept_times(self._factor)] = enlarged[
                    rows.kept_of_seen(self._factor), columns.kept_of_seen(self._factor)
                ]
        return made

    def _enlarged(self, tiles: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        """Enlarges tiles of one size in one pass; bytes of shape (tiles, height, width, 3)."""
        height, width = tiles[0].shape[:2]
        # Windows must be whole: they are filled up with a mirror image, which is cut off again.
        margins = ((0, 0), (0, -height % self._window), (0, -width % self._window), (0, 0))
        padded = np.pad(np.stack(tiles), margins, mode="symmetric")
        pixels = torch.from_numpy(padded.astype(np.float32) / 255).permute(0, 3, 1, 2)
        with torch.inference_mode():
            large = self._model(**self.checkpoint.inputs({"pixel_values": pixels})).reconstruction.float().cpu()
        cut = large[:, :, : height * self._factor, : width * self._factor].clamp(0, 1)
        enlarged: npt.NDArray[np.uint8] = (cut * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        return enlarged


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of pixels along one side: what the model sees, and what of it is kept."""

    seen_from: int
    seen_to: int
    kept_from: int
    kept_to: int

    @property
    def seen(self) -> slice:
        return slice(self.seen_from, self.seen_to)

    @property
    def seen_length(self) -> int:
        return self.seen_to - self.seen_from

    def kept_times(self, factor: int) -> slice:
        return slice(self.kept_from * factor, self.kept_to * factor)

    def kept_of_seen(self, factor: int) -> slice:
        return slice((self.kept_from - self.seen_from) * factor, (self.kept_to - self.seen_from) * factor)


@dataclass(frozen=True, slots=True)
class _Tile:
    y: _Stretch
    x: _Stretch


def _tile_of(spec: ipc.Load, window: int) -> int:
    """Returns the side of a tile in pixels, whole windows of the model, which leave something between the overlaps."""
    tile = spec.options.get("tile", _USUAL_TILE)
    least = 2 * _OVERLAP + window
    if isinstance(tile, bool) or not isinstance(tile, int) or tile // window * window < least:
        raise spec.refused(f"options.tile: expected a size of {least} pixels or more; found {tile!r}.")
    return tile // window * window


def _passes(tiles: Sequence[_Tile]) -> Iterator[Sequence[_Tile]]:
    """Puts tiles of one size together, a few at a time; only those at the far edges are smaller."""
    sizes: dict[tuple[int, int], list[_Tile]] = {}
    for tile in tiles:
        sizes.setdefault((tile.y.seen_length, tile.x.seen_length), []).append(tile)
    for alike in sizes.values():
        for start in range(0, len(alike), _TILES_PER_PASS):
            yield alike[start : start + _TILES_PER_PASS]


def _tiles(height: int, width: int, side: int, window: int) -> Iterator[_Tile]:
    """Covers an image with tiles that overlap."""
    for y, x in itertools.product(_stretches(height, side, window), _stretches(width, side, window)):
        yield _Tile(y, x)


def _stretches(length: int, side: int, window: int) -> Iterator[_Stretch]:
    """Cuts a length into stretches that overlap, each beginning where a window of the whole image would begin."""
    if length <= side:
        yield _Stretch(0, length, 0, length)
        return
    kept = 0
    while kept < length:
        seen = min(max(0, kept - _OVERLAP), -(-(length - side) // window) * window) // window * window
        seen_to = min(length, seen + side)
        end = length if seen_to == length else seen_to - _OVERLAP
        yield _Stretch(seen, seen_to, kept, end)
        kept = end


load = SuperResolution
