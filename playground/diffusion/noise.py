"""Every random number of an image stream, as a function of seeds and counters.

The noise of the slots is drawn once and kept for all frames: that is what holds the pictures of a
stream together. It comes from a CPU generator, so a seed means the same numbers on every device,
and the same numbers as in streamdiffusion 0.1.1. Fresh noise (text to image) and single draws
(similarity filter) are functions of (seed, counter), so that a snapshot needs no generator state.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

FRESH, DRAW = 1, 2  # separate the two sequences of one seed


def initial(
    seed: int,
    slots: int,
    latent_shape: tuple[int, int, int],
    seed_blend: tuple[int, float] | None = None,
    device: torch.device | str = "cpu",
) -> Float[Tensor, "s c h w"]:
    """Noise of every slot; `seed_blend` = (other seed, 0..1) turns towards the other."""
    noise = _drawn(seed, slots, latent_shape)
    if seed_blend is not None and seed_blend[1] > 0:
        other, amount = seed_blend
        noise = _between(noise, _drawn(other, slots, latent_shape), amount)
    return noise.to(device)


def fresh(
    seed: int, counter: int, shape: tuple[int, int, int, int], device: torch.device | str = "cpu"
) -> Float[Tensor, "b c h w"]:
    """Standard normal noise of sample number `counter`."""
    generator = torch.Generator().manual_seed(_mixed(seed, counter, FRESH))
    return torch.randn(shape, generator=generator).to(device)


def draw(seed: int, counter: int) -> float:
    """One number, uniform in 0..1 (1 excluded)."""
    return _mixed(seed, counter, DRAW) / 2**32


def _drawn(seed: int, slots: int, latent_shape: tuple[int, int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((slots, *latent_shape), generator=generator)


def _between(first: Tensor, second: Tensor, amount: float) -> Tensor:
    """A quarter turn from one to the other: independent normal noise keeps its variance on the way."""
    if amount >= 1:
        return second
    angle = amount * math.pi / 2
    return math.cos(angle) * first + math.sin(angle) * second


def _mixed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
