"""The model: an encoder of requests, tools and options, and what is read off it.

Shapes: B requests, N pieces, T abilities (task types with a choice), P options, U texts of options, S steps, O objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from orchestrion_controller.planner.builtin.reading.base import WIDTH as BASE_WIDTH
from orchestrion_controller.planner.builtin.reading.features import COUNT, OBJECT_COUNT
from orchestrion_controller.planner.builtin.reading.heads import CHANGES, ROLES, STARTS
from orchestrion_controller.planner.builtin.reading.marking import MARKS

WIDTH: Final = 384
KEY: Final = 128
PAIR: Final = 64
OWNER: Final = 32
_TEXTS_ALONE: Final = 0.25
"""In what share of the batches one of our own abilities or options is known by its text alone."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the model makes of a library."""

    keys: Tensor
    """Of its abilities: shape (T, KEY), of length 1."""
    pair: Tensor
    """Likewise, as an end of a link: shape (T, PAIR)."""
    whole: Tensor
    """Shape (T, WIDTH): the mean of an ability's pieces, for the teacher."""
    owner: Tensor
    """Of its abilities, as what options belong to: shape (T, OWNER)."""
    options: Tensor
    """Of its options' texts: shape (U, KEY), of length 1; of the options themselves, shape (P, KEY), for our own."""


@dataclass(frozen=True, slots=True)
class Read:
    """Requests as they were read."""

    hidden: Tensor
    """Shape (B, N, WIDTH)."""
    mask: Tensor
    """Shape (B, N): 1 for pieces, 0 for padding."""
    words: Tensor
    """Shape (B, N): 1 for pieces of words, 0 for padding and for marks that stand for no words."""


