"""Adds a model from the Hub or from a folder to the catalogue of the host, its task types found out from what it is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonData, JsonObject
from orchestrion_host import gguf_files
from orchestrion_host.catalogue.facts import ModelFacts, WeightsSource
from orchestrion_host.models import cards, contexts, folders, gguf_choice, hub, recognition, safety, sizes
from orchestrion_host.models.collection import Collection
from orchestrion_host.models.configuration import Configuration
from orchestrion_host.models.recognition import Recognised

_HUB_ID: Final = re.compile(r"[0-9A-Za-z][\w.-]*(/[0-9A-Za-z_][\w.-]*)?")
_EXPERT_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_REQUIRES: Final[Mapping[str, tuple[str, ...]]] = {
    "transformers": ("torch", "transformers"),
    "diffusers": ("torch", "diffusers", "transformers"),
    "onnx": ("onnxruntime", "transformers"),
}
# The pipeline that a ControlNet steers whose card names none, by the width of the text embeddings it was made for.
_CONTROL_NET_PIPELINES: Final[Mapping[int, str]] = {
    768: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    2048: "stabilityai/stable-diffusion-xl-base-1.0",
}


@dataclass(frozen=True, slots=True)
class AddRequest:
    """What is to be added, and what the caller says of it."""

    model: str
    """A Hub id, with a colon and a quantisation or file for one of its GGUF files; or an absolute path."""
    revision: str = ""
    """The revision on the Hub; empty for the newest."""
    task_types: tuple[str, ...] = ()
    """The task types; none to find them out."""
    expert_id: str = ""
    """The expert's id; empty to make one."""
    allow_pickled_weights: bool = False
    """Whether the caller takes weights that are pickles."""
    allow_remote_code: bool = False
    """Whether the caller takes code that the model brings along."""


