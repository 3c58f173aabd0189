"""What is told of models: licences and languages of cards, sizes, and entries that become newer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import save_file

from orchestrion.models import ModelOrigin
from orchestrion_host.catalogue.facts import WeightsSource
from orchestrion_host.config import HostConfig
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.hub import precision
from orchestrion_host.models import cards, sizes
from orchestrion_host.models.collection import Collection


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ({"license": "apache-2.0"}, "Apache-2.0"),
        ({"license": ["mit", "apache-2.0"]}, "MIT"),
        ({"license": "cc-by-nc-4.0"}, "CC-BY-NC-4.0"),
        ({"license": "creativeml-openrail-m"}, "LicenseRef-creativeml-openrail-m"),
        ({"license": "other", "license_name": "own licence"}, "LicenseRef-own-licence"),
        ({"license": "other"}, ""),
        ({"license": "unknown"}, ""),
        ({}, ""),
    ],
)
def test_licences_are_told_by_their_spdx_names(card: dict[str, Any], expected: str) -> None:
    assert cards.license_of(card) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", ("en",)), (["en", "de", "en"], ("en", "de")), (["multilingual", "en"], ()), (["English"], ()), ([], ())],
)
def test_languages_are_tags_and_none_stands_for_many(language: Any, expected: tuple[str, ...]) -> None:
    assert cards.languages_of({"language": language}) == expected


def test_what_a_model_takes_follows_from_its_numbers_and_the_device(tmp_path: Path) -> None:
    """Given weights in half precision, a processor loads them in single, a graphics processor as they are."""
    path = tmp_path / "model.safetensors"
    save_file({"a": np.zeros((1000, 50_000), np.float16), "ids": np.zeros(1000, np.int64)}, str(path))
    counted = precision.count_all([path, tmp_path / "config.json"])
    assert counted == {"number_count": 50_000_000, "other_bytes": 8_000}
    settings: dict[str, Any] = {"runtime": "transformers", "options": {}}
    on_processor = sizes.estimate([counted], has_graphics=False, **settings)
    on_graphics = sizes.estimate([counted], has_graphics=True, **settings)
    assert 200_000_000 < on_processor < 300_000_000
    assert 100_000_000 < on_graphics < 150_000_000
    kept = sizes.estimate([counted], runtime="transformers", options={"dtype": "float16"}, has_graphics=False)
    assert kept == on_graphics
    path.write_bytes(b"no header at all")
    assert precision.count(path) == (4, 0)


def collection(home: Path) -> Collection:
    return Collection(HostConfig(home=home, profile="none"), lambda facts, result: HostedExpert(facts, result, 8))


def test_an_entry_keeps_its_pins_and_becomes_newer_with_the_project(tmp_path: Path) -> None:
    """Given a model that was pulled with an earlier version, a new version's description and options count."""
    models = collection(tmp_path)
    shipped = models.get("speecht5-vc").facts
    pulled = msgspec.structs.replace(
        shipped,
        description="An older description.",
        requires=(),
        revision="c0ffee",
        download_bytes=7,
        source=msgspec.structs.replace(
            shipped.source, part_revisions={"vocoder": "beef"}, files={shipped.source.hub: {"config.json": 7}}
        ),
    )
    models.put(pulled)
    again = collection(tmp_path).get("speecht5-vc")
    assert (again.origin, again.facts.revision, again.facts.download_bytes) == (ModelOrigin.ADDED, "c0ffee", 7)
    assert (again.facts.description, again.facts.requires) == (shipped.description, shipped.requires)
    assert again.facts.source.files == pulled.source.files
    models.drop("speecht5-vc")
    assert collection(tmp_path).get("speecht5-vc").facts == shipped


def test_a_models_parts_on_the_hub_are_checkpoints_as_well(tmp_path: Path) -> None:
    parts = {"vocoder": "c/d", "voices": "/somewhere"}
    source = WeightsSource(hub="a/b", parts=parts, part_revisions={"vocoder": "2"})
    facts = msgspec.structs.replace(collection(tmp_path).get("speecht5-vc").facts, revision="1", source=source)
    assert facts.checkpoints == {"a/b": "1", "c/d": "2"}
