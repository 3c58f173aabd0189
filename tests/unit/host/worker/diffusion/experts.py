"""Tiny experts on diffusers, loaded as a worker loads them, and what their calls tell."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.output_files import Spool
from orchestrion_host.worker.runtimes import LoadedExpert, Outputs, loader
from tests.unit.host.worker.calls import file_of, spec

CAT: Final = Path(__file__).parents[4] / "media" / "cat.jpg"
COFFEE: Final = CAT.with_name("coffee.jpg")

_NUMBERS: Final = itertools.count(1)


def load(
    task_type: str,
    folder: Path,
    make: Callable[[Path], None],
    parts: Mapping[str, Callable[[Path], None]] | None = None,
    **options: Any,
) -> Any:
    """Makes a tiny checkpoint in an empty folder and loads it; returned as any, so that tests see its inside."""
    message = spec(folder / "model", task_type, {name: folder / name for name in parts or {}}, **options)
    message = msgspec.structs.replace(message, runtime="diffusers")
    for place, write in {"model": make, **(parts or {})}.items():
        (folder / place).mkdir()
        write(folder / place)
    expert: LoadedExpert = loader(message)(message)
    return expert


class Watcher:
    """Receives what a call tells, and may cancel a call at one of its steps."""

    def __init__(self, cancel_at: int = 0) -> None:
        self.messages: list[ipc.FromWorker] = []
        self.steps = 0
        self._cancel_at = cancel_at
        self.call: Call | None = None

    def __call__(self, message: ipc.FromWorker) -> None:
        self.messages.append(message)
        if isinstance(message, ipc.CallProgress) and message.message.startswith("step"):
            self.steps += 1
            if self.steps == self._cancel_at and self.call is not None:
                self.call.cancel()

    @property
    def progress_messages(self) -> list[tuple[str, float | None]]:
        return [(item.message, item.fraction) for item in self.messages if isinstance(item, ipc.CallProgress)]

    @property
    def previews(self) -> list[Image.Image]:
        result = [item for item in self.messages if isinstance(item, ipc.Preview)]
        assert all(item.media_type == "image/jpeg" and len(item.content) <= 64 << 10 for item in result)
        return [Image.open(io.BytesIO(item.content)) for item in result]


def watched_call(task_type: str, inputs: Mapping[str, Any], folder: Path, cancel_at: int = 0) -> tuple[Call, Watcher]:
    """Makes a call whose messages are kept, and which is cancelled at a step where one is given."""
    # Each call has a spool of its own here, and so a folder.
    folder = folder / f"call-{next(_NUMBERS)}"
    folder.mkdir(parents=True)
    watcher = Watcher(cancel_at)
    plain = {
        name: ipc.plain_media(ipc.MediaFile(str(value), "", value.name)) if isinstance(value, Path) else value
        for name, value in inputs.items()
    }
    watcher.call = Call(1, task_type, plain, Spool(folder), watcher)
    return watcher.call, watcher


def pixels(outputs: Outputs | Exception) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Returns the picture among the outputs, as numbers that can be subtracted."""
    assert not isinstance(outputs, Exception), outputs
    with Image.open(file_of(outputs["image"])) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)
