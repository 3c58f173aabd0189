"""What the Hub tells of a model: its facts, its files, and its small files' content."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from huggingface_hub import HfApi, ModelInfo, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # The package lists no names.

from orchestrion.errors import Reason
from orchestrion.values import JsonData, JsonObject
from orchestrion_host.hub import failures

_TIMEOUT_S: Final = 20.0
_LARGEST_CONFIGURATION: Final = 4 << 20
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a model."""

    name: str
    """Its path, such as `unet/config.json`."""
    size_bytes: int
    """Its bytes."""
    etag: str
    """What names its content in the cache: the SHA-256 of a large file, git's hash of a small one."""
    sha256: str = ""
    """The SHA-256 of a file that is kept in LFS; empty for small ones."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A model at one commit."""

    model: str
    commit: str
    files: tuple[RemoteFile, ...]
    facts: JsonObject
    """What is told of it, as plain data; see `_facts`."""

    def read_json(self, name: str) -> JsonObject:
        """Reads a small JSON file of it; empty where there is none.

        Raises:
            InvalidArgumentError: MODEL_NOT_SUPPORTED: it is no JSON, or too large for a configuration.
            Exception: As the client of the Hub does; `failures.explain` tells them.
        """
        file = next((file for file in self.files if file.name == name), None)
        if file is None:
            return {}
        index: JsonData = None
        if file.size_bytes <= _LARGEST_CONFIGURATION:
            url = hf_hub_url(self.model, name, revision=self.commit)
            response = get_session().get(url, headers=build_hf_headers(), timeout=_TIMEOUT_S)
            hf_raise_for_status(response)
            try:
                index = json.loads(response.content)
            except ValueError:
                index = None
        if not isinstance(index, dict):
            text = f"{self.model}: {name} is no JSON object of at most {_LARGEST_CONFIGURATION:,} bytes."
            raise Reason.MODEL_NOT_SUPPORTED.error(text, model=self.model)
        return index


def find(model: str, revision: str) -> Repository:
    """Asks the Hub for a model.

    Args:
        model: Its id.
        revision: A branch, tag or commit; empty for the newest.

    Raises:
        OrchestrionError: MODEL_NOT_FOUND, HUB_ACCESS_DENIED, HUB_RATE_LIMITED, HUB_UNREACHABLE.
    """
    try:
        info = HfApi().model_info(model, revision=revision or None, files_metadata=True, timeout=_TIMEOUT_S)
    except Exception as error:
        raise failures.explain(error, model, revision) from error
    if not info.sha or not _COMMIT.fullmatch(info.sha):
        raise failures.unreachable("an answer without a commit", model)
    files = tuple(_file(item) for item in info.siblings or () if _is_inside(item.rfilename))
    return Repository(model, info.sha, files, _facts(info))


def _file(item: RepoSibling) -> RemoteFile:
    sha256 = item.lfs.sha256 if item.lfs else ""
    return RemoteFile(item.rfilename, item.size or 0, sha256 or item.blob_id or "", sha256)


def _is_inside(name: str) -> bool:
    """Whether a path stays in its folder, whatever the server says."""
    return "\\" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def _facts(info: ModelInfo) -> JsonObject:
    card = vars(info.card_data) if info.card_data else {}
    return {
        "downloads": info.downloads or 0,
        "likes": info.likes or 0,
        "pipeline_tag": info.pipeline_tag or "",
        "library": info.library_name or "",
        "tags": list(info.tags or ()),
        "license": card.get("license") or "",
        "license_name": card.get("license_name") or "",
        "language": card.get("language") or [],
        "base_model": card.get("base_model") or "",
        # What the Hub read in the header of a GGUF file; of several it takes one, and they differ in precision alone.
        "gguf": dict(info.gguf or {}),
    }
