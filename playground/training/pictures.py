"""A pool of rendered pictures with captions, renewed a little at every step.

Rendering costs a few milliseconds a picture, so pictures are used several times before they are replaced.
"""

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from playground.world.scene import SIZE, Scene, render, sample_scene


class PicturePool:
    """`capacity` pictures of random scenes; `draw` gives a batch and renews `renew` of the pool."""

    def __init__(self, capacity: int, seed: int, *, spread: float = 1.0, colours: float = 0.2):
        self.rng = np.random.default_rng(seed)
        self.spread, self.colours = spread, colours
        self.scenes: list[Scene] = []
        self.pixels = np.empty((capacity, SIZE, SIZE, 3), np.uint8)
        for index in range(capacity):
            self._renew(index)
        self.oldest = 0

    def _renew(self, index: int) -> None:
        scene = sample_scene(self.rng, spread=self.spread, colours=self.colours)
        self.pixels[index] = render(scene)
        self.scenes[index : index + 1] = [scene]

    def draw(self, count: int, renew: int = 0) -> UInt8[Tensor, "b H W 3"]:
        """A random batch; then replaces the `renew` oldest pictures."""
        chosen = self.rng.integers(len(self.scenes), size=count)
        batch = torch.from_numpy(self.pixels[chosen])
        for _ in range(renew):
            self._renew(self.oldest)
            self.oldest = (self.oldest + 1) % len(self.scenes)
        return batch


def to_floats(pixels: UInt8[Tensor, "b H W 3"]) -> Tensor:
    """uint8 pixels to float [b, 3, H, W] in [-1, 1], channels-last in memory."""
    return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
