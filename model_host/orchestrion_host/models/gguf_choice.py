"""Which GGUF file of several is meant, and what is said of its model. Pure but for reading a header.

Publishers give a model in many precisions, a file each. Here all of them take the same memory, since their numbers get
the usual precision when they are loaded; that of the file decides what is downloaded, and how well the model answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject
from orchestrion_host import gguf_files
from orchestrion_host.models.configuration import Configuration

# What is taken where nothing is said: the usual one first, as other programs have it, then the next better ones.
_PREFERRED: Final = ("q4_k_m", "q4_k_s", "q4_0", "q5_k_m", "q6_k", "q8_0", "bf16", "f16", "f32", "q4_1", "q3_k_m")
# Files beside the model: what connects it with pictures, and what was measured to make it.
_BESIDE: Final = ("mmproj", "imatrix")


def split(model: str) -> tuple[str, str]:
    """Splits `owner/model:q4_k_m` into the id on the Hub and what is said of the file; empty where nothing is."""
    name, _, wanted = model.partition(":")
    return name, wanted


def choose(model: str, names: Sequence[str], wanted: str = "") -> str:
    """Returns the file of a model that is meant.

    Args:
        model: Its id or folder, for messages.
        names: The paths of all of its files.
        wanted: A quantisation, such as `q4_k_m`, or the name of a file; empty for the usual one.

    Raises:
        InvalidArgumentError: MODEL_NOT_SUPPORTED: there is none, or several, or only parts of one; the message names
            those that there are.
    """
    files = [name for name in names if name.endswith(gguf_files.SUFFIX) and not _is_beside(name)]
    whole = [name for name in files if not gguf_files.is_part(name)]
    if wanted:
        matches = [name for name in files if wanted in (name, Path(name).name)]
        matches = matches or [name for name in files if gguf_files.quantisation(name) == wanted.lower()]
        matches = matches or [name for name in files if gguf_files.is_part(name) and wanted.lower() in name.lower()]
    elif len(whole) == 1:
        matches = whole
    else:
        ranked = [name for kind in _PREFERRED for name in whole if gguf_files.quantisation(name) == kind]
        matches = ranked[:1] or whole or files
    if matches and all(gguf_files.is_part(name) for name in matches):
        raise _error(model, f"has that model in several files ({matches[0]}, …), of which none is read alone", whole)
    if len(matches) != 1:
        problem = f"has no GGUF file {wanted!r}" if wanted and not matches else "has several GGUF files"
        raise _error(model, problem, whole)
    return matches[0]


def on_hub(configuration: Configuration, wanted: str, reported: JsonObject) -> Configuration:
    """Returns what is said of a model on the Hub, where a GGUF file of it is meant; else what was said before.

    Args:
        configuration: What its files say.
        wanted: What the caller says of the file; empty for nothing.
        reported: What the Hub read in a header: `architecture`, `context_length`, `chat_template`; any may be missing.

    Raises:
        InvalidArgumentError: MODEL_NOT_SUPPORTED: as `choose`, or for its architecture.
    """
    if not wanted and not _is_only_gguf(configuration):
        return configuration
    file = choose(configuration.model, configuration.names, wanted)
    architecture = str(reported.get("architecture") or "")
    if architecture and architecture not in gguf_files.ARCHITECTURES:
        text = gguf_files.not_read(configuration.model, architecture)
        raise Reason.MODEL_NOT_SUPPORTED.error(text, model=configuration.model, architecture=architecture)
    template = str(reported.get("chat_template") or "")
    return _configured(configuration, file, architecture, int(reported.get("context_length") or 0), template)


def in_folder(configuration: Configuration, folder: Path, file: str = "") -> Configuration:
    """Returns what a GGUF file in a folder says of its model, where one is meant; else what was said before.

    Args:
        configuration: What the folder's files say.
        folder: The folder.
        file: The name of the file; empty for the only one of a folder that has no other weights.

    Raises:
        InvalidArgumentError: MODEL_NOT_SUPPORTED: as `choose`; the file is damaged or of another architecture.
    """
    if not file and not _is_only_gguf(configuration):
        return configuration
    file = file or choose(configuration.model, configuration.names)
    try:
        header = gguf_files.read(folder / file)
    except gguf_files.GgufError as error:
        raise Reason.MODEL_NOT_SUPPORTED.error(f"{folder / file} {error}.", model=str(folder / file)) from error
    return _configured(configuration, file, header.architecture, header.context_token_count, header.chat_template)


def _configured(
    configuration: Configuration, file: str, architecture: str, context_token_count: int, chat_template: str
) -> Configuration:
    config: dict[str, object] = {"model_type": architecture, "max_position_embeddings": context_token_count}
    if architecture:
        config["architectures"] = [gguf_files.ARCHITECTURES[architecture]]
    return Configuration(
        model=configuration.model,
        names=configuration.names,
        config=config,
        tokenizer={"chat_template": chat_template},
        pipeline_tag=configuration.pipeline_tag,
        tags=configuration.tags,
        gguf=file,
    )


def _is_only_gguf(configuration: Configuration) -> bool:
    return not configuration.has_other_weights and any(
        name.endswith(gguf_files.SUFFIX) and not _is_beside(name) for name in configuration.names
    )


def _is_beside(name: str) -> bool:
    return any(part in Path(name).name.lower() for part in _BESIDE)


def _error(model: str, problem: str, files: Sequence[str]) -> OrchestrionError:
    those = ", ".join(files) or "none that is whole"
    text = f"{model} {problem}; there are {those}. Name one behind a colon, by its quantisation or as a file."
    return Reason.MODEL_NOT_SUPPORTED.error(text, model=model)
