"""Which addresses are this machine's own, where no proxy can reach them."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Final
from urllib.parse import unquote

_LOCAL_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})
_SOCKETS: Final = ("unix", "unix-abstract", "vsock")
_RESOLVERS: Final = ("dns", "ipv4", "ipv6", "passthrough")
_EXEMPT: Final = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether a host's name or IP address is this machine's own."""
    host = host.strip("[]").rstrip(".").casefold()
    if host in _LOCAL_NAMES or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    # The unspecified address is this machine, too, for whoever connects to it.
    return (mapped or address).is_loopback or (mapped or address).is_unspecified


def is_loopback_target(target: str) -> bool:
    """Whether a target of gRPC is on this machine: `host:port`, `dns:///host:port`, `ipv4:…`, `unix:…`."""
    scheme, separator, rest = target.partition(":")
    if separator and scheme.casefold() in _SOCKETS:
        return True
    if separator and scheme.casefold() in _RESOLVERS:
        target = rest.rpartition("/")[2]
    target = unquote(target)
    # An IPv6 address without a port has colons, too.
    return is_loopback(target.rpartition(":")[0]) or is_loopback(target)


def exempt_from_proxies(environment: MutableMapping[str, str]) -> None:
    """Has libraries that go by the environment reach this machine directly, whatever proxies that names.

    Args:
        environment: What is changed: that of a server's own process, which its programs and workers inherit.
    """
    # Where both are set, libraries go by the one in lower case.
    name = "no_proxy" if environment.get("no_proxy") or not environment.get("NO_PROXY") else "NO_PROXY"
    exempt = [item for item in environment.get(name, "").split(",") if item]
    environment[name] = ",".join(dict.fromkeys([*exempt, *_EXEMPT]))
