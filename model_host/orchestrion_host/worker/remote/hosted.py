"""Models behind a hosted inference endpoint, task type by task type, through `huggingface_hub.InferenceClient`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soundfile
from huggingface_hub import InferenceClient
from PIL import Image

from orchestrion.errors import Reason
from orchestrion_host import wire
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media import images, pictures, wav
from orchestrion_host.worker.media.detections import Box, Detection
from orchestrion_host.worker.media.drawing import with_boxes
from orchestrion_host.worker.remote import errors
from orchestrion_host.worker.runtimes import Outputs, Result, classes, one_by_one

_DEFAULT_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a call asks: the client, and the model of its task type; None leaves the choice to the endpoint."""

    client: Any
    spec: wire.Load
    model: str | None


class HostedModels:
    """A client of the endpoint; it names the model of each task type, or leaves the choice to the endpoint."""

    def __init__(self, spec: wire.Load) -> None:
        """Reads the options `provider`, `models` (task type to Hub id or URL of a dedicated endpoint) and `timeout_s`.

        The token is that of the environment (`HF_TOKEN`) or of a login of huggingface_hub.
        """
        options = spec.options
        self._spec = spec
        self._models: Mapping[str, str] = options.get("models", {})
        self._provider = options.get("provider")
        self._timeout_s = float(options.get("timeout_s", _DEFAULT_TIMEOUT_S))

    def warm_up(self) -> None:
        """Asks nothing: an endpoint may cost money."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Asks for each call; those of a fan-out go side by side, as instances."""
        return one_by_one(batch, self._ask)

    def parameter_bytes(self) -> int:
        """Returns 0: the weights are elsewhere."""
        return 0

    def unload(self) -> None:
        """Has nothing to let go of: each call has a client of its own."""

    def _ask(self, call: Call) -> Outputs:
        # A client of its own, since one keeps the connections of its streams until it is closed.
        client: Any = InferenceClient(provider=self._provider, timeout=self._timeout_s)
        with errors.told(self._spec.expert_id), client:
            return _TASKS[call.task_type](Asked(client, self._spec, self._models.get(call.task_type)), call)


def _classify(asked: Asked, call: Call) -> Outputs:
    return _classes(asked.client.text_classification(call.text("text"), model=asked.model))


def _find_names(asked: Asked, call: Call) -> Outputs:
    text = call.text("text")
    found = asked.client.token_classification(text, model=asked.model, aggregation_strategy="simple")
    entities = [
        {
            "label": str(item.entity_group or item.entity or ""),
            "text": text[item.start : item.end] if item.end else str(item.word),
            "score": float(item.score),
            "start": item.start,
            "end": item.end,
        }
        for item in found
    ]
    told = ", ".join(f"{entity['text']} ({entity['label']})" for entity in entities)
    return {"text": told, "entities": {"json": entities}, "count": float(len(entities))}


def _sort(asked: Asked, call: Call) -> Outputs:
    return _classes(asked.client.zero_shot_classification(call.text("text"), _labels(call), model=asked.model))


def _answer(asked: Asked, call: Call) -> Outputs:
    found = _first(asked.client.question_answering(call.text("question"), call.text("text"), model=asked.model))
    outputs: dict[str, wire.Plain] = {"answer": str(found.answer), "score": float(found.score)}
    if found.start is not None and found.end is not None:
        outputs |= {"start": float(found.start), "end": float(found.end)}
    return outputs


def _summarize(asked: Asked, call: Call) -> Outputs:
    return {"text": str(asked.client.summarization(call.text("text"), model=asked.model).summary_text)}


def _translate(asked: Asked, call: Call) -> Outputs:
    source = call.text("source_language")
    languages = {"src_lang": source, "tgt_lang": call.text("language")} if source else {}
    return {"text": str(asked.client.translation(call.text("text"), model=asked.model, **languages).translation_text)}


def _fill(asked: Asked, call: Call) -> Outputs:
    found = asked.client.fill_mask(call.text("text"), model=asked.model)
    candidates = [
        {"word": str(item.token_str).strip(), "text": str(item.sequence), "score": float(item.score)} for item in found
    ]
    if not candidates:
        raise Reason.EXPERT_FAILED.error(f"The endpoint of {asked.spec.expert_id} found nothing to fill in.")
    return {"text": candidates[0]["text"], "score": candidates[0]["score"], "candidates": {"json": candidates}}


def _continue(asked: Asked, call: Call) -> Outputs:
    return {"text": _streamed(asked, call, [{"role": "user", "content": f"Continue: {call.text('text')}"}])}


def _converse(asked: Asked, call: Call) -> Outputs:
    system = call.text("system")
    history = call.inputs.get("history")
    turns = history.get("json") if isinstance(history, dict) else None
    messages = [
        *([{"role": "system", "content": system}] if system else []),
        *(turns if isinstance(turns, list) else []),
        {"role": "user", "content": call.text("text")},
    ]
    return {"text": _streamed(asked, call, messages)}


def _streamed(asked: Asked, call: Call, messages: list[dict[str, str]]) -> str:
    limit = call.inputs.get("max_tokens")
    stream = asked.client.chat_completion(
        messages, model=asked.model, stream=True, max_tokens=int(limit) if isinstance(limit, int | float) else None
    )
    pieces: list[str] = []
    for chunk in stream:
        call.raise_if_cancelled()
        if chunk.choices and chunk.choices[0].delta.content:
            call.text_piece("text", chunk.choices[0].delta.content)
            pieces.append(chunk.choices[0].delta.content)
    return "".join(pieces)


