"""Tasks of images and sounds at a hosted endpoint, one function each."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import soundfile
from PIL import Image

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.audio import wav
from orchestrion_host.worker.media.image import image_inputs, image_outputs, requested_labels
from orchestrion_host.worker.media.image.detections import Box, Detection
from orchestrion_host.worker.models.image import detected_objects
from orchestrion_host.worker.remote.endpoint import Answer, HostedEndpoint, described, first, labels_of
from orchestrion_host.worker.runtimes import Outputs


def _classify_picture(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return described(endpoint.client.image_classification(_content(call, "image"), model=endpoint.model))


def _sort_picture(endpoint: HostedEndpoint, call: Call) -> Outputs:
    results = endpoint.client.zero_shot_image_classification(
        _content(call, "image"), labels_of(call), model=endpoint.model
    )
    return described(results)


def _detect(endpoint: HostedEndpoint, call: Call) -> Outputs:
    threshold = call.inputs.get("threshold")
    results = endpoint.client.object_detection(
        _content(call, "image"),
        model=endpoint.model,
        threshold=float(threshold) if isinstance(threshold, int | float) else None,
    )
    detections = [
        Detection(str(item.label), float(item.score), Box(item.box.xmin, item.box.ymin, item.box.xmax, item.box.ymax))
        for item in results
    ]
    requested = requested_labels.sort(call, [item.label for item in detections])
    if requested.others:
        raise call.bad_input(
            "labels",
            f"names {requested_labels.shown(requested.others)}, which the endpoint did not see. It does not say what "
            "it tells apart, so that there may be some all the same. Leave `labels` out for all that it sees.",
        )
    image = image_inputs.read(call, "image", endpoint.spec.max_image_pixels)
    return detected_objects.describe(call, image, detections, requested=requested)


def _describe(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return {"text": str(endpoint.client.image_to_text(_content(call, "image"), model=endpoint.model).generated_text)}


def _answer_picture(endpoint: HostedEndpoint, call: Call) -> Outputs:
    question = call.text("question")
    results = endpoint.client.visual_question_answering(_content(call, "image"), question, model=endpoint.model)
    return _scored_answers(results)


def _answer_document(endpoint: HostedEndpoint, call: Call) -> Outputs:
    question = call.text("question")
    results = endpoint.client.document_question_answering(_content(call, "image"), question, model=endpoint.model)
    best = first(results)
    return {"answer": str(best.answer), "score": float(best.score or 0.0)}


def _draw(endpoint: HostedEndpoint, call: Call) -> Outputs:
    seed = int(call.number("seed", float(np.random.default_rng().integers(1 << 32))))
    image: Image.Image = endpoint.client.text_to_image(
        call.text("prompt"),
        model=endpoint.model,
        negative_prompt=call.text("negative_prompt") or None,
        width=_whole(call, "width"),
        height=_whole(call, "height"),
        num_inference_steps=_whole(call, "steps"),
        guidance_scale=call.number("guidance") or None,
        seed=seed,
    )
    return {"image": image_outputs.write(call, "image", image.convert("RGB"), "drawn"), "seed": float(seed)}


def _transcribe(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return {
        "text": str(endpoint.client.automatic_speech_recognition(_content(call, "audio"), model=endpoint.model).text)
    }


def _classify_sound(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return described(endpoint.client.audio_classification(_content(call, "audio"), model=endpoint.model))


def _speak(endpoint: HostedEndpoint, call: Call) -> Outputs:
    spoken = endpoint.client.text_to_speech(call.text("text"), model=endpoint.model)
    # Endpoints answer with FLAC, MP3 or WAV; here speech is WAV.
    samples, rate = soundfile.read(io.BytesIO(spoken), dtype="float32", always_2d=True)
    content = wav.sixteen_bits(samples)
    header = wav.header(int(rate), samples.shape[1])
    return {"audio": call.spool.write([header(len(content)), content], "audio/wav", "speech.wav")}


def _scored_answers(results: Sequence[Answer]) -> Outputs:
    ranked = sorted(results, key=lambda item: -float(item.score or 0.0))
    scores = [{"answer": str(item.answer), "score": float(item.score or 0.0)} for item in ranked]
    return {"answer": scores[0]["answer"], "score": scores[0]["score"], "scores": {"json": scores}}


def _content(call: Call, name: str) -> bytes:
    # Never the path: the client takes texts for addresses too, and fetches those.
    return call.file(name).read_bytes()


def _whole(call: Call, name: str) -> int | None:
    return int(call.number(name)) or None


TASKS: Final[Mapping[str, Callable[[HostedEndpoint, Call], Outputs]]] = {
    "audio-classification": _classify_sound,
    "automatic-speech-recognition": _transcribe,
    "document-question-answering": _answer_document,
    "image-classification": _classify_picture,
    "image-to-text": _describe,
    "object-detection": _detect,
    "text-to-image": _draw,
    "text-to-speech": _speak,
    "visual-question-answering": _answer_picture,
    "zero-shot-image-classification": _sort_picture,
}
"""How each task type is asked for."""
