"""How many tokens a prompt has, without a tokenizer: by its bytes, and by what was counted in earlier ones. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from orchestrion_controller.language_model.messages import ChatMessage, byte_count

_FIRST_BYTES_A_TOKEN: Final = 2.5
_MARGIN: Final = 1.1
_MOST_REMEMBERED: Final = 16
_MESSAGE_TOKENS: Final = 16
"""More than a chat template adds to each message, and once more to the whole."""
_MIXED: Final = 0.2
"""From this share of bytes beyond ASCII on, a prompt counts as one of another script."""


class TokenEstimates:
    """Estimates for one model, which learn.

    English prompts take some 4 bytes a token, Chinese ones 2 to 3, so that kinds are told apart by their bytes beyond
    ASCII. The first estimate is a token for 2.5 bytes; later ones are the most that was counted in the last sixteen
    prompts of a kind, and a tenth more.
    """

    def __init__(self) -> None:
        """Starts without experience."""
        self._ratios: dict[bool, deque[float]] = {kind: deque(maxlen=_MOST_REMEMBERED) for kind in (False, True)}

    def of(self, messages: Sequence[ChatMessage]) -> float:
        """Estimates how many tokens a prompt has, the chat template's own included."""
        ratios = self._ratios[_is_mixed(messages)]
        ratio = min(1.0, max(ratios) * _MARGIN) if ratios else 1 / _FIRST_BYTES_A_TOKEN
        return byte_count(messages) * ratio + _MESSAGE_TOKENS * (len(messages) + 1)

    def learn(self, messages: Sequence[ChatMessage], prompt_tokens: int) -> None:
        """Records how many tokens were counted in a prompt; 0 where nobody counted."""
        if prompt_tokens > 0 and (size := byte_count(messages)):
            self._ratios[_is_mixed(messages)].append(min(1.0, prompt_tokens / size))


def _is_mixed(messages: Sequence[ChatMessage]) -> bool:
    beyond = sum(not sign.isascii() for message in messages for sign in message["content"])
    # A sign beyond ASCII has two bytes at least, most often three.
    return 3 * beyond > _MIXED * byte_count(messages)
