"""Which addresses are this machine's own, where no proxy can reach them."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import unquote

_LOCAL_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})
_SOCKETS: Final = ("unix", "unix-abstract", "vsock")
_RESOLVERS: Final = ("dns", "ipv4", "ipv6", "passthrough")


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
