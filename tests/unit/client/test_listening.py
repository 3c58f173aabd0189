"""Addresses to listen on: how they are read, what is taken, and the sentence with the cure where none can be."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from orchestrion.listening import ListenAddress, SocketFile, bound, command_of, explained, why_not


def sentence(address: ListenAddress) -> str:
    error = why_not(address)
    assert error is not None
    return str(explained(address, error, address_flag="--listen-host", port_flag="--port"))


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("127.0.0.1", "127.0.0.1:7"),
        ("localhost", "localhost:7"),
        ("::1", "[::1]:7"),
        ("[::1]", "[::1]:7"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("unix:///run/a.sock", "unix:/run/a.sock"),
        ("unix:a.sock", f"unix:{Path.cwd()}/a.sock"),
    ],
)
def test_an_address_is_told_as_clients_take_it(address: str, text: str) -> None:
    assert str(ListenAddress.read(address, 7)) == text


@pytest.mark.parametrize("address", ["unix:/a b", "unix:/a?b", "unix:/50%", f"unix:/{'long' * 30}"])
def test_a_path_that_cannot_be_that_of_a_socket_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="path of a socket"):
        ListenAddress.read(address, 0)


def test_a_taken_port_is_told_with_who_has_it_and_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert sentence(ListenAddress("127.0.0.1", port)) == (
            f"cannot listen on 127.0.0.1:{port}: the port is taken by process {os.getpid()} "
            f"({command_of(os.getpid())}). End that, or choose another with --port; --port 0 takes a free one."
        )


@pytest.mark.parametrize("host", ["203.0.113.1", "2001:db8::1", "nowhere.invalid"])
def test_an_address_of_another_machine_is_told_with_the_setting(host: str) -> None:
    assert f"{host} is no address of this machine. Choose one that it has with --listen-host" in sentence(
        ListenAddress(host, 0)
    )


def test_a_port_of_the_administrators_is_told_with_the_cure() -> None:
    error = PermissionError(13, "Permission denied")
    text = str(explained(ListenAddress("127.0.0.1", 80), error, address_flag="--listen-host", port_flag="--port"))
    assert text.endswith(
        "this user may not take port 80. Choose one above 1023 with --port; --port 0 takes a free one."
    )


def test_a_socket_is_its_owners_alone_replaced_when_dead_and_kept_when_alive(tmp_path: Path) -> None:
    address = ListenAddress.read(f"unix:{tmp_path}/a.sock", 0)
    listening, file = bound(address)
    listening.listen()
    assert stat.S_IMODE(os.stat(address.path).st_mode) == 0o600
    assert f"a server listens there by process {os.getpid()} (" in sentence(address)
    assert sentence(address).endswith("Choose another path with --listen-host.")
    listening.close()

    again, own = bound(address)
    file.remove()
    assert Path(address.path).exists(), "the file is the second server's"
    again.close()
    own.remove()
    assert not Path(address.path).exists()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    assert "is a file of another kind" in sentence(ListenAddress.read(f"unix:{path}", 0))
    with pytest.raises(OSError, match="another kind"), SocketFile(ListenAddress.read(f"unix:{path}", 0)).being_made():
        pass
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path}/none." in sentence(ListenAddress.read(f"unix:{tmp_path}/none/a.sock", 0))
