"""Wan's autoencoder (diffusers' AutoencoderKLWan) decoded as a stream: chunk by chunk, nothing twice.

Its convolutions are causal in time and each needs the last two frames that it saw, no more. Those are
handed in and out as one value, so that a stream can be branched and taken back, and the pictures are those
of decoding the whole clip at once. The first latent frame is one picture, every other is four (Wan2.1,
arXiv 2503.20314, section 4.1). Latents are scaled to mean 0 and deviation 1 outside, by the numbers in
the autoencoder's own config. Relies on diffusers' list of remembered frames, which tests watch.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True, slots=True)
class CausalStrides:
    """What a latent cell stands for: `stride` pixels a side, and `time_stride` frames but for the first."""

    stride: int = 8
    time_stride: int = 4
    channels: int = 16


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """What the decoder's convolutions have seen last; nothing in it is changed in place."""

    frames: tuple[Any, ...]


class WanCodec(nn.Module):
    """An AutoencoderKLWan behind `encode`, `decode` and `decode_next`."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae.eval().requires_grad_(False)
        self.config = CausalStrides(channels=vae.config.z_dim)
        for name in ("latents_mean", "latents_std"):
            numbers = torch.tensor(getattr(vae.config, name)).view(1, -1, 1, 1, 1)
            self.register_buffer(name.removeprefix("latents_"), numbers, persistent=False)

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the weights."""
        return self.vae.post_quant_conv.weight.dtype

    def encode(self, frames: Float[Tensor, "b 3 t H W"]) -> Float[Tensor, "b c f h w"]:
        """Latents of 1 + 4 n frames in [-1, 1], in float32."""
        check_frames(frames.shape[2], self.config.time_stride)
        moments = self.vae.encode(frames.to(self.dtype)).latent_dist
        return (moments.mode().float() - self.mean) / self.std

    def decode(self, latents: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b 3 t H W"]:
        """Frames of a whole clip."""
        return self.decode_next(latents)[0]

    def decode_next(
        self, latents: Float[Tensor, "b c f h w"], memory: Remembered | None = None
    ) -> tuple[Float[Tensor, "b 3 t H W"], Remembered]:
        """Frames of the latents that follow those of `memory`; None: these are the first."""
        vae = self.vae
        vae.clear_cache()
        seen = list(vae._feat_map if memory is None else memory.frames)
        x = vae.post_quant_conv((latents.float() * self.std + self.mean).to(self.dtype))
        pictures = []
        for place in range(x.shape[2]):
            first = memory is None and place == 0
            frame = x[:, :, place : place + 1]
            pictures.append(
                vae.decoder(frame, seen, [0], **({"first_chunk": True} if first else {}))
            )
        pixels = torch.cat(pictures, 2).float().clamp(-1, 1)
        return pixels, Remembered(tuple(seen))


def check_frames(count: int, stride: int) -> None:
    """Raise ValueError unless a causal codec can encode that many frames."""
    if count % stride != 1:
        raise ValueError(f"frames must be 1 + {stride} n, got {count}; leave some out")
