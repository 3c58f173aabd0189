"""`/v1/images/generations` and `/v1/images/edits`: pictures painted after words, and changed after words."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from orchestrion import ArtifactRef, Reason, Task
from orchestrion.values import Value
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import artifact_links, parameters
from orchestrion_gateway.openai_api.forms import CallForm, sent_form, stored
from orchestrion_gateway.openai_api.offer import IMAGE_EDITS, IMAGES, REDRAW, Performer, choose
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State
from orchestrion_gateway.openai_api.watched_runs import performed

router: Final = APIRouter()

_SIZE: Final = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


class ImageEditParameters(Parameters):
    """What is used of a call of `/v1/images/edits`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "background": ("auto", "opaque"),
        "input_fidelity": (),
        "moderation": ("auto", "low"),
        "output_compression": (100, "100"),
        "output_format": ("png",),
        "partial_images": (0, "0"),
        "quality": ("auto", "standard"),
        "stream": (False, "false"),
        "style": ("vivid",),
    }

    model: str = "orchestrion"
    prompt: Annotated[str, Field(min_length=1, max_length=32_000)]
    n: Annotated[int, Field(ge=1, le=10)] = 1
    size: str = "auto"
    response_format: Literal["url", "b64_json"] = "url"


class ImageParameters(ImageEditParameters):
    """What is used of a call of `/v1/images/generations`."""


@router.post("/images/generations")
async def generate(request: Request, state: State) -> Response:
    """Paints pictures of what is described."""
    wanted = await parameters.read(request, ImageParameters, state.config)
    return JSONResponse(await unless_left(request, _painted(wanted, request, state)))


@router.post("/images/edits")
async def edit(request: Request, state: State) -> Response:
    """Changes a picture as words say."""
    async with sent_form(request, state.config) as form:
        wanted = parameters.of_fields(form.fields, ImageEditParameters)
        return JSONResponse(await unless_left(request, _edited(form, wanted, request, state)))


async def _painted(wanted: ImageParameters, request: Request, state: OpenAiState) -> dict[str, Any]:
    performer = await choose(state.client, wanted.model, IMAGES, "/v1/images/generations")
    inputs: dict[str, Value] = {"prompt": wanted.prompt}
    if wanted.size != "auto":
        match = _SIZE.fullmatch(wanted.size)
        if match is None:
            raise unsupported("size", f"size: {wanted.size!r} is none; it must be auto, or as 512x512.")
        inputs |= {"width": float(match[1]), "height": float(match[2])}
    names = {"width": "size", "height": "size"}
    results = await performed(state.client, _tasks(performer, inputs, wanted.n), performer, names)
    return await _written(results, wanted.response_format, request, state)


async def _edited(form: CallForm, wanted: ImageEditParameters, request: Request, state: OpenAiState) -> dict[str, Any]:
    if "mask" in form.files:
        raise unsupported("mask", "mask: no expert here keeps to one; say in words what is to change.")
    form.check_files("image")
    file = form.one_file("image")
    if wanted.size != "auto":
        raise unsupported("size", "size: a picture that is changed keeps its proportions; leave it out.")
    performer = await choose(state.client, wanted.model, IMAGE_EDITS, "/v1/images/edits")
    picture = ArtifactRef((await stored(state.client, file)).name)
    if performer.task_type == "image-editing":
        inputs: dict[str, Value] = {"image": picture, "instruction": wanted.prompt}
    else:
        inputs = {"image": picture, "operation": REDRAW, "prompt": wanted.prompt}
    names = {"instruction": "prompt", "operation": "model"}
    results = await performed(state.client, _tasks(performer, inputs, wanted.n), performer, names)
    return await _written(results, wanted.response_format, request, state)


def _tasks(performer: Performer, inputs: Mapping[str, Value], count: int) -> list[Task]:
    return [Task(f"image-{number}", performer.task_type, inputs) for number in range(1, count + 1)]


async def _written(
    results: Sequence[Mapping[str, Value]], form: str, request: Request, state: OpenAiState
) -> dict[str, Any]:
    pictures = [_picture(outputs) for outputs in results]
    if form == "url":
        base = artifact_links.base_of(request, state.config.public_url)
        data = [{"url": artifact_links.address(base, picture.name)} for picture in pictures]
    else:
        contents = [await state.client.artifacts.read(picture) for picture in pictures]
        data = [{"b64_json": base64.b64encode(content).decode("ascii")} for content in contents]
    return {"created": int(time.time()), "data": data}


def _picture(outputs: Mapping[str, Value]) -> ArtifactRef:
    picture = outputs.get("image")
    if not isinstance(picture, ArtifactRef):
        raise Reason.EXPERT_FAILED.error("The expert returned no picture.")
    return picture
