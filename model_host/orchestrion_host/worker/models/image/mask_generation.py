"""Masks of whatever stands out, or of what is pointed at: SAM (Kirillov et al., 2023).

The library's processor of SAM needs torchvision; this one is written on PIL and PyTorch after the paper: the longer
side becomes what the model was trained with, the rest is padded, and where nobody points a grid of points does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import transformers
from PIL import Image

from orchestrion.errors import OrchestrionError
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.image import image_inputs, masks, scored_masks
from orchestrion_host.worker.media.image.scored_masks import ScoredMask
from orchestrion_host.worker.models import single_precision
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import image_batches, point_grids
from orchestrion_host.worker.runtimes import Outputs, Result

# Those of ImageNet, with which every SAM was trained.
_MEAN: Final = (0.485, 0.456, 0.406)
_DEVIATION: Final = (0.229, 0.224, 0.225)
_POINTS_PER_SIDE: Final = 32
_POINTS_AT_ONCE: Final = 64
_LEAST_SCORE: Final = 0.88
_LEAST_STABILITY: Final = 0.95
_STABILITY_OFFSET: Final = 1.0
_MOST_SHARED: Final = 0.7
_MOST_POINTS: Final = 64
_MOST_MASKS: Final = 64
# Masks are told apart at this size at most, and stretched over larger images.
_LONGEST_SIDE: Final = 1024


class MaskGenerator(TorchExpert):
    """A SAM, asked by points."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `points_per_side` of the grid (32), `least_score` (0.88) and `least_stability` (0.95) of the masks that
        are kept where nobody points.
        """
        checkpoint = Checkpoint(single_precision.preferred(spec))
        self._model: Model = checkpoint.model(transformers.SamModel)
        self._side = int(checkpoint.config.vision_config.image_size)
        self._points_per_side = int(spec.options.get("points_per_side", _POINTS_PER_SIDE))
        self._least_score = float(spec.options.get("least_score", _LEAST_SCORE))
        self._least_stability = float(spec.options.get("least_stability", _LEAST_STABILITY))
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Looks at a grey image, with as many points as it is asked at once."""
        image = Image.new("RGB", (self._side, self._side), "grey")
        points = point_grids.grid(int(_POINTS_AT_ONCE**0.5), *image.size)
        self._predicted(self._embedding(image), image, points[:, None])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at each image; the points of one fill passes of their own."""
        results: list[Result] = []
        for call in batch:
            try:
                call.raise_if_cancelled()
                results.append(self._compute(call))
            except OrchestrionError as error:
                results.append(error)
        return results

    def _compute(self, call: Call) -> Outputs:
        image = image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels)
        image_batches.check_shape(call, image)
        points = _points(call, image)
        fitted = _fitted(image_inputs.opaque(image), _LONGEST_SIDE)
        embedding = self._embedding(fitted)
        if points is None:
            masks = self._everything(call, embedding, fitted)
        else:
            factor = np.array([fitted.width / image.width, fitted.height / image.height])
            masks = self._pointed_at(embedding, fitted, points * factor)
        return scored_masks.describe(call, image, masks)

    def _embedding(self, image: Image.Image) -> torch.Tensor:
        """Encodes an image: the longer side as the model wants it, normalised, padded to a square."""
        fitted = _fitted(image, self._side, enlarge=True)
        samples = torch.from_numpy(np.asarray(fitted).copy()).permute(2, 0, 1).float() / 255
        samples = (samples - torch.tensor(_MEAN)[:, None, None]) / torch.tensor(_DEVIATION)[:, None, None]
        padding = (0, self._side - fitted.width, 0, self._side - fitted.height)
        pixels = torch.nn.functional.pad(samples, padding)[None]
        with torch.inference_mode():
            embedding: torch.Tensor = self._model.get_image_embeddings(
                **self.checkpoint.inputs({"pixel_values": pixels})
            )
        return embedding

    def _predicted(
        self, embedding: torch.Tensor, image: Image.Image, points: npt.NDArray[np.float64]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Asks for masks.

        Args:
            embedding: That of the image.
            image: The image.
            points: Of shape (masks, points, 2), in pixels of the image.

        Returns:
            Logits of shape (masks, 3, height, width) over the padded square, and scores of shape (masks, 3).
        """
        factor = self._side / max(image.size)
        scaled = torch.from_numpy(np.asarray(points, dtype=np.float32) * factor)[None]
        with torch.inference_mode():
            outputs = self._model(
                image_embeddings=embedding,
                input_points=scaled.to(self.checkpoint.device, self.checkpoint.dtype),
                input_labels=torch.ones(scaled.shape[:3], dtype=torch.long, device=self.checkpoint.device),
                multimask_output=True,
            )
        return outputs.pred_masks[0].float().cpu(), outputs.iou_scores[0].float().cpu()

    def _everything(self, call: Call, embedding: torch.Tensor, image: Image.Image) -> list[ScoredMask]:
        points = point_grids.grid(self._points_per_side, *image.size)
        masks: list[ScoredMask] = []
        for start in range(0, len(points), _POINTS_AT_ONCE):
            call.raise_if_cancelled()
            call.progress("looking for what stands out", start / len(points))
            logits, scores = self._predicted(embedding, image, points[start : start + _POINTS_AT_ONCE, None])
            logits, scores = logits.flatten(0, 1), scores.flatten()
            steady = point_grids.stability(logits, _STABILITY_OFFSET) >= self._least_stability
            keep = (scores >= self._least_score) & steady
            masks += self._masks(logits[keep], scores[keep], image)
            # At each round, so that no more than the masks of one are held beside those that are kept.
            masks = point_grids.without_repeats(masks, _MOST_SHARED)[:_MOST_MASKS]
        return masks

    def _pointed_at(
        self, embedding: torch.Tensor, image: Image.Image, points: npt.NDArray[np.float64]
    ) -> list[ScoredMask]:
        """Returns the surest mask that all the points lie in."""
        logits, scores = self._predicted(embedding, image, points[None])
        best = int(scores[0].argmax())
        return self._masks(logits[0, best][None], scores[0, best][None], image)

    def _masks(self, logits: torch.Tensor, scores: torch.Tensor, image: Image.Image) -> list[ScoredMask]:
        """Stretches masks over the image; empty ones are left out."""
        masks_found = []
        scale = max(image.size)
        for own, score in zip(logits, scores.tolist(), strict=True):
            square = torch.nn.functional.interpolate(
                own[None, None], size=(scale, scale), mode="bilinear", align_corners=False
            )[0, 0]
            mask = (square[: image.height, : image.width] > 0).numpy()
            if mask.any():
                masks_found.append(ScoredMask(mask, score, masks.box_of(mask)))
        return masks_found


load = MaskGenerator


def _points(call: Call, image: Image.Image) -> npt.NDArray[np.float64] | None:
    """Reads the points that a call gives, of shape (points, 2), in pixels; None where it gives none.

    Raises:
        InvalidArgumentError: They are no list of pairs of numbers inside the image.
    """
    points_input = call.inputs.get("points")
    data = points_input.get("json") if isinstance(points_input, dict) else None
    if data is None:
        return None
    problem = f"must be a list of 1 to {_MOST_POINTS} pairs [x, y] in pixels of the picture, "
    problem += f"which has {image.width} x {image.height}."
    if not isinstance(data, list) or not 1 <= len(data) <= _MOST_POINTS:
        raise call.bad_input("points", problem)
    for point in data:
        numbers = isinstance(point, list) and len(point) == 2 and all(type(item) in (int, float) for item in point)
        if not numbers or not (0 <= point[0] < image.width and 0 <= point[1] < image.height):
            raise call.bad_input("points", problem)
    return np.array(data, dtype=np.float64)


def _fitted(image: Image.Image, longest: int, *, enlarge: bool = False) -> Image.Image:
    factor = longest / max(image.size)
    if factor >= 1 and not enlarge:
        return image
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(size, Image.Resampling.BILINEAR)
