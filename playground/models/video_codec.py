"""The tiny video codec: every frame by itself, 64 x 64 pixels to 16 x 8 x 8 latents and back.

Most of its convolutions stand at a quarter and an eighth of the picture's side, where they are cheap; the
last two enlargements are pixel shuffles with one light block between them. Latents have unit variance, so
they need no scaling. It knows neither time nor noise; published models bring their own autoencoder.
"""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CodecConfig:
    """Widths at an eighth, a quarter and half of the side, blocks at each, and latent channels."""

    channels: int = 16
    widths: tuple[int, int, int] = (96, 64, 24)
    encoder_blocks: int = 2
    decoder_blocks: int = 3

    @property
    def stride(self) -> int:
        """Pixels a latent cell stands for, on each side."""
        return 8


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1)
        )
        self.last = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return self.last(x + self.body(x))


class VideoCodec(nn.Module):
    """Frames to latents and back; `encode` and `decode` take and give a time axis."""

    def __init__(self, config: CodecConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or CodecConfig()
        deep, middle, shallow = config.widths
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(12, shallow, 3, padding=1), Residual(shallow),
            nn.PixelUnshuffle(2), nn.Conv2d(4 * shallow, middle, 3, padding=1),
            *(Residual(middle) for _ in range(config.encoder_blocks)),
            nn.Conv2d(middle, deep, 3, 2, 1), nn.SiLU(),
            *(Residual(deep) for _ in range(config.encoder_blocks)),
            nn.Conv2d(deep, config.channels, 1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Conv2d(config.channels, deep, 3, padding=1), nn.SiLU(),
            *(Residual(deep) for _ in range(config.decoder_blocks)),
            nn.Conv2d(deep, 4 * middle, 1), nn.PixelShuffle(2),
            *(Residual(middle) for _ in range(config.decoder_blocks)),
            nn.Conv2d(middle, 4 * shallow, 1), nn.PixelShuffle(2), Residual(shallow),
            nn.Conv2d(shallow, 12, 3, padding=1), nn.PixelShuffle(2),
        )  # fmt: skip

    def encode(self, frames: Float[Tensor, "b 3 t H W"]) -> Float[Tensor, "b c t h w"]:
        """Latents of frames in [-1, 1]; both sides must be multiples of 8 pixels."""
        if frames.shape[-1] % 8 or frames.shape[-2] % 8:
            raise ValueError(
                f"frame sides must be multiples of 8 pixels, got {tuple(frames.shape[-2:])}"
            )
        return _framewise(self.encoder, frames)

    def decode(self, latents: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b 3 t H W"]:
        """Frames, about in [-1, 1] (not clipped)."""
        return _framewise(self.decoder, latents)


def _framewise(network: nn.Module, x: Tensor) -> Tensor:
    """Runs a picture network on every frame."""
    batch = x.shape[0]
    flat = x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return network(flat).unflatten(0, (batch, -1)).transpose(1, 2)
