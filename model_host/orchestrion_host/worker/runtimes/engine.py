"""The runtime `engine`: experts that are programs of their own, written for this host, one module each."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.runtimes import Loader

_MODULES: Final = {
    "delay": "orchestrion_host.worker.engines.delay",
    "efficientnet-lite0": "orchestrion_host.worker.engines.image.efficientnet",
    "espeak-ng": "orchestrion_host.worker.engines.audio.espeak",
    "faster-whisper": "orchestrion_host.worker.engines.audio.faster_whisper",
    "opencv": "orchestrion_host.worker.engines.image.opencv",
    "opencv-controls": "orchestrion_host.worker.engines.image.opencv_controls",
    "opencv-faces": "orchestrion_host.worker.engines.image.opencv_faces",
    "langid": "orchestrion_host.worker.engines.text.langid",
    "movenet": "orchestrion_host.worker.engines.image.movenet",
    "pocketsphinx": "orchestrion_host.worker.engines.audio.sphinx",
    "rapidocr": "orchestrion_host.worker.engines.image.rapid_ocr",
    "sound-tools": "orchestrion_host.worker.engines.audio.audio_tools",
    "ssd-mobilenet": "orchestrion_host.worker.engines.image.ssd_mobilenet",
    "text-rules": "orchestrion_host.worker.engines.text.text_rules",
    "spacy": "orchestrion_host.worker.engines.text.spacy_entities",
    "style-transfer": "orchestrion_host.worker.engines.image.style_transfer",
    "u2netp": "orchestrion_host.worker.engines.image.u2net",
    "universal-sentence-encoder": "orchestrion_host.worker.engines.text.sentence_encoder",
    "vader": "orchestrion_host.worker.engines.text.vader",
}


def loader(spec: ipc.Load) -> Loader:
    """Imports the module of the engine that the expert names as its model and returns its `load`.

    No engine sees files that are not those of the catalogue.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: there is no such engine, or a file is missing or another one.
    """
    if spec.model not in _MODULES:
        raise Reason.EXPERT_LOAD_FAILED.error(f"There is no engine {spec.model!r}; there are {', '.join(_MODULES)}.")
    weights.check(Path(spec.folder), spec.sha256)
    load: Loader = import_module(_MODULES[spec.model]).load
    return load
