"""The other sides of the video comparison, on the same weights: diffusers' blocks, and no cache at all.

`StatefulDiffusers` makes diffusers' WanTransformer3DModel causal from outside: an attention processor
that remembers, and rotary positions with an offset. It has the signature of `CausalWan.forward`, so the
same stream runs on it. It is given what it can use: the past rotated once a chunk, one time for all
frames, our track head. What it lacks by design is a cross-attention cache.
"""

import copy
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from playground.diffusion import flow
from playground.models.cached_step import CachedStep, rotated, timed, told, turn_of, words
from playground.models.causal_wan import CausalWan
from playground.models.key_values import VELOCITY, Context, KeyValues
from playground.models.openvino_runtime import Conversion
from playground.models.video_model import VideoModel, VideoNetworks

NAMES = (  # ours to theirs; norm2 and norm3 exchange their names
    (r"^time_embedding\.0", "condition_embedder.time_embedder.linear_1"),
    (r"^time_embedding\.2", "condition_embedder.time_embedder.linear_2"),
    (r"^text_embedding\.0", "condition_embedder.text_embedder.linear_1"),
    (r"^text_embedding\.2", "condition_embedder.text_embedder.linear_2"),
    (r"^time_projection\.1", "condition_embedder.time_proj"),
    (r"^head\.modulation", "scale_shift_table"),
    (r"^head\.head", "proj_out"),
    (r"\.modulation$", ".scale_shift_table"),
    (r"\.ffn\.0\.", ".ffn.net.0.proj."),
    (r"\.ffn\.2\.", ".ffn.net.2."),
    (r"\.norm3\.", ".norm2."),
    (r"\.self_attn\.", ".attn1."),
    (r"\.cross_attn\.", ".attn2."),
    (r"(attn[12])\.([qkv])\.", r"\1.to_\2."),
    (r"(attn[12])\.o\.", r"\1.to_out.0."),
)


def on_diffusers(model: VideoModel, prompt: str) -> VideoModel:
    """The same model with diffusers' transformer in the place of ours; everything else is shared."""
    peer = copy.copy(model)
    forward = StatefulDiffusers(model, prompt)
    peer.networks = VideoNetworks(
        forward=forward, decode=model.networks.decode, name="diffusers, stateful"
    )
    return peer


