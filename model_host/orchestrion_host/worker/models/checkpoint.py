"""A checkpoint on disk and its way onto a device: safetensors or GGUF, no code of its own, half precision on GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
import transformers

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.library_types import Argument, AutoClass, Config, Model, Processor
from orchestrion_host.worker.models import huge_pages, missing_weights
from orchestrion_host.worker.models.gguf_weights import GgufFile
from orchestrion_host.worker.text import control_tokens

# Lines about unused weights are for people who train.
transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # The library is not typed here.
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # The library is not typed here.

_DTYPES: Final = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Checkpoint:
    """The files of a model, and where and how it is to be loaded."""

    def __init__(self, spec: ipc.Load) -> None:
        """Checks the hashes of the files.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: a file is missing or has another hash; a GGUF file is damaged.
        """
        self.folder = Path(spec.folder)
        weights.check(self.folder, spec.sha256)
        self.spec = spec
        self.device = device_of(spec)
        self._trusts_code = "remote-code" in spec.trusted
        self._file = GgufFile(spec) if spec.gguf else None
        self.config: Config = transformers.AutoConfig.from_pretrained(
            self.folder, trust_remote_code=self._trusts_code, gguf_file=spec.gguf or None
        )
        self.dtype = dtype_of(spec, self.device, getattr(self.config, "dtype", None))

    def model(
        self,
        auto_class: AutoClass,
        folder: str | Path | None = None,
        *,
        unread: Sequence[str] = (),
        **settings: Argument,
    ) -> Model:
        """Loads the model with one of the library's classes, in evaluation mode, onto its device.

        Args:
            auto_class: Such as `transformers.AutoModelForImageClassification`, or a class of one architecture.
            folder: Another folder than its own, such as that of a part (`part`).
            unread: Regular expressions for weights that the class has and the family does not read.
            **settings: Further arguments of `from_pretrained`.

        Raises:
            FailedPreconditionError: MODEL_INCOMPLETE: the files have not all weights of such a model.
        """
        if self._file is not None and folder is None:
            model, report = self._file.load(auto_class, self.config, self.dtype, **settings)
        else:
            model, report = auto_class.from_pretrained(
                folder or self.folder,
                dtype=self.dtype,
                use_safetensors=None if "pickled-weights" in self.spec.trusted else True,
                trust_remote_code=self._trusts_code,
                output_loading_info=True,
                # The library would fail without the names; they are refused below.
                ignore_mismatched_sizes=True,
                **settings,
            )
            missing_weights.refuse_other_shapes(self.spec, model, report["mismatched_keys"])
        missing_weights.refuse(self.spec, model, report["missing_keys"], unread)
        model = model.to(self.device).eval()
        huge_pages.gather(model)
        return model

    def processor(self, auto_class: AutoClass, folder: str | Path | None = None, **settings: Argument) -> Processor:
        """Loads a tokenizer, image processor, feature extractor or processor, such as `transformers.AutoTokenizer`.

        To a tokenizer, control tokens in a text are text unless a call of it says `split_special_tokens=False`.
        """
        if self._file is not None and folder is None:
            settings = {"gguf_file": self._file.path.name, **settings}
        loaded = auto_class.from_pretrained(folder or self.folder, trust_remote_code=self._trusts_code, **settings)
        return control_tokens.as_text(loaded) if auto_class is transformers.AutoTokenizer else loaded

    def part(self, name: str) -> Path:
        """Returns the folder of a further checkpoint that the model is made of.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the catalogue names none.
        """
        if name not in self.spec.parts:
            text = f"{self.spec.expert_id} needs the part {name!r}, which its catalogue entry does not name."
            raise Reason.EXPERT_LOAD_FAILED.error(text, expert=self.spec.expert_id)
        return Path(self.spec.parts[name])

    def inputs(self, encoded: Mapping[str, Argument]) -> dict[str, Argument]:
        """Moves what a processor returned to the device; floats take the precision of the weights."""
        return {
            name: value.to(self.device, self.dtype if value.is_floating_point() else None)
            if isinstance(value, torch.Tensor)
            else value
            for name, value in encoded.items()
        }


class TorchExpert:
    """What experts on PyTorch have in common: modules on a device, counted and given back."""

    def __init__(self, checkpoint: Checkpoint, *modules: Model) -> None:
        """Keeps the modules, those of parts included."""
        self.checkpoint = checkpoint
        self.modules = modules

    def warm_up(self) -> None:
        """Computes nothing; families for which an input can be made up compute it."""

    def parameter_bytes(self) -> int:
        """Returns what the weights take."""
        return unique_bytes(self.modules)

    def unload(self) -> None:
        """Lets go of everything."""
        device = self.checkpoint.device
        self.__dict__.clear()
        empty_cache(device)


def device_of(spec: ipc.Load) -> torch.device:
    """Returns the device: a worker sees its own alone, as number 0."""
    return torch.device("cuda:0" if spec.device.startswith("cuda") else "cpu")


def dtype_of(spec: ipc.Load, device: torch.device, saved: torch.dtype | None) -> torch.dtype:
    """Returns the precision: that of the option `dtype`, else half on a GPU and single on a processor.

    Args:
        spec: The expert.
        device: Where it goes.
        saved: The precision that the checkpoint was saved in; kept on a GPU where it is half already.
    """
    option = spec.options.get("dtype")
    if option is not None:
        if option not in _DTYPES:
            raise spec.refused(f"options.dtype: expected one of {', '.join(_DTYPES)}; found {option!r}.")
        return _DTYPES[option]
    if device.type == "cpu":
        return torch.float32
    if saved in (torch.float16, torch.bfloat16):
        return saved
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def unique_bytes(modules: Iterable[torch.nn.Module]) -> int:
    """Adds up storages of parameters and buffers; tied weights share theirs and count once."""
    tensors = [tensor for module in modules for tensor in (*module.parameters(), *module.buffers())]
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def empty_cache(device: torch.device) -> None:
    """Returns the device memory that nothing uses any more."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
