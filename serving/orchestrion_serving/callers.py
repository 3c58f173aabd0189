"""Who makes a call: what limits and turns go by, so that nobody takes everybody's place.

A caller is the address that a call comes from. Who serves many people from one address, as the gateway does, says for
whom it calls (`orchestrion.callers.acting_for`), and is believed where it could not gain by a lie: on this machine.
There is no identity yet; when there is, `caller_of` is the one place that knows it.
"""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar
from typing import Final, Protocol
from urllib.parse import unquote

from orchestrion.callers import CALLER_HEADER, LONGEST_CALLER
from orchestrion_serving.tracing import Metadata

current: Final[ContextVar[str]] = ContextVar("orchestrion_caller", default="")
"""The caller of the call at hand, also in the run that it started; empty outside of one, and in runs that are resumed
after a restart."""


class CallContext(Protocol):
    """The part of gRPC's context that says whose call it is."""

    def peer(self) -> str:
        """Returns the address, such as `ipv4:127.0.0.1:51234`, `ipv6:[::1]:51234` or `unix:`."""

    def invocation_metadata(self) -> object:
        """Returns the pairs of names and values that came with the call."""


def caller_of(context: CallContext, *, believe_all: bool = False) -> str:
    """Returns who makes a call: the peer's address without its port, and for whom it calls where it says so.

    Args:
        context: The call.
        believe_all: Whether every peer may say for whom it calls, as controllers do at hosts; else only those on this
            machine, by loopback or a unix socket.
    """
    address, is_near = _address(context.peer())
    if not (believe_all or is_near):
        return address
    # gRPC has metadata of a call as pairs, which its stubs give several types.
    pairs = context.invocation_metadata() or ()
    for name, value in pairs:  # type: ignore[attr-defined]
        if name == CALLER_HEADER and isinstance(value, str) and value:
            return f"{address}/{value[:LONGEST_CALLER]}"
    return address


def metadata(others: Metadata | None = None) -> Metadata | None:
    """Returns metadata for a call to another server that says for whom it is made, after `others`; None for none."""
    caller = current.get()
    return (*(others or ()), (CALLER_HEADER, caller[-LONGEST_CALLER:])) if caller else others


def _address(peer: str) -> tuple[str, bool]:
    """Returns a peer's address without its port, and whether it is on this machine."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return kind, kind.startswith("unix")
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"{kind}:{host}", False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        # A socket that listens on both families shows the old addresses as new ones.
        address = address.ipv4_mapped
    return f"ipv{address.version}:{address}", address.is_loopback
