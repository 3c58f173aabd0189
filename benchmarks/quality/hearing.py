"""Speech recognition: the word error rate of each recogniser, on recordings as they are and as people send them."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from benchmarks.quality import word_errors
from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Row, Table
from orchestrion.errors import OrchestrionError

DATA: Final = Path(__file__).parent / "data" / "hearing"
_MEDIA: Final = Path(__file__).parents[2] / "tests" / "media"
_OF_TESTS: Final = {"speech.flac": "go forward ten meters", "errand.flac": "go somewhere and do something"}
_RATE: Final = 16_000
_TELEPHONE_RATE: Final = 8_000

RECOGNISERS: Final[Mapping[str, float]] = {"pocketsphinx": 0.25, "faster-whisper-base": 0.1}
"""The experts that are measured, and the largest share of words that they should get wrong."""

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Speech:
    """A recording, and what is said in it."""

    path: Path
    words: tuple[str, ...]


def recordings() -> list[Speech]:
    """Returns all recordings at hand."""
    with (DATA / "transcripts.tsv").open(encoding="utf-8", newline="") as file:
        rows = [(DATA / name, text) for name, text in csv.reader(file, delimiter="\t")]
    rows += [(_MEDIA / name, text) for name, text in _OF_TESTS.items()]
    return [Speech(path, tuple(word_errors.words(text))) for path, text in rows]


def _as_is(samples: Samples, path: Path) -> None:
    soundfile.write(path, samples, _RATE, subtype="PCM_16")


def _telephone(samples: Samples, path: Path) -> None:
    soundfile.write(path, soxr.resample(samples, _RATE, _TELEPHONE_RATE), _TELEPHONE_RATE, subtype="ULAW")


def _steps_as_floats(samples: Samples, path: Path) -> None:
    soundfile.write(path, samples * 32_768, _RATE, subtype="FLOAT")


def _faint_floats(samples: Samples, path: Path) -> None:
    soundfile.write(path, samples * (1e-4 / np.abs(samples).max()), _RATE, subtype="FLOAT")


def _mirrored(samples: Samples, path: Path) -> None:
    soundfile.write(path, np.stack([samples, -samples], axis=1), _RATE, subtype="PCM_16")


_FORMS: Final[Mapping[str, Callable[[Samples, Path], None]]] = {
    "as recorded": _as_is,
    "telephone, 8 kHz, mu-law": _telephone,
    "floats up to 30,000": _steps_as_floats,
    "floats up to 0.0001": _faint_floats,
    "right = -left": _mirrored,
}


def measure(experts: Experts) -> Table:
    """Has each recogniser that is here hear all recordings, in each form."""
    speeches = recordings()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row for expert, most in RECOGNISERS.items() for row in _rows(experts, expert, most, speeches, Path(folder))
        ]
    return Table(f"hearing: word error rate on {sum(len(item.words) for item in speeches)} words", tuple(rows))


def _rows(experts: Experts, expert: str, most: float, speeches: Sequence[Speech], folder: Path) -> list[Row]:
    rows: list[Row] = []
    for form, write in _FORMS.items():
        try:
            rate = _rate(experts, expert, speeches, write, folder)
        except OrchestrionError as error:
            if rows or error.reason == "INVALID_INPUT":
                raise
            return [Row(expert, "-", f"not here: {error.reason}")]
        # A telephone leaves half of what is heard away, and nobody promises anything.
        is_wanted = write is not _telephone
        rows.append(
            Row(
                f"{expert}, {form}",
                f"{100 * rate:.1f} %",
                f"at most {100 * most:.0f} %" if is_wanted else "",
                rate <= most or not is_wanted,
            )
        )
    return rows


def _rate(
    experts: Experts, expert: str, speeches: Sequence[Speech], write: Callable[[Samples, Path], None], folder: Path
) -> float:
    wrong = 0
    for speech in speeches:
        samples, rate = soundfile.read(speech.path)
        assert rate == _RATE
        path = folder / f"{speech.path.stem}.wav"
        write(samples, path)
        heard = experts.perform("automatic-speech-recognition", {"audio": path}, expert)["text"]
        assert isinstance(heard, str)
        wrong += word_errors.errors(speech.words, word_errors.words(heard))
    return wrong / sum(len(speech.words) for speech in speeches)
