"""Whose turn it is where several callers wait."""

from __future__ import annotations

from orchestrion_serving.turns import Turns


class Line:
    """Calls that wait, served one by one."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.waiting: list[tuple[int, int, str]] = []
        self.arrived = 0

    def arrive(self, caller: str, count: int = 1) -> None:
        for _ in range(count):
            self.arrived += 1
            self.waiting.append((self.turns.number(caller), self.arrived, caller))

    def serve(self, count: int) -> str:
        served = ""
        for _ in range(count):
            first = min(self.waiting)
            self.waiting.remove(first)
            self.turns.served(first[0])
            served += first[2]
        return served


def test_one_caller_is_served_in_order_of_arrival() -> None:
    line = Line()
    line.arrive("a", 5)
    assert [number for number, *_ in line.waiting] == [1, 2, 3, 4, 5]
    assert line.serve(5) == "aaaaa"


def test_a_caller_who_comes_late_has_every_other_turn() -> None:
    line = Line()
    line.arrive("a", 100)
    line.serve(10)
    line.arrive("b", 3)
    assert line.serve(8) == "abababaa"


def test_newcomers_do_not_starve_who_waits() -> None:
    line = Line()
    line.arrive("a", 3)
    served = ""
    for number in range(20):
        line.arrive(chr(ord("b") + number))
        served += line.serve(1)
    assert served.count("a") == 3
    assert served.index("a", 2) < 20


def test_who_has_no_call_waiting_saves_nothing_up_and_is_forgotten() -> None:
    line = Line()
    line.arrive("a", 2)
    line.serve(2)
    line.arrive("b", 4)
    line.serve(3)
    line.arrive("a")
    assert line.serve(2) == "ba"
    assert line.turns._last == {}
