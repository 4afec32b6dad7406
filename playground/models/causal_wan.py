"""The causal video transformer: Wan2.1's layers and parameter names, with the cache passed in and out.

Published checkpoints load after their prefixes are stripped; the tiny model is the same class, smaller.
Keys leave this module un-rotated and every entry has an explicit temporal position, so a memory policy
may move entries about and rotate them to wherever it wants (rotary embedding at reading time). Modulation
is per frame, so frames of one call may be at different noise levels. Sources: Wan2.1 (arXiv 2503.20314,
section 4.2), Self Forcing (2506.08009), LongLive (2509.22622), MotionStream (2511.01266, section 3.2).

This module does not know schedules, policies or prompts as text.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from playground.models.key_values import MEMORY, VELOCITY, Context, Gathering, KeyValues
from playground.models.rotary import Turn, sinusoid


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WanConfig:
    """Sizes of the transformer, by Wan's own names; `track_*` describe the optional track input."""

    dim: int
    ffn_dim: int
    num_heads: int
    num_layers: int
    in_dim: int = 16
    out_dim: int = 16
    text_dim: int = 4096
    text_len: int = 512  # prompts are filled up with zeros to this length
    freq_dim: int = 256
    patch_size: tuple[int, int, int] = (1, 2, 2)
    eps: float = 1e-6
    qk_norm: bool = True
    cross_attn_norm: bool = True
    track_channels: int = 0  # of the track grid, per pixel frame; 0 = no track input
    track_dim: int = 0  # what the track head makes of them; widens the patch embedding
    track_fold: int = 1  # pixel frames a latent frame stands for

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "WanConfig":
        """The fields that this class has; other entries of a published config are left aside."""
        names = {field.name for field in dataclasses.fields(cls)}
        known = {name: value for name, value in values.items() if name in names}
        if "patch_size" in known:
            known["patch_size"] = tuple(known["patch_size"])
        return cls(**known)


class RMSNorm(nn.Module):
    """Root-mean-square normalisation over the full width, before heads are split."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised in float32, then scaled."""
        return F.rms_norm(x.float(), self.weight.shape, self.weight.float(), self.eps).to(x.dtype)


