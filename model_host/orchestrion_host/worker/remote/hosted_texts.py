"""Tasks of texts at a hosted endpoint, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.remote.asking import Asked, described, first, labels_of
from orchestrion_host.worker.runtimes import Outputs


def _classify(asked: Asked, call: Call) -> Outputs:
    return described(asked.client.text_classification(call.text("text"), model=asked.model))


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
    return described(asked.client.zero_shot_classification(call.text("text"), labels_of(call), model=asked.model))


def _answer(asked: Asked, call: Call) -> Outputs:
    found = first(asked.client.question_answering(call.text("question"), call.text("text"), model=asked.model))
    outputs: dict[str, ipc.Plain] = {"answer": str(found.answer), "score": float(found.score)}
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


TASKS: Final[Mapping[str, Callable[[Asked, Call], Outputs]]] = {
    "conversational": _converse,
    "feature-extraction": _embed,
    "fill-mask": _fill,
    "question-answering": _answer,
    "summarization": _summarize,
    "text-classification": _classify,
    "text-generation": _continue,
    "token-classification": _find_names,
    "translation": _translate,
    "zero-shot-classification": _sort,
}
"""How each task type is asked for."""
