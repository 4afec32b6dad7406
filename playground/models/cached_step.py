"""The cached forward as a graph of plain tensors: what a compiler needs, and less work a call.

What all passes of a chunk share comes in ready, once a chunk instead of once a pass: the keys of the past,
rotated and laid out as the queries' product reads them; what the tracks add to the tokens. What all chunks
share does so too: what a time tells the layers. The numbers are those of `CausalWan.forward` (a test keeps
them equal), in float32. One stream at a time: what streaming needs. Knows no compiler.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from playground.models.causal_wan import CausalWan
from playground.models.key_values import Context, KeyValues
from playground.models.rotary import Turn

TWICE = 2 * math.sqrt(2 / math.pi)  # 2u = TWICE * (x + 0.044715 x^3)


class CachedStep(nn.Module):
    """`step(x, time, cos, sin, past_k, past_v, context_k, context_v, told)` -> velocity, keys, values.

    time is `timed(wan, t)`; cos and sin the rows of the new tokens; past_k is [l, b, a, d, m],
    past_v [l, b, a, m, d]; contexts come as [l, b, a, n, d]; `told` is left out for models without a track
    input. Keys and values that come out are [l, b, t, n, a, d], not rotated. Without a past (None), new
    frames may be masked.
    """

    def __init__(self, wan: CausalWan, mask: Bool[Tensor, "m m"] | None = None) -> None:
        super().__init__()
        self.wan, self.mask = wan, mask
        width = wan.config.dim // wan.config.num_heads
        crossed = torch.eye(width).unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
        self.register_buffer("crossed", crossed, persistent=False)  # x @ it = pairs exchanged

    def forward(
        self, x: Tensor, time: Tensor, cos: Tensor, sin: Tensor, past_k: Tensor | None,
        past_v: Tensor | None, context_k: Tensor, context_v: Tensor, told: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """See the class."""
        wan, new, (e0, e) = self.wan, [], time.split((6, 1), 2)
        tokens = _embedded(wan, x)
        tokens = tokens if told is None else tokens + told
        for layer, block in enumerate(wan.blocks):
            shift, scale, gate, *feed = block.modulated(e0)
            flat = (block._normed(tokens) * (1 + scale) + shift).flatten(1, 2)
            query = self._turned(block.self_attn.query(flat), cos, sin)
            key, value = block.self_attn.key_value(flat)
            seen = self._turned(key, cos, sin), value
            if past_k is None:
                mixed = _attended(block.self_attn, query, *map(_heads_first, seen), self.mask)
            else:
                mixed = _looking_back(block.self_attn, query, *seen, past_k[layer], past_v[layer])
            tokens = tokens + mixed.view_as(tokens) * gate
            query = block.cross_attn.query(block.norm3(tokens).flatten(1, 2))
            mixed = _attended(block.cross_attn, query, context_k[layer], context_v[layer])
            tokens = tokens + mixed.view_as(tokens)
            shift, scale, gate = feed
            tokens = tokens + _fed(block.ffn, block._normed(tokens) * (1 + scale) + shift) * gate
            new.append((key, value))
        _, rows, columns = wan.config.patch_size
        grid = x.shape[3] // rows, x.shape[4] // columns
        k, v = (
            torch.stack(part).unflatten(2, (x.shape[2], grid[0] * grid[1]))
            for part in zip(*new, strict=True)
        )
        return wan._unpatched(wan.head(tokens, e.squeeze(2)), *grid), k, v

    def _turned(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        return x * cos + (x @ self.crossed) * sin


def _embedded(wan: CausalWan, x: Tensor) -> Tensor:
    """The patch embedding of the latents alone."""
    weight = wan.patch_embedding.weight[:, : wan.config.in_dim].flatten(1)
    return F.linear(wan._cut(x), weight, wan.patch_embedding.bias)


def timed(wan: CausalWan, t: Float[Tensor, "b t"]) -> Float[Tensor, "b t 7 c"]:
    """What blocks (the first six) and head are told of the time; what to hand over in one piece."""
    e, e0 = wan.timed(t, t.dtype)
    return torch.cat([e0, e.unsqueeze(2)], 2)


def told(
    wan: CausalWan,
    x: Float[Tensor, "b c t h w"],
    tracks: Float[Tensor, "b e T h w"] | None,
) -> Float[Tensor, "b t n c2"]:
    """What tracks (None: unspecified) add to the tokens: their part of the patch embedding."""
    weight = wan.patch_embedding.weight[:, wan.config.in_dim :].flatten(1)
    return F.linear(wan._cut(wan._track_channels(x, tracks)), weight)


def _heads_first(x: Tensor) -> Tensor:
    return x.transpose(1, 2)


def _looking_back(
    part: nn.Module, query: Tensor, key: Tensor, value: Tensor, past_k: Tensor, past_v: Tensor
) -> Tensor:
    """Attention over past and new, written out: a fused one would turn the past's keys in every pass."""
    keys = torch.cat([past_k, key.permute(0, 2, 3, 1)], 3)
    values = torch.cat([past_v, _heads_first(value)], 2)
    scores = (_heads_first(query) * query.shape[-1] ** -0.5) @ keys
    return part.o(_heads_first(scores.softmax(-1) @ values).flatten(2))


def _attended(
    part: nn.Module, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None
) -> Tensor:
    mixed = F.scaled_dot_product_attention(_heads_first(query), keys, values, attn_mask=mask)
    return part.o(_heads_first(mixed).flatten(2))


def _fed(ffn: nn.Sequential, x: Tensor) -> Tensor:
    """The feed-forward part, with GELU (its tanh form) as x / (1 + exp(-2u)).

    As one operation it is fused into the matrix product before it, which then runs on a slower kernel.
    """
    first, _, last = ffn
    x = first(x)
    return last(x / (1 + torch.exp(x * (-TWICE - TWICE * 0.044715 * x * x))))


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


def rotated(past: KeyValues, turn: Turn, first: int = 0) -> tuple[Tensor, Tensor]:
    """Keys, rotated, [l, b, a, d, m], and values, [l, b, a, m, d], of the past from frame `first` of `turn` on.

    Pairs turn as complex numbers: one pass over the memory.
    """
    k, v = past.k, past.v
    start, end = (frame * k.shape[3] for frame in (first, first + k.shape[2]))
    pairs = torch.view_as_complex(k.float().flatten(2, 3).unflatten(-1, (-1, 2)))
    keys = (
        torch.view_as_real(pairs * turn.pairs[start:end]).flatten(-2).to(k.dtype)
    )  # [l, b, m, a, d]
    return keys.permute(0, 1, 3, 4, 2), v.flatten(2, 3).transpose(2, 3)


def words(context: Context) -> tuple[Tensor, Tensor]:
    """A context as [l, b, a, n, d]."""
    return context.k.transpose(2, 3), context.v.transpose(2, 3)
