"""Frames of the live view at several widths: what they say, and that no line is ever too wide."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len
from rich.console import Console

from orchestrion.cli.view.frame import frame
from orchestrion.cli.view.glyphs import ASCII, for_encoding
from orchestrion.cli.view.live import LiveView
from orchestrion.cli.view.pieces import Moment
from orchestrion.cli.view.wrapping import Wrapper
from orchestrion.events import ApprovalAwaited, Event, Payload, PlanApproved, Stage, TaskAssigned, TaskPlanned, TaskText
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, Task
from orchestrion.refusals import NotDone, Question, QuestionChoice
from orchestrion.runs import RunState
from orchestrion.snapshots import RunSnapshot, with_plan
from orchestrion.values import OutputRef
from tests.unit.client.run_logs import NAME, PLAN, SPEAK, START, UNTIL_ENDED, UNTIL_RUNNING, after

MOMENT = Moment(START + timedelta(seconds=5))


def drawn(run: RunSnapshot, width: int, height: int | None = None, moment: Moment = MOMENT) -> list[str]:
    lines = [line.plain.rstrip() for line in frame(run, width, height, moment)]
    assert max(map(cell_len, lines), default=0) <= width
    return lines


def test_80_columns() -> None:
    assert drawn(after(UNTIL_RUNNING), 80) == [
        "✓ plan 12 ms   ✓ select 1 ms   ⠋ execute 3.7 s   · respond",
        "⠋ read  image-to-text                    rapidocr @ one   ━━──────  25%    3.6 s",
        "│  rapidocr is loaded on one.",
        "│  looking",
        "│  “Platform 9 closes 日本”",
        "└─ ○ speak  text-to-speech               espeak-ng @ one                   waits",
        "      espeak-ng is loaded on one.",
        "⠋ count 1/2  object-detection            opencv @ two     ━━━━────  50%    3.2 s",
        "│  opencv is loaded on one.",
        "│  item 2, attempt 1 failed, opencv on one: The worker died.; trying another",
        "└─ · sum  summarization                                                  planned",
        "      also after read",
    ]


def test_140_columns_have_the_reason_beside() -> None:
    assert drawn(after(UNTIL_ENDED), 140, moment=Moment(moving=False))[:3] == [
        "✓ plan by builtin 12 ms   ✓ select by rank 1 ms   ✓ execute 2.10 s   ✓ respond by builtin 3 ms",
        f"{'✓ read  image-to-text':<29}  rapidocr @ one   {'rapidocr is loaded on one.':<68}  {'410 ms':>22}",
        '│  text "Platform 9 closes"',
    ]


@pytest.mark.parametrize("width", [1, 8, 20, 40, 63, 64, 80, 109, 110, 140, 300])
@pytest.mark.parametrize("height", [None, 4, 9])
def test_no_line_is_too_wide_and_frames_fit(width: int, height: int | None) -> None:
    """Given names and texts of any script and length, a frame keeps to the width, and to the height while it moves."""
    long = Task("名前" * 16, "x" * 200, {"text": OutputRef("read", "text")})
    more: list[tuple[Stage, Payload]] = [
        (Stage.PLAN, TaskPlanned(long)),
        (Stage.SELECT, TaskAssigned(Assignment(long.id, "hosts/" + "h" * 60, "エキスパート" * 9, "理由" * 99))),
        (Stage.EXECUTE, TaskText("read", "text", "語" * 500)),
    ]
    for run in (RunSnapshot(), after(UNTIL_RUNNING), after(UNTIL_ENDED), after(more, after(UNTIL_RUNNING))):
        lines = drawn(run, width, height)
        assert height is None or len(lines) <= height


@pytest.mark.parametrize("width", [40, 80])
def test_what_is_not_done_is_told_whole(width: int) -> None:
    """Given parts and a question in several scripts, they are broken into lines, and no letter of them is cut."""
    parts = (
        NotDone(
            "a very long part " * 6, "Nothing here does that.", "read a.jpg", "orchestrion models pull x", 2 * 10**9
        ),
        NotDone("然后发到我的微信" * 8, "这里没有能做这件事的模型。"),
    )
    question = Question("Which one?", (QuestionChoice("first", "1"), QuestionChoice("second", "2")))
    run = replace(after(UNTIL_RUNNING), not_done=parts, questions=(question,))
    text = "".join(drawn(run, width)).replace(" ", "")
    assert "averylongpart" * 6 in text
    assert "然后发到我的微信" * 8 in text
    for words in (">reada.jpg", "$orchestrionmodelspullx(2.0GB)", "Whichone?", "2.second"):
        assert words in text


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("It is a greeting.", "No expert is needed: It is a greeting."),
        (
            "Texts: sum up a text, translate a text\nPictures: blur one, read one",
            "No expert is needed.",
        ),
    ],
    ids=["short", "several lines, which the answer has"],
)
def test_why_no_expert_is_needed_is_told_whole_or_left_to_the_answer(reason: str, line: str) -> None:
    run = replace(after(UNTIL_RUNNING), tasks={}, plan=Plan(no_task_reason=reason))
    assert drawn(run, 80)[1:] == [line]


def test_a_run_that_failed_leaves_it_to_its_error() -> None:
    run = replace(after(UNTIL_RUNNING), not_done=(NotDone("x", "No."),), state=RunState.FAILED)
    assert not any("Not done" in line for line in drawn(run, 80))


def test_what_goes_on_is_shown_first_where_there_is_no_room() -> None:
    more = [(Stage.PLAN, TaskPlanned(Task(f"wait{number}", "t"))) for number in range(50)]
    lines = drawn(after(more, after(UNTIL_RUNNING)), 80, 8)
    named = ["read", "speak", "count", "sum", "wait0", "wait1"]
    assert [name in line for name, line in zip(named, lines[1:], strict=False)] == [True] * 6
    assert lines[7:] == ["… and 48 planned"]


def test_a_deep_tree_keeps_its_names() -> None:
    ids = [f"task{number}" for number in range(40)]
    tasks = [Task(own, "t", {"x": OutputRef(other, "y")}) for other, own in itertools.pairwise(ids)]
    chain = Plan((Task(ids[0], "t"), *tasks))
    for own, line in zip(ids, drawn(with_plan(after(UNTIL_RUNNING[:2]), chain), 80)[1:], strict=True):
        assert own in line


def test_a_terminal_of_ascii_gets_ascii() -> None:
    assert for_encoding("UTF-8") is not ASCII
    text = "\n".join(drawn(after(UNTIL_ENDED), 80, moment=Moment(glyphs=for_encoding("iso8859-1"), moving=False)))
    assert text.isascii()
    assert "`- + speak" in text


def test_a_frame_that_stays_does_not_seem_to_move() -> None:
    lines = drawn(after(UNTIL_RUNNING), 80, moment=Moment(moving=False))
    assert lines[1].split() == ["▸", "read", "image-to-text", "rapidocr", "@", "one", "not", "ended"]
    assert "▸ execute" in lines[0]
    assert drawn(RunSnapshot(), 80, moment=Moment(moving=False)) == []


def test_a_run_that_awaits_approval_says_how_to_give_it_and_an_edited_plan_takes_the_place_of_the_other() -> None:
    """Given a narrow terminal, the command has a line of its own, whole."""
    until = START + timedelta(hours=1)
    waiting = [*UNTIL_RUNNING[:7], (Stage.UNSPECIFIED, ApprovalAwaited(PLAN, until))]
    command = f"orchestrion approve {NAME.removeprefix('runs/')}"
    assert drawn(after(waiting), 80)[1] == f"Awaits approval until {until.astimezone():%H:%M:%S}: {command}"
    assert drawn(after(waiting), 50)[1:3] == [f"Awaits approval until {until.astimezone():%H:%M:%S}:", command]
    edited = Plan((replace(SPEAK, inputs={"text": "Hello."}),))
    lines = drawn(after([*waiting, (Stage.UNSPECIFIED, PlanApproved(edited))]), 80)
    assert len(lines) == 2
    assert lines[1].startswith("· speak")


@pytest.mark.parametrize(
    ("pieces", "width", "lines"),
    [
        (["The sign ", "says EX", "IT.\n\nBye"], 12, ["The sign", "says EXIT.", "", "Bye"]),
        (["abcdefghijkl", "mno p"], 5, ["abcde", "fghij", "klmno", "p"]),
        (["日本語のテキスト"], 7, ["日本語", "のテキ", "スト"]),
        (["a" * 4 + "   " + "b" * 4], 8, ["aaaa", "bbbb"]),
        (["  indented\n\x1b[2Jx\x07"], 20, ["  indented", "[2Jx"]),
        ([""], 20, []),
    ],
)
def test_an_answer_is_broken_between_words(pieces: list[str], width: int, lines: list[str]) -> None:
    for split in (pieces, list("".join(pieces))):
        out: list[str] = []
        wrapper = Wrapper(out.append, width)
        for piece in split:
            wrapper.feed(piece)
        wrapper.finish()
        assert "".join(out).splitlines() == lines


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_the_answer_stays_below_the_last_tree(environment: dict[str, str], coloured: bool) -> None:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=60, color_system="standard", _environ={"TERM": "xterm", **environment}
    )
    with LiveView(console) as view:
        for number, (stage, payload) in enumerate(UNTIL_ENDED):
            view.show(Event(NAME, number + 1, START, stage, payload))
    view.end()
    assert ("\x1b[32m" in out.getvalue()) is coloured
    assert out.getvalue().rfind("\x1b[?25h") > out.getvalue().rfind("\x1b[?25l")
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()).splitlines()]
    assert lines[-3:] == ["It says “Platform 9”.]0;x", "", f"succeeded after 2.15 s  {NAME}"]
    assert lines[-5] == "No input."
