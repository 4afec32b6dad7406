"""Between what people hand in or look at, and the tensors of one step: size and frame buffer."""

from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from playground.frames.pixels import as_frame, check_size
from playground.frames.tensors import from_tensor, to_tensor
from playground.streams.snapshots import Picture

MAX_FRAMES = 4


@no_type_check  # checks its values itself, in words
@dataclass(frozen=True, kw_only=True, slots=True)
class Framing:
    """Pixels (H, W) of a frame and how many frames (1..4) go into a step."""

    size: tuple[int, int]
    frames: int
    unit: int  # pixels a latent: both sides are multiples of it

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.frames not in range(1, MAX_FRAMES + 1):
            raise ValueError(f"frame_buffer must be in 1..{MAX_FRAMES}, got {self.frames!r}")
        if any(side % self.unit for side in self.size):
            fix = tuple(max(self.unit, side // self.unit * self.unit) for side in self.size)
            raise ValueError(
                f"size must have sides that are multiples of {self.unit}, "
                f"got {tuple(self.size)}; use {fix}"
            )

    def tensor_of(self, frame: Any) -> Float[Tensor, "b 3 H W"]:
        """What a person handed in, checked, resized, in [-1, 1]; raises what `as_frame` raises."""
        if self.frames == 1:
            return to_tensor(as_frame(frame, self.size))
        frames = list(frame) if isinstance(frame, list | tuple | np.ndarray) else [frame]
        if len(frames) != self.frames:
            raise ValueError(
                f"frame must be a list of {self.frames} frames (frame_buffer), got {len(frames)}"
            )
        return torch.cat([to_tensor(as_frame(one, self.size)) for one in frames])

    def picture_of(self, pixels: Float[Tensor, "b 3 H W"]) -> Picture:
        """What a step gives back: [H, W, 3], or [b, H, W, 3] for buffers of more than one."""
        pictures = from_tensor(pixels)
        return pictures if self.frames > 1 else pictures[0]
