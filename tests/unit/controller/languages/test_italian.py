"""A person adds Italian: a package with one folder, installed beside the controller, and a file that the reader learns.

`italian/` is what that person makes by `docs/adding-a-language.md`. It is installed as packages are, into a folder of
its own with its entry point, and asked in processes of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrion import task_types
from tests.unit.training import marks

HERE: Final = Path(__file__).parent
ITALIAN: Final = HERE / "italian"
TRAINING_FILE: Final = ITALIAN / "it-01.jsonl"


def install(site: Path, package: str, version: str, entry_points: Mapping[str, Mapping[str, str]]) -> None:
    """Writes what an installer writes beside the files of a package."""
    info = site / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", "utf-8")
    sections = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in entry_points.items()
    )
    (info / "entry_points.txt").write_text("\n".join(sections), "utf-8")


def child(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with the packages of a folder installed."""
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", ""))))
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages, with Italian."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((ITALIAN / "pyproject.toml").read_text("utf-8"))["project"]
    shutil.copytree(ITALIAN / "orchestrion_italian", folder / "orchestrion_italian")
    install(folder, "orchestrion_italian", project["version"], project["entry-points"])
    return folder


ASK: Final = """
import json, logging
logging.basicConfig(level=logging.INFO)
from orchestrion import task_types
from orchestrion_controller import refusals
from orchestrion_controller.abilities import abilities
from orchestrion_controller.cures import Cure
from orchestrion_controller.languages import amounts, detect, language_names, load
types = task_types.load()
request = "Quante facce ci sono, ma solo quelle con gli occhiali?"
tag = detect(request)
parts = [
    refusals.nothing_does("con gli occhiali", tag, "Conta i volti in foto.jpg"),
    refusals.no_expert("di che colore", types["visual-question-answering"], Cure("orchestrion up", 290_400_000), tag),
]
some = {name: types[name] for name in ("summarization", "text-to-speech")}
print(json.dumps({
    "languages": sorted(load()),
    "request": tag,
    "others": [detect(text) for text in ("count the faces", "cuenta las caras", "compte les visages")],
    "amounts": [[item.value, item.unit, item.form] for item in amounts.read("alza di tre semitoni e mezzo la seconda")],
    "names": [item.tag for item in language_names.read("dal tedesco allo svizzero tedesco")],
    "refusal": refusals.lines(parts, [], tag),
    "some": abilities(some, tag),
    "all": abilities(types, tag),
    "none": abilities({}, tag),
    "english": abilities(some, "en"),
}))
"""


@pytest.fixture(scope="module")
def answers(site: Path) -> Any:
    """What a process says that has Italian."""
    process = child(site, "-c", ASK)
    assert process.returncode == 0, process.stderr
    assert "orchestrion_italian.it is left out" not in process.stderr
    return json.loads(process.stdout)


def test_italian_stands_beside_the_others(answers: Any) -> None:
    assert answers["languages"] == ["de", "en", "es", "fr", "it", "ja", "zh"]


def test_a_request_is_told_to_be_italian_and_others_are_not(answers: Any) -> None:
    assert answers["request"] == "it"
    assert answers["others"] == ["en", "es", "fr"]


def test_amounts_and_names_of_languages_are_read(answers: Any) -> None:
    assert answers["amounts"] == [[3.5, "semitone", "exact"], [2.0, None, "ordinal"]]
    assert answers["names"] == ["de", "gsw"]


def test_a_refusal_is_in_italian(answers: Any) -> None:
    """Given a part that nobody does and one without an expert: why, the nearest request and the cure."""
    assert answers["refusal"] == [
        "Questo non lo posso fare: `con gli occhiali`. Qui niente lo fa.",
        "Capito: rispondere a una domanda su un'immagine (visual-question-answering); "
        "qui non c'è nessun esperto per questo.",
        "Per averlo: `orchestrion up` (290 MB)",
        "Prova con: `Conta i volti in foto.jpg`",
    ]


def test_what_can_be_done_is_told_in_italian(answers: Any) -> None:
    assert answers["some"] == [
        "Testi: riassumere un testo",
        "Suoni: leggere un testo ad alta voce",
        "Per esempio: `Di' «Benvenuti a casa nostra» ad alta voce`, `Riassumi letter.txt in due frasi`",
    ]
    assert answers["none"] == ["Qui non c'è ancora nessun esperto."]
    assert answers["english"][0] == "Texts: sum a text up"
    assert len(answers["all"]) <= 6