class PlanModel(nn.Module):
    """Scores what each piece of a request is there for, which tools the request wants, and links."""

    def __init__(self, layers: int, abilities: int = 0, options: int = 0) -> None:
        """Makes a model.

        Args:
            layers: How many layers the encoder has.
            abilities: How many abilities our own library has, of which more is learnt than their texts say.
            options: Likewise its options.
        """
        super().__init__()
        self.ability_own = nn.Parameter(torch.zeros(abilities, KEY))
        self.option_own = nn.Parameter(torch.zeros(options, KEY))
        config = BertConfig(
            vocab_size=1,
            hidden_size=WIDTH,
            num_hidden_layers=layers,
            num_attention_heads=12,
            intermediate_size=1536,
            max_position_embeddings=256,
            type_vocab_size=2,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.0,
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        # On texts as short as these it learns several times as fast as fused attention, on a CPU.
        self.bert.set_attn_implementation("eager")
        self.enter = nn.Linear(BASE_WIDTH, WIDTH)
        self.marks = nn.Embedding(len(MARKS) + 1, WIDTH)
        nn.init.normal_(self.marks.weight, std=0.05)
        self.role = nn.Linear(WIDTH, len(ROLES))
        self.query = nn.Linear(WIDTH, KEY)
        self.key = nn.Linear(2 * WIDTH, KEY)
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.option_query = nn.Linear(WIDTH, KEY)
        self.option_key = nn.Linear(2 * WIDTH, KEY)
        self.option_scale = nn.Parameter(torch.tensor(10.0))
        self.owner_query = nn.Linear(WIDTH, OWNER)
        self.owner_key = nn.Linear(2 * WIDTH, OWNER)
        self.start = nn.Linear(WIDTH, len(STARTS))
        self.change = nn.Linear(WIDTH, len(CHANGES))
        self.sharpness = nn.Parameter(torch.tensor(1.0))
        self.whole_query = nn.Linear(WIDTH, KEY)
        self.presence = nn.Parameter(torch.tensor([0.7, 3.0, -0.5, 0.7]))
        self.pair_query = nn.Linear(WIDTH, PAIR)
        self.pair_key = nn.Linear(2 * WIDTH, PAIR)
        self.pair_hidden = nn.Linear(6 * PAIR + COUNT, 96)
        self.pair_out = nn.Linear(96, 1)
        self.root_hidden = nn.Linear(2 * PAIR + COUNT, 48)
        self.root_out = nn.Linear(48, 1)
        self.object_hidden = nn.Linear(4 * PAIR + OBJECT_COUNT, 48)
        self.object_out = nn.Linear(48, 1)
        self.to_teacher = nn.Linear(WIDTH, WIDTH)

    def hidden(self, base: Tensor, marks: Tensor, mask: Tensor) -> Tensor:
        """Encodes pieces: what the base makes of them (B, N, BASE_WIDTH) and their marks (B, N), 0 for none."""
        embedded = self.enter(base) + self.marks(marks) * (marks > 0)[..., None]
        output: Tensor = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        return output

    def tools(self, abilities: Tensor, options: Tensor | None) -> Tools:
        """Sums up tools and options, each what `name_and_whole` makes of its texts: (T, 2 * WIDTH)."""
        keys = functional.normalize(self.key(abilities), dim=-1)
        texts = torch.zeros(0, KEY) if options is None else self.option_key(options)
        return Tools(
            keys,
            self.pair_key(abilities),
            abilities[:, WIDTH:],
            self.owner_key(abilities),
            functional.normalize(texts, dim=-1),
        )

    def of_own(self, tools: Tools, text_of: Tensor) -> Tools:
        """Adds to our own library what is learnt of it beyond its texts; now and then the texts have to do.

        Of what a plug-in brings, which comes after our own, nothing is.
        """
        keys = self._now_and_then(self.ability_own, len(tools.keys))
        options = self._now_and_then(self.option_own, len(text_of))
        return replace(
            tools,
            keys=functional.normalize(tools.keys + keys, dim=-1),
            options=functional.normalize(tools.options[text_of] + options, dim=-1),
        )

    def _now_and_then(self, own: Tensor, count: int) -> Tensor:
        here = own * (torch.rand(len(own), 1) > _TEXTS_ALONE) if self.training else own
        return functional.pad(here, (0, 0, 0, count - len(here)))

    def asks(self, hidden: Tensor, tools: Tools) -> Tensor:
        """Scores each ability at each piece: (B, N, T)."""
        scores: Tensor = self.scale * (functional.normalize(self.query(hidden), dim=-1) @ tools.keys.T)
        return scores

    def options(self, hidden: Tensor, tools: Tools, ability_of: Tensor) -> Tensor:
        """Scores each option of our own library at each piece: (B, N, P)."""
        keys = self.option_scale * (functional.normalize(self.option_query(hidden), dim=-1) @ tools.options.T)
        owners = self.owner_query(hidden) @ tools.owner.T
        scores: Tensor = keys + owners[..., ability_of]
        return scores

    def wanted(self, read: Read, places: Tensor, tools: Tools) -> Tensor:
        """The log odds that a request wants each ability: (B, T); `places` are log odds against asking for none."""
        sharp = functional.softplus(self.sharpness) + 0.3
        outside = ~read.words.bool()[:, :, None]
        scores = (places * sharp).masked_fill(outside, -1e4)
        strongest = torch.logsumexp(scores, 1) / sharp
        whole = functional.normalize(self.whole_query(mean(read.hidden, read.mask)), dim=-1) @ tools.keys.T
        # Of tools that are alike, one is asked for: what a piece says for one it says against the others.
        against = shares(places).masked_fill(outside, -1e4).amax(1).clamp(min=-20)
        weights = self.presence
        odds: Tensor = weights[0] * strongest + weights[1] * whole + weights[2] + weights[3] * against
        return odds

    def pairs(self, steps: Tensor, keys: Tensor, features: Tensor) -> Tensor:
        """The log odds that step i feeds step j: steps (S, WIDTH), keys (S, PAIR), features (S, S, F) to (S, S)."""
        query = self.pair_query(steps)
        count = len(query)
        left = torch.cat([query, keys], -1)[:, None].expand(count, count, 2 * PAIR)
        right = torch.cat([query, keys], -1)[None].expand(count, count, 2 * PAIR)
        hidden = functional.gelu(self.pair_hidden(torch.cat([left, right, left * right, features], -1)))
        odds: Tensor = self.pair_out(hidden)[..., 0]
        return odds

    def roots(self, steps: Tensor, keys: Tensor, features: Tensor) -> Tensor:
        """The log odds that a step works on what the request gives, and on no other step's output: (S,)."""
        joined = torch.cat([self.pair_query(steps), keys, features], -1)
        odds: Tensor = self.root_out(functional.gelu(self.root_hidden(joined)))[..., 0]
        return odds

    def objects(self, objects: Tensor, steps: Tensor, keys: Tensor, features: Tensor) -> Tensor:
        """The log odds that a step works on an object: objects (O, WIDTH), features (O, S, F) to (O, S)."""
        left = self.pair_query(objects)[:, None].expand(len(objects), len(steps), PAIR)
        right = self.pair_query(steps)[None].expand(len(objects), len(steps), PAIR)
        ends = keys[None].expand(len(objects), len(steps), PAIR)
        hidden = functional.gelu(self.object_hidden(torch.cat([left, right, ends, left * right, features], -1)))
        odds: Tensor = self.object_out(hidden)[..., 0]
        return odds


def shares(places: Tensor) -> Tensor:
    """How likely a piece asks for just this tool, as logarithms: (…, T) of log odds against nothing, to (…, T)."""
    return places - torch.logsumexp(functional.pad(places, (0, 1)), -1, keepdim=True)


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean over pieces: (B, N, W), (B, N) to (B, W)."""
    weights = mask.to(hidden.dtype)[..., None]
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-6)


def name_and_whole(hidden: Tensor, mask: Tensor, names: Tensor) -> Tensor:
    """The means of a text's name and of all of it, side by side: hidden (T, N, W), masks (T, N) to (T, 2 * W)."""
    return torch.cat([mean(hidden, names), mean(hidden, mask)], -1)
