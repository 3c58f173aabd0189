"""How many tokens a model reads at once, and how texts of many lengths share forward passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from orchestrion_host import ipc
from orchestrion_host.families import context_limits
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Config, Tokenizer

PASS_TOKENS: Final = 8192
"""How many tokens go through an encoder at once, padding included: sixteen texts of 512."""

_USUAL: Final = 512
# Their positions are counted from behind the place of padding, which uses some of the table up.
_COUNTED_FROM_PADDING: Final = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "esm")
_SHOWN: Final = 60
_ENDLESS: Final = ("t5", "mt5", "umt5", "longt5")


def most_tokens(config: Config, spec: ipc.Load, tokenizer: Tokenizer, usual: int = _USUAL) -> int:
    """Returns how many tokens the model reads, those that mark the beginning and the end included.

    The option `max_length` asks for fewer; or for more, where places are relative and the model has no end.

    Args:
        config: Its configuration, which says how many places the model has.
        spec: The expert, whose option `max_length` is meant.
        tokenizer: Says for how long texts the model was trained, in most checkpoints.
        usual: What is taken where neither says anything, as for models with relative places.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: the option is no number of tokens.
    """
    config = getattr(config, "text_config", None) or config
    limits = [
        places
        for name in context_limits.PLACES
        if isinstance(places := getattr(config, name, None), int) and places > 0
    ]
    if limits and config.model_type in _COUNTED_FROM_PADDING:
        limits = [places - (getattr(config, "pad_token_id", None) or 0) - 1 for places in limits]
    # Tokenizers that do not know say 10 to the power of 30.
    if tokenizer.model_max_length < 1 << 30:
        limits.append(int(tokenizer.model_max_length))
    option = spec.options.get("max_length")
    if option is not None:
        if isinstance(option, bool) or not isinstance(option, int) or option < 1:
            raise spec.refused(f"options.max_length: expected a number of tokens, at least 1; found {option!r}.")
        limits = [option] if config.model_type in _ENDLESS else [*limits, option]
    return min(limits) if limits else usual


def give_padding(tokenizer: Tokenizer, config: Config) -> None:
    """Names a token for padding where a checkpoint has none, as those of decoders; it is masked, so any will do."""
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if getattr(config, "pad_token_id", None) is None:
        # Classifiers on decoders look for the last token that is none of the padding.
        config.pad_token_id = tokenizer.pad_token_id


def check_labels(call: Call, labels: Sequence[str], tokens: Sequence[Sequence[int]], most_tokens: int) -> None:
    """Sees that a model reads each label to its end.

    Args:
        call: The call that brings them as its input `labels`.
        labels: The labels.
        tokens: The tokens of the text that each is put into.
        most_tokens: How many the model reads.

    Raises:
        InvalidArgumentError: It does not.
    """
    for label, own in zip(labels, tokens, strict=True):
        if len(own) > most_tokens:
            problem = (
                f"holds a label of {len(own)} tokens, {label[:_SHOWN]!r} …; this expert reads {most_tokens} at most. "
                "Shorten it."
            )
            raise call.bad_input("labels", problem, token_count=len(own), limit_token_count=most_tokens)


def passes(counts: Sequence[int], pass_tokens: int = PASS_TOKENS) -> Iterator[list[int]]:
    """Sorts texts into forward passes of bounded size, those of like length together, so that little is padded.

    Args:
        counts: The number of tokens of each text.
        pass_tokens: How many tokens go through the model at once, padding included.

    Yields:
        The places of the texts of one pass; the longest come first, so that a lack of memory shows at once.
    """
    ordered = sorted(range(len(counts)), key=lambda place: -counts[place])
    while ordered:
        size = max(1, pass_tokens // max(1, counts[ordered[0]]))
        yield ordered[:size]
        ordered = ordered[size:]
