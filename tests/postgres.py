"""A private PostgreSQL for tests: a cluster in a folder of its own, on a Unix socket, stopped with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_USER = "postgres"
_STARTS_WITHIN_S = 60.0


def binaries() -> Path:
    """Returns the folder of PostgreSQL's programs; skips the test where there is none."""
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if path := shutil.which("postgres"):
        candidates.insert(0, Path(path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.skip("PostgreSQL is not installed (Debian: postgresql)")


class PostgresCluster:
    """A cluster that can be stopped as by a power cut, and started again."""

    def __init__(self, folder: Path) -> None:
        """Makes the cluster; `start` starts its server."""
        self._bin = binaries()
        self._folder = folder
        self._data = folder / "data"
        self._server: subprocess.Popen[bytes] | None = None
        self._count = 0
        # PostgreSQL refuses to run as root.
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            entry = pwd.getpwnam(_USER)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            self._as_user = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
        self._run(
            "initdb", "--auth=trust", "--no-sync", "--locale=C.UTF-8", f"--username={_USER}", f"--pgdata={self._data}"
        )

    def url(self, database: str = "postgres") -> str:
        """Returns the URL of a database of the cluster."""
        return f"postgresql://{_USER}@/{database}?host={self._folder}"

    def start(self) -> None:
        """Starts the server and waits until it takes connections; it ends with the thread that called this."""
        command = ["setpriv", "--pdeathsig=INT", *self._as_user, str(self._bin / "postgres"), "-D", str(self._data)]
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self._folder}", "-c", "fsync=off"]
        with (self._folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen([*command, *options], stdout=log, stderr=log, cwd=self._folder)
        end = time.monotonic() + _STARTS_WITHIN_S
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert self._server.poll() is None, (self._folder / "server.log").read_text()
                assert time.monotonic() < end
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stops the server at once, as `pg_ctl stop -m immediate` does: connections break, and it recovers later."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(30)
            self._server = None

    def new_database(self) -> str:
        """Makes an empty database and returns its URL."""
        self._count += 1
        name = f"test{self._count}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        prefix = ["setpriv", *self._as_user] if self._as_user else []
        subprocess.run(
            [*prefix, str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self._folder
        )


@contextmanager
def running_cluster() -> Iterator[PostgresCluster]:
    """A cluster that runs for as long as the context lasts."""
    # In the system's own folder: the server's user may not enter the one of the tests, and a socket's path is short.
    with tempfile.TemporaryDirectory(prefix="orchestrion-pg-") as folder:
        cluster = PostgresCluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