class Adding:
    """Adds models."""

    def __init__(
        self,
        collection: Collection,
        task_types: Sequence[str],
        *,
        allow_pickled_weights: bool,
        allow_remote_code: bool,
        has_graphics: bool,
    ) -> None:
        """Keeps the catalogue, what the host's settings allow, and whether it has a graphics processor."""
        self._collection = collection
        self._task_types = frozenset(task_types)
        self._allow_pickled_weights = allow_pickled_weights
        self._allow_remote_code = allow_remote_code
        self._has_graphics = has_graphics

    async def add(self, request: AddRequest) -> ModelFacts:
        """Adds a model and returns its entry.

        Raises:
            OrchestrionError: As the API says of `AddModel`; nothing is added then.
        """
        self._check(request)
        if request.model.startswith("/"):
            facts = await asyncio.to_thread(self._from_folder, request)
        else:
            facts = await self._from_hub(request)
        # While the Hub was asked, another call may have taken the id.
        self._check_free(facts.id)
        self._collection.put(facts)
        return facts

    def _from_folder(self, request: AddRequest) -> ModelFacts:
        place = Path(request.model)
        configuration = folders.configuration(place)
        folder = place if place.is_dir() else place.parent
        recognised, trusted = self._judge(configuration, request)
        return ModelFacts(
            **self._fields(request, configuration, recognised, trusted),
            memory_bytes=sizes.estimate(
                [folders.counted(folder, configuration.gguf)],
                runtime=recognised.runtime,
                options={},
                has_graphics=self._has_graphics,
            ),
            source=WeightsSource(
                folder=str(folder), gguf=configuration.gguf, parts=recognition.parts_of(configuration)
            ),
        )

    async def _from_hub(self, request: AddRequest) -> ModelFacts:
        model, wanted = gguf_choice.split(request.model)
        facts_of_hub = await hub.inspect(model, request.revision)
        configurations = facts_of_hub["configurations"]
        configuration = Configuration(
            model=model,
            names=facts_of_hub["names"],
            config=configurations["config.json"],
            index=configurations["model_index.json"],
            tokenizer=configurations["tokenizer_config.json"],
            pipeline_tag=facts_of_hub["pipeline_tag"],
            tags=facts_of_hub["tags"],
        )
        configuration = gguf_choice.on_hub(configuration, wanted, facts_of_hub["gguf"])
        recognised, trusted = self._judge(configuration, request)
        self._check_new(request, configuration, recognised)
        return ModelFacts(
            **self._fields(request, configuration, recognised, trusted),
            languages=cards.languages_of(facts_of_hub),
            license=cards.license_of(facts_of_hub),
            download_count=facts_of_hub["downloads"],
            like_count=facts_of_hub["likes"],
            **_places(configuration, facts_of_hub),
        )

    def _judge(self, configuration: Configuration, request: AddRequest) -> tuple[Recognised, tuple[str, ...]]:
        trusted = safety.check(
            configuration,
            pickled_weights=request.allow_pickled_weights and self._allow_pickled_weights,
            remote_code=request.allow_remote_code and self._allow_remote_code,
        )
        return recognition.recognise(configuration, request.task_types), trusted

    def _fields(
        self, request: AddRequest, configuration: Configuration, recognised: Recognised, trusted: tuple[str, ...]
    ) -> dict[str, JsonData]:
        return {
            "id": request.expert_id or self._free_id(configuration.gguf or configuration.model),
            "model": configuration.model,
            "runtime": recognised.runtime,
            "task_types": recognised.task_types,
            "description": _description(recognised, configuration),
            "domain": recognised.domain,
            "accepts": recognised.family.accepts,
            "max_batch_size": recognised.family.max_batch_size,
            "context_token_count": contexts.context_of(configuration, recognised.family),
            "requires": _REQUIRES.get(recognised.runtime, ()) + (("gguf",) if configuration.gguf else ()),
            "trusted": trusted,
        }

    def _check(self, request: AddRequest) -> None:
        if not request.model.startswith("/") and not _HUB_ID.fullmatch(gguf_choice.split(request.model)[0]):
            problem = (
                f"{request.model[:200]!r} is neither an id on the Hub nor the absolute path of a folder or GGUF file."
            )
            raise _bad_field("model", problem)
        if request.model.startswith("/") and request.revision:
            raise _bad_field("revision", "a folder has none; leave it out.")
        unknown = [name for name in request.task_types if name not in self._task_types]
        if unknown:
            raise _bad_field("task_types", f"there is no task type {unknown[0]!r}.")
        if request.expert_id:
            if not _EXPERT_ID.fullmatch(request.expert_id):
                raise _bad_field("expert_id", "it has 1 to 128 letters, digits, `.`, `_` and `-`.")
            self._check_free(request.expert_id)

    def _check_free(self, expert_id: str) -> None:
        if self._collection.find(expert_id) is not None:
            text = f"There is an expert {expert_id} already; give this one another id, or remove that one first."
            raise Reason.EXPERT_EXISTS.error(text, expert=expert_id)

    def _check_new(self, request: AddRequest, configuration: Configuration, recognised: Recognised) -> None:
        """Sees that a model is not added twice by accident; under an id of its own it may be."""
        if request.expert_id:
            return
        for expert_id, entry in self._collection.all().items():
            facts = entry.facts
            is_same_file = (facts.model, facts.source.gguf) == (configuration.model, configuration.gguf)
            same = is_same_file and set(facts.task_types) & set(recognised.task_types)
            if same and request.revision in ("", facts.revision):
                text = f"{request.model} is there as {expert_id}; `orchestrion models pull {expert_id}` fetches it."
                raise Reason.EXPERT_EXISTS.error(text, expert=expert_id)

    def _free_id(self, model: str) -> str:
        """Makes an id of the last part of a model's, and a number where that is taken."""
        last = model.rstrip("/").rsplit("/", 1)[-1].removesuffix(gguf_files.SUFFIX).lower()
        last = re.sub(r"[^0-9a-z._-]+", "-", last).strip("-._")[:120] or "model"
        number = 1
        while self._collection.find(name := last if number == 1 else f"{last}-{number}") is not None:
            number += 1
        return name


def _places(configuration: Configuration, facts: JsonObject) -> dict[str, JsonData]:
    """Says where the files are: a ControlNet is a part of the pipeline that it steers."""
    commit = str(facts["commit"])
    if not configuration.is_control_net:
        return {
            "revision": commit,
            "source": WeightsSource(
                hub=configuration.model, gguf=configuration.gguf, parts=recognition.parts_of(configuration)
            ),
        }
    named = facts["base_model"]
    base = str(named[0] if isinstance(named, list) and named else named or "")
    base = base or _CONTROL_NET_PIPELINES.get(int(configuration.config.get("cross_attention_dim") or 0), "")
    if not base:
        text = (
            f"{configuration.model} is a ControlNet, and its card does not tell which pipeline it steers (base_model)."
        )
        raise Reason.MODEL_NOT_SUPPORTED.error(text, model=configuration.model)
    return {
        "source": WeightsSource(
            hub=base, parts={"controlnet": configuration.model}, part_revisions={"controlnet": commit}
        )
    }


def _description(recognised: Recognised, configuration: Configuration) -> str:
    model, file = configuration.model, configuration.gguf
    place = f"{model} ({file})" if file and not model.endswith(file) else model
    what = " and ".join(recognised.task_types).replace("-", " ")
    labels = [str(label) for label in (configuration.config.get("id2label") or {}).values()]
    named = [label for label in labels if not label.startswith("LABEL_")]
    classes = f" Its classes are {', '.join(named[:12])}{' and others' if len(named) > 12 else ''}." if named else ""
    return f"Added on this host from {place}, for {what}.{classes}"


def _bad_field(field: str, problem: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(f"{field}: {problem}", field=field)
