"""Experts and calls as a worker gets them, for what is tried without a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.output_files import Spool


@dataclass
class Sent:
    """What calls tell while they are computed."""

    messages: list[ipc.FromWorker] = field(default_factory=list)

    def pieces(self) -> list[str]:
        """The pieces of streamed text."""
        return [message.text for message in self.messages if isinstance(message, ipc.TextPiece)]

    def progress(self) -> list[float | None]:
        """The fractions that were told."""
        return [message.fraction for message in self.messages if isinstance(message, ipc.CallProgress)]


def call(task_type: str, inputs: Mapping[str, Any], folder: Path, sent: Sent | None = None) -> Call:
    """Makes a call; inputs that are paths stand for files, outputs go to a folder that is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {
        name: ipc.plain_media(ipc.MediaFile(str(value), "", value.name)) if isinstance(value, Path) else value
        for name, value in inputs.items()
    }
    return Call(1, task_type, plain, Spool(folder), (sent or Sent()).messages.append)


def spec(folder: Path, task_type: str, parts: Mapping[str, Path] | None = None, **options: Any) -> ipc.Load:
    """Makes the message that loads a checkpoint for a task type."""
    return ipc.Load(
        expert_id=f"tiny-{task_type}",
        runtime="transformers",
        model=folder.name,
        folder=str(folder),
        sha256={},
        task_types=[task_type],
        options=options,
        device="cpu",
        instances=1,
        max_image_pixels=1 << 20,
        max_audio_seconds=600.0,
        max_video_seconds=60.0,
        parts={name: str(part) for name, part in (parts or {}).items()},
    )


def file_of(value: ipc.Plain) -> Path:
    """Returns the file of a media output."""
    media = ipc.media_of(value)
    assert media is not None
    return Path(media.path)
