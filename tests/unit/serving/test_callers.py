"""Who makes a call."""

from __future__ import annotations

import pytest

from orchestrion.callers import CALLER_HEADER, acting_for, caller_metadata
from orchestrion_serving import callers


class Call:
    """A call as gRPC shows it."""

    def __init__(self, peer: str, acting: str = "") -> None:
        self._peer, self._acting = peer, acting

    def peer(self) -> str:
        return self._peer

    def invocation_metadata(self) -> object:
        return (("user-agent", "test"), *(((CALLER_HEADER, self._acting),) if self._acting else ()))


@pytest.mark.parametrize(
    ("peer", "caller"),
    [
        ("ipv4:192.0.2.7:51234", "ipv4:192.0.2.7"),
        ("ipv6:[2001:db8::7]:51234", "ipv6:2001:db8::7"),
        ("ipv6:%5B2001:db8::7%5D:51234", "ipv6:2001:db8::7"),
        ("ipv6:[fe80::1%25eth0]:51234", "ipv6:fe80::1"),
        ("ipv6:[::ffff:192.0.2.7]:51234", "ipv4:192.0.2.7"),
        ("unix:", "unix"),
        ("unix:/run/controller.sock", "unix"),
        ("unknown", "unknown"),
    ],
)
def test_a_caller_is_the_address_without_its_port(peer: str, caller: str) -> None:
    assert callers.caller_of(Call(peer)) == caller


@pytest.mark.parametrize("peer", ["ipv4:127.0.0.1:5", "ipv6:%5B::1%5D:5", "ipv6:[::ffff:127.0.0.1]:5", "unix:/run/x"])
def test_who_calls_from_this_machine_may_say_for_whom(peer: str) -> None:
    assert callers.caller_of(Call(peer, "alice")) == f"{callers.caller_of(Call(peer))}/alice"
    assert len(callers.caller_of(Call(peer, "a" * 4_000))) < 200


def test_who_calls_from_elsewhere_is_believed_by_hosts_alone() -> None:
    call = Call("ipv4:192.0.2.7:5", "alice")
    assert callers.caller_of(call) == "ipv4:192.0.2.7"
    assert callers.caller_of(call, believe_all=True) == "ipv4:192.0.2.7/alice"


def test_calls_to_other_servers_say_for_whom_they_are_made() -> None:
    assert callers.metadata() is None
    token = callers.current.set("ipv4:192.0.2.7")
    assert callers.metadata((("traceparent", "00"),)) == (("traceparent", "00"), (CALLER_HEADER, "ipv4:192.0.2.7"))
    callers.current.reset(token)


def test_a_program_acts_for_one_caller_at_a_time_under_a_name_that_a_header_can_have() -> None:
    assert caller_metadata() == ()
    with acting_for("Zoë\n"):
        assert caller_metadata() == ((CALLER_HEADER, "Zo__"),)
        with acting_for(""):
            assert caller_metadata() == ()
    assert caller_metadata() == ()
