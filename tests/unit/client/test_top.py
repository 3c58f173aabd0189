"""`orchestrion top`: what it makes of metrics, of servers that are away, and of names that would steer the terminal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from orchestrion.cli.top.exposition import increases, parse
from orchestrion.cli.top.looks import taken
from orchestrion.cli.top.scraping import Scrape
from orchestrion.experts import ExpertState, ExpertStatus
from tests.unit.client.scripted import HOST, Script
from tests.unit.client.terminals import Terminal

COMMAND = [sys.executable, "-W", "error", "-m", "orchestrion", "top"]
HOSTILE = 'evil\x1b[2J\x9b31m\u202e"\\\nname'


class Metrics:
    """Registries of a controller and a host, as prometheus_client writes them; each reading counts ten calls more."""

    def __init__(self) -> None:
        self.controller, self.host = CollectorRegistry(), CollectorRegistry()
        Gauge("orchestrion_controller_runs_running", "Text.", registry=self.controller).set(3)
        self.calls = Counter("orchestrion_host_inferences", "Text.", ["expert", "outcome"], registry=self.host)
        self.calls.labels("rapidocr", "succeeded").inc(100)
        self.calls.labels(HOSTILE, "succeeded").inc(1)
        for name, value in (("utilization_ratio", 0.5), ("temperature_celsius", 61.0), ("power_watts", 312.5)):
            Gauge(f"orchestrion_host_device_{name}", "Text.", ["device"], registry=self.host).labels("cpu").set(value)

    def answer(self, path: str, port: int) -> bytes:
        if path == "/sd/hosts":
            return json.dumps([{"targets": [f"127.0.0.1:{port}"], "labels": {"host": "one"}}]).encode()
        if path == "/controller/metrics":
            return generate_latest(self.controller)
        self.calls.labels("rapidocr", "succeeded").inc(10)
        return generate_latest(self.host)


@contextmanager
def serving(metrics: Metrics) -> Iterator[str]:
    """Serves discovery and the controller's metrics under `/controller`, the host's at the root."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = metrics.answer(self.path.replace("/controller/sd", "/sd"), server.server_port)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=60)


def test_the_text_format_is_read_as_its_own_library_reads_it() -> None:
    metrics = Metrics()
    text = generate_latest(metrics.host).decode()
    expected = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert dict(parse(text).samples) == expected
    assert parse('# no sample\nbroken{\nx{a="1"} nonsense\n y\x00 1\n').samples == {}


def test_a_counter_that_fell_was_started_anew() -> None:
    grown = increases(parse("a_total 10\nb_total 3\n"), parse("a_total 4\nb_total 5\nc_total 1\n"))
    assert {name: value for (name, _), value in grown.samples.items()} == {"a_total": 4, "b_total": 2, "c_total": 1}


def test_rates_are_there_from_the_second_look_on() -> None:
    first = Scrape("http://h/metrics", "one", parse('orchestrion_host_inferences_total{expert="rapidocr"} 10\n'), 1.0)
    second = replace(first, exposition=parse('orchestrion_host_inferences_total{expert="rapidocr"} 30\n'), moment_s=5.0)
    assert taken([HOST], [], [first], []).hosts[0].calls_per_second is None
    look = taken([HOST], [first], [second], [])
    assert look.hosts[0].calls_per_second == look.experts[0].calls_per_second == 5.0
    gone = replace(second, problem="refused")
    later = taken([HOST], [second], [gone], [])
    assert later.hosts[0].calls_per_second is None
    assert later.problems == ("one at http://h/metrics: refused",)


def test_scripts_get_json_with_rates_in_the_second_line(script: Script, address: str) -> None:
    del script
    with serving(Metrics()) as url:
        done = run("--address", address, "--controller-metrics", f"{url}/controller", "--json", "--count", "2",
                   "--interval", "0.1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["runs"]["running_count"] == 3
    assert first["hosts"][0]["calls_per_second"] is None
    assert second["hosts"][0]["calls_per_second"] > 0
    assert second["hosts"][0]["devices"][0]["temperature_celsius"] == 61.0
    assert second["problems"] == []


def test_elsewhere_than_on_a_terminal_one_look_is_printed_without_codes_of_strangers(
    script: Script, address: str
) -> None:
    status = ExpertStatus(HOSTILE, ExpertState.LOADED, "cpu", 80 << 20, running_count=2)
    script.host_changes = [replace(HOST, name=f"hosts/{HOSTILE}", statuses=(status,))]
    with serving(Metrics()) as url:
        done = run("--address", address, "--controller-metrics", f"{url}/controller")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("runs: 3 running")
    assert "evil" in done.stdout
    assert not set(done.stdout) & set("\x1b\x9b\u202e")
    assert all("evil" in line for line in done.stdout.splitlines() if "name" in line)


def test_servers_that_are_away_are_told_in_their_place(address: str) -> None:
    with serving(Metrics()) as url:
        no_controller = run("--address", "127.0.0.1:1", "--controller-metrics", f"{url}/controller")
    assert "controller: " in no_controller.stdout
    assert no_controller.returncode == 0, "its metrics answer"
    no_metrics = run("--address", address, "--controller-metrics", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1/metrics: " in no_metrics.stdout
    assert "one" in no_metrics.stdout
    assert no_metrics.returncode == 0
    nothing = run("--address", "127.0.0.1:1", "--controller-metrics", "http://127.0.0.1:1", "--json")
    assert nothing.returncode == 3
    assert len(json.loads(nothing.stdout)["problems"]) == 2


@pytest.mark.parametrize("arguments", [("--once", "--count", "2"), ("--metrics", "9465"), ("--interval", "0")])
def test_wrong_flags_are_told(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr or "http://127.0.0.1:9465" in done.stderr


def test_a_terminal_shows_it_live_until_ctrl_c(address: str) -> None:
    with serving(Metrics()) as url:
        command = [*COMMAND, "--address", address, "--controller-metrics", f"{url}/controller", "--interval", "0.1"]
        with Terminal(command, 140) as terminal:
            terminal.until("rapidocr")
            terminal.until_true(lambda: "CALLS/S" in terminal.screen.text and " 50% 61 °C" in terminal.screen.text)
            assert terminal.screen.too_wide == []
            terminal.type("\x03")
            assert terminal.finish() == 128 + signal.SIGINT
            assert terminal.restored()
