"""Where a setting comes from, and what is told about one that cannot be."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrion_controller.config import ControllerConfig
from orchestrion_host.config import HostConfig
from orchestrion_serving.settings import SettingError, default_home, field_docstrings, load, load_or_exit


@dataclass(frozen=True)
class Config:
    """A server for tests."""

    name: str = "nobody"
    """The name of the server,
    told over two lines."""
    port: int = 50
    """The port; 100% free."""
    ratio: float = 0.5
    """A ratio."""
    fast: bool = False
    """Whether it is fast."""
    home: Path = Path("/srv")
    """Where it lives."""
    limit_bytes: int | None = None
    """A limit, in bytes; none when not set."""
    tags: tuple[str, ...] = ()
    """Some tags."""
    paths: tuple[Path, ...] = ()
    """Some paths."""
    token: str = field(default="", repr=False, metadata={"env": ("OTHER_TOKEN",), "secret": True})
    """The secret."""

    def __post_init__(self) -> None:
        if self.port < 0:
            raise ValueError(f"port: {self.port} is no port.")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no file of the machine decides a test."""
    for name in [*os.environ]:
        if name.startswith(("ORCHESTRION_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def read(*flags: str) -> Config:
    return load(Config, "test", flags)


def write(text: str, path: str = "orchestrion.toml") -> None:
    Path(path).write_text(text, "utf-8")


def test_defaults_where_nothing_is_said() -> None:
    assert read() == Config()


def test_flags_before_variables_before_the_file_before_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[test]\nname = "file"\nport = 1\nratio = 1.5\n[other]\nunknown = true\n')
    monkeypatch.setenv("ORCHESTRION_TEST_NAME", "variable")
    monkeypatch.setenv("ORCHESTRION_TEST_PORT", "2")
    monkeypatch.setenv("ORCHESTRION_OTHER_NAME", "not mine")
    assert read("--name", "flag") == Config(name="flag", port=2, ratio=1.5)


def test_every_form_from_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    flags = ["--port=1_000", "--ratio=1e-3", "--fast", "--home=~/x", "--limit-bytes=7", "--tags=a,b", "--paths=c,~/d"]
    assert read(*flags) == Config(
        port=1_000,
        ratio=0.001,
        fast=True,
        home=Path("/home/me/x"),
        limit_bytes=7,
        tags=("a", "b"),
        paths=(Path("c"), Path("/home/me/d")),
    )


def test_every_form_from_the_file() -> None:
    write(
        '[test]\nport = 1_000\nratio = 2\nfast = true\nhome = "x"\nlimit_bytes = 7\n'
        'tags = ["a,b", "c"]\npaths = ["d"]\ntoken = "hush"\n'
    )
    assert read() == Config(
        port=1_000,
        ratio=2.0,
        fast=True,
        home=Path("x"),
        limit_bytes=7,
        tags=("a,b", "c"),
        paths=(Path("d"),),
        token="hush",
    )


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("YES", True), ("on", True), ("0", False), ("False", False)]
)
def test_truth_values_of_variables(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("ORCHESTRION_TEST_FAST", text)
    assert read().fast is value
    assert read("--fast").fast is True
    assert read("--no-fast").fast is False


def test_an_empty_variable_is_none_and_an_empty_flag_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRION_TEST_NAME", "")
    assert read().name == "nobody"
    assert read("--name=").name == ""
    assert read("--tags=").tags == ()


def test_the_file_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("[test]\nport = 1\n", "one.toml")
    write("[test]\nport = 2\n", "two.toml")
    monkeypatch.setenv("ORCHESTRION_CONFIG", str(tmp_path / "one.toml"))
    assert read().port == 1
    assert read("--config", "two.toml").port == 2


def test_further_variables_of_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "other")
    assert read().token == "other"
    monkeypatch.setenv("ORCHESTRION_TEST_TOKEN", "own")
    assert read().token == "own"


