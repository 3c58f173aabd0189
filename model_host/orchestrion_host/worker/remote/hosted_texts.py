"""Tasks of texts at a hosted endpoint, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.remote.endpoint import HostedEndpoint, described, first, labels_of
from orchestrion_host.worker.runtimes import Outputs


def _classify(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return described(endpoint.client.text_classification(call.text("text"), model=endpoint.model))


def _find_names(endpoint: HostedEndpoint, call: Call) -> Outputs:
    text = call.text("text")
    results = endpoint.client.token_classification(text, model=endpoint.model, aggregation_strategy="simple")
    entities = [
        {
            "label": str(item.entity_group or item.entity or ""),
            "text": text[item.start : item.end] if item.end else str(item.word),
            "score": float(item.score),
            "start": item.start,
            "end": item.end,
        }
        for item in results
    ]
    summary = ", ".join(f"{entity['text']} ({entity['label']})" for entity in entities)
    return {"text": summary, "entities": {"json": entities}, "count": float(len(entities))}


def _sort(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return described(endpoint.client.zero_shot_classification(call.text("text"), labels_of(call), model=endpoint.model))


def _answer(endpoint: HostedEndpoint, call: Call) -> Outputs:
    answer = first(endpoint.client.question_answering(call.text("question"), call.text("text"), model=endpoint.model))
    outputs: dict[str, ipc.Plain] = {"answer": str(answer.answer), "score": float(answer.score)}
    if answer.start is not None and answer.end is not None:
        outputs |= {"start": float(answer.start), "end": float(answer.end)}
    return outputs


def _summarize(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return {"text": str(endpoint.client.summarization(call.text("text"), model=endpoint.model).summary_text)}


def _translate(endpoint: HostedEndpoint, call: Call) -> Outputs:
    source = call.text("source_language")
    languages = {"src_lang": source, "tgt_lang": call.text("language")} if source else {}
    return {
        "text": str(endpoint.client.translation(call.text("text"), model=endpoint.model, **languages).translation_text)
    }


def _fill(endpoint: HostedEndpoint, call: Call) -> Outputs:
    results = endpoint.client.fill_mask(call.text("text"), model=endpoint.model)
    candidates = [
        {"word": str(item.token_str).strip(), "text": str(item.sequence), "score": float(item.score)}
        for item in results
    ]
    if not candidates:
        raise Reason.EXPERT_FAILED.error(f"The endpoint of {endpoint.spec.expert_id} found nothing to fill in.")
    return {"text": candidates[0]["text"], "score": candidates[0]["score"], "candidates": {"json": candidates}}


def _continue(endpoint: HostedEndpoint, call: Call) -> Outputs:
    return {"text": _streamed(endpoint, call, [{"role": "user", "content": f"Continue: {call.text('text')}"}])}


def _converse(endpoint: HostedEndpoint, call: Call) -> Outputs:
    system = call.text("system")
    history = call.inputs.get("history")
    turns = history.get("json") if isinstance(history, dict) else None
    messages = [
        *([{"role": "system", "content": system}] if system else []),
        *(turns if isinstance(turns, list) else []),
        {"role": "user", "content": call.text("text")},
    ]
    return {"text": _streamed(endpoint, call, messages)}


def _streamed(endpoint: HostedEndpoint, call: Call, messages: list[dict[str, str]]) -> str:
    limit = call.inputs.get("max_tokens")
    stream = endpoint.client.chat_completion(
        messages, model=endpoint.model, stream=True, max_tokens=int(limit) if isinstance(limit, int | float) else None
    )
    pieces: list[str] = []
    for chunk in stream:
        call.raise_if_cancelled()
        if chunk.choices and chunk.choices[0].delta.content:
            call.text_piece("text", chunk.choices[0].delta.content)
            pieces.append(chunk.choices[0].delta.content)
    return "".join(pieces)


def _embed(endpoint: HostedEndpoint, call: Call) -> Outputs:
    states = np.asarray(endpoint.client.feature_extraction(call.text("text"), model=endpoint.model), dtype=np.float64)
    # Some endpoints return a vector for each token, some a batch of one.
    vector = states.reshape(-1, states.shape[-1]).mean(axis=0)
    return {"embedding": {"json": (vector / max(float(np.linalg.norm(vector)), 1e-12)).tolist()}}


TASKS: Final[Mapping[str, Callable[[HostedEndpoint, Call], Outputs]]] = {
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
