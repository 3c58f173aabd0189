"""The memory that calls take turns with, and what a call is estimated to take by the headers of its files."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from orchestrion._net.transport import MAX_MESSAGE_BYTES
from orchestrion.errors import InvalidArgumentError, Reason, RunCancelledError
from orchestrion_host import ipc
from orchestrion_host.worker import call_estimates
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.experts import ExpertThreads
from orchestrion_host.worker.measuring import Measured
from orchestrion_host.worker.media.image import image_headers
from orchestrion_host.worker.output_files import Spool
from orchestrion_host.worker.runtimes import Result
from orchestrion_host.worker.working_memory import WorkingMemory
from tests.unit.host.worker.calls import call, spec


def saved(path: Path, width: int, height: int, mode: str = "RGB") -> Path:
    Image.new(mode, (width, height)).save(path)
    return path


def test_who_comes_later_waits_also_where_it_is_small() -> None:
    memory = WorkingMemory(100)
    order: list[str] = []
    waiting = {name: threading.Event() for name in ("large", "small")}

    def work(name: str, wanted: int) -> None:
        with memory.taken(wanted, on_wait=waiting[name].set):
            order.append(name)

    threads = [threading.Thread(target=work, args=args) for args in (("large", 80), ("small", 10))]
    with memory.taken(50):
        for thread, name in zip(threads, waiting, strict=True):
            thread.start()
            assert waiting[name].wait(5)
        assert (order, memory.taken_bytes) == ([], 50)
    for thread in threads:
        thread.join(5)
    assert (sorted(order), memory.taken_bytes) == (["large", "small"], 0)


def test_a_cancelled_wait_ends_and_lets_others_pass() -> None:
    memory = WorkingMemory(100)
    leaves = threading.Event()
    waits = threading.Event()
    ended: list[str] = []

    def check() -> None:
        if leaves.is_set():
            raise Reason.CANCELLED.error("The call was cancelled.")

    def work() -> None:
        try:
            with memory.taken(90, check, waits.set):
                ended.append("computed")
        except RunCancelledError:
            ended.append("cancelled")

    thread = threading.Thread(target=work)
    with memory.taken(50):
        thread.start()
        assert waits.wait(5)
        leaves.set()
        memory.look_again()
        thread.join(5)
        assert ended == ["cancelled"]
        with memory.taken(50):
            assert memory.taken_bytes == 100


@pytest.mark.parametrize(
    ("mode", "ending", "each"),
    [("RGB", "png", 4), ("L", "png", 5), ("RGBA", "png", 4), ("RGB", "jpg", 12), ("RGB", "tif", 16), ("RGB", "bmp", 4)],
)
def test_decoding_is_estimated_by_the_header(tmp_path: Path, mode: str, ending: str, each: int) -> None:
    header = image_headers.read(saved(tmp_path / f"x.{ending}", 300, 200, mode), 1 << 20)
    assert header is not None
    assert (header.width, header.height, header.mode) == (300, 200, mode)
    assert header.decoding_bytes == each * 60_000


def test_of_several_pages_the_largest_counts(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    Image.new("L", (50, 50)).save(path, save_all=True, append_images=[Image.new("L", (400, 300))])
    header = image_headers.read(path, 1 << 20)
    assert header is not None
    assert (header.pixel_count, header.has_several) == (120_000, True)


def test_what_is_refused_when_it_is_read_takes_nothing(tmp_path: Path) -> None:
    files = {"too large": saved(tmp_path / "x.png", 2_000, 2_000), "text": tmp_path / "x.txt"}
    files["text"].write_text("no picture")
    for path in files.values():
        assert image_headers.read(path, 1 << 20) is None
    one = call("image-classification", {"image": files["text"], "text": "x", "n": 1.0}, tmp_path)
    assert call_estimates.check_and_estimate(one, object(), 1 << 20, 1) == 0


class Painter:
    """An expert that says that it takes a hundred bytes for a pixel, and notes what it computes at once."""

    def __init__(self, memory: WorkingMemory) -> None:
        self.memory = memory
        self.seen: list[tuple[int, int]] = []

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        return 100 * pixel_count

    def warm_up(self) -> None: ...

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        self.seen.append((len(batch), self.memory.taken_bytes))
        return [{"image": one.spool.write([b"made"], "image/png", "made.png")} for one in batch]

    def parameter_bytes(self) -> int:
        return 0

    def unload(self) -> None: ...


def test_a_batch_is_divided_where_not_all_of_it_fits_and_what_never_fits_is_refused(tmp_path: Path) -> None:
    memory = WorkingMemory(2_500_000)
    painter = Painter(memory)
    answers: list[ipc.FromWorker] = []
    answered = threading.Event()

    def send(message: ipc.FromWorker) -> None:
        answers.append(message)
        answered.set()

    threads = ExpertThreads(
        spec(tmp_path, "image-to-image"), painter, Measured(0), Spool(tmp_path), send, working_memory=memory
    )
    sizes = [100, 100, 200, 100]
    inputs = [
        call("image-to-image", {"image": saved(tmp_path / f"{number}.png", side, 100)}, tmp_path).inputs
        for number, side in enumerate(sizes)
    ]
    inputs.append(call("image-to-image", {"image": saved(tmp_path / "large.png", 300, 100)}, tmp_path).inputs)
    threads.submit(ipc.Compute(1, "painter", "image-to-image", list(range(5)), inputs))
    assert answered.wait(10)
    threads.close()
    (done,) = answers
    assert isinstance(done, ipc.Computed)
    # 104 bytes for each of 10,000 pixels.
    assert painter.seen == [(2, 2_080_000), (1, 2_080_000), (1, 1_040_000)]
    failures = [ipc.failure_of(result) for result in done.results]
    assert failures[:4] == [None] * 4
    last = failures[4]
    assert last is not None
    assert last.reason == Reason.INVALID_INPUT.name
    assert "300 x 100 pixels" in last.message
    assert "call_memory_bytes" in last.message
    assert memory.taken_bytes == 0


def test_a_call_of_which_an_input_never_fits_says_which(tmp_path: Path) -> None:
    inputs = {"image": saved(tmp_path / "a.png", 100, 100), "mask": saved(tmp_path / "b.png", 50, 50)}
    one = call("image-to-image", inputs, tmp_path)
    with pytest.raises(InvalidArgumentError, match="`image` has 100 x 100") as caught:
        call_estimates.check_and_estimate(one, object(), 1 << 20, 100_000)
    assert caught.value.metadata["needed_bytes"] == str((10_000 + 2_500) * 28)


class Talker(Painter):
    """An expert that returns a text of any length, and what no frame can carry."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        for one in batch:
            one.text_piece("text", "x" * 600_000)
        return [{"text": "x" * int(one.number("length")) or object()} for one in batch]