def test_a_secret_has_no_flag_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read("--token=hush")
    assert "unrecognized arguments: --token" in capsys.readouterr().err
    monkeypatch.setenv("ORCHESTRION_TEST_TOKEN", "hush")
    assert "hush" not in repr(read())


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--port=many", "--port: 'many' is not a whole number."),
        ("--port=1.5", "--port: '1.5' is not a whole number."),
        ("--port=", "--port: '' is not a whole number."),
        ("--port=-1", "port: -1 is no port."),
        ("--ratio=half", "--ratio: 'half' is not a number."),
        ("--limit-bytes=1GB", "--limit-bytes: '1GB' is not a whole number."),
        ("--config=missing.toml", "missing.toml: [Errno 2] No such file or directory: 'missing.toml'"),
    ],
)
def test_a_bad_flag_is_named(flag: str, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(flag)
    assert str(caught.value) == words


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRION_TEST_FAST", "maybe")
    with pytest.raises(SettingError, match=r"^ORCHESTRION_TEST_FAST: 'maybe' is not true or false\.$"):
        read()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[test]\nport = true\n", "orchestrion.toml: port: True is not a whole number."),
        ("[test]\nport = [1]\n", "orchestrion.toml: port: [1] is not a whole number."),
        ('[test]\nname = ["a"]\n', "orchestrion.toml: name: ['a'] is not a text."),
        ("[test.name]\na = 1\n", "orchestrion.toml: name: {'a': 1} is not a text."),
        ('[test]\nfast = "maybe"\n', "orchestrion.toml: fast: 'maybe' is not true or false."),
        ("[test]\nport = -1\n", "port: -1 is no port."),
        ("test = 3\n", "orchestrion.toml: test is no section; write [test] above its settings."),
        ("[test\n", "orchestrion.toml: "),
    ],
)
def test_a_bad_file_is_named(text: str, words: str) -> None:
    write(text)
    with pytest.raises(SettingError) as caught:
        read()
    assert str(caught.value).startswith(words)


def test_a_file_that_is_no_text() -> None:
    Path("orchestrion.toml").write_bytes(b'[test]\nname = "\xff"\n')
    with pytest.raises(SettingError, match=r"^orchestrion\.toml: "):
        read()


def test_an_unknown_key_is_told_with_those_that_there_are() -> None:
    write("[test]\nprot = 1\n")
    with pytest.raises(SettingError, match=r"orchestrion\.toml: \[test\] has no setting 'prot'; it has .*\bport\b"):
        read()


def test_help_is_written_from_docstrings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit, match="0"):
        read("--help")
    shown = capsys.readouterr().out
    assert "A server for tests." in shown
    assert "The name of the server, told over two lines. (default: nobody)" in shown
    assert "The port; 100% free. (default: 50)" in shown
    assert "--limit-bytes VALUE" in shown
    assert "--fast, --no-fast" in shown
    assert "ORCHESTRION_TEST_" in shown
    assert "token" not in shown


def test_a_bad_setting_ends_the_process_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        load_or_exit(Config, "test", ["--port=many"])
    assert capsys.readouterr().err == "error: --port: 'many' is not a whole number.\n"
    assert load_or_exit(Config, "test", []) == Config()


def test_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_home().name == "orchestrion"
    monkeypatch.setenv("ORCHESTRION_HOME", "/srv/all")
    assert default_home() == Path("/srv/all")
    assert load(ControllerConfig, "controller", []).home == Path("/srv/all")
    assert load(HostConfig, "host", ["--home=/srv/mine"]).home == Path("/srv/mine")


@pytest.mark.parametrize("config_type", [ControllerConfig, HostConfig])
def test_every_setting_of_the_servers_has_a_help_text(config_type: Any) -> None:
    texts = field_docstrings(config_type)
    assert texts.keys() == config_type.__dataclass_fields__.keys()
    assert all(text.endswith(".") for text in texts.values())


@pytest.mark.parametrize(
    ("config_type", "section", "flag", "named"),
    [
        (ControllerConfig, "controller", "--port=65536", "port"),
        (ControllerConfig, "controller", "--metrics-port=-1", "metrics_port"),
        (ControllerConfig, "controller", "--lease-ms=0", "lease_ms"),
        (ControllerConfig, "controller", "--max-running-runs=0", "max_running_runs"),
        (ControllerConfig, "controller", "--synchronous=off", "synchronous"),
        (ControllerConfig, "controller", "--planner=magic", "planner"),
        (ControllerConfig, "controller", "--planner=llm", "planner"),
        (ControllerConfig, "controller", "--log-level=loud", "log_level"),
        (HostConfig, "host", "--name=a b", "name"),
        (HostConfig, "host", "--port=65536", "port"),
        (HostConfig, "host", "--queue-limit=0", "queue_limit"),
        (HostConfig, "host", "--hang-timeout-s=0", "hang_timeout_s"),
        (HostConfig, "host", "--memory-budget-bytes=-1", "memory_budget_bytes"),
        (HostConfig, "host", "--log-level=loud", "log_level"),
    ],
)
def test_what_the_servers_refuse_is_named(config_type: Any, section: str, flag: str, named: str) -> None:
    with pytest.raises(SettingError, match=rf"^{named}: "):
        load(config_type, section, [flag])
