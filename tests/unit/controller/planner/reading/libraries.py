"""Task types of nobody's, for tests of what the planner does with any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion_controller.stages import PlanningRequest

TEXT, IMAGE, AUDIO = ParameterKind.TEXT, ParameterKind.IMAGE, ParameterKind.AUDIO


def tool(
    name: str,
    takes: Mapping[str, ParameterKind],
    gives: ParameterKind,
    description: str = "",
    *,
    optional: bool = False,
) -> TaskType:
    return TaskType(
        name,
        description or f"{name}.",
        tuple(Parameter(key, kind, optional=optional) for key, kind in takes.items()),
        (Parameter("result", gives),),
    )


LISTEN: Final = tool("audio-to-text", {"audio": AUDIO}, TEXT, "Writes down what is said in a recording.")
SHORTEN: Final = tool("text-summarizer", {"text": TEXT}, TEXT, "Makes a text shorter and keeps what matters.")
SPEAK: Final = tool("text-to-audio", {"text": TEXT}, AUDIO, "Reads a text aloud.")
CLEAN: Final = tool("audio-noise-reduction", {"audio": AUDIO}, AUDIO, "Takes noise out of a recording.")
PAINT: Final = tool("text-to-image", {"text": TEXT}, IMAGE, "Paints a picture of what a text describes.")
ASK: Final = tool("picture-questions", {"image": IMAGE, "question": TEXT}, TEXT, "Answers a question about a picture.")
COMPARE: Final = tool("text-comparison", {"text": TEXT, "text_2": TEXT}, TEXT, "Tells how alike two texts are.")
TRANSLATE: Final = tool("text-translator", {"text": TEXT}, TEXT, "Puts a text into another language.")

TOOLS: Final = (LISTEN, SHORTEN, SPEAK, CLEAN, PAINT, ASK, COMPARE, TRANSLATE)

_MEDIA: Final = {"jpg": "image/jpeg", "wav": "audio/wav", "txt": "text/plain"}


def artifact(file_name: str) -> Artifact:
    digit = f"{sum(file_name.encode()) % 16:x}"
    return Artifact(f"artifacts/{digit * 64}", _MEDIA[file_name.rpartition(".")[2]], file_name, 1)


def request_for(text: str, *files: str, tools: tuple[TaskType, ...] = TOOLS) -> PlanningRequest:
    attachments = tuple(map(artifact, files))
    message = Message(text, artifacts=tuple(item.name for item in attachments))
    return PlanningRequest((message,), attachments, {item.name: item for item in tools})
