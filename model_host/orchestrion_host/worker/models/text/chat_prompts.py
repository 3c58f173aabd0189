"""Conversations as prompts: the turns of a call, checked, truncated from the oldest on, in the chat template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import jinja2

from orchestrion.values import JsonData, JsonObject
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Tokenizer
from orchestrion_host.worker.text import inputs

Turn: TypeAlias = dict[str, str]

_ROLES: Final = ("user", "assistant")
_MOST_TURNS: Final = 1000
# What ends a turn in the templates of the known families, of which some checkpoints do not say that it ends a text.
_TURN_ENDS: Final = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|end_of_turn|>")
_PLAIN_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}\n\n"
    "{% else %}{{ message.role.title() }}: {{ message.content }}\n{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A conversation as a model reads it."""

    tokens: list[int]
    omitted_turn_count: int = 0
    """How many of the oldest turns were left out, since not all of them fit."""


class ChatPrompts:
    """Makes prompts with the chat template of a tokenizer, or a plain one where it has none."""

    def __init__(self, tokenizer: Tokenizer, settings: JsonObject) -> None:
        """Keeps the tokenizer.

        Args:
            tokenizer: Its template is used. Control tokens are no text to it from here on, unless a call says so.
            settings: What the template is given besides, such as `enable_thinking`.
        """
        self._tokenizer = tokenizer
        # Templates write control tokens; which others there are in the turns, the library tells from them.
        tokenizer.split_special_tokens = False
        self._settings = dict(settings)
        self._template = None if tokenizer.chat_template else _PLAIN_TEMPLATE
        self.ends = () if tokenizer.chat_template else ("\nUser:",)
        """Texts at which an answer ends, since the person would speak next."""

    def prompt(self, call: Call, most_tokens: int) -> ChatPrompt:
        """Returns the prompt of a call, without the oldest turns where not all of them fit.

        Args:
            call: Has the inputs `text`, `history` and `system`.
            most_tokens: How long the prompt may be.

        Raises:
            InvalidArgumentError: The history is none, or the user's own turn alone is too long.
        """
        turns = _turns(call)
        system = inputs.checked_length(call, "system", call.text("system")).strip()
        # Where a conversation is cut, it goes on with a turn of the user, as templates demand.
        for first in (place for place, turn in enumerate(turns) if turn["role"] == "user"):
            tokens = self._rendered(call, system, turns[first:])
            if len(tokens) <= most_tokens:
                return ChatPrompt(tokens, first)
        problem = f"makes a prompt of {len(tokens):,} tokens; this expert reads {most_tokens:,} at once. Shorten it."
        raise call.bad_input("text", problem, token_count=len(tokens), limit_token_count=most_tokens)

    def _rendered(self, call: Call, system: str, turns: Sequence[Turn]) -> list[int]:
        begin = [{"role": "system", "content": system}] if system else []
        try:
            return self._tokens([*begin, *turns])
        except jinja2.TemplateError as error:
            if not system:
                raise call.bad_input("history", f"does not fit this expert's template: {error}.") from error
        # Templates such as Gemma's know no system; there, what it says goes in front of the first turn.
        try:
            return self._tokens([{**turns[0], "content": f"{system}\n\n{turns[0]['content']}"}, *turns[1:]])
        except jinja2.TemplateError as error:
            raise call.bad_input("history", f"does not fit this expert's template: {error}.") from error

    def _tokens(self, turns: Sequence[Turn]) -> list[int]:
        # The control tokens of the template are such, and those that somebody wrote in a turn are text.
        tokens: list[int] = self._tokenizer.apply_chat_template(
            list(turns),
            chat_template=self._template,
            add_generation_prompt=True,
            return_dict=False,
            sanitize_control_tokens=True,
            **self._settings,
        )
        # Templates write the marks of beginnings themselves; the plain one leaves them to the tokenizer.
        begin = self._tokenizer.bos_token_id
        return tokens if self._template is None or begin is None else [begin, *tokens]


def turn_ends(tokenizer: Tokenizer) -> list[int]:
    """Returns the tokens that end a turn in the chat template of a tokenizer."""
    template, vocabulary = str(tokenizer.chat_template or ""), tokenizer.get_added_vocab()
    return [vocabulary[token] for token in _TURN_ENDS if token in template and token in vocabulary]


def _turns(call: Call) -> list[Turn]:
    """Returns the turns from the first of the user's on to the new one; of one role in a row they are joined."""
    new = {"role": "user", "content": inputs.text(call, "text")}
    joined: list[Turn] = []
    for turn in [*_history(call), new]:
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1] = {**joined[-1], "content": f"{joined[-1]['content']}\n\n{turn['content']}"}
        elif joined or turn["role"] == "user":
            joined.append({"role": turn["role"], "content": turn["content"]})
    return joined


def _history(call: Call) -> Sequence[Turn]:
    history = call.inputs.get("history")
    turns = history.get("json") if isinstance(history, dict) else history
    if turns is None:
        return []
    if not isinstance(turns, list | tuple) or not all(_is_turn(turn) for turn in turns):
        problem = "must be a list of objects with `role`, which is user or assistant, and `content`, a text."
        raise call.bad_input("history", problem)
    if len(turns) > _MOST_TURNS:
        problem = f"holds {len(turns):,} turns; at most {_MOST_TURNS:,} are read. Leave the oldest out."
        raise call.bad_input("history", problem, turn_count=len(turns), limit_turn_count=_MOST_TURNS)
    inputs.checked_length(call, "history", "".join(turn["content"] for turn in turns))
    return turns


def _is_turn(turn: JsonData) -> bool:
    return isinstance(turn, Mapping) and turn.get("role") in _ROLES and isinstance(turn.get("content"), str)
