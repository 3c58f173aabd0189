"""The language model as an expert: it does tasks of language itself, as the paper allows it to (HuggingGPT, 3.3)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonData, JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.remote.chat import WorkerChat, WrittenText
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_serving.chat import ChatParameters, Schema

Messages: TypeAlias = list[dict[str, str]]

_LEAST_TOKENS: Final = 2048
"""How long a reply may be at least. The limit grows with the text, a token for each of its bytes: that holds its
translation into any language, and stops a model that never ends."""
_LONGEST_QUOTE: Final = 300
_LABELS: Final[Mapping[str, Sequence[str]]] = {
    "sentiment": ("positive", "neutral", "negative"),
    "emotion": ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"),
    "toxicity": ("toxic", "not toxic"),
}


class RemoteLanguageModel:
    """An OpenAI-compatible endpoint, asked with one prompt for each task type."""

    def __init__(self, spec: ipc.Load) -> None:
        """Reads where the endpoint is, as `WorkerChat` does, and the option `max_tokens`: the limit of a reply.

        Raises:
            FailedPreconditionError: The endpoint's URL or key cannot be.
        """
        self._id = spec.expert_id
        self._chat = WorkerChat(spec)
        self._max_tokens = int(spec.options.get("max_tokens", 0))

    def warm_up(self) -> None:
        """Asks nothing: an endpoint may cost money."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Asks for each call; those of a fan-out go side by side, as instances."""
        return one_by_one(batch, lambda call: _TASKS[call.task_type](self, call))

    def parameter_bytes(self) -> int:
        """Returns 0: the weights are elsewhere."""
        return 0

    def unload(self) -> None:
        """Has nothing to let go of: each call has a client of its own."""

    def stream_text(self, call: Call, messages: Messages, output: str) -> str:
        """Asks, and passes the pieces of the answer on as they come.

        A text that is cut at the limit that the caller gave is as long as they want it; at any other limit it is asked
        to go on once.

        Raises:
            RunCancelledError: Nobody waits for it any more; the stream is left at once.
            InternalError: EXPERT_FAILED: the model wrote nothing, declined, or was cut all the same.
            OrchestrionError: What `WorkerChat.write` raises.
        """
        limit = call.number("max_tokens")
        written = self._write(call, messages, None, lambda piece: call.text_piece(output, piece))
        if not limit:
            self._check_whole(written)
        return written.text.strip()

    def chosen(self, call: Call, messages: Messages, schema: Schema) -> JsonObject:
        """Asks for a JSON object and reads it, also out of a fence of Markdown.

        Raises:
            InternalError: EXPERT_FAILED: the model wrote none.
            OrchestrionError: What `WorkerChat.write` raises.
        """
        written = self._write(call, messages, schema, lambda _: None)
        self._check_whole(written)
        match = re.search(r"\{.*\}", written.text, re.DOTALL)
        try:
            data = json.loads(match.group() if match else written.text)
        except ValueError as error:
            raise Reason.EXPERT_FAILED.error(f"{self._id} did not write the JSON that it was asked for.") from error
        if not isinstance(data, dict):
            raise Reason.EXPERT_FAILED.error(f"{self._id} wrote JSON, but no object.")
        return data

    def _write(self, call: Call, messages: Messages, schema: Schema | None, tell: Callable[[str], None]) -> WrittenText:
        seed = call.inputs.get("seed")
        limit = int(call.number("max_tokens"))
        size = sum(len(message["content"].encode(errors="replace")) for message in messages)
        parameters = ChatParameters(
            schema,
            max_tokens=limit or self._max_tokens or max(_LEAST_TOKENS, size),
            temperature=call.number("temperature", 0.0),
            seed=int(seed) if isinstance(seed, int | float) and math.isfinite(seed) else None,
            goes_on=not limit,
        )
        written = self._chat.write(call, messages, parameters, tell)
        if written.end.refusal or (written.end.finish_reason == "content_filter" and not written.text.strip()):
            raise self._failed(f"declined{_saying(written.end.refusal)}")
        if not written.text.strip():
            if written.end.finish_reason == "length":
                raise self._failed("wrote nothing but thoughts up to the limit of its length; raise max_tokens.")
            raise self._failed("wrote nothing.")
        return written

    def _check_whole(self, written: WrittenText) -> None:
        if written.end.finish_reason == "length":
            count = written.end.counts.completion
            tokens = f" after {count} tokens" if count else ""
            raise self._failed(f"was cut off{tokens}, though it was asked to go on; raise options.max_tokens.")
        if written.end.finish_reason == "content_filter":
            raise self._failed("was stopped by a filter in the middle of its reply.")

    def _failed(self, how: str) -> OrchestrionError:
        return Reason.EXPERT_FAILED.error(f"{self._id} {how}", expert=self._id)


def _saying(words: str) -> str:
    return f": {' '.join(words.split())[:_LONGEST_QUOTE]}" if words else "."


def _form(**properties: str) -> Schema:
    """Makes the schema of an object with these fields, each of a type."""
    fields = {name: {"type": kind} for name, kind in properties.items()}
    return Schema(
        "reply",
        {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False},
    )


def _said(instruction: str, text: str) -> Messages:
    return [{"role": "system", "content": instruction}, {"role": "user", "content": text}]


def _follow(model: RemoteLanguageModel, call: Call) -> Outputs:
    return {"text": model.stream_text(call, [{"role": "user", "content": call.text("text")}], "text")}


