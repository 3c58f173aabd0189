"""How much of a limit callers may hold, whoever came first."""

from __future__ import annotations

import pytest

from orchestrion_serving.shares import Shares, Shortage


def fill(shares: Shares, caller: str) -> int:
    """Takes as much as a caller may have, one by one, and counts it."""
    count = 0
    while shares.shortage(caller) is None:
        shares.take(caller)
        count += 1
    return count


@pytest.mark.parametrize(("limit", "alone"), [(1, 1), (2, 2), (3, 3), (4, 3), (256, 192)])
def test_alone_a_caller_has_three_quarters(limit: int, alone: int) -> None:
    assert fill(Shares(limit), "one") == alone


def test_callers_who_want_everything_end_up_with_equal_parts_and_room_for_one_more() -> None:
    shares = Shares(256)
    wanting = [f"caller {number}" for number in range(20)]
    line = ["caller 0"] * fill(shares, "caller 0")
    for _ in range(2_000):
        shares.give_back(line[0])
        line = line[1:]
        for caller in wanting:  # Who had everything first also asks first.
            count = fill(shares, caller)
            line += [caller] * count
    held = [shares.held(caller) for caller in wanting]
    assert 2 * min(held) > max(held)
    assert shares.shortage("newcomer") is None


def test_a_share_grows_as_others_leave() -> None:
    shares = Shares(16)
    assert (fill(shares, "one"), fill(shares, "two")) == (12, 3)
    for _ in range(12):
        shares.give_back("one")
    assert fill(shares, "two") == 9
    assert shares.held("one") == 0


def test_amounts_are_shared_as_counts_are() -> None:
    shares = Shares(100)
    assert shares.shortage("one", 76) is None
    shares.take("one", 70)
    assert shares.shortage("one", 21) is Shortage.SHARE
    assert shares.shortage("two", 30) is None
    assert shares.shortage("two", 31) is Shortage.LIMIT


def test_what_was_taken_beyond_the_limit_leaves_nothing_free() -> None:
    shares = Shares(1)
    shares.take("resumed", 3)
    assert (shares.free, shares.shortage("one")) == (0, Shortage.LIMIT)
    shares.give_back("resumed", 3)
    assert shares.shortage("one") is None