class Projections(nn.Module):
    """q, k, v, o and the two norms, for self- and cross-attention alike."""

    def __init__(self, config: WanConfig) -> None:
        super().__init__()
        self.heads, dim = config.num_heads, config.dim
        for name in ("q", "k", "v", "o"):
            setattr(self, name, nn.Linear(dim, dim))
        norm = (lambda: RMSNorm(dim, config.eps)) if config.qk_norm else nn.Identity
        self.norm_q, self.norm_k = norm(), norm()

    def query(self, x: Tensor) -> Tensor:
        """[b, n, dim] -> [b, n, a, d]."""
        return self.norm_q(self.q(x)).unflatten(-1, (self.heads, -1))

    def key_value(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[b, n, dim] -> twice [b, n, a, d]; keys are not rotated."""
        key, value = self.norm_k(self.k(x)), self.v(x)
        return key.unflatten(-1, (self.heads, -1)), value.unflatten(-1, (self.heads, -1))


class Block(nn.Module):
    """Self-attention and feed-forward, both modulated by time, with cross-attention between them."""

    def __init__(self, config: WanConfig) -> None:
        super().__init__()
        dim = config.dim
        self.dim, self.eps = dim, config.eps
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)
        self.self_attn, self.cross_attn = Projections(config), Projections(config)
        self.norm3 = nn.LayerNorm(dim, config.eps) if config.cross_attn_norm else nn.Identity()
        self.ffn = nn.Sequential(
            nn.Linear(dim, config.ffn_dim), nn.GELU("tanh"), nn.Linear(config.ffn_dim, dim)
        )

    def forward(
        self,
        x: Float[Tensor, "b t n c"],
        e: Float[Tensor, "b t 6 c"],
        turn: Turn,
        past: tuple[list[Tensor], list[Tensor]],
        context: tuple[Tensor, Tensor],
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The next layer's input, and this layer's own keys and values, each [b, t, n, a, d]."""
        t, n = x.shape[1:3]
        shift, scale, gate, shift2, scale2, gate2 = self.modulated(e)
        flat = torch.addcmul(shift, self._normed(x), 1 + scale).flatten(1, 2)
        query = self.self_attn.query(flat)
        key, value = self.self_attn.key_value(flat)
        keys, values = _after(past[0], key), _after(past[1], value)
        mixed = attention(turn.rotate(query, new=True), turn.rotate(keys), values, mask)
        x = torch.addcmul(x, self.self_attn.o(mixed.flatten(2)).view_as(x), gate)
        across = attention(self.cross_attn.query(self.norm3(x).flatten(1, 2)), *context, None)
        x = x + self.cross_attn.o(across.flatten(2)).view_as(x)
        x = torch.addcmul(x, self.ffn(torch.addcmul(shift2, self._normed(x), 1 + scale2)), gate2)
        return x, key.unflatten(1, (t, n)), value.unflatten(1, (t, n))

    def memory(
        self, x: Float[Tensor, "b t n c"], e: Float[Tensor, "b t 6 c"]
    ) -> tuple[Tensor, Tensor]:
        """This layer's own keys and values and no more: all that a clean pass wants of the last one."""
        shift, scale, *_ = self.modulated(e)
        return self.self_attn.key_value(torch.addcmul(shift, self._normed(x), 1 + scale))

    def modulated(self, e: Float[Tensor, "b t 6 c"]) -> tuple[Tensor, ...]:
        """Shift, scale and gate of the attention, then of the feed-forward, each [b, t, 1, c]."""
        return (self.modulation + e).unsqueeze(3).unbind(2)

    def _normed(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (self.dim,), eps=self.eps)


class Head(nn.Module):
    """Last norm, modulation and projection to pixels of a patch."""

    def __init__(self, config: WanConfig) -> None:
        super().__init__()
        self.eps = config.eps
        self.head = nn.Linear(config.dim, math.prod(config.patch_size) * config.out_dim)
        self.modulation = nn.Parameter(torch.randn(1, 2, config.dim) / config.dim**0.5)

    def forward(self, x: Float[Tensor, "b t n c"], e: Float[Tensor, "b t c"]) -> Tensor:
        """[b, t, n, values of a patch]."""
        shift, scale = (self.modulation + e.unsqueeze(2)).unsqueeze(3).unbind(2)
        return self.head(F.layer_norm(x, x.shape[-1:], eps=self.eps) * (1 + scale) + shift)


class CausalWan(nn.Module):
    """Noisy latent frames, time, prompt and past in; velocity and the frames' own keys and values out."""

    def __init__(self, config: WanConfig) -> None:
        super().__init__()
        self.config = config
        dim, width = config.dim, config.in_dim + config.track_dim
        self.patch_embedding = nn.Conv3d(width, dim, config.patch_size, config.patch_size)
        self.text_embedding = nn.Sequential(
            nn.Linear(config.text_dim, dim), nn.GELU("tanh"), nn.Linear(dim, dim)
        )
        self.time_embedding = nn.Sequential(
            nn.Linear(config.freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim)
        )
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.head = Head(config)
        if config.track_dim:
            folded = config.track_channels * config.track_fold
            self.track_head = nn.Sequential(
                nn.Linear(folded, 2 * config.track_dim), nn.SiLU(),
                nn.Linear(2 * config.track_dim, config.track_dim),
            )  # fmt: skip

    def context(self, text: Float[Tensor, "b n e"]) -> Context:
        """Cross-attention keys and values of prompt embeddings, filled up with zeros to `text_len`."""
        missing = self.config.text_len - text.shape[1]
        if missing < 0:
            raise ValueError(
                f"a prompt must have at most {self.config.text_len} tokens, got {text.shape[1]}; "
                "shorten it"
            )
        words = self.text_embedding(F.pad(text, (0, 0, 0, missing)))
        pairs = [block.cross_attn.key_value(words) for block in self.blocks]
        return Context(torch.stack([k for k, _ in pairs]), torch.stack([v for _, v in pairs]))

    def forward(
        self,
        x: Float[Tensor, "b c t h w"],
        t: Float[Tensor, "b t"],
        context: Context,
        *,
        positions: Int[Tensor, " t"],
        past: KeyValues | None = None,
        past_positions: Int[Tensor, " f"] | None = None,
        mask: Bool[Tensor, "t t"] | None = None,
        tracks: Float[Tensor, "b e T h w"] | None = None,
        only: str | None = None,
    ) -> tuple[Float[Tensor, "b c t h w"] | None, KeyValues | None]:
        """Velocity (noise minus clean latents) at times `t` in [0, 1000], and the new keys and values.

        `positions` are the temporal positions of the new frames, `past_positions` those of the frames
        in `past`. `mask[i, j]` says whether new frame i may look at new frame j (None: at all); the
        past is always seen. `tracks` has `track_fold` grids a latent frame; None = unspecified. `only`
        "velocity" or "memory" (the keys and values) gives None for the other, and is less work.
        """
        tokens, (rows, columns) = self._patches(x, tracks)
        e, e0 = self.timed(t, tokens.dtype)
        all_positions = positions if past is None else torch.cat([past_positions, positions])
        head_dim = self.config.dim // self.config.num_heads
        turn = Turn(all_positions, len(positions), rows, columns, head_dim)
        token_mask = None if mask is None else _token_mask(mask, past, rows * columns)
        layers = len(self.blocks)
        pasts = past.layers() if past else [([], [])] * layers
        words = zip(context.k.unbind(), context.v.unbind(), strict=True)
        kept = None if only == VELOCITY else Gathering(layers)
        for layer, (block, before, pair) in enumerate(zip(self.blocks, pasts, words, strict=True)):
            if only == MEMORY and layer == layers - 1:
                kept.add(*block.memory(tokens, e0))
                return None, kept.whole()
            tokens, k, v = block(tokens, e0, turn, before, pair, token_mask)
            if kept is not None:
                kept.add(k, v)
        velocity = self._unpatched(self.head(tokens, e), rows, columns)
        return velocity, None if kept is None else kept.whole()

    def timed(self, t: Float[Tensor, "b t"], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """What the head, [b, t, c], and what the blocks, [b, t, 6, c], are told of the time."""
        e = self.time_embedding(sinusoid(t, self.config.freq_dim).to(dtype))
        return e, self.time_projection(e).unflatten(-1, (6, -1))

    def _patches(self, x: Tensor, tracks: Tensor | None) -> tuple[Tensor, tuple[int, int]]:
        """Patch embedding as one matrix product, [b, t, n, dim]; faster than a 3D convolution on CPUs."""
        if self.config.track_dim:
            x = torch.cat([x, self._track_channels(x, tracks)], 1)
        _, rows, columns = self.config.patch_size
        weight = self.patch_embedding.weight.flatten(1)
        tokens = F.linear(self._cut(x), weight, self.patch_embedding.bias)
        return tokens, (x.shape[3] // rows, x.shape[4] // columns)

    def _cut(self, x: Tensor) -> Tensor:
        """All values of a patch side by side, [b, t, n, values of a patch]."""
        pt, ph, pw = self.config.patch_size
        b, c, t, h, w = x.shape
        cut = x.reshape(b, c, t // pt, pt, h // ph, ph, w // pw, pw)
        return cut.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4).flatten(2, 3)

    def _track_channels(self, x: Tensor, tracks: Tensor | None) -> Tensor:
        """The track head's answer on the latent grid; of an empty grid where nothing is specified."""
        fold, (b, _, t, h, w) = self.config.track_fold, x.shape
        if tracks is None:
            tracks = x.new_zeros(b, self.config.track_channels, t * fold, h, w)
        grid = tracks.unflatten(2, (t, fold)).permute(0, 2, 4, 5, 1, 3).flatten(4)
        return self.track_head(grid.to(x.dtype)).permute(0, 4, 1, 2, 3)

    def _unpatched(self, values: Tensor, rows: int, columns: int) -> Tensor:
        pt, ph, pw = self.config.patch_size
        b, t = values.shape[:2]
        cut = values.reshape(b, t, rows, columns, pt, ph, pw, self.config.out_dim)
        cut = cut.permute(0, 7, 1, 4, 2, 5, 3, 6)
        return cut.reshape(b, self.config.out_dim, t * pt, rows * ph, columns * pw)


def _after(past: list[Tensor], new: Tensor) -> Tensor:
    """Tokens of a layer's past, [b, f, n, a, d] in runs, and those of the new frames behind them."""
    return torch.cat([*(run.flatten(1, 2) for run in past), new], 1) if past else new


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Float[Tensor, "b n a d"]:
    """Softmax attention, [b, n, a, d]; written out where gradients are needed on a CPU.

    The fused kernel's backward pass takes several times as long there, for short sequences.
    """
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    if not (q.requires_grad and q.device.type == "cpu"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return (scores.softmax(-1).to(v.dtype) @ v).transpose(1, 2)


def _token_mask(mask: Tensor, past: KeyValues | None, tokens: int) -> Tensor:
    """A mask of frames as a mask of tokens, with the past always seen."""
    seen = mask.repeat_interleave(tokens, 0).repeat_interleave(tokens, 1)
    if past is None:
        return seen
    return torch.cat([seen.new_ones(len(seen), past.frames * tokens), seen], 1)
