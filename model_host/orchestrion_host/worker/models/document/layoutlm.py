"""Extractive answers on pages whose words and boxes are there: LayoutLM and LayoutLMv3 point to the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
import transformers
from PIL import Image

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Model, Tokenizer
from orchestrion_host.worker.media.image import image_inputs, image_pages
from orchestrion_host.worker.media.image.detections import Box
from orchestrion_host.worker.media.image.image_pages import ImagePage
from orchestrion_host.worker.media.image.reading_order import Corners
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.document import page_words
from orchestrion_host.worker.models.document.page_words import PageWord
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs, token_limits

if TYPE_CHECKING:
    from orchestrion_host.worker.engines.image.page_reading.page_reader import PageReader, PageReading

_LONGEST_ANSWER: Final = 15
_MOST_STRIDE: Final = 128
_SEPARATOR: Final = 1000
_MOST_PAGES: Final = 40
# The head reads the states of tokens; a pooler reads the first one alone.
_UNREAD: Final = (r"(^|\.)pooler\.",)


@dataclass(frozen=True, slots=True)
class _Window:
    """Question and words as the model takes them: a piece of a page."""

    inputs: Mapping[str, Sequence[Argument]]
    word_ids: Sequence[int | None]
    """For each token the word of the page that it belongs to; None in the question and between the parts."""
    pixels: Argument
    """The page as a tensor, where the model looks at it."""
    words: Sequence[PageWord]
    """Those of its page."""
    reading: PageReading | None
    """What was read on its page, which tells where that is on the image; None where nothing was."""
    page_number: int


class LayoutLm(TorchExpert):
    """A model with a head for the first and the last token of an answer, and a reader of the text in images."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads both.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the reader is not installed.
        """
        checkpoint = Checkpoint(spec)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.AutoModelForDocumentQuestionAnswering, unread=_UNREAD)
        super().__init__(checkpoint, self._model)
        self._looks = checkpoint.config.model_type != "layoutlm"
        self._processor = image_batches.processor(checkpoint) if self._looks else None
        self._most_tokens = token_limits.most_tokens(checkpoint.config, spec, self._tokenizer)
        self._type_count = int(getattr(checkpoint.config, "type_vocab_size", 1))
        self._reader = _reader(spec)

    def warm_up(self) -> None:
        """Answers a question about a page that fills the window."""
        self._reader.warm_up()
        words = [PageWord("word", Box(0, 0, 10, 10))] * self._most_tokens
        self._logits(self._windows("Where?", words, Image.new("RGB", (100, 100), "white"))[:1])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Answers the questions of a batch; all their windows go through the model together."""
        return image_batches.compute(batch, self._read, self._run)

    def _read(self, call: Call) -> Sequence[_Window]:
        question = inputs.text(call, "question")
        count = len(self._tokenizer.tokenize(question))
        if count > self._most_tokens // 2:
            problem = f"has {count} tokens; this expert reads {self._most_tokens // 2} at most."
            raise call.bad_input("question", problem, token_count=count)
        windows: list[_Window] = []
        for page in image_pages.read(call, "image", self.checkpoint.spec.max_image_pixels):
            if page.number > _MOST_PAGES:
                raise call.bad_input("image", f"has {page.count} pages; this expert reads {_MOST_PAGES} at most.")
            reading = self._reading(call, page)
            if words := page_words.words_of(reading.lines):
                image = image_inputs.opaque(page.image).rotate(90 * reading.quarters, expand=True)
                windows += self._windows(question, words, image, reading, page.number)
        return windows

    def _reading(self, call: Call, page: ImagePage) -> PageReading:
        def step(what: str, fraction: float) -> None:
            call.raise_if_cancelled()
            call.progress(f"page {page.number} of {page.count}: {what}", (page.number - 1 + fraction) / page.count)

        return self._reader.read(page.image, step)

    def _windows(
        self,
        question: str,
        words: Sequence[PageWord],
        image: Image.Image,
        reading: PageReading | None = None,
        page_number: int = 1,
    ) -> list[_Window]:
        boxes = [word.thousandths(image.width, image.height) for word in words]
        texts = [word.text for word in words]
        settings: dict[str, Argument] = {
            "truncation": "only_second",
            "max_length": self._most_tokens,
            "stride": min(_MOST_STRIDE, self._most_tokens // 4),
            "return_overflowing_tokens": True,
            "return_token_type_ids": True,
        }
        if self._looks:
            encoded = self._tokenizer([question], [texts], boxes=[boxes], **settings)
        else:
            encoded = self._tokenizer(question.split(), texts, is_split_into_words=True, **settings)
        pixels = self._processor(images=image, apply_ocr=False, return_tensors="pt") if self._processor else None
        look = pixels["pixel_values"][0] if pixels else None
        windows = []
        for place in range(len(encoded["input_ids"])):
            parts = encoded.sequence_ids(place)
            owners = [word if part == 1 else None for word, part in zip(encoded.word_ids(place), parts, strict=True)]
            tokens = encoded["input_ids"][place]
            window = {
                "input_ids": tokens,
                "attention_mask": encoded["attention_mask"][place],
                "bbox": [
                    [_SEPARATOR if token == self._tokenizer.sep_token_id and not self._looks else 0] * 4
                    if word is None
                    else boxes[word]
                    for token, word in zip(tokens, owners, strict=True)
                ],
            }
            if not self._looks:
                kinds = encoded["token_type_ids"][place]
                window["token_type_ids"] = [min(kind, self._type_count - 1) for kind in kinds]
            windows.append(_Window(window, owners, look, words, reading, page_number))
        return windows

    def _run(self, calls: Sequence[Call], documents: Sequence[Sequence[_Window]]) -> list[Outputs]:
        windows = [window for document in documents for window in document]
        logits: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        for some in token_limits.passes([len(window.word_ids) for window in windows]):
            starts, ends = self._logits([windows[place] for place in some])
            logits.update((place, (starts[row], ends[row])) for row, place in enumerate(some))
        outputs: list[Outputs] = []
        first = 0
        for document in documents:
            outputs.append(_answer(document, [logits[first + place] for place in range(len(document))]))
            first += len(document)
        del calls
        return outputs

    def _logits(self, windows: Sequence[_Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns how much speaks for each token as the first and as the last of the answer."""
        longest = max(len(window.word_ids) for window in windows)
        filling: dict[str, Argument] = {"input_ids": self._tokenizer.pad_token_id or 0, "bbox": [0] * 4}
        encoded = {
            name: torch.tensor(
                [
                    list(window.inputs[name]) + [filling.get(name, 0)] * (longest - len(window.word_ids))
                    for window in windows
                ]
            )
            for name in windows[0].inputs
        }
        if self._looks:
            encoded["pixel_values"] = torch.stack([window.pixels for window in windows])
        with torch.inference_mode():
            outputs = self._model(**self.checkpoint.inputs(encoded))
        return outputs.start_logits.float().cpu(), outputs.end_logits.float().cpu()


def _answer(windows: Sequence[_Window], logits: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> Outputs:
    """Takes the likeliest stretch of words of all windows; nothing, with score 0, where there are no words."""
    owners = [[word for word in window.word_ids if word is not None] for window in windows]
    if not any(owners):
        return {"answer": "", "score": 0.0}
    kept = [[place for place, word in enumerate(window.word_ids) if word is not None] for window in windows]
    # All windows compete: the shares of all their tokens add up to 1.
    sizes = [len(words) for words in owners]
    starts, ends = (
        torch.split(
            torch.cat([pair[side][places] for pair, places in zip(logits, kept, strict=True)]).softmax(0), sizes
        )
        for side in (0, 1)
    )
    best = (-1.0, 0, 0, 0)
    for place, (start, end, words) in enumerate(zip(starts, ends, owners, strict=True)):
        if words:
            # The last token is not before the first one, nor far behind it.
            pairs = torch.outer(start, end).triu().tril(_LONGEST_ANSWER - 1)
            row, column = divmod(int(pairs.argmax()), len(words))
            best = max(best, (float(pairs[row, column]), -place, words[row], words[column]))
    score, place, first, last = best
    window = windows[-place]
    chosen = window.words[first : last + 1]
    return {
        "answer": " ".join(word.text for word in chosen),
        "score": score,
        "box": {"json": _box(window, chosen)},
    }


def _box(window: _Window, chosen: Sequence[PageWord]) -> dict[str, ipc.Plain]:
    """Returns the box around words, on the image as it came, and the page."""
    box = page_words.around(chosen)
    corners: Corners = [[box.x_min, box.y_min], [box.x_max, box.y_max]]
    if window.reading is not None:
        corners = window.reading.on_image(corners)
    (x, y), (other_x, other_y) = corners
    return {
        "x_min": round(min(x, other_x)),
        "y_min": round(min(y, other_y)),
        "x_max": round(max(x, other_x)),
        "y_max": round(max(y, other_y)),
        "page": window.page_number,
    }


def _reader(spec: ipc.Load) -> PageReader:
    """Opens what reads the lines of a page: the models of the expert `rapidocr`."""
    try:
        from orchestrion_host.worker.engines.image.page_reading.installed import page_reader
    except ImportError as error:
        text = f"{spec.expert_id} needs a reader of text: install `rapidocr` (pip install 'orchestrion[starter]')."
        raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id) from error
    return page_reader()
