"""Where servers listen: IP addresses, names and unix sockets, and what is said when they cannot. For servers alone."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import stat
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_SCHEME: Final = "unix:"
_LONGEST_PATH: Final = 107
"""How many bytes Linux takes as the path of a socket."""
# An address is a target of gRPC, which is a URI, and a word of the line that says where a server serves.
_PATH: Final = re.compile(r"[A-Za-z0-9._~/@+,=-]+")
_PROBE_S: Final = 1.0
_NO_ADDRESS: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address to listen on. As a text it is what clients take: `host:port`, `[::1]:port` or `unix:/path`."""

    host: str
    """The IP address or the name, without brackets; empty for a unix socket."""
    port: int
    """The port; 0 takes a free one."""
    path: str = ""
    """The absolute path of a unix socket; empty for none."""

    @classmethod
    def read(cls, address: str, port: int) -> Self:
        """Reads an address as settings have it: `127.0.0.1`, `::1`, `[::1]`, a name, or `unix:/path`.

        Raises:
            ValueError: It is the path of a socket that cannot be one.
        """
        if not address.startswith(_SCHEME):
            return cls(address.strip("[]"), port)
        # gRPC's other form, `unix:///path`, has the same path.
        path = os.path.abspath(re.sub("^/+", "/", address.removeprefix(_SCHEME)))
        if not _PATH.fullmatch(path):
            raise ValueError(f"{path!r} cannot be the path of a socket; use letters, digits and . _ ~ @ + , = - alone.")
        if len(path) > _LONGEST_PATH:
            raise ValueError(f"{path!r} is too long for the path of a socket: {len(path)} bytes of {_LONGEST_PATH}.")
        return cls("", 0, path)

    @property
    def is_socket_file(self) -> bool:
        """Whether it is a unix socket."""
        return bool(self.path)

    def with_port(self, port: int) -> Self:
        """Returns it with the port that was taken."""
        return self if self.path else type(self)(self.host, port)

    def connect(self, timeout_s: float = _PROBE_S) -> socket.socket:
        """Connects to it; errors are those of `socket`."""
        if not self.path:
            return socket.create_connection((self.host, self.port), timeout_s)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout_s)
            connection.connect(self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def __str__(self) -> str:
        """Returns it as clients take it."""
        if self.path:
            return f"{_SCHEME}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SocketFile:
    """The file of a unix socket: for its owner alone, in place of one that a dead server left, removed at the end."""

    def __init__(self, address: ListenAddress) -> None:
        """Keeps the address; without a path, nothing is done."""
        self._address = address
        self._made: tuple[int, int] | None = None

    @contextlib.contextmanager
    def being_made(self) -> Generator[None, None, None]:
        """Makes room for the file, which is made in the body.

        Raises:
            OSError: A server listens there, or what is there is no socket.
        """
        if not self._address.path:
            yield
            return
        self._clear()
        before = os.umask(0o177)
        try:
            yield
        finally:
            os.umask(before)
        self._made = _identity(self._address.path)

    def remove(self) -> None:
        """Removes the file, unless another server has put its own there."""
        if self._made is not None and _identity(self._address.path) == self._made:
            Path(self._address.path).unlink(missing_ok=True)
        self._made = None

    def _clear(self) -> None:
        path = Path(self._address.path)
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise OSError(errno.EEXIST, f"{path} is a file of another kind")
        try:
            self._address.connect().close()
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def bound(address: ListenAddress) -> tuple[socket.socket, SocketFile]:
    """Returns a socket that is bound to an address, not listening yet, and its file.

    Raises:
        OSError: It cannot be bound; `explained` says it in words.
    """
    file = SocketFile(address)
    family, target = _resolved(address)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family != socket.AF_UNIX:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with file.being_made():
            listening.bind(target)
    except BaseException:
        listening.close()
        raise
    return listening, file


def why_not(address: ListenAddress) -> OSError | None:
    """Says why an address cannot be bound; None where it can."""
    try:
        listening, file = bound(address)
    except OSError as error:
        return error
    listening.close()
    file.remove()
    return None


def explained(address: ListenAddress, error: OSError, *, address_flag: str, port_flag: str) -> OSError:
    """Says in a sentence why nothing can listen on an address, and the cure.

    Args:
        address: The address.
        error: What binding it raised.
        address_flag: The flag that sets the address, such as `--listen-host`.
        port_flag: The flag that sets the port, such as `--port`.

    Returns:
        An error of the same kind whose text is the sentence.
    """
    if isinstance(error, socket.gaierror) or error.errno in _NO_ADDRESS:
        text = (
            f"cannot listen on {address}: {address.host} is no address of this machine. "
            f"Choose one that it has with {address_flag}, such as 127.0.0.1."
        )
    elif address.path:
        text = f"cannot listen on {address}: {_of_path(address, error)} Choose another path with {address_flag}."
    elif error.errno == errno.EADDRINUSE:
        text = (
            f"cannot listen on {address}: the port is taken{_holder_of_port(address.port)}. "
            f"End that, or choose another with {port_flag}; {port_flag} 0 takes a free one."
        )
    elif error.errno in {errno.EACCES, errno.EPERM}:
        text = (
            f"cannot listen on {address}: this user may not take port {address.port}. "
            f"Choose one above 1023 with {port_flag}; {port_flag} 0 takes a free one."
        )
    else:
        text = f"cannot listen on {address}: {error.strerror or error}."
    return OSError(text)


def _resolved(address: ListenAddress) -> tuple[int, str | tuple[object, ...]]:
    if address.path:
        return socket.AF_UNIX, address.path
    family, _, _, _, target = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    return family, target


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    # A number is given to the next file at once, and the time of making stays when somebody changes the mode.
    return status.st_ino, status.st_mtime_ns


def _of_path(address: ListenAddress, error: OSError) -> str:
    folder = Path(address.path).parent
    if error.errno == errno.EADDRINUSE:
        return f"a server listens there{_holder_of_path(address)}."
    if error.errno == errno.ENOENT or not folder.is_dir():
        return f"there is no folder {folder}."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"this user may not write to {folder}."
    return f"{error.strerror or error}."


def _holder_of_path(address: ListenAddress) -> str:
    with contextlib.suppress(OSError), address.connect() as connection:
        process = int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), "little")
        return _named(str(process))
    return ""


def _holder_of_port(port: int) -> str:
    """Names the process that listens on a port, where the system tells; only the user's own processes are told."""
    listens = "0A"
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == listens and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*") if inodes else ():
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in inodes:
                        return _named(process.name)
    return ""


def _named(process: str) -> str:
    command = command_of(int(process))
    return f" by process {process}{f' ({command})' if command else ''}"


def command_of(process: int) -> str:
    """Returns what a process runs: the beginning of its command, without flags; empty where the system does not say."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    program = Path(words[0]).name
    return " ".join((program, *words[1:3])) if words[1:2] == ["-m"] else program
