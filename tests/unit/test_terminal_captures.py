"""What the captures of docs/terminal.md are made with: a screen that shows what a terminal would."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from docs.screen import Screen


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("12 %\r13 %", ["13 %"]),
        ("long line\r\x1b[2Kshort", ["short"]),
        ("one\r\ntwo\r\x1b[2K\x1b[1A\x1b[2Kthree", ["three"]),
        ("\x1b[1;31mred\x1b[0m\x1b[?25l\x1b[?25h", ["red"]),
        ("1234567890ab", ["1234567890", "ab"]),
        ("图里写了什么?", ["图里写了什", "么?"]),
        ("e\u0301a", ["e\u0301a"]),
        ("[Y/n] n\r\n\x1b[1A\x1b[3C\x1b[K", ["[Y/"]),
    ],
)
def test_what_is_written_is_shown(written: str, lines: list[str]) -> None:
    screen = Screen(10)
    screen.write(written)
    assert screen.lines == lines


def test_a_sequence_that_it_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match=r"\[4S"):
        Screen(10).write("\x1b[4S")


def test_a_live_view_leaves_its_last_frame(capsys: pytest.CaptureFixture[str]) -> None:
    """Given a view of Rich that is drawn anew, higher and lower: the screen has the last one, and what follows."""
    console = Console(force_terminal=True, width=30, height=20, color_system=None)
    with Live(Text("begun"), console=console, auto_refresh=False) as live:
        for count in (3, 1, 2):
            live.update(Text("\n".join(f"task {number} of {count}" for number in range(count))), refresh=True)
    console.print("done")
    screen = Screen(30)
    screen.write(capsys.readouterr().out.replace("\n", "\r\n"))
    assert screen.lines == ["task 0 of 2", "task 1 of 2", "done"]
