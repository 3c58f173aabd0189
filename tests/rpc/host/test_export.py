"""A PyTorch model is exported to ONNX, checked, measured, and is then an expert of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrion import AsyncHostClient as HostClient
from orchestrion.errors import InvalidArgumentError, NotFoundError
from orchestrion.experts import ExpertState
from orchestrion.plans import Task
from orchestrion_controller.registry.replicas import HostReplicas
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_host.catalogue import presence, reader
from tests.checkpoints import text_models
from tests.rpc.host import tiny_models
from tests.rpc.host.hosts import running_host


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder."""
    return tiny_models.bert_classifier(tmp_path_factory.mktemp("encoder") / "model")


@pytest.fixture
def catalogue(tmp_path: Path, encoder: Path) -> Path:
    """A catalogue with one encoder, `tiny`."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    facts = {
        "id": "tiny",
        "model": "tiny/bert",
        "runtime": "transformers",
        "task_types": ["sentence-similarity"],
        "description": "Compares texts of eight words.",
        "source": {"folder": str(encoder)},
        "options": {"max_length": 32},
    }
    (folder / "tiny.yaml").write_text(yaml.safe_dump(facts))
    return folder


def export(catalogue: Path, exports: Path, expert: str = "tiny", *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "orchestrion_host.worker.exporting", expert]
    command += ["--exports", str(exports), "--catalogue", str(catalogue), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def change(path: Path, **fields: Any) -> None:
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | fields))


@pytest.mark.tasks
def test_an_exported_encoder_is_loadable_from_its_catalogue_and_made_once(
    catalogue: Path, encoder: Path, tmp_path: Path
) -> None:
    exports = tmp_path / "exports"

    first = export(catalogue, exports)
    second = export(catalogue, exports)

    assert first.returncode == 0, first.stderr
    assert "differ from PyTorch's by at most" in first.stdout
    assert second.stdout.endswith("is there already\n")
    facts = reader.read([exports], test_experts=False)["tiny-onnx"]
    assert (facts.runtime, facts.task_types) == ("onnx", ("sentence-similarity",))
    assert presence.find(facts).state is ExpertState.LOADABLE
    folder = Path(facts.source.folder)
    assert {path.name for path in folder.iterdir()} == {
        "model.onnx", "tokenizer.json", "tokenizer_config.json", "config.json",
    }  # fmt: skip

    # Facts that change later are brought up to date, without a new export.
    made_at = (folder / "model.onnx").stat().st_mtime_ns
    change(catalogue / "tiny.yaml", task_types=["sentence-similarity", "summarization"], description="New.")
    third = export(catalogue, exports)

    assert third.returncode == 0, third.stderr
    assert "its facts are renewed" in third.stdout
    renewed = reader.read([exports], test_experts=False)["tiny-onnx"]
    assert (renewed.task_types, renewed.description) == (("sentence-similarity", "summarization"), "New.")
    assert (renewed.source, renewed.revision) == (facts.source, facts.revision)
    assert (folder / "model.onnx").stat().st_mtime_ns == made_at
    assert {item.name for item in exports.iterdir()} == {"tiny-onnx.yaml", folder.name}

    # An export whose files are gone is none: a new one begins, and here ends at weights of another hash.
    (folder / "model.onnx").unlink()
    change(catalogue / "tiny.yaml", source={"folder": str(encoder), "sha256": {"model.safetensors": "0" * 64}})
    fourth = export(catalogue, exports)

    assert fourth.returncode != 0
    assert "model.safetensors is not the file" in fourth.stderr


def test_weights_with_another_hash_are_not_exported_and_nothing_is_left(catalogue: Path, tmp_path: Path) -> None:
    path = catalogue / "tiny.yaml"
    facts = yaml.safe_load(path.read_text())
    facts["source"]["sha256"] = {"model.safetensors": "0" * 64}
    path.write_text(yaml.safe_dump(facts))

    done = export(catalogue, tmp_path / "exports")

    assert done.returncode != 0
    assert "model.safetensors is not the file" in done.stderr
    assert list((tmp_path / "exports").glob("*")) == []


@pytest.mark.tasks
def test_an_export_for_which_there_is_no_folder_is_told_as_such(catalogue: Path, tmp_path: Path) -> None:
    taken = tmp_path / "exports"
    taken.write_text("a file")

    done = export(catalogue, taken, "tiny", "--json")

    assert done.returncode == 1
    error = json.loads(done.stdout.splitlines()[-1])["error"]
    assert error["reason"] == "EXPORT_FAILED"
    assert str(taken) in error["message"]


def test_what_is_no_model_of_pytorch_is_refused(catalogue: Path, tmp_path: Path) -> None:
    done = export(catalogue, tmp_path / "exports", expert="espeak-ng")

    assert done.returncode == 2
    assert "'espeak-ng' is no model of the catalogue on the runtime transformers" in done.stderr


def test_a_task_type_for_which_nothing_is_exported_is_refused_with_those_for_which_it_is(
    catalogue: Path, tmp_path: Path
) -> None:
    change(catalogue / "tiny.yaml", task_types=["text-generation"])
    done = export(catalogue, tmp_path / "exports", "tiny", "--task", "text-generation", "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout.splitlines()[-1])["error"]
    assert error["reason"] == "MODEL_NOT_SUPPORTED"
    assert "text-classification" in error["message"]


@pytest.mark.tasks
@pytest.mark.parametrize(
    ("class_name", "task_types"),
    [
        ("BertForSequenceClassification", ["zero-shot-classification", "text-classification"]),
        ("BertForTokenClassification", ["token-classification"]),
        ("BertForQuestionAnswering", ["question-answering"]),
        ("BertForMaskedLM", ["fill-mask"]),
    ],
    ids=lambda value: "-and-".join(value) if isinstance(value, list) else "",
)
def test_encoders_with_heads_are_exported_checked_and_measured_and_the_progress_told(
    catalogue: Path, tmp_path: Path, class_name: str, task_types: list[str]
) -> None:
    model = tmp_path / "headed"
    text_models.bert(model, class_name, **text_models.labels("entailment", "O"))
    source = {"source": {"folder": str(model)}, "options": {}, "accuracy": 0.9, "accuracy_measure": "F1"}
    change(catalogue / "tiny.yaml", task_types=task_types, domain="sentiment", default_for=task_types[:1], **source)
    exports = tmp_path / "exports"

    done = export(catalogue, exports, "tiny", "--task", task_types[-1], "--measure", "--json")

    assert done.returncode == 0, done.stderr
    *progress, last = map(json.loads, done.stdout.splitlines())
    assert [line["message"].split()[0] for line in progress] == ["exporting", "checked:", "measuring"]
    assert last["result"]["difference"] <= 2e-4
    assert set(last["result"]["latency_ms"]) == {"tiny", "tiny-onnx"}
    assert min(last["result"]["latency_ms"].values()) > 0
    facts = reader.read([exports], test_experts=False)["tiny-onnx"]
    # All that the head is for, whichever of it was asked for; and what the original is preferred for.
    assert (facts.task_types, facts.domain) == (tuple(task_types), "sentiment")
    assert facts.default_for == tuple(task_types[:1])
    assert (facts.accuracy, facts.accuracy_measure) == (0.9, "F1")


@pytest.mark.tasks
async def test_a_running_host_exports_a_model_and_offers_it_with_what_was_measured(
    catalogue: Path, tmp_path: Path
) -> None:
    change(catalogue / "tiny.yaml", task_types=["text-classification"], domain="sentiment")
    settings: dict[str, Any] = {
        "catalogue_paths": (catalogue,),
        "exports_path": tmp_path / "exports",
        "profile": "none",
    }
    async with running_host(tmp_path / "home", **settings) as host, HostClient(host.host.address) as client:
        progress = [item async for item in client.models.export("tiny", "text-classification")]

        exported = progress[-1].expert
        assert exported is not None
        assert (exported.id, exported.runtime) == ("tiny-onnx", "onnx")
        assert "differ from PyTorch's by at most" in " ".join(item.message for item in progress)
        answers = {
            expert: (await host.client.infer(expert, text="a warm sunny day", domain="sentiment")).outputs
            for expert in ("tiny", "tiny-onnx")
        }
        assert answers["tiny"]["label"] == answers["tiny-onnx"]["label"]
        assert answers["tiny"]["score"] == pytest.approx(answers["tiny-onnx"]["score"], abs=1e-4)

    # What was measured outlives the host: before the first call, the selector takes the faster one.
    async with running_host(tmp_path / "home", **settings) as host:
        seen = await host.client.host()
    latency = {status.expert_id: status.latency_ms for status in seen.statuses}
    assert min(latency["tiny"], latency["tiny-onnx"]) > 0
    result = [
        replica for replica in HostReplicas(seen).of("text-classification") if replica.expert.model == "tiny/bert"
    ]
    assert {replica.expert.id for replica in result} == {"tiny", "tiny-onnx"}
    requirements = TaskRequirements(Task("a", "text-classification", {"text": "sun", "domain": "sentiment"}))
    scores = {
        replica.expert.id: sum(scoring.features(requirements, replica, equivalents=result).values())
        for replica in result
    }
    assert max(scores, key=scores.__getitem__) == min(scores, key=latency.__getitem__)


async def test_what_a_host_cannot_export_is_told_by_name(catalogue: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "catalogue_paths": (catalogue,),
        "exports_path": tmp_path / "exports",
        "profile": "starter",
    }
    async with running_host(tmp_path / "home", **settings) as host, HostClient(host.host.address) as client:
        for expert, task_type, error, reported in [
            ("nobody", "", NotFoundError, "nobody"),
            ("espeak-ng", "", InvalidArgumentError, "no model of the catalogue on the runtime transformers"),
            ("tiny", "translation", InvalidArgumentError, "performs sentence-similarity"),
        ]:
            with pytest.raises(error, match=reported):
                _ = [item async for item in client.models.export(expert, task_type)]
