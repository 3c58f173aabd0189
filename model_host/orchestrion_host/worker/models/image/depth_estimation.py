"""Depth estimation: DPT, Depth Anything, GLPN, ZoeDepth; also as maps that guide diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import transformers
from PIL import Image

from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.image import depth_maps, image_outputs
from orchestrion_host.worker.models.checkpoint import TorchExpert
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.runtimes import Outputs, Result

# These tell metres; the others tell how near things are, in no unit. Depth Anything is of both sorts and says which.
_METRIC: Final = ("glpn", "zoedepth")
# Image processors that keep the shape of a strip would make it very long.
_LONGEST_SHAPE: Final = 4
# The processor of GLPN leaves the size as it is; it was trained on images of 640 x 480.
_GLPN_SIDE: Final = 640
_GLPN_STEP: Final = 32
_DEFAULT_BACKGROUND: Final = 0.1
_NEAREST: Final = 1e-3
# Layers of DPT and its like that add what the stage before found; the first stage has none before it.
_UNREAD: Final = (r"fusion_stage\.layers\.0\.residual_layer1\.",)


class DepthEstimator(TorchExpert):
    """A model that gives each pixel a depth."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `metric`, whether the model tells metres, where its configuration does not say so.
        """
        checkpoint = image_batches.exact(spec)
        self._processor = image_batches.processor(checkpoint)
        self._model: Model = checkpoint.model(transformers.AutoModelForDepthEstimation, unread=_UNREAD)
        super().__init__(checkpoint, self._model)
        config = checkpoint.config
        is_metric = config.model_type in _METRIC or getattr(config, "depth_estimation_type", "relative") == "metric"
        self._is_metric = bool(spec.options.get("metric", is_metric))

    def warm_up(self) -> None:
        """Looks at a grey image of the size that most models compute with."""
        self._depths([Image.new("RGB", (_GLPN_SIDE, _GLPN_SIDE), "grey")])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at the images of a batch; those that are equally large to the model in one pass."""
        return image_batches.compute(batch, self._read, self._run)

    def _read(self, call: Call) -> Image.Image:
        return image_batches.image_of(call, self.checkpoint.spec.max_image_pixels)

    def _run(self, calls: Sequence[Call], read: Sequence[Image.Image]) -> list[Outputs]:
        depths = self._depths(read)
        return [self._outputs(call, depth) for call, depth in zip(calls, depths, strict=True)]

    def _depths(self, read: Sequence[Image.Image]) -> list[npt.NDArray[np.float32]]:
        """Returns the depth of each image in the unit of the model, a float32 array as large as the image."""
        prepared = [self._processor(images=self._fitting(image), return_tensors="pt")["pixel_values"] for image in read]
        depths: dict[int, npt.NDArray[np.float32]] = {}
        for shape in sorted({tuple(pixels.shape) for pixels in prepared}):
            places = [place for place, pixels in enumerate(prepared) if tuple(pixels.shape) == shape]
            encoded = self.checkpoint.inputs({"pixel_values": torch.cat([prepared[place] for place in places])})
            with torch.inference_mode():
                predicted = self._model(**encoded).predicted_depth.float().cpu()
            for place, depth in zip(places, predicted, strict=True):
                depths[place] = self._resized(depth, read[place])
        return [depths[place] for place in range(len(read))]

    def _fitting(self, image: Image.Image) -> Image.Image:
        """Returns an image that the processor makes no giant of; the depths are stretched back afterwards."""
        width, height = image.size
        width, height = min(width, _LONGEST_SHAPE * height), min(height, _LONGEST_SHAPE * width)
        if self.checkpoint.config.model_type == "glpn":
            factor = min(1.0, _GLPN_SIDE / max(width, height))
            width, height = (max(_GLPN_STEP, round(side * factor)) for side in (width, height))
        same = (width, height) == image.size
        return image if same else image.resize((width, height), Image.Resampling.BICUBIC)

    def _resized(self, depth: torch.Tensor, image: Image.Image) -> npt.NDArray[np.float32]:
        """Stretches depths over the whole image, as the library's processors do."""
        margins = (0, 0)
        size = (image.height, image.width)
        if self.checkpoint.config.model_type == "zoedepth" and self._processor.do_pad:
            # The margin that the processor put around the image: three times the root of half a side.
            fitted = self._fitting(image)
            size = (fitted.height, fitted.width)
            margins = (int(np.sqrt(size[0] / 2) * 3), int(np.sqrt(size[1] / 2) * 3))
        whole = (size[0] + 2 * margins[0], size[1] + 2 * margins[1])
        large = _stretched(depth, whole)[margins[0] : margins[0] + size[0], margins[1] : margins[1] + size[1]]
        return _stretched(large, (image.height, image.width)).numpy()

    def _outputs(self, call: Call, depth: npt.NDArray[np.float32]) -> Outputs:
        if self._is_metric:
            # Nothing is nearer than the lens, whatever the model says.
            depth = np.maximum(depth, _NEAREST)
        nearness = depth_maps.nearness(1 / depth if self._is_metric else depth)
        if call.task_type == "normal-control":
            background = call.number("background_threshold", _DEFAULT_BACKGROUND)
            normals = depth_maps.normals(nearness, background)
            return {"image": image_outputs.write(call, "image", Image.fromarray(normals), "normals")}
        grey = Image.fromarray((nearness * 255 + 0.5).astype(np.uint8))
        outputs: dict[str, ipc.Plain] = {"image": image_outputs.write(call, "image", grey, "depth")}
        if call.task_type == "depth-estimation":
            outputs["statistics"] = {"json": _statistics(depth, self._is_metric)}
            if self._is_metric:
                outputs |= {"nearest": float(depth.min()), "farthest": float(depth.max())}
        return outputs


load = DepthEstimator


def _stretched(depth: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Returns a map of shape (height, width) in another size, by bicubic interpolation that does not overshoot."""
    if tuple(depth.shape) == size:
        return depth
    large = torch.nn.functional.interpolate(depth[None, None], size=size, mode="bicubic", align_corners=False)
    return large[0, 0].clamp(depth.min(), depth.max())


def _statistics(depth: npt.NDArray[np.float32], is_metric: bool) -> JsonObject:
    return {
        "unit": "metres" if is_metric else "relative nearness",
        "minimum": float(depth.min()),
        "maximum": float(depth.max()),
        "mean": float(depth.mean()),
        "median": float(np.median(depth)),
    }