class StatefulDiffusers:
    """diffusers' transformer behind the signature of `CausalWan.forward`."""

    def __init__(self, model: VideoModel, prompt: str) -> None:
        self.ours = model.transformer
        self.theirs = diffusers_twin(model.transformer)
        with torch.inference_mode():
            text = model.words([prompt]).to(model.device, model.dtype)
        self.text = F.pad(text, (0, 0, 0, self.ours.config.text_len - text.shape[1]))
        self._memories = [_Remembering() for _ in self.theirs.blocks]
        for block, memory in zip(self.theirs.blocks, self._memories, strict=True):
            block.attn1.set_processor(memory)
        self.theirs.rope = self._turn = _Turned()
        self._past: Any = None
        self._tracks: tuple = (None, None)

    def __call__(
        self,
        x: Tensor,
        t: Tensor,
        context: Context,
        *,
        positions: Tensor,
        past: KeyValues | None = None,
        past_positions: Tensor | None = None,
        tracks: Tensor | None = None,
        only: str | None = None,
    ) -> tuple[Tensor | None, KeyValues | None]:
        """One pass; `context` is not used, the prompt was told before."""
        if past is not self._past or past is None:
            self._see(x, positions, past, past_positions)
        if self.ours.config.track_dim:
            x = torch.cat([x, self._track_channels(x, tracks)], 1)
        x = x.to(self.text.dtype)
        velocity = self.theirs(x, t[:, 0], self.text, return_dict=False)[0].float()
        if only == VELOCITY:
            return velocity, None
        frames = (len(positions), -1)
        k, v = (
            torch.stack([getattr(memory, name) for memory in self._memories]).unflatten(2, frames)
            for name in ("k", "v")
        )
        return velocity, KeyValues(k, v)

    def _see(self, x: Tensor, positions: Tensor, past: KeyValues | None, where: Any) -> None:
        """Hand the past of a chunk to every layer."""
        _, rows, columns = self.ours.config.patch_size
        grid, config = (x.shape[3] // rows, x.shape[4] // columns), self.ours.config
        if past is None:
            heads = config.num_heads
            nothing = x.new_zeros(
                config.num_layers, 1, 0, grid[0] * grid[1], heads, config.dim // heads
            )
            past, where = KeyValues(nothing, nothing), positions[:0]
        else:
            self._past = past
        turn = turn_of(self.ours, *grid, positions, where)
        self._turn.pair = turn.cos[None, turn.first_new :], turn.sin[None, turn.first_new :]
        keys, values = rotated(past, turn)
        keys = keys.transpose(3, 4).contiguous()
        for layer, memory in enumerate(self._memories):
            memory.past = keys[layer], values[layer]

    def _track_channels(self, x: Tensor, tracks: Tensor | None) -> Tensor:
        if tracks is not self._tracks[0] or self._tracks[1] is None:
            self._tracks = tracks, self.ours._track_channels(x, tracks)
        return self._tracks[1]


class _Turned(nn.Module):
    """Stands where diffusers computes positions from 0; ours are handed in."""

    pair: tuple[Tensor, Tensor]

    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        return self.pair


class _Remembering:
    """Self-attention over the past and what is new."""

    past: tuple[Tensor, Tensor]
    k: Tensor
    v: Tensor

    def __call__(
        self, attn: Any, hidden_states: Tensor, text: None, mask: None, turn: tuple[Tensor, Tensor]
    ) -> Tensor:
        query, self.k = attn.norm_q(attn.to_q(hidden_states)), attn.norm_k(attn.to_k(hidden_states))
        query, self.k, self.v = (
            part.unflatten(2, (attn.heads, -1))
            for part in (query, self.k, attn.to_v(hidden_states))
        )
        query, key = _rotated(query, *turn), _rotated(self.k, *turn)
        keys = torch.cat([self.past[0], key.transpose(1, 2)], 2)
        values = torch.cat([self.past[1], self.v.transpose(1, 2)], 2)
        mixed = F.scaled_dot_product_attention(query.transpose(1, 2), keys, values)
        return attn.to_out[0](mixed.transpose(1, 2).flatten(2))


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """As diffusers' own processor rotates."""
    first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = cos[..., 0::2], sin[..., 1::2]
    turned = torch.empty_like(x)
    turned[..., 0::2] = first * cos - second * sin
    turned[..., 1::2] = first * sin + second * cos
    return turned


def diffusers_twin(wan: CausalWan) -> nn.Module:
    """diffusers' WanTransformer3DModel with our weights; the track head stays outside."""
    from diffusers import WanTransformer3DModel

    config, weight = wan.config, wan.patch_embedding.weight
    with torch.device(weight.device):
        twin = WanTransformer3DModel(
            patch_size=config.patch_size,
            num_attention_heads=config.num_heads,
            attention_head_dim=config.dim // config.num_heads,
            in_channels=config.in_dim + config.track_dim,
            out_channels=config.out_dim,
            text_dim=config.text_dim,
            freq_dim=config.freq_dim,
            ffn_dim=config.ffn_dim,
            num_layers=config.num_layers,
            cross_attn_norm=config.cross_attn_norm,
            eps=config.eps,
        ).to(weight.dtype)
    ours = {k: v for k, v in wan.state_dict().items() if not k.startswith("track_head")}
    twin.load_state_dict({their_name(name): weight for name, weight in ours.items()})
    return twin.eval()


def their_name(name: str) -> str:
    """diffusers' name of one of our parameters."""
    norm = re.search(r"\.norm3\.", name)
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name if norm is None else name.replace(".norm3.", ".norm2.")


def without_cache(
    model: VideoModel, past: Tensor, context: Context, times: tuple[float, ...], noise: Tensor
) -> Callable[[], Tensor]:
    """Denoise one chunk by running the whole visible context, clean, with it at every step.

    It runs as the model's networks do, in the graph of the cached step: compiled where they are, with
    times, tracks and words prepared. It needs no clean pass.
    """
    wan, old, chunk = model.transformer, past.shape[2], noise.shape[3]
    _, rows, columns = wan.config.patch_size
    grid, place = (past.shape[3] // rows, past.shape[4] // columns), torch.arange(old + chunk)
    block = (place // chunk).repeat_interleave(grid[0] * grid[1])
    mask = block[:, None] >= block[None]
    turn, both = turn_of(wan, *grid, place, place[:0]), torch.cat([past, noise[0]], 2)
    fixed = [turn.cos, turn.sin, *(part.contiguous() for part in words(context))]
    fixed += [told(wan, both, None)] if wan.config.track_dim else []
    clocks = [torch.tensor([[0.0] * old + [time] * chunk]) for time in times]
    times_told = [timed(wan, t) for t in clocks]
    whole: Any = _Whole(wan, model.codec, mask=mask)
    if model.networks.name.startswith("openvino"):
        low = "bf16" if model.networks.name.endswith("bf16") else "f32"
        conversion = Conversion(wan, model.codec, precision=low)
        conversion.graphs = {"whole": partial(_Whole, mask=mask)}
        whole = conversion("whole", (both, times_told[0], *fixed))

    def denoised() -> Tensor:
        x = noise[0]
        for step, time in enumerate(times):
            velocity = whole(torch.cat([past, x], 2), times_told[step], *fixed)
            x0 = flow.clean(x, velocity[:, :, old:], time)
            if step + 1 < len(times):
                x = flow.noised(x0, noise[step + 1], times[step + 1])
        return x0

    return denoised


class _Whole(CachedStep):
    """Several chunks in one pass, without a past: a chunk sees itself and those before it."""

    def __init__(self, wan: CausalWan, _codec: nn.Module, *, mask: Tensor) -> None:
        super().__init__(wan, mask)

    def forward(self, x: Tensor, time: Tensor, cos: Tensor, sin: Tensor, *more: Tensor) -> Tensor:
        return super().forward(x, time, cos, sin, None, None, *more)[0]
