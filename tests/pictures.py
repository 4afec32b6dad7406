"""Pictures to draw with, streams to draw on, and what the oracle makes of a drawing."""

import numpy as np
import torch
from torch.testing import assert_close

from oracles import Recipe, frame_by_frame
from playground import ImageStream
from playground.frames.tensors import from_tensor, to_tensor

KINDS = ("none", "full", "self", "initialize")


def drawings(count: int, side: int = 64, seed: int = 3) -> list[np.ndarray]:
    """Coarse random pictures, each quite unlike the one before."""
    draw = np.random.default_rng(seed)
    small = draw.integers(0, 256, (count, side // 8, side // 8, 3), dtype=np.uint8)
    return list(small.repeat(8, axis=1).repeat(8, axis=2))


def make(model, **knobs) -> ImageStream:
    settings = {"prompt": "a cat", "negative_prompt": "bad", "t_index": (18, 26, 35, 45), **knobs}
    return ImageStream.load(model, **settings)


def alone(model, drawing, **recipe) -> np.ndarray:
    """What the frame-by-frame oracle makes of one drawing."""
    settings = {"t_index": (18, 26, 35, 45), **recipe}
    clean = frame_by_frame(model, model.encode(to_tensor(drawing)), Recipe(**settings)).clean[-1]
    return from_tensor(model.decode(clean))[0]


def assert_same_picture(picture, other, levels: int = 1):
    """Equal but for rounding to 8 bits."""
    assert picture.dtype == other.dtype == np.uint8
    assert_close(torch.tensor(picture).int(), torch.tensor(other).int(), atol=levels, rtol=0)
