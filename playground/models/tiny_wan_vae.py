"""The tiny autoencoder for Wan's latents (TAEHV, file `taew2_1.pth`, MIT): small, and causal in time.

Written from the public description of its architecture and its weight names: pictures go through plain
3 x 3 convolutions; a memory block also sees its own input of the frame before (zeros at first); growing
blocks make two frames of one, so a latent frame becomes four. Pictures are in [0, 1] there and in [-1, 1]
here; latents are the scaled ones that the transformer makes. Its first three frames stand for nothing
(Wan's first latent is one picture) and are dropped.

Memory is handed in and out, so streams can be branched, and decoding in chunks is decoding at once.
Names, widths (256, 128, 64, 64), the order of a growing block's two frames and the dropped ones are those
of the authors' public code; the released file itself was not at hand. Clips of 1 + 4 n frames are encoded
with their first picture repeated three times before, as Wan counts; the authors repeat the last one behind.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from playground.models.wan_layouts import check_fit
from playground.models.wan_vae import CausalStrides, Remembered, check_frames

WIDTHS = (256, 128, 64, 64)


class MemoryBlock(nn.Module):
    """Three convolutions over a frame and the one before, beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            _conv(2 * width, width), nn.ReLU(), _conv(width, width), nn.ReLU(), _conv(width, width)
        )
        self.act = nn.ReLU()

    def forward(self, x: Tensor, last: Tensor | None) -> tuple[Tensor, Tensor]:
        """Frames [t, c, h, w] in order, and the last input frame before them; its new value comes out."""
        before = torch.cat([torch.zeros_like(x[:1]) if last is None else last, x[:-1]])
        return self.act(self.conv(torch.cat([x, before], 1)) + x), x[-1:]


class Grow(nn.Module):
    """One frame becomes `stride` frames."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.stride, self.conv = stride, nn.Conv2d(width, width * stride, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[t, c, h, w] -> [t * stride, c, h, w]."""
        return self.conv(x).unflatten(1, (self.stride, -1)).flatten(0, 1)


class Pool(nn.Module):
    """`stride` frames become one."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.stride, self.conv = stride, nn.Conv2d(width * stride, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[t * stride, c, h, w] -> [t, c, h, w]."""
        return self.conv(x.unflatten(0, (-1, self.stride)).flatten(1, 2))


class SoftClamp(nn.Module):
    """Latents softly held within -3..3."""

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return torch.tanh(x / 3) * 3


class TinyWanCodec(nn.Module):
    """Encoder and decoder behind the calls of `WanCodec`; one clip at a time."""

    def __init__(self, widths: tuple[int, int, int, int] = WIDTHS, channels: int = 16) -> None:
        super().__init__()
        self.config = CausalStrides(channels=channels)
        last = widths[-1]
        steps = [
            part
            for stride in (2, 2, 1)
            for part in (
                Pool(last, stride), nn.Conv2d(last, last, 3, 2, 1, bias=False),
                *(MemoryBlock(last) for _ in range(3)),
            )
        ]  # fmt: skip
        self.encoder = nn.Sequential(_conv(3, last), nn.ReLU(), *steps, _conv(last, channels))
        ups = [
            part
            for (wide, narrow), stride in zip(pairwise(widths), (1, 2, 2), strict=True)
            for part in (
                *(MemoryBlock(wide) for _ in range(3)), nn.Upsample(scale_factor=2),
                Grow(wide, stride), nn.Conv2d(wide, narrow, 3, 1, 1, bias=False),
            )
        ]  # fmt: skip
        self.decoder = nn.Sequential(
            SoftClamp(), _conv(channels, widths[0]), nn.ReLU(), *ups, nn.ReLU(), _conv(last, 3)
        )

    def encode(self, frames: Float[Tensor, "1 3 t H W"]) -> Float[Tensor, "1 c f h w"]:
        """Latents of 1 + 4 n frames in [-1, 1], in float32."""
        check_frames(frames.shape[2], self.config.time_stride)
        pictures = (frames[0].transpose(0, 1).to(self._dtype) + 1) / 2
        pictures = torch.cat([pictures[:1].expand(3, -1, -1, -1), pictures])
        latents, _ = _run(self.encoder, pictures, {})
        return latents.float().transpose(0, 1)[None]

    def decode(self, latents: Float[Tensor, "1 c f h w"]) -> Float[Tensor, "1 3 t H W"]:
        """Frames of a whole clip."""
        return self.decode_next(latents)[0]

    def decode_next(
        self, latents: Float[Tensor, "1 c f h w"], memory: Remembered | None = None
    ) -> tuple[Float[Tensor, "1 3 t H W"], Remembered]:
        """Frames of the latents that follow those of `memory`; None: these are the first."""
        before = {} if memory is None else dict(memory.frames)
        x = latents[0].transpose(0, 1).to(self._dtype)
        pictures, seen = _run(self.decoder, x, before)
        pictures = pictures[self.config.time_stride - 1 :] if memory is None else pictures
        pixels = pictures.float().clamp(0, 1) * 2 - 1
        return pixels.transpose(0, 1)[None], Remembered(tuple(seen.items()))

    @property
    def _dtype(self) -> torch.dtype:
        return self.decoder[1].weight.dtype


def tiny_wan_codec(weights: Mapping[str, Tensor], source: str) -> TinyWanCodec:
    """The codec with published weights; ValueError names every key that does not fit."""
    widths = [
        weights[f"decoder.{n}.weight"].shape[0]
        for n in (1, 8, 14, 20)
        if f"decoder.{n}.weight" in weights
    ]
    with torch.device("meta"):
        codec = TinyWanCodec(tuple(widths) if len(widths) == 4 else WIDTHS)
    wanted = {name: tuple(weight.shape) for name, weight in codec.state_dict().items()}
    weights = {name: _last_frames(weight, wanted.get(name)) for name, weight in weights.items()}
    check_fit({name: tuple(w.shape) for name, w in weights.items()}, wanted, source)
    codec.load_state_dict(weights, assign=True)
    return codec.eval().requires_grad_(False)


def _last_frames(weight: Tensor, wanted: tuple[int, ...] | None) -> Tensor:
    """Growing blocks may be stored for more frames than are made; the last ones are meant."""
    is_larger = wanted is not None and weight.shape[1:] == wanted[1:] and len(weight) > wanted[0]
    return weight[-wanted[0] :] if is_larger and weight.shape[-1] == 1 else weight


def _run(
    network: nn.Sequential, x: Tensor, before: dict[int, Any]
) -> tuple[Tensor, dict[int, Any]]:
    """All frames through all blocks; what the memory blocks saw last comes out."""
    seen = {}
    for place, block in enumerate(network):
        if isinstance(block, MemoryBlock):
            x, seen[place] = block(x, before.get(place))
        else:
            x = block(x)
    return x, seen


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