def _continue(model: RemoteLanguageModel, call: Call) -> Outputs:
    return {
        "text": model.stream_text(
            call, _said("Continue the text. Write the continuation alone.", call.text("text")), "text"
        )
    }


def _converse(model: RemoteLanguageModel, call: Call) -> Outputs:
    messages: Messages = []
    if system := call.text("system"):
        messages.append({"role": "system", "content": system})
    history = call.inputs.get("history")
    turns = history.get("json") if isinstance(history, dict) else []
    for turn in turns if isinstance(turns, list) else []:
        if not isinstance(turn, dict) or turn.get("role") not in ("user", "assistant"):
            raise call.bad_input("history", "must be a list of objects with `role` (user or assistant) and `content`.")
        messages.append({"role": turn["role"], "content": str(turn.get("content", ""))})
    messages.append({"role": "user", "content": call.text("text")})
    return {"text": model.stream_text(call, messages, "text")}


def _summarize(model: RemoteLanguageModel, call: Call) -> Outputs:
    count = call.number("sentence_count")
    length = f"at most {count:.0f} sentences" if count else "a few sentences"
    instruction = f"Summarise the text in {length}, in its own language. Write the summary alone."
    return {"text": model.stream_text(call, _said(instruction, call.text("text")), "text")}


def _translate(model: RemoteLanguageModel, call: Call) -> Outputs:
    source = call.text("source_language")
    instruction = f"Translate the text{f' from {source}' if source else ''} into the language with the BCP 47 tag "
    instruction += f"{call.text('language')}. Write the translation alone."
    return {"text": model.stream_text(call, _said(instruction, call.text("text")), "text")}


def _answer(model: RemoteLanguageModel, call: Call) -> Outputs:
    instruction = (
        "Answer the question from the text with a passage of it, word for word, as a JSON object: "
        '{"answer": "…", "confidence": 0 to 1}.'
    )
    text = call.text("text")
    reply = model.chosen(call, _said(instruction, f"Text:\n{text}\n\nQuestion: {call.text('question')}"), _PASSAGE)
    answer = str(reply.get("answer", ""))
    outputs: dict[str, ipc.Plain] = {"answer": answer, "score": _share(reply.get("confidence"))}
    start = text.find(answer) if answer else -1
    if start >= 0:
        outputs |= {"start": float(start), "end": float(start + len(answer))}
    return outputs


def _sort(model: RemoteLanguageModel, call: Call) -> Outputs:
    labels = [str(label) for label in call.inputs.get("labels", [])]
    if not labels:
        raise call.bad_input("labels", "is empty; give at least one label.")
    return _labelled(model, call, labels)


def _classify(model: RemoteLanguageModel, call: Call) -> Outputs:
    domain = call.text("domain")
    if domain == "language":
        instruction = (
            'Say which language the text is in, as a JSON object: {"label": "its English name", "tag": "its BCP 47 '
            'tag", "confidence": 0 to 1}.'
        )
        reply = model.chosen(call, _said(instruction, call.text("text")), _LANGUAGE)
        label, score = str(reply.get("label", "")), _share(reply.get("confidence"))
        scores = {"json": [{"label": label, "score": score}]}
        return {"label": label, "score": score, "scores": scores, "tag": str(reply.get("tag", ""))}
    if domain not in _LABELS:
        raise call.bad_input("domain", f"is {domain!r}; this expert knows language, {', '.join(_LABELS)}.")
    return _labelled(model, call, _LABELS[domain])


def _labelled(model: RemoteLanguageModel, call: Call, labels: Sequence[str]) -> Outputs:
    instruction = (
        f"Sort the text under one of these labels: {json.dumps(list(labels), ensure_ascii=False)}. Answer with a JSON "
        'object: {"label": "…", "confidence": 0 to 1}.'
    )
    reply = model.chosen(call, _said(instruction, call.text("text")), _LABEL)
    label = next((item for item in labels if item.casefold() == str(reply.get("label", "")).casefold()), None)
    if label is None:
        raise Reason.EXPERT_FAILED.error(f"The language model chose none of the labels: {reply.get('label')!r}.")
    score = _share(reply.get("confidence"))
    # What it left over is shared by the labels that it did not choose: it tells no more than its choice.
    rest = (1 - score) / (len(labels) - 1) if len(labels) > 1 else 0.0
    ranked = [{"label": label, "score": score}, *({"label": item, "score": rest} for item in labels if item != label)]
    return {"label": label, "score": score, "scores": {"json": ranked}}


def _share(confidence: JsonData) -> float:
    """Reads a confidence; a model that tells none is taken at its word."""
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return 1.0
    return min(1.0, max(0.0, float(confidence)))


_PASSAGE: Final = _form(answer="string", confidence="number")
_LANGUAGE: Final = _form(label="string", tag="string", confidence="number")
_LABEL: Final = _form(label="string", confidence="number")

_TASKS: Final[Mapping[str, Callable[[RemoteLanguageModel, Call], Outputs]]] = {
    "conversational": _converse,
    "question-answering": _answer,
    "summarization": _summarize,
    "text-classification": _classify,
    "text-generation": _continue,
    "text2text-generation": _follow,
    "translation": _translate,
    "zero-shot-classification": _sort,
}

TASK_TYPES: Final = frozenset(_TASKS)
"""The task types that the language model does."""
