"""Which files of a model are fetched, and when a snapshot counts as there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrion.errors import OrchestrionError
from orchestrion.experts import ExpertState
from orchestrion_host.catalogue import presence, profiles, reader
from orchestrion_host.catalogue.facts import ModelFacts, WeightsSource
from orchestrion_host.catalogue.reader import CatalogueError
from orchestrion_host.hub import choosing
from orchestrion_host.hub.repository import RemoteFile
from orchestrion_host.models.entries import Entries

CONFIGURATION = ["config.json", "tokenizer.json", "spiece.model", "vocab.txt", "generation_config.json"]
NEVER = ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "README.md", "run.py", "model.ckpt", "logo.png"]


def chosen(names: list[str], **settings: Any) -> set[str]:
    files = [RemoteFile(name, 1, name) for name in names]
    return {file.name for file in choosing.choose("x/y", files, **{"runtime": "transformers", **settings})}


def test_a_single_model_is_its_configuration_and_its_weights_once() -> None:
    names = [*CONFIGURATION, *NEVER, "model.safetensors", "model.fp16.safetensors", "onnx/model.onnx", "a/config.json"]
    assert chosen(names) == {*CONFIGURATION, "model.safetensors"}


def test_shards_come_with_their_index() -> None:
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    names = ["config.json", *shards, "model.safetensors.index.json", "consolidated.safetensors", *NEVER]
    assert chosen(names) == {"config.json", *shards, "model.safetensors.index.json"}


def test_a_pipeline_is_its_components() -> None:
    index = {
        "_class_name": "P",
        "unet": ["diffusers", "U"],
        "text_encoder": ["transformers", "T"],
        "none": [None, None],
    }
    wanted = {
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/config.json",
        "text_encoder/model.fp16.safetensors",
    }
    names = [*wanted, "unet/diffusion_pytorch_model.fp16.safetensors", "none/model.safetensors", "whole.safetensors"]
    assert chosen([*names, *NEVER], index=index, runtime="diffusers") == wanted
    with pytest.raises(OrchestrionError, match="pickles"):
        chosen(["model_index.json", "unet/diffusion_pytorch_model.bin"], index=index, runtime="diffusers")


def test_onnx_is_one_graph_with_what_belongs_to_it() -> None:
    names = ["config.json", "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "model.safetensors"]
    assert chosen(names, runtime="onnx") == {"config.json", "onnx/model.onnx", "onnx/model.onnx_data"}


def test_pickles_and_code_are_for_those_who_are_trusted() -> None:
    names = ["config.json", "pytorch_model.bin", "modeling.py"]
    with pytest.raises(OrchestrionError, match="--allow-pickled-weights") as caught:
        chosen(names)
    assert caught.value.reason == "UNSAFE_MODEL"
    assert chosen(names, trusted=["pickled-weights"]) == {"config.json", "pytorch_model.bin"}
    assert chosen(names, trusted=["pickled-weights", "remote-code"]) == set(names)
    with pytest.raises(OrchestrionError, match="no weights"):
        chosen(["config.json"])


FACTS = ModelFacts("x", "a/b", "transformers", ("fill-mask",), "A model.", source=WeightsSource(hub="a/b"))


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--a--b" / "snapshots" / "c0ffee"
    folder.mkdir(parents=True)
    (tmp_path / "models--a--b" / "refs").mkdir()
    (tmp_path / "models--a--b" / "refs" / "main").write_text("c0ffee")
    (folder / "config.json").write_text("{}")
    return folder


def test_a_snapshot_is_there_when_all_that_was_pinned_is(snapshot: Path) -> None:
    pinned = ModelFacts(
        **{
            **{name: getattr(FACTS, name) for name in ("id", "model", "runtime", "task_types", "description")},
            "revision": "c0ffee",
            "source": WeightsSource(hub="a/b", files={"a/b": {"config.json": 2, "model.safetensors": 4}}),
        }
    )
    assert presence.find(pinned).state is ExpertState.TO_BE_FETCHED
    (snapshot / "model.safetensors").write_bytes(b"abc")
    assert presence.find(pinned).state is ExpertState.TO_BE_FETCHED
    (snapshot / "model.safetensors").write_bytes(b"abcd")
    assert (presence.find(pinned).state, presence.find(pinned).folder) == (ExpertState.LOADABLE, str(snapshot))


def test_a_snapshot_that_others_made_is_there_when_its_weights_are(snapshot: Path) -> None:
    assert presence.find(FACTS).state is ExpertState.TO_BE_FETCHED
    (snapshot / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}'
    )
    (snapshot / "m-1.safetensors").write_bytes(b"a")
    assert presence.find(FACTS).state is ExpertState.TO_BE_FETCHED
    (snapshot / "m-2.safetensors").write_bytes(b"b")
    assert presence.find(FACTS).state is ExpertState.LOADABLE


def test_an_entry_comes_back_as_it_was_written(tmp_path: Path) -> None:
    entries = Entries(tmp_path / "models")
    assert entries.read() == {}
    facts = reader.read((), test_experts=False)["speecht5-vc"]
    entries.write(facts)
    assert entries.read() == {"speecht5-vc": facts}
    assert entries.delete("speecht5-vc")
    assert not entries.delete("speecht5-vc")


def test_profiles_include_others_and_say_what_is_wrong(tmp_path: Path) -> None:
    listed = profiles.read()
    assert next(iter(listed)) == "starter"
    assert set(listed["starter"].experts) < set(listed["small"].experts) < set(listed["full"].experts)
    assert profiles.experts_of("none") == frozenset()
    assert (profiles.language_model_of("starter"), profiles.language_model_of("none")) == ("", "")
    assert profiles.language_model_of("standard") == "qwen2.5-7b-instruct"
    with pytest.raises(CatalogueError, match="profile: there is no profile 'huge'"):
        profiles.experts_of("huge")
    for fields, reported in (
        ({"experts": "x"}, "experts"),
        ({"expert": []}, "expert"),
        ({"includes": ["a"]}, "includes"),
        ({"includes": ["b"]}, "includes"),
        ({"experts": ["x"], "language_model": "y"}, "language_model: 'y' is none of its experts"),
    ):
        base = {"name": "a", "description": "d", "order": 0}
        (tmp_path / "a.yaml").write_text(yaml.safe_dump({**base, **fields}))
        with pytest.raises(CatalogueError, match=reported):
            profiles.read(tmp_path)
