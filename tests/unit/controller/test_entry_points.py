"""What other packages plug in: listed without an import, loaded at the start, left out or refused by name."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion_controller import plugins, stages
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.entry_points import PLANNERS, RESPONDERS, load_plugins, plugin_names
from orchestrion_controller.performers import performers
from orchestrion_controller.pipeline.performers import choose

Install = Callable[..., None]

GOOD = "class Maker:\n    name = 'maker'\n    def plan(self, request): ...\n    def respond(self, request): ...\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs packages into a folder on the path: a module, and the entry points that name what is in it."""
    monkeypatch.syspath_prepend(tmp_path)
    modules: list[str] = []

    def put(package: str, source: str, **entry_points: str) -> None:
        modules.append(package)
        (tmp_path / f"{package}.py").write_text(source)
        info = tmp_path / f"{package}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        lines = [f"[orchestrion.{group}]\n{line}\n" for group, line in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        importlib.invalidate_caches()

    yield put
    for module in modules:
        sys.modules.pop(module, None)


def test_names_are_listed_without_an_import(install: Install) -> None:
    install("listed_only", "raise AssertionError('imported')", planners="ours = listed_only:Maker")
    assert plugin_names(PLANNERS) == ("ours",)
    assert plugin_names(RESPONDERS) == ()
    assert "listed_only" not in sys.modules


def test_a_planner_and_a_responder_stand_beside_the_built_in_ones(install: Install, tmp_path: Path) -> None:
    install("good_plugin", GOOD, planners="ours = good_plugin:Maker", responders="theirs = good_plugin:Maker")
    available = performers(ControllerConfig(home=tmp_path, planner="ours"))
    assert sorted(available.planners) == ["builtin", "ours"]
    assert sorted(available.responders) == ["builtin", "theirs"]
    assert available.planner("").name == "ours"
    assert available.planner("builtin").name == "builtin"
    with pytest.raises(InvalidArgumentError, match="planner: there is no 'oracle'; this server has builtin, ours"):
        available.planner("oracle")


def test_one_that_cannot_be_imported_is_left_out(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    install("broken_plugin", "import no_such_module", planners="ours = broken_plugin:Maker")
    with caplog.at_level(logging.WARNING):
        assert load_plugins(PLANNERS, "planner", required="") == {}
    assert "broken_plugin 1.2" in caplog.text
    assert "no_such_module" in caplog.text


def test_one_that_is_the_default_has_to_be_there(install: Install, tmp_path: Path) -> None:
    install("broken_default", "def make():\n    raise ValueError('no key')", planners="ours = broken_default:make")
    with pytest.raises(FailedPreconditionError, match=r"planner: 'ours' of the package broken_default 1.2.*no key"):
        performers(ControllerConfig(home=tmp_path, planner="ours"))


def test_a_name_that_is_taken_stays_with_its_owner(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    install("a_package", GOOD, planners="ours = a_package:Maker\nllm = a_package:Maker")
    install("b_package", GOOD, planners="ours = b_package:Maker")
    with caplog.at_level(logging.WARNING):
        plugins = load_plugins(PLANNERS, "planner", required="")
    assert [type(planner).__module__ for planner in plugins.values()] == ["a_package"]
    assert caplog.text.count("the name is taken") == 2


def test_a_default_that_nobody_brings_is_no_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="planner: 'ours' is none of 'builtin', 'llm'"):
        ControllerConfig(home=tmp_path, planner="ours")


def test_a_language_model_that_is_not_configured_is_told_apart_from_an_unknown_name() -> None:
    with pytest.raises(FailedPreconditionError, match="no language model is configured"):
        choose("planner", "llm", "builtin", {"builtin": object()})


def test_the_public_face_has_the_names_of_the_stages() -> None:
    assert plugins.__all__ == [
        "AnswerItem", "PastTurn", "PlanItem", "Planner", "PlanningRequest", "Responder", "RespondingRequest", "Usage",
    ]  # fmt: skip
    assert all(getattr(plugins, name) is getattr(stages, name) for name in plugins.__all__)
