"""Network namespaces with a link each to this machine, which can be cut: addresses of this machine's alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Self


class Links:
    """A bridge, and namespaces on it; a context manager that takes all of it down again."""

    def __init__(self, names: Sequence[str]) -> None:
        """Prepares links for these names, each a letter or two."""
        self._names = list(names)
        self._tag = f"or{os.getpid() % 100_000}"
        self._net = f"10.{200 + os.getpid() // 250 % 50}.{os.getpid() % 250}"
        self.address = f"{self._net}.1"
        """Where namespaces reach this machine."""

    def __enter__(self) -> Self:
        """Makes them.

        Raises:
            PermissionError: This process may not.
        """
        try:
            _ip("link", "add", self._tag, "type", "bridge")
        except (OSError, subprocess.CalledProcessError) as error:
            raise PermissionError("network namespaces cannot be made here") from error
        try:
            _ip("address", "add", f"{self.address}/24", "dev", self._tag)
            _ip("link", "set", self._tag, "up")
            for name in self._names:
                self._add(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            # The link goes with its namespace.
            _ip("netns", "delete", self._namespace(name), check=False)
        _ip("link", "delete", self._tag, check=False)

    def launcher(self, name: str) -> list[str]:
        """What starts a program in a namespace."""
        return ["ip", "netns", "exec", self._namespace(name)]

    def address_of(self, name: str) -> str:
        """The address of a namespace."""
        return f"{self._net}.{2 + self._names.index(name)}"

    def cut(self, name: str) -> None:
        """Has nothing pass a link any more; nobody is told, as with a cable that is pulled."""
        _ip("link", "set", self._link(name), "down")

    def mend(self, name: str) -> None:
        """Has a link that was cut pass everything again."""
        _ip("link", "set", self._link(name), "up")

    def _add(self, name: str) -> None:
        namespace, link, far_end = self._namespace(name), self._link(name), f"{self._link(name)}x"
        _ip("netns", "add", namespace)
        _ip("link", "add", link, "type", "veth", "peer", "name", far_end)
        _ip("link", "set", far_end, "netns", namespace)
        _ip("link", "set", link, "master", self._tag, "up")
        _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", namespace, "address", "add", f"{self.address_of(name)}/24", "dev", far_end)
        _ip("-n", namespace, "link", "set", far_end, "up")

    def _namespace(self, name: str) -> str:
        return f"{self._tag}-{name}"

    def _link(self, name: str) -> str:
        return f"{self._tag}{name}"


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True)
