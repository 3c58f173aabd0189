"""Batches of calls with images: decoded one by one, so that a bad one fails its own call, then computed together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import torch
import transformers
from PIL import Image

from orchestrion.errors import OrchestrionError
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Config, Processor
from orchestrion_host.worker.media.image import image_inputs
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.runtimes import Outputs, Result, read_each

_Read = TypeVar("_Read")

# Processors stretch the shorter side to hundreds of pixels, or squeeze the longer one: beyond this, a photograph's
# worth of memory becomes gigabytes, or nothing is left.
_MOST_NARROW: Final = 100
_UNUSUAL: Final = 8


def processor(checkpoint: Checkpoint, folder: Path | None = None) -> Processor:
    """Loads the image processor of a checkpoint, or of a part of it, in its form that needs no torchvision."""
    return checkpoint.processor(transformers.AutoImageProcessor, folder, backend="pil")


def exact(spec: ipc.Load) -> Checkpoint:
    """Opens a checkpoint that computes maps in single precision, unless the option `dtype` asks for another.

    The 8 bits of a half-precision number would show as steps in images, and as wrinkles in surfaces.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: a file is missing or has another hash.
    """
    checkpoint = Checkpoint(spec)
    if "dtype" not in spec.options:
        checkpoint.dtype = torch.float32
    return checkpoint


def image_of(
    call: Call, max_pixels: int, name: str = "image", *, processor: Processor | None = None, patch: int = 1
) -> Image.Image:
    """Reads an image input as upright RGB; what is transparent lies on white.

    Args:
        call: The call that brings it.
        max_pixels: The most pixels that are decoded.
        name: The name of the input.
        processor: As `check_shape` takes it.
        patch: As `check_shape` takes it.

    Raises:
        InvalidArgumentError: It is no image, too large, or of a shape that the model cannot look at.
    """
    image = image_inputs.opaque(image_inputs.read(call, name, max_pixels))
    check_shape(call, image, name, processor, patch)
    return image


def check_shape(
    call: Call, image: Image.Image, name: str = "image", processor: Processor | None = None, patch: int = 1
) -> None:
    """Sees that an image is not so narrow that nothing of it is left at the size that a model computes with.

    Args:
        call: The call that brings it.
        image: The image.
        name: The name of the input.
        processor: What brings images to that size; tried out where the image has an unusual shape.
        patch: The side of the squares that the model cuts images of that size into.

    Raises:
        InvalidArgumentError: It is.
    """
    shorter, longer = sorted(image.size)
    narrow = longer > _MOST_NARROW * shorter
    if not narrow and processor is not None and longer > _UNUSUAL * shorter:
        try:
            pixels = processor(images=image_inputs.opaque(image), return_tensors="pt")["pixel_values"]
            narrow = min(pixels.shape[-2:]) < patch
        except (ValueError, ZeroDivisionError, RuntimeError):
            # What the library says is about sizes of its own.
            narrow = True
    if narrow:
        problem = f"is {image.width:,} x {image.height:,} pixels, too narrow for this expert. Cut it into parts."
        raise call.bad_input(name, problem, width=image.width, height=image.height)


def patch_of(config: Config) -> int:
    """Returns the side of the squares that a model cuts images into; 1 where it does not."""
    patch = getattr(config, "patch_size", 1)
    return patch if isinstance(patch, int) else 1


def count(spec: ipc.Load, name: str, usual: int) -> int:
    """Returns an option that is a whole number from 1 on, or what is usual.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is no such number.
    """
    value = spec.options.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise spec.refused(f"options.{name}: expected a whole number from 1 on; found {value!r}.")
    return value


def joined(encoded: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Joins the pixels of encoded images of one size, and their masks where there are any."""
    names = [name for name in ("pixel_values", "pixel_mask") if name in encoded[0]]
    return {name: torch.cat([own[name] for own in encoded]) for name in names}


def compute(
    batch: Sequence[Call],
    read: Callable[[Call], _Read],
    run: Callable[[Sequence[Call], Sequence[_Read]], Sequence[Outputs]],
    *,
    alike: Callable[[_Read], Hashable] = lambda _: None,
) -> list[Result]:
    """Reads the inputs of each call, computes those together that fit together, and puts the results in order.

    Args:
        batch: The calls.
        read: Reads the inputs of one call; an OrchestrionError fails that call alone.
        run: Computes calls together from what was read and returns the outputs of each.
        alike: Returns what calls must have in common to be computed together, such as a size.
    """
    items, results = read_each(batch, read)
    groups: dict[Hashable, list[tuple[int, _Read]]] = {}
    for place, item in items.items():
        groups.setdefault(alike(item), []).append((place, item))
    for group in groups.values():
        waiting = _still_wanted(batch, group, results)
        if not waiting:
            continue
        outputs = run([batch[place] for place, _ in waiting], [item for _, item in waiting])
        results.update(zip((place for place, _ in waiting), outputs, strict=True))
        _still_wanted(batch, waiting, results)
    return [results[place] for place in range(len(batch))]


def _still_wanted(
    batch: Sequence[Call], group: Iterable[tuple[int, _Read]], results: dict[int, Result]
) -> list[tuple[int, _Read]]:
    """Leaves out the calls that nobody waits for any more, which get their error as result."""
    waiting = []
    for place, item in group:
        try:
            batch[place].raise_if_cancelled()
            waiting.append((place, item))
        except OrchestrionError as error:
            results[place] = error
    return waiting
