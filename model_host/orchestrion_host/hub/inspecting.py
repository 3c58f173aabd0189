"""What a model on the Hub is, without its weights: its facts, its configuration, and how large its files are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from huggingface_hub import ModelInfo, constants, get_session, hf_raise_for_status
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # The package lists no names.

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject
from orchestrion_host.hub import choosing, failures, repository

_Parameter: TypeAlias = str | int | float | bool | None
_TIMEOUT_S: Final = 20.0
_CONFIGURATIONS: Final = ("config.json", "model_index.json", "tokenizer_config.json")
_OF_ONE_MODEL: Final = (Reason.MODEL_NOT_FOUND.name, Reason.HUB_ACCESS_DENIED.name)


def inspect(model: str, revision: str) -> JsonObject:
    """Reads what a model is.

    Raises:
        OrchestrionError: MODEL_NOT_FOUND, MODEL_NOT_SUPPORTED, HUB_ACCESS_DENIED, HUB_RATE_LIMITED, HUB_UNREACHABLE.
    """
    remote = repository.find(model, revision)
    try:
        configurations = {name: remote.read_json(name) for name in _CONFIGURATIONS}
    except Exception as error:
        raise failures.explain(error, model, revision) from error
    return {
        **remote.facts,
        "commit": remote.commit,
        "names": [file.name for file in remote.files],
        "configurations": configurations,
    }


def refresh(experts: Mapping[str, JsonObject], write: Callable[[JsonObject], None]) -> None:
    """Reads the facts of the checkpoints of some experts, and what each takes to download.

    Args:
        experts: For each expert its `checkpoints` (revisions by id), `runtime`, `trusted` and `gguf`.
        write: Takes a line for each expert: its id, and `facts` by checkpoint; or `refused`, where the Hub has it no
            longer or does not give it out.

    Raises:
        OrchestrionError: HUB_RATE_LIMITED, HUB_UNREACHABLE.
    """
    checked: dict[tuple[str, ...], JsonObject] = {}
    for expert_id, expert in experts.items():
        facts = {}
        try:
            for model, revision in expert["checkpoints"].items():
                # Several experts are made of the same checkpoint.
                key = (model, revision, expert["runtime"], expert["gguf"])
                if key not in checked:
                    checked[key] = _facts(*key, expert["trusted"])
                facts[model] = checked[key]
        except OrchestrionError as error:
            if error.reason not in _OF_ONE_MODEL:
                raise
            refused = {"reason": error.reason, "message": error.message, "metadata": dict(error.metadata)}
            write({"expert_id": expert_id, "refused": refused})
        else:
            write({"expert_id": expert_id, "facts": facts})


def _facts(model: str, revision: str, runtime: str, gguf: str, trusted: Sequence[str]) -> JsonObject:
    """Reads facts and size; the size is 0 where it cannot be fetched as it is."""
    remote = repository.find(model, revision)
    try:
        index = remote.read_json("model_index.json")
        files = choosing.choose(model, remote.files, runtime=runtime, trusted=trusted, index=index, gguf=gguf)
    except OrchestrionError:
        files = []
    except Exception as error:
        raise failures.explain(error, model, revision) from error
    return {**remote.facts, "size_bytes": sum(file.size_bytes for file in files)}


def search(pipeline_tag: str, filters: Sequence[str], text: str, limit: int) -> list[JsonObject]:
    """Searches models of a pipeline tag, those with the most downloads first.

    Raises:
        OrchestrionError: HUB_ACCESS_DENIED, HUB_RATE_LIMITED, HUB_UNREACHABLE.
    """
    wanted: list[tuple[str, _Parameter]] = [("sort", "downloads"), ("direction", -1), ("limit", limit)]
    wanted += [("pipeline_tag", pipeline_tag)] if pipeline_tag else []
    wanted += [("search", text)] if text else []
    wanted += [("filter", tag) for tag in filters]
    wanted += [("expand", name) for name in ("downloads", "likes", "library_name", "tags", "siblings")]
    try:
        models = list(itertools.islice(_listed(wanted), limit))
    except Exception as error:
        raise failures.explain(error, f"models of {pipeline_tag or text}") from error
    return [
        {
            "id": model.id,
            "download_count": model.downloads or 0,
            "like_count": model.likes or 0,
            "library": model.library_name or "",
            "license": _license(model.tags or ()),
            "safe_weights": choosing.has_safe_weights(item.rfilename for item in model.siblings or ())
            or not {"safetensors", "onnx", "gguf"}.isdisjoint(model.tags or ()),
        }
        for model in models
    ]


def _listed(wanted: list[tuple[str, _Parameter]]) -> Iterator[ModelInfo]:
    """Yields models page by page.

    `HfApi.list_models` tries again for half a minute where the Hub does not answer, and waits for as long as it asks;
    who searches is told so at once.
    """
    url: str | None = f"{constants.ENDPOINT}/api/models"
    parameters: list[tuple[str, _Parameter]] | None = wanted
    while url:
        response = get_session().get(url, params=parameters, headers=build_hf_headers(), timeout=_TIMEOUT_S)
        hf_raise_for_status(response)
        for item in response.json():
            yield ModelInfo(**item)  # type: ignore[no-untyped-call]  # Its authors have not typed it.
        # The address of the next page holds everything that was asked for.
        url, parameters = response.links.get("next", {}).get("url"), None


def _license(tags: Sequence[str]) -> str:
    return next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
