"""The commands about models, each in a process of its own, against a host that answers by a script."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrion.cli import up
from orchestrion.cli.models import sizes
from orchestrion.errors import Reason
from orchestrion.v1 import model_host_service_pb2 as pb
from tests.unit.client.scripted_models import ModelScript, serve
from tests.unit.client.terminals import Terminal

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion", "models"]


def models(*arguments: str | Path, address: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments), "--address", address], check=False, capture_output=True, text=True,
        timeout=60, input=text,
    )  # fmt: skip


@pytest.fixture
def script() -> ModelScript:
    return ModelScript()


@pytest.fixture
def address(script: ModelScript) -> Iterator[str]:
    with serve(script) as address:
        yield address


def test_list_shows_what_is_offered_and_all_on_demand(address: str) -> None:
    done = models("list", address=address)
    assert done.stdout.splitlines() == [
        "ID        TASK TYPES                STATE          SIZE      LICENCE  MODEL",
        "bert-ner  token-classification      to be fetched  433.0 MB  MIT      dslim/bert-base-NER",
        "rapidocr  image-to-text             loaded                            rapidocr",
        "tapas     table-question-answering  unavailable                       google/tapas",
    ]
    assert "1 more is in the catalogue; --all lists them." in done.stderr
    assert "swin" in models("list", "--all", address=address).stdout
    assert "swin" in models("list", "--profile", "small", address=address).stdout
    (line,) = models("list", "--task", "image-to-text", "--json", address=address).stdout.splitlines()
    assert json.loads(line)["expert"]["id"] == "rapidocr"
    assert "models search" in models("list", "--task", "fill-mask", address=address).stderr


def test_show_tells_everything_and_why_it_cannot_be_used(address: str) -> None:
    shown = models("show", "swin", address=address).stdout
    assert "state      to be fetched, not offered\n" in shown
    assert "takes      operation: upscale\n" in shown
    assert "profiles   small\n" in shown
    shown = models("show", "tapas", address=address).stdout
    assert "problem    tapas needs packages that are not installed here: pandas.\n" in shown
    shown = models("show", "bert-ner", address=address).stdout
    assert "default    token-classification\n" in shown
    assert "downloads  1,102,469\n" in shown
    unknown = models("show", "google/tapas", address=address)
    assert (unknown.returncode, "did you mean tapas?" in unknown.stderr) == (1, True)
    assert "models add me/mine" in models("show", "me/mine", address=address).stderr


def test_profiles_tell_their_sizes(address: str) -> None:
    assert models("profiles", address=address).stdout.splitlines() == [
        "PROFILE  EXPERTS  TO DOWNLOAD                           FOR",
        "starter  1        nothing                               Any machine.",
        "small    4        about 433.0 MB and 1 of unknown size  No GPU.",
    ]


def test_search_warns_of_pickles(address: str, script: ModelScript) -> None:
    done = models("search", "token-classification", "--limit", "5", address=address)
    assert done.stdout.splitlines()[1:] == [
        "dslim/bert-large-NER  232,660    38     transformers  mit      safe",
        "old/ner               12         0                             pickled",
    ]
    assert script.requests_of(pb.SearchModelsRequest)[0].limit == 5


def test_add_takes_folders_and_fetches_at_once(address: str, script: ModelScript, tmp_path: Path) -> None:
    done = models("add", "me/mine", "--task", "fill-mask", "--id", "mine", "--revision", "v2", address=address)
    assert done.stdout == "Added mine, which performs token-classification.\n"
    assert "orchestrion models pull mine" in done.stderr
    folder = f"{tmp_path}/../{tmp_path.name}"
    done = models("add", folder, "--allow-pickled-weights", "--pull", "--yes", address=address)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "added: done")
    first, second = script.requests_of(pb.AddModelRequest)
    assert first == pb.AddModelRequest(model="me/mine", task_types=["fill-mask"], expert_id="mine", revision="v2")
    assert second == pb.AddModelRequest(model=str(tmp_path), allow_pickled_weights=True)


def test_pull_writes_lines_where_there_is_no_terminal(address: str, script: ModelScript) -> None:
    done = models("pull", "bert-ner", "--yes", address=address)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "bert-ner: looking at the Hub",
        "bert-ner: model.safetensors (0 of 400 bytes)",
        "bert-ner: model.safetensors (300 bytes of 400 bytes)",
        "bert-ner: checking (400 bytes of 400 bytes)",
        "bert-ner: done",
    ]
    lines = models("pull", "bert-ner", "--yes", "--json", address=address).stdout.splitlines()
    assert json.loads(lines[-1])["expert"]["id"] == "bert-ner"


def test_pull_of_a_profile_leaves_out_what_cannot_run(address: str, script: ModelScript) -> None:
    done = models("pull", "--profile", "small", "--yes", address=address)
    assert done.returncode == 0
    assert "Left out, since they cannot run here: tapas." in done.stderr
    assert [request.expert_id for request in script.requests_of(pb.PullModelRequest)] == ["bert-ner", "swin"]
    assert models("pull", "--profile", "starter", address=address).stderr.startswith("Nothing is to be fetched")


def test_pull_asks_first_with_the_size(address: str, script: ModelScript) -> None:
    done = models("pull", "--profile", "small", address=address)
    assert done.returncode == 2
    assert "To download for 2 models: about 433.0 MB and 1 of unknown size; go on? Nobody can be asked" in done.stderr
    with Terminal([*COMMAND, "pull", "swin", "--address", address], 80) as terminal:
        terminal.until("To download for swin: 1 of unknown size; go on? [y/N]")
        terminal.type("n\n")
        assert terminal.finish() == 1
    assert "Nothing was fetched." in terminal.screen.text
    assert script.requests_of(pb.PullModelRequest) == []


@pytest.mark.parametrize("width", [64, 80, 130])
def test_pull_draws_a_bar_on_a_terminal(width: int, address: str) -> None:
    with Terminal([*COMMAND, "pull", "bert-ner", "--address", address], width) as terminal:
        terminal.until("go on? [y/N]")
        terminal.type("y\n")
        assert terminal.finish() == 0
        assert terminal.restored()
    assert "400/400 bytes" in terminal.screen.text
    assert ("bert-ner done" in terminal.screen.text) == (width > 120)
    assert terminal.screen.too_wide == []


def test_one_model_that_is_refused_does_not_stop_the_others(address: str, script: ModelScript) -> None:
    script.failures["bert-ner"] = Reason.HUB_ACCESS_DENIED.error("The Hub wants a token.")
    done = models("pull", "bert-ner", "swin", "--yes", address=address)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "swin: done")
    assert "Error: The Hub wants a token." in done.stderr
    script.failures["bert-ner"] = Reason.STORAGE_FULL.error("The disk is full.")
    assert "swin: done" not in models("pull", "bert-ner", "swin", "--yes", address=address).stdout


def test_ctrl_c_stops_a_pull_and_says_that_it_resumes(address: str, script: ModelScript) -> None:
    script.endless = True
    command = [*COMMAND, "pull", "bert-ner", "--yes", "--address", address]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any("checking" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "Stopped. `orchestrion models pull bert-ner` goes on from there.\n")
    assert script.cancelled.wait(10)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("pull",), 2, "Name the models to fetch"),
        (("pull", "bert-ner", "--profile", "small"), 2, "Name the models to fetch"),
        (("pull", "--profile", "huge"), 2, "there are: starter, small"),
        (("pull", "nothing"), 1, "The catalogue has no model 'nothing'"),
        (("pull", "tapas"), 1, "pandas"),
        (("list", "--host", "two"), 1, "there are: one"),
        (("list", "--host", "127.0.0.1:1"), 3, "No host answers"),
    ],
)
def test_wrong_input_is_told(arguments: tuple[str, ...], code: int, message: str, address: str) -> None:
    done = models(*arguments, address=address)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_a_host_is_named_where_there_are_several(address: str, script: ModelScript) -> None:
    script.hosts = ("one", "two")
    done = models("list", address=address)
    assert (done.returncode, "name one of them: one, two" in done.stderr) == (2, True)
    assert models("list", "--host", "two", address=address).returncode == 0
    assert models("list", "--host", address, address="127.0.0.1:1").returncode == 0


def test_remove_pin_export_and_refresh(address: str, script: ModelScript) -> None:
    done = models("remove", "bert-ner", address=address)
    assert (done.returncode, "Remove the files of bert-ner (433.0 MB) from this host?" in done.stderr) == (2, True)
    removed = models("remove", "bert-ner", "--yes", address=address).stdout
    assert removed == "Removed the files of bert-ner; its entry stays in the catalogue.\n"
    assert models("pin", "rapidocr", address=address).stdout == "rapidocr is loaded on cpu, and stays so.\n"
    assert "may be unloaded" in models("unpin", "rapidocr", address=address).stdout
    exported = models("export", "bert-ner", "--task", "token-classification", address=address).stdout
    assert exported.splitlines()[-1] == "Added bert-ner-onnx."
    assert script.requests_of(pb.ExportModelRequest)[0].task_type == "token-classification"
    assert models("refresh", address=address).stdout.splitlines()[-1] == "The facts of 1 model are up to date."


def test_sizes_in_words() -> None:
    assert [sizes.size(count) for count in (0, 10, 90_000, 2_500_000, 433_000_000, 1_240_000_000, 65 * 10**9)] == [
        "", "10 bytes", "90.0 kB", "2.5 MB", "433.0 MB", "1.2 GB", "65.0 GB",
    ]  # fmt: skip
    assert sizes.total(1_240_000_000, 3) == "about 1.2 GB and 3 of unknown size"
    assert sizes.total(0, 1) == "1 of unknown size"


def test_help_of_the_group_answers_without_grpc() -> None:
    program = "import sys\nfrom orchestrion.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program, "models", "--help"], check=False, capture_output=True, text=True, timeout=60
    )
    assert "profiles  List the profiles" in done.stdout
    assert not {"grpc", "google.protobuf", "rich", "yaml"} & set(done.stderr.split())


def running_on(address: str) -> Any:
    """Stands for the servers that `up` has started."""
    return SimpleNamespace(host=SimpleNamespace(grpc_address=address))


def test_up_downloads_what_a_profile_lacks(
    address: str, script: ModelScript, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given nobody to ask, `up` says how to download; with --yes it does, and what fails does not end the servers."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    up._fetch(running_on(address), "small", yes=False)
    errors = capsys.readouterr().err
    assert "Files of 2 experts are to be downloaded (about 433.0 MB and 1 of unknown size)" in errors
    assert f"orchestrion models pull --profile small --host {address}" in errors
    script.failures["swin"] = Reason.HUB_UNREACHABLE.error("The Hub does not answer.")
    up._fetch(running_on(address), "small", yes=True)
    shown = capsys.readouterr()
    assert "bert-ner: done" in shown.out
    assert "Not everything of the profile small could be fetched: The Hub does not answer." in shown.err
    up._fetch(running_on(address), "starter", yes=False)
    assert capsys.readouterr().err == ""