def _embed(asked: Asked, call: Call) -> Outputs:
    states = np.asarray(asked.client.feature_extraction(call.text("text"), model=asked.model), dtype=np.float64)
    # Some endpoints return a vector for each token, some a batch of one.
    vector = states.reshape(-1, states.shape[-1]).mean(axis=0)
    return {"embedding": {"json": (vector / max(float(np.linalg.norm(vector)), 1e-12)).tolist()}}


def _classify_picture(asked: Asked, call: Call) -> Outputs:
    return _classes(asked.client.image_classification(_content(call, "image"), model=asked.model))


def _sort_picture(asked: Asked, call: Call) -> Outputs:
    found = asked.client.zero_shot_image_classification(_content(call, "image"), _labels(call), model=asked.model)
    return _classes(found)


def _detect(asked: Asked, call: Call) -> Outputs:
    threshold = call.inputs.get("threshold")
    found = asked.client.object_detection(
        _content(call, "image"),
        model=asked.model,
        threshold=float(threshold) if isinstance(threshold, int | float) else None,
    )
    detections = sorted(
        (
            Detection(
                str(item.label),
                float(item.score),
                Box(item.box.xmin, item.box.ymin, item.box.xmax, item.box.ymax),
            )
            for item in found
        ),
        key=lambda detection: -detection.score,
    )
    image = images.read(call, "image", asked.spec.max_image_pixels)
    names = [detection.label for detection in detections]
    told = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names)) or "nothing"
    return {
        "text": told,
        "count": float(len(detections)),
        "objects": {"json": [detection.plain() for detection in detections]},
        "annotated_image": pictures.write(
            call, "image", with_boxes(image, detections), "objects", file_format=image.format
        ),
    }


def _describe(asked: Asked, call: Call) -> Outputs:
    return {"text": str(asked.client.image_to_text(_content(call, "image"), model=asked.model).generated_text)}


def _answer_picture(asked: Asked, call: Call) -> Outputs:
    question = call.text("question")
    found = asked.client.visual_question_answering(_content(call, "image"), question, model=asked.model)
    return _scored_answers(found)


def _answer_document(asked: Asked, call: Call) -> Outputs:
    question = call.text("question")
    found = asked.client.document_question_answering(_content(call, "image"), question, model=asked.model)
    best = _first(found)
    return {"answer": str(best.answer), "score": float(best.score or 0.0)}


def _draw(asked: Asked, call: Call) -> Outputs:
    seed = int(call.number("seed", float(np.random.default_rng().integers(1 << 32))))
    picture: Image.Image = asked.client.text_to_image(
        call.text("prompt"),
        model=asked.model,
        negative_prompt=call.text("negative_prompt") or None,
        width=_whole(call, "width"),
        height=_whole(call, "height"),
        num_inference_steps=_whole(call, "steps"),
        guidance_scale=call.number("guidance") or None,
        seed=seed,
    )
    return {"image": pictures.write(call, "image", picture.convert("RGB"), "drawn"), "seed": float(seed)}


def _transcribe(asked: Asked, call: Call) -> Outputs:
    return {"text": str(asked.client.automatic_speech_recognition(_content(call, "audio"), model=asked.model).text)}


def _classify_sound(asked: Asked, call: Call) -> Outputs:
    return _classes(asked.client.audio_classification(_content(call, "audio"), model=asked.model))


def _speak(asked: Asked, call: Call) -> Outputs:
    spoken = asked.client.text_to_speech(call.text("text"), model=asked.model)
    # Endpoints answer with FLAC, MP3 or WAV; here speech is WAV.
    samples, rate = soundfile.read(io.BytesIO(spoken), dtype="float32", always_2d=True)
    content = wav.sixteen_bits(samples)
    header = wav.header(int(rate), samples.shape[1])
    return {"audio": call.spool.write([header(len(content)), content], "audio/wav", "speech.wav")}


def _classes(found: Sequence[Any]) -> Outputs:
    return classes.describe([{"label": item.label, "score": item.score} for item in found])


def _scored_answers(found: Sequence[Any]) -> Outputs:
    ranked = sorted(found, key=lambda item: -float(item.score or 0.0))
    scores = [{"answer": str(item.answer), "score": float(item.score or 0.0)} for item in ranked]
    return {"answer": scores[0]["answer"], "score": scores[0]["score"], "scores": {"json": scores}}


def _first(found: Any) -> Any:
    return found[0] if isinstance(found, list) else found


def _labels(call: Call) -> list[str]:
    labels = [str(label) for label in call.inputs.get("labels", [])]
    if not labels:
        raise call.bad_input("labels", "is empty; give at least one label.")
    return labels


def _content(call: Call, name: str) -> bytes:
    # Never the path: the client takes texts for addresses too, and fetches those.
    return call.file(name).read_bytes()


def _whole(call: Call, name: str) -> int | None:
    return int(call.number(name)) or None


_TASKS: Final[Mapping[str, Callable[[Asked, Call], Outputs]]] = {
    "audio-classification": _classify_sound,
    "automatic-speech-recognition": _transcribe,
    "conversational": _converse,
    "document-question-answering": _answer_document,
    "feature-extraction": _embed,
    "fill-mask": _fill,
    "image-classification": _classify_picture,
    "image-to-text": _describe,
    "object-detection": _detect,
    "question-answering": _answer,
    "summarization": _summarize,
    "text-classification": _classify,
    "text-generation": _continue,
    "text-to-image": _draw,
    "text-to-speech": _speak,
    "token-classification": _find_names,
    "translation": _translate,
    "visual-question-answering": _answer_picture,
    "zero-shot-classification": _sort,
    "zero-shot-image-classification": _sort_picture,
}

TASK_TYPES: Final = frozenset(_TASKS)
"""The task types that the endpoint is asked for."""
