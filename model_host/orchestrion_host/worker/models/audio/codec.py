"""Neural codecs (EnCodec, DAC, Mimi): a sound as it is after it was coded in a few kilobits a second.

Long sounds go through in pieces that overlap, each faded into the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr
import torch
import transformers

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Config, Model
from orchestrion_host.worker.media.audio import audio_inputs, limiting, wav
from orchestrion_host.worker.media.audio.audio_inputs import Samples
from orchestrion_host.worker.models.audio.waveforms import in_full_precision
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_PIECE_SECONDS: Final = 20
# What a piece has on either side, where the codec does not yet know what went before.
_MARGIN_SECONDS: Final = 1
_FADE_SECONDS: Final = 0.02
_OTHER_CHANGES: Final = ("noise_reduction", "pitch_semitones", "speed", "gain_db")


class Codec(TorchExpert):
    """A codec; each channel goes through it by itself where it was made for one."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is no codec that is known.
        """
        checkpoint = in_full_precision(Checkpoint(spec))
        kind = checkpoint.config.model_type
        if kind not in ("encodec", "dac", "mimi"):
            raise spec.refused(f"{kind!r} is no kind of codec that this host knows: encodec, dac and mimi.")
        self._model: Model = checkpoint.model(transformers.AutoModel)
        super().__init__(checkpoint, self._model)
        config = self._model.config
        self._rate = int(config.sampling_rate)
        self._channels = int(getattr(config, "audio_channels", 1))
        self._hop = _hop(config)
        self._settings = _rates(config)

    def warm_up(self) -> None:
        """Passes a piece of noise through, in stereo."""
        size = self._whole(_PIECE_SECONDS + 2 * _MARGIN_SECONDS)
        noise = np.random.default_rng(1).normal(0, 0.1, (size, 2)).astype(np.float32)
        self._passed(noise, self._settings[max(self._settings)])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Passes sounds through, one after the other, all channels of a piece in one pass."""
        return one_by_one(batch, self._compute)

    def _compute(self, call: Call) -> Outputs:
        for name in _OTHER_CHANGES:
            if name in call.inputs:
                raise call.bad_input(name, "is nothing that a neural codec changes. Leave it out for this expert.")
        setting = self._setting(call)
        with audio_inputs.opened(call, "audio", self.checkpoint.spec.max_audio_seconds) as sound:
            coded = self._coded(_at_rate(sound.blocks("coding"), sound.rate, self._rate), setting)
            blocks = limiting.amplified(_at_rate(coded, self._rate, sound.rate), sound.rate, 0.0)
            media = ipc.media_of(call.inputs["audio"])
            stem = (media.file_name if media else "").rsplit(".", 1)[0] or "sound"
            header = wav.header(sound.rate, sound.channels)
            pieces = (wav.sixteen_bits(block) for block in blocks)
            return {"audio": call.spool.write(pieces, "audio/wav", f"{stem}-coded.wav", header=header)}

    def _setting(self, call: Call) -> dict[str, Argument]:
        """Returns what chooses the finest rate within the one that is asked for, else the finest of all."""
        if "bandwidth_kbps" not in call.inputs:
            return self._settings[max(self._settings)]
        limit = call.number("bandwidth_kbps")
        within = [rate for rate in self._settings if rate <= limit + 1e-9]
        if not within:
            rates = ", ".join(f"{rate:g}" for rate in sorted(self._settings))
            raise call.bad_input(
                "bandwidth_kbps", f"is {limit:g}, less than this expert can do. It codes at {rates} kilobits a second."
            )
        return self._settings[max(within)]

    def _coded(self, blocks: Iterator[Samples], setting: dict[str, Argument]) -> Iterator[Samples]:
        step, margin = self._whole(_PIECE_SECONDS), self._whole(_MARGIN_SECONDS)
        fade = round(_FADE_SECONDS * self._rate)
        rising = np.linspace(0, 1, fade, dtype=np.float32)[:, None]
        waiting: Samples | None = None
        tail: Samples | None = None
        before = 0
        for block in blocks:
            waiting = block if waiting is None else np.concatenate([waiting, block])
            while len(waiting) >= before + step + margin:
                made = self._passed(waiting[: before + step + margin], setting)[before:]
                yield _faded(made[:step], tail, rising)
                tail = made[step : step + fade]
                waiting = waiting[before + step - margin :]
                before = margin
        if waiting is not None and len(waiting) > before:
            yield _faded(self._passed(waiting, setting)[before:], tail, rising)

    def _passed(self, samples: Samples, setting: dict[str, Argument]) -> Samples:
        """Codes and decodes samples of shape (frames, channels)."""
        frames, channels = samples.shape
        # The codec sees whole frames of its own.
        padded = np.pad(samples, ((0, -frames % self._hop), (0, 0)))
        if self._channels == 1:
            rows = padded.T[:, None, :]
        else:
            rows = np.repeat(padded.T[:, None, :], 2, axis=1) if channels != self._channels else padded.T[None]
        values = torch.from_numpy(np.ascontiguousarray(rows))
        values = values.to(self.checkpoint.device, self.checkpoint.dtype)
        with torch.inference_mode():
            decoded = self._model(values, **setting).audio_values.float().cpu().numpy()
        decoded = decoded.reshape(len(rows), self._channels, -1)
        joined = decoded[0].T if len(rows) == 1 and channels == self._channels else decoded.mean(axis=1).T
        lacking = max(0, frames - len(joined))
        made: Samples = np.pad(joined, ((0, lacking), (0, 0)))[:frames]
        return made

    def _whole(self, seconds: float) -> int:
        return math.ceil(seconds * self._rate / self._hop) * self._hop


def _hop(config: Config) -> int:
    """Returns how many samples a frame of the codec has, or the chunk in which the codec takes the sound apart."""
    if config.model_type == "mimi":
        return round(float(config.sampling_rate) / float(config.frame_rate))
    stride = getattr(config, "chunk_stride", None)
    return int(stride or config.hop_length)


def _rates(config: Config) -> dict[float, dict[str, Argument]]:
    """Returns the rates that a codec can do, in kilobits a second for each channel that it codes, and how to ask."""
    if config.model_type == "encodec":
        return {float(rate): {"bandwidth": float(rate)} for rate in config.target_bandwidths}
    name, count = ("n_quantizers", "n_codebooks") if config.model_type == "dac" else ("num_quantizers",) * 2
    frames = config.sampling_rate / _hop(config)
    bits = math.log2(config.codebook_size) * frames / 1000
    least = 1 if config.model_type == "dac" else int(config.num_semantic_quantizers) + 1
    return {round(bits * number, 4): {name: number} for number in range(least, int(getattr(config, count)) + 1)}


def _faded(samples: Samples, tail: Samples | None, rising: npt.NDArray[np.float32]) -> Samples:
    if tail is None:
        return samples
    size = min(len(tail), len(samples))
    faded = samples.copy()
    faded[:size] = tail[:size] * (1 - rising[:size]) + samples[:size] * rising[:size]
    return faded


def _at_rate(blocks: Iterator[Samples], rate: int, wanted: int) -> Iterator[Samples]:
    stream: soxr.ResampleStream | None = None
    for block in blocks:
        if rate == wanted:
            yield block
            continue
        if stream is None:
            stream = soxr.ResampleStream(rate, wanted, block.shape[1], dtype="float32")
        yield stream.resample_chunk(block)
    if stream is not None:
        yield stream.resample_chunk(np.zeros((0, block.shape[1]), dtype=np.float32), last=True)


load = Codec