def test_one_result_that_is_too_large_or_cannot_be_sent_fails_its_own_call_alone(tmp_path: Path) -> None:
    answers: list[ipc.FromWorker] = []
    threads = ExpertThreads(
        spec(tmp_path, "text-generation"), Talker(WorkingMemory()), Measured(0), Spool(tmp_path), answers.append
    )
    inputs = [{"length": length} for length in (5.0, float(9 << 20), 0.0, 7.0)]
    threads.submit(ipc.Compute(1, "talker", "text-generation", [1, 2, 3, 4], inputs))
    threads.close()
    done = answers.pop()
    assert isinstance(done, ipc.Computed)
    short, long, odd, other = done.results
    assert (short, other) == ({"text": "xxxxx"}, {"text": "xxxxxxx"})
    failures = [ipc.failure_of(result) for result in (long, odd)]
    assert [failure and failure.reason for failure in failures] == ["MESSAGE_TOO_LARGE", "EXPERT_FAILED"]
    assert failures[0] is not None
    assert failures[0].metadata["limit_bytes"] == str(ipc.MAX_RESULT_BYTES)
    assert ipc.MAX_RESULT_BYTES < MAX_MESSAGE_BYTES
    pieces = [piece.text for piece in answers if isinstance(piece, ipc.TextPiece) and piece.call_id == 1]
    assert [len(piece) for piece in pieces] == [1 << 18, 1 << 18, 600_000 - (2 << 18)]
