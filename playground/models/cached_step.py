"""The cached forward as a graph of plain tensors: what a compiler needs, and less work a call.

All passes of a chunk see the same past at the same positions, so its keys come in rotated already, heads
before tokens, once a chunk instead of once a pass and layer. The numbers are those of `CausalWan.forward`
(a test keeps them equal). One stream at a time, no mask: what streaming needs. Knows no compiler.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor, nn

from playground.models.causal_wan import CausalWan
from playground.models.key_values import Context, KeyValues
from playground.models.rotary import Turn, sinusoid


class CachedStep(nn.Module):
    """`step(x, t, cos, sin, past_k, past_v, context_k, context_v, tracks)` -> velocity, keys, values.

    Contexts come as [l, b, a, n, d]; `tracks` is left out for models without that input. Keys and
    values that come out are [l, b, t, n, a, d], not rotated, as from the transformer itself.
    """

    def __init__(self, wan: CausalWan) -> None:
        super().__init__()
        self.wan = wan
        width = wan.config.dim // wan.config.num_heads
        crossed = torch.eye(width).unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
        self.register_buffer("crossed", crossed, persistent=False)  # x @ it = pairs exchanged

    def forward(
        self, x: Tensor, t: Tensor, cos: Tensor, sin: Tensor, past_k: Tensor, past_v: Tensor,
        context_k: Tensor, context_v: Tensor, tracks: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """See the class."""
        wan, new = self.wan, []
        tokens, (rows, columns) = wan._patches(x, tracks)
        e = wan.time_embedding(sinusoid(t, wan.config.freq_dim))
        e0 = wan.time_projection(e).unflatten(-1, (6, -1))
        for layer, block in enumerate(wan.blocks):
            shift, scale, gate, *feed = (block.modulation + e0).unsqueeze(3).unbind(2)
            flat = (block._normed(tokens) * (1 + scale) + shift).flatten(1, 2)
            query = self._turned(block.self_attn.query(flat), cos, sin)
            key, value = block.self_attn.key_value(flat)
            keys = torch.cat([past_k[layer], self._turned(key, cos, sin).transpose(1, 2)], 2)
            values = torch.cat([past_v[layer], value.transpose(1, 2)], 2)
            tokens = tokens + _attended(block.self_attn, query, keys, values, tokens) * gate
            query = block.cross_attn.query(block.norm3(tokens).flatten(1, 2))
            words = context_k[layer], context_v[layer]
            tokens = tokens + _attended(block.cross_attn, query, *words, tokens)
            shift, scale, gate = feed
            tokens = tokens + block.ffn(block._normed(tokens) * (1 + scale) + shift) * gate
            new.append((key, value))
        velocity = wan._unpatched(wan.head(tokens, e), rows, columns)
        frames = (x.shape[2], rows * columns)
        k, v = (torch.stack(part).unflatten(2, frames) for part in zip(*new, strict=True))
        return velocity, k, v

    def _turned(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        return x * cos + (x @ self.crossed) * sin


def _attended(part: nn.Module, query: Tensor, keys: Tensor, values: Tensor, like: Tensor) -> Tensor:
    mixed = F.scaled_dot_product_attention(query.transpose(1, 2), keys, values)
    return part.o(mixed.transpose(1, 2).flatten(2)).view_as(like)


def turn_of(
    wan: CausalWan,
    rows: int,
    columns: int,
    positions: Int[Tensor, " t"],
    past_positions: Int[Tensor, " f"],
) -> Turn:
    """The rotary embedding of the past and, after it, the new frames."""
    head_dim = wan.config.dim // wan.config.num_heads
    return Turn(torch.cat([past_positions, positions]), len(positions), rows, columns, head_dim)


def rotated(past: KeyValues, turn: Turn) -> tuple[Tensor, Tensor]:
    """Keys and values of the past as [l, b, a, m, d], keys rotated to their positions."""
    old = turn.first_new
    keys = past.k.flatten(2, 3)  # [l, b, m, a, d]
    crossed = keys.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    keys = torch.addcmul(keys * turn.cos[:old], crossed, turn.sin[:old])
    return keys.transpose(2, 3), past.v.flatten(2, 3).transpose(2, 3)


def words(context: Context) -> tuple[Tensor, Tensor]:
    """A context as [l, b, a, n, d]."""
    return context.k.transpose(2, 3), context.v.transpose(2, 3)