@pytest.mark.tasks
def test_the_sentences_and_files_of_all_languages_hold_with_italian_among_them(site: Path) -> None:
    """What the page tells a person to run: the checks of every language's folder, Italian's now too."""
    names = ("test_sentences.py", "test_message_files.py", "test_answer_files.py", "test_no_words_in_code.py")
    checks = [str(HERE / name) for name in names]
    process = child(site, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *checks)
    assert process.returncode == 0, process.stdout[-4_000:]
    assert "amounts it: " in process.stdout


BROKEN: Final[Mapping[str, tuple[Mapping[str, str], str]]] = {
    "nl": ({"messages.yaml": "try: hallo"}, "the folder has no grammar.yaml"),
    "pl": ({"grammar.yaml": "number: {1: jeden"}, "pl/grammar.yaml"),
    "pt": ({"grammar.yaml": "templates: {exact: ['{n vezes']}"}, "{n vezes"),
    "ro": ({"grammar.yaml": "number: {1: unu}", "language_names.yaml": "- engleza"}, "ro/language_names.yaml"),
    "sv": ({"grammar.yaml": "number: {1: ett}", "messages.yaml": 'try: "Prova: {wish}"'}, "'wish'"),
    "da": ({"grammar.yaml": "number: {1: en}", "messages.yaml": 'try: "Prøv: {request"'}, "messages.yaml: 'try'"),
    "cs": ({"grammar.yaml": "number: {1: jeden}", "examples.yaml": "translation: {does: překládat}"}, "'translation'"),
    "hu": ({"grammar.yaml": "number: {1: egy}", "answers.yaml": "templates: {translation: fordítás}"}, "answers.yaml"),
    "sk": ({"grammar.yaml": "number: {1: jeden}", "answers.yaml": "words: {and: '{one} a {two}'}"}, "'and'"),
    "de": ({"grammar.yaml": "number: {1: eins}"}, "there is a folder for it already"),
}
"""Folders that other people made, and what is said about each."""


def test_what_is_missing_or_broken_is_a_line_in_the_log(site: Path, tmp_path: Path) -> None:
    """Given packages with each kind of mistake beside Italian: each is left out by name, and all else works."""
    shutil.copytree(site, tmp_path, dirs_exist_ok=True)
    for tag, (files, _) in BROKEN.items():
        folder = tmp_path / f"orchestrion_broken_{tag}" / tag
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        install(tmp_path, folder.parent.name, "1", {"orchestrion.languages": {tag: f"{folder.parent.name}.{tag}"}})
    install(tmp_path, "orchestrion_gone", "1", {"orchestrion.languages": {"fi": "orchestrion_gone.fi"}})
    (tmp_path / "orchestrion_italian/it/messages.yaml").unlink()

    process = child(tmp_path, "-c", ASK)

    assert process.returncode == 0, process.stderr
    answers = json.loads(process.stdout)
    assert answers["languages"] == ["de", "en", "es", "fr", "it", "ja", "zh"]
    lines = {line.split("'")[1]: line for line in process.stderr.splitlines() if line.startswith("WARNING")}
    assert sorted(lines) == sorted([*BROKEN, "fi"])
    for tag, (_, reason) in BROKEN.items():
        assert f"orchestrion_broken_{tag}.{tag} is left out" in lines[tag]
        assert reason in lines[tag]
    assert "'it' of orchestrion_italian.it lacks messages.yaml" in process.stderr
    assert answers["request"] == "it"
    assert answers["refusal"][0] == "I cannot do this: `con gli occhiali`. Nothing here does that."
    assert answers["some"][0] == "Texts: riassumere un testo"


def test_the_training_file_is_of_the_form_that_a_reader_learns_from() -> None:
    marks.check(TRAINING_FILE)
    requests = [json.loads(line) for line in TRAINING_FILE.read_text("utf-8").splitlines()]
    assert len(requests) >= 120
    asked_for = {step.split()[0] for request in requests for step in request["steps"]}
    assert asked_for >= set(task_types.load()) - {"test-delay"}
