"""The two crossings between frames (uint8 RGB [H, W, 3]) and what networks read ([b, 3, H, W], -1..1)."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor


def to_tensor(
    frame: UInt8[np.ndarray, "H W 3"],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "1 3 H W"]:
    """A frame as a batch of one, in -1..1."""
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(
            "frame must be uint8 [H, W, 3], "
            f"got {frame.dtype} {list(frame.shape)}; use playground.frames.as_frame first"
        )
    planes = torch.from_numpy(frame.transpose(2, 0, 1).astype(np.float32))
    return planes.div_(127.5).sub_(1)[None].to(device, dtype)


def from_tensor(pixels: Float[Tensor, "b 3 H W"]) -> UInt8[np.ndarray, "b H W 3"]:
    """Pixels in -1..1 as uint8 frames; values outside are clipped, NaN becomes black."""
    if pixels.ndim != 4 or pixels.shape[1] != 3:
        raise ValueError(f"pixels must have shape [b, 3, H, W], got {list(pixels.shape)}")
    levels = pixels.detach().float().add(1).mul_(127.5).nan_to_num_(nan=0.0, posinf=255, neginf=0)
    levels = levels.clamp_(0, 255).round_().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
