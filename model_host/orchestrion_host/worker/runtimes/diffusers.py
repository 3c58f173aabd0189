"""The runtime `diffusers`: diffusion pipelines, each loaded by the family that performs its task types."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.runtimes import Loader

CONTROLS: Final = ("canny", "hed", "mlsd", "normal", "openpose", "depth", "seg", "scribble")
"""What maps can guide the painting of a picture; each belongs to a ControlNet of its own."""

_PACKAGE: Final = "orchestrion_host.worker.diffusion"
# Each family is a module of `worker.diffusion` with a `load` from the message to the expert.
_FAMILIES: Final = {
    "text_to_image": ("text-to-image",),
    "control_net": tuple(f"{control}-text-to-image" for control in CONTROLS),
    "image_editing": ("image-editing",),
    "image_to_image": ("image-to-image",),
    "text_to_video": ("text-to-video",),
    "image_to_video": ("image-to-video",),
}


def loader(spec: ipc.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: No family performs all of its task types.
    """
    family = next((name for name, known in _FAMILIES.items() if set(spec.task_types) <= set(known)), None)
    if family is None:
        text = f"No family of models on diffusers performs all of {', '.join(spec.task_types)}."
        raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
    found: Loader = import_module(f"{_PACKAGE}.{family}").load
    return found
