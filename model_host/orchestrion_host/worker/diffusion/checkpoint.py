"""Checkpoints of diffusion pipelines on disk, and their way onto a device: safetensors only, no code of their own."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import diffusers
import safetensors
import torch
import transformers
from diffusers import DiffusionPipeline

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.library_types import Argument, AutoClass, Model, Pipeline
from orchestrion_host.worker.models import checkpoint, missing_weights

# Lines about settings that a pipeline ignores are for people who write pipelines.
diffusers.utils.logging.set_verbosity_error()
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # The library is not typed here.
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # The library is not typed here.

# The folder of the network that takes the noise away: its precision stands for that of the whole checkpoint.
_DENOISERS: Final = ("transformer", "unet")
_HALVES: Final = {"F16": torch.float16, "BF16": torch.bfloat16}


class PipelineCheckpoint:
    """The folders of a pipeline, and where and how they are to be loaded."""

    def __init__(self, spec: ipc.Load) -> None:
        """Reads what pipeline it is.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: a file is missing or has another hash, or it is no pipeline.
        """
        self.spec = spec
        self.folder = Path(spec.folder)
        weights.check(self.folder, spec.sha256)
        self.device = checkpoint.device_of(spec)
        self.dtype = checkpoint.dtype_of(spec, self.device, self._saved_precision())
        index = self.folder / "model_index.json"
        if not index.is_file():
            raise self.refused("it has no model_index.json, which every diffusion pipeline has")
        self._index: JsonObject = json.loads(index.read_text("utf-8"))
        self.class_name = str(self._index.get("_class_name", ""))
        """The class that it was saved from, such as `StableDiffusionPipeline`."""

    def pipeline(self, class_name: str = "", **components: Argument) -> Pipeline:
        """Loads the whole pipeline onto its device.

        Args:
            class_name: The class to load it as, made of the same components; its own when empty.
            **components: Those that come from elsewhere, such as `controlnet`.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is of no class that there is. MODEL_INCOMPLETE: one of its
                models lacks weights.
        """
        kind = self._class(class_name or self.class_name, DiffusionPipeline)
        variant = next((suffix for part in _DENOISERS if (suffix := _variant_in(self.folder / part))), None)
        trust = {"trust_remote_code": True} if "remote-code" in self.spec.trusted else {}
        models = {name: self._model(self.folder / name, of) for name, of in self._models(kind, components)}
        pipeline = kind.from_pretrained(self.folder, variant=variant, **models, **components, **trust, **self._settings)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(self.device)

    def part(self, name: str) -> Model:
        """Loads a model that the catalogue names as a part, by the class that it was saved from.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the catalogue names none, or it is no model of diffusers.
                MODEL_INCOMPLETE: it lacks weights.
        """
        if name not in self.spec.parts:
            raise self.refused(f"it needs the part {name!r}, which its catalogue entry does not name")
        folder = Path(self.spec.parts[name])
        config = json.loads((folder / "config.json").read_text("utf-8"))
        kind = self._class(str(config.get("_class_name", "")), diffusers.ModelMixin)
        return self._model(folder, kind)

    def refused(self, problem: str) -> OrchestrionError:
        """Builds the error that says why it cannot be loaded."""
        text = f"{self.spec.expert_id} cannot be loaded: {problem}."
        return Reason.EXPERT_LOAD_FAILED.error(text, expert=self.spec.expert_id)

    def _models(self, pipeline: AutoClass, components: Mapping[str, Argument]) -> Iterator[tuple[str, AutoClass]]:
        """Yields the models that a pipeline of a class is made of, by name, but for those that come from elsewhere.

        A pipeline would load them itself, without a report of what they lack.
        """
        wanted = inspect.signature(pipeline.__init__).parameters
        for name, entry in self._index.items():
            if name in components or name not in wanted or not (isinstance(entry, list) and len(entry) == 2):
                continue
            library = {"diffusers": diffusers, "transformers": transformers}.get(str(entry[0]))
            kind = getattr(library, str(entry[1]), None)
            if isinstance(kind, type) and issubclass(kind, (diffusers.ModelMixin, transformers.PreTrainedModel)):
                yield name, kind

    def _model(self, folder: Path, kind: AutoClass) -> Model:
        """Loads a model of a pipeline, all of it."""
        model, report = kind.from_pretrained(
            folder, variant=_variant_in(folder), output_loading_info=True, **self._settings
        )
        missing_weights.refuse(self.spec, model, report["missing_keys"])
        return model

    @property
    def _settings(self) -> dict[str, Argument]:
        return {
            "dtype": self.dtype,
            "use_safetensors": None if "pickled-weights" in self.spec.trusted else True,
            "local_files_only": True,
        }

    def _class(self, name: str, base: type) -> AutoClass:
        kind = getattr(diffusers, name, None)
        if not (isinstance(kind, type) and issubclass(kind, base)):
            raise self.refused(f"diffusers {diffusers.__version__} has no class {name!r} for it")
        return kind

    def _saved_precision(self) -> torch.dtype | None:
        """Returns the half precision to keep on a GPU; None leaves the choice to the device."""
        for part in _DENOISERS:
            # Those without an ending such as `fp16` come first: they are what is loaded where there are both.
            files = (self.folder / part).glob("*.safetensors")
            for path in sorted(files, key=lambda path: (path.name.count("."), path.name)):
                with safetensors.safe_open(path, "pt") as file:
                    saved = file.get_slice(next(iter(file.keys()))).get_dtype()
                # U-Nets are published and used in float16, whose finer steps keep smooth areas smooth.
                return _HALVES.get(saved, torch.float16 if part == "unet" else None)
        return None


def _variant_in(folder: Path) -> str | None:
    """Returns the ending, such as `fp16`, of weights that come with one alone: `diffusion_pytorch_model.fp16.…`."""
    names = [path.name.removesuffix(".safetensors").split(".") for path in folder.glob("*.safetensors")]
    if not names or any(len(name) == 1 for name in names):
        return None
    return names[0][1].split("-")[0]
