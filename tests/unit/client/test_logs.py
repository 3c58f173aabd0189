"""Lines of logs: for people and for programs, with the ids of the work, and without what people wrote."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from orchestrion import logs

WORDS = "my secret diary"
IDS = {"run": "runs/one", "task": "", "trace_id": "0af7"}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def fail_with_words() -> None:
    """Logs an error whose cause quotes what a person wrote."""
    try:
        try:
            raise KeyError(WORDS)
        except KeyError as error:
            raise ValueError(f"cannot read {WORDS}") from error
    except ValueError:
        logging.getLogger("some.module").exception("%s failed", "runs/one")


def test_a_line_for_people_ends_with_the_ids(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "console", lambda: IDS)
    logging.getLogger("some.module").info("%s ended", "runs/one")
    logging.getLogger("some.module").debug("not this")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("INFO some.module: runs/one ended [run=runs/one trace_id=0af7]")


def test_json_has_one_object_a_line_with_an_exception_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json", lambda: IDS, process="worker")
    fail_with_words()
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert entry["message"] == "runs/one failed"
    assert (entry["level"], entry["run"], entry["trace_id"]) == ("ERROR", "runs/one", "0af7")
    assert (entry["process"], "task" in entry) == ("worker", False)
    assert "fail_with_words" in entry["exception"]


@pytest.mark.parametrize("form", logs.FORMATS)
def test_the_words_of_an_error_are_written_only_where_they_are_asked_for(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("info", form)
    fail_with_words()
    without = capsys.readouterr().err
    logs.set_up("info", form, content=True)
    fail_with_words()
    assert WORDS not in without
    assert all(name in without for name in ("KeyError", "ValueError", "which led to"))
    assert WORDS in capsys.readouterr().err
